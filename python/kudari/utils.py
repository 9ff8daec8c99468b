"""Small helpers with Keras's names: seeds, one-hot labels, a fresh start for names."""

import random as python_random
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kudari import checks, naming, random


def set_random_seed(seed: int) -> None:
    """Seed kudari, NumPy's global generator and Python's `random`: a whole script repeats itself.

    `seed` is a whole number in [0, 2**32 - 1]. Models built and initialisers made after it get the
    same weights, dropout masks and shuffles on every machine.
    """
    value = checks.whole("set_random_seed", "seed", seed)
    checks.number("set_random_seed", "seed", value, high=2**32 - 1)
    python_random.seed(value)
    np.random.seed(value)
    random.set_seed(value)


def clear_session() -> None:
    """Start the numbering of layer and model names again at `dense`, `sequential`."""
    naming.reset()


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> NDArray[np.float64]:
    """Class numbers of shape (n,), (n, 1) or any other as one-hot rows of `num_classes` columns.

    `num_classes` defaults to the largest class plus one. A trailing axis of 1 is dropped first.
    ValueError for a class below 0 or not below `num_classes`, and for values that are not whole.
    """
    labels = _whole_labels(np.asarray(x))
    classes = int(labels.max(initial=-1)) + 1
    if num_classes is not None:
        classes = checks.whole("to_categorical", "num_classes", num_classes, low=1)
    bad = np.flatnonzero((labels < 0) | (labels >= classes))
    if bad.size:
        label = labels.ravel()[bad[0]]
        wanted = f"classes from 0 to {classes - 1}" if label >= 0 else "labels of at least 0"
        fix = "Pass a larger num_classes." if label >= 0 else "Number the classes from 0."
        got = f"{label} at position {bad[0]}"
        raise ValueError(checks.message("to_categorical", got, wanted, fix))
    result = np.zeros((*labels.shape, classes))
    np.put_along_axis(result, labels[..., None], 1.0, axis=-1)
    return result


def _whole_labels(x: NDArray[Any]) -> NDArray[np.int64]:
    whole = x.dtype.kind in "biu" or (
        x.dtype.kind == "f" and bool((np.isfinite(x) & (np.floor(x) == x)).all())
    )
    if not whole:
        raise ValueError(
            checks.message(
                "to_categorical",
                f"values of dtype {x.dtype} that are not whole",
                "whole class numbers",
                "Number the classes first: np.unique(labels, return_inverse=True)[1].",
            )
        )
    labels = x.astype(np.int64)
    return labels[..., 0] if labels.ndim > 1 and labels.shape[-1] == 1 else labels
