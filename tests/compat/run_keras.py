"""Every case and variant on Keras: `KERAS_BACKEND=jax python run_keras.py ROWS.npz OUT.npz`."""

import sys

import cases
import keras
import numpy as np
import variants

if __name__ == "__main__":
    rows = dict(np.load(sys.argv[1]))
    np.savez(sys.argv[2], **cases.train_all(keras, rows), **variants.train_all(keras))
