"""Accuracy of each row: values of shape y_pred.shape[:-1], in the dtype of the operands.

Shapes and labels are checked as for the losses.
"""

from numpy.typing import ArrayLike

from kudari import _core, checks, operands
from kudari.operands import Array


def _accuracy(where: str, true: Array, pred: Array, parameter: float, out: Array | None) -> Array:
    rows = pred.shape[:-1]
    out = operands.output(where, out, rows, pred.dtype, y_true=true, y_pred=pred)
    table = pred.reshape(-1, pred.shape[-1])
    labels = true if where.startswith("sparse_") else true.reshape(table.shape)
    _core.run_metric(where, labels, table, parameter, out.reshape(-1))
    return out


def binary_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, *, threshold: float = 0.5, out: Array | None = None
) -> Array:
    """Share of the columns where y_true equals (y_pred > threshold)."""
    where = "binary_accuracy"
    threshold = checks.number(where, "threshold", threshold)
    true, pred = operands.dense(where, y_true, y_pred)
    return _accuracy(where, true, pred, threshold, out)


def categorical_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, *, out: Array | None = None
) -> Array:
    """1 where the largest column of y_pred is that of y_true (the first of equals), else 0."""
    where = "categorical_accuracy"
    true, pred = operands.dense(where, y_true, y_pred)
    return _accuracy(where, true, pred, 0.0, out)


def sparse_categorical_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, *, out: Array | None = None
) -> Array:
    """1 where the largest column of y_pred (the first of equals) is the label, else 0."""
    where = "sparse_categorical_accuracy"
    true, pred = operands.sparse(where, y_true, y_pred)
    return _accuracy(where, true, pred, 0.0, out)
