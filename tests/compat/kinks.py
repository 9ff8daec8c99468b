"""Rows on which rounding cannot flip a relu.

A relu's derivative jumps at 0. Where a unit's input is so near 0 that two libraries round it to
different sides, the gradients differ by a whole row's share, and what follows is not rounding any
more: it happens to Keras's two back ends as well, once in some thousand steps. So each step of a
case takes rows whose units all stay clear of 0 at that step.
"""

import cases
import numpy as np
from cases import Array

import kudari

# A hidden unit's input is a sum of up to 784 terms of size 0.1 or so: rounded, it is off by 1e-6.
MARGIN = 1e-5


def all_rows() -> dict[str, Array]:
    """The rows each case trains on, by case."""
    labels = [(name, label) for name in cases.NETS for label in cases.OPTIMIZERS]
    return {f"{name}/{label}": clear_rows(name, label) for name, label in labels}


def clear_rows(name: str, label: str) -> Array:
    """Rows of `cases.data(name)` for the steps of a case, one step after the other."""
    x, y = cases.data(name)
    model = cases.model(kudari, name, cases.OPTIMIZERS[label](kudari))
    left, taken = np.arange(cases.POOL), []
    for size in cases.batch_sizes(label):
        near = left[: 2 * cases.BATCH_SIZE]
        batch = near[_nearest_to_kink(model.get_weights(), x[near]) > MARGIN][:size]
        assert len(batch) == size
        model.train_on_batch(x[batch], y[batch])
        left = np.setdiff1d(left, batch)
        taken.append(batch)
    return np.concatenate(taken)


def _nearest_to_kink(weights: list[Array], x: Array) -> Array:
    """For each row, the smallest distance of a hidden unit's input from 0, in float64."""
    nearest = np.full(len(x), np.inf)
    values = x.astype(np.float64)
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        inputs = values @ kernel.astype(np.float64) + bias
        nearest = np.minimum(nearest, np.abs(inputs).min(axis=1))
        values = np.maximum(inputs, 0)
    return nearest
