"""Accuracy of each row."""

import numpy as np
from numpy.typing import ArrayLike

from kudari.reference._wide import Array, Out, given, wide


def binary_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, *, threshold: float = 0.5, out: Out = None
) -> Array:
    """(1/C) sum of [y = [p > threshold]] (Keras)."""
    right = np.asarray(y_true) == (np.asarray(y_pred) > threshold)
    return given(np.asarray(np.mean(right, axis=-1)), out)


def _argmax(values: ArrayLike) -> Array:
    """Index of the first largest column; a NaN is passed over."""
    (array,) = wide(values)
    return np.asarray(np.argmax(np.where(np.isnan(array), -np.inf, array), axis=-1))


def categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, *, out: Out = None) -> Array:
    """[argmax y = argmax p] (Keras)."""
    return given((_argmax(y_true) == _argmax(y_pred)).astype(np.float64), out)


def sparse_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, *, out: Out = None) -> Array:
    """[label = argmax p] (Keras)."""
    best = _argmax(y_pred)
    return given((np.asarray(y_true).reshape(best.shape) == best).astype(np.float64), out)
