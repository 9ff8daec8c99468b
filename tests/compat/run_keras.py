"""Every case on Keras into a file: `KERAS_BACKEND=jax python run_keras.py OUT.npz`."""

import sys

import cases
import keras
import numpy as np

if __name__ == "__main__":
    np.savez(sys.argv[1], **cases.train_all(keras))
