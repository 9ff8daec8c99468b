"""Run every case on Keras and keep the results: `KERAS_BACKEND=jax python run_keras.py OUT.npz`.

A process of its own, because Keras takes one back end for the life of a process.
"""

import sys

import cases
import keras
import numpy as np

if __name__ == "__main__":
    results = cases.train_all(keras)
    np.savez(sys.argv[1], backend=keras.backend.backend(), **results)
