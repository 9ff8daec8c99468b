"""Losses. p or z is y_pred, y is y_true (smoothed), C the number of columns.

A loss is times its row's weight, a gradient times `scale` and the weight. Limits of the clip and
smoothing of labels follow Keras 3.15.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from kudari.reference._wide import Array, Out, given, wide
from kudari.reference.activations import sigmoid_forward, softmax_forward

Both: TypeAlias = tuple[Array, Array]  # loss per row and gradient by y_pred, unweighted
Pair: TypeAlias = tuple[Array, Array]
Weights: TypeAlias = ArrayLike | None


def _value(both: Both, sample_weight: Weights, out: Out = None) -> Array:
    weight = 1.0 if sample_weight is None else np.asarray(sample_weight)
    return given(np.asarray(both[0] * weight), out)


def _slope(both: Both, sample_weight: Weights, scale: float, out: Out = None) -> Array:
    weight = 1.0 if sample_weight is None else np.asarray(sample_weight)[..., None]
    return given(np.asarray(scale * weight * both[1]), out)


def _pair(both: Both, sample_weight: Weights, scale: float, out: Pair | None) -> Pair:
    loss, grad = out or (None, None)
    return _value(both, sample_weight, loss), _slope(both, sample_weight, scale, grad)


def _limits(*operands: ArrayLike) -> tuple[Any, Any]:
    """Clip limits of probabilities, in the dtype the kernel computes in: 1 - 1e-7 depends on it."""
    wide = any(isinstance(v, np.ndarray) and v.dtype.itemsize > 4 for v in operands)
    low = np.float64(1e-7) if wide else np.float32(1e-7)
    return low, type(low)(1) - low


def _mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Both:
    y, p = wide(y_true, y_pred)
    return np.mean((p - y) ** 2, axis=-1), 2 * (p - y) / p.shape[-1]


def _mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Both:
    y, p = wide(y_true, y_pred)
    return np.mean(np.abs(p - y), axis=-1), np.sign(p - y) / p.shape[-1]


def _huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float) -> Both:
    y, p = wide(y_true, y_pred)
    e = p - y
    loss = np.where(np.abs(e) <= delta, e**2 / 2, delta * np.abs(e) - delta**2 / 2)
    return np.mean(loss, axis=-1), np.clip(e, -delta, delta) / p.shape[-1]


def _binary_crossentropy(y_true: ArrayLike, y_pred: ArrayLike, smoothing: float) -> Both:
    y, p = wide(y_true, y_pred)
    low, high = _limits(y_true, y_pred)
    y = y * (1 - smoothing) + smoothing / 2
    q = np.clip(p, low, high)
    loss = -(y * np.log(q) + (1 - y) * np.log(1 - q))
    slope = np.where(q == p, (q - y) / (q * (1 - q)), 0.0)
    return np.mean(loss, axis=-1), slope / p.shape[-1]


def _sigmoid_crossentropy(y_true: ArrayLike, y_pred: ArrayLike, smoothing: float) -> Both:
    y, z = wide(y_true, y_pred)
    y = y * (1 - smoothing) + smoothing / 2
    loss = np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))
    return np.mean(loss, axis=-1), (sigmoid_forward(z) - y) / z.shape[-1]


def _categorical_crossentropy(y_true: ArrayLike, y_pred: ArrayLike, smoothing: float) -> Both:
    y, p = wide(y_true, y_pred)
    low, high = _limits(y_true, y_pred)
    y = y * (1 - smoothing) + smoothing / p.shape[-1]
    total = np.sum(p, axis=-1, keepdims=True)
    q = np.clip(p / total, low, high)
    g = np.where(q == p / total, -y / q, 0.0)
    slope = (g - np.sum(g * q, axis=-1, keepdims=True)) / total
    return -np.sum(y * np.log(q), axis=-1), slope


def _softmax_crossentropy(y_true: ArrayLike, y_pred: ArrayLike, smoothing: float) -> Both:
    y, z = wide(y_true, y_pred)
    y = y * (1 - smoothing) + smoothing / z.shape[-1]
    shifted = z - np.max(z, axis=-1, keepdims=True)
    log_total = np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    slope = softmax_forward(z) * np.sum(y, axis=-1, keepdims=True) - y
    return np.sum(y * (log_total - shifted), axis=-1), slope


def _one_hot(labels: ArrayLike, y_pred: ArrayLike) -> Array:
    """Labels as rows of 0 and 1, in the dtype of y_pred."""
    pred = np.asarray(y_pred, None if isinstance(y_pred, np.ndarray) else np.float32)
    index = np.asarray(labels).reshape(pred.shape[:-1])
    hot: Array = np.arange(pred.shape[-1]) == index[..., None]
    return hot.astype(pred.dtype)


def _sparse_categorical_crossentropy(y_true: ArrayLike, y_pred: ArrayLike) -> Both:
    return _categorical_crossentropy(_one_hot(y_true, y_pred), y_pred, 0.0)


def _sparse_softmax_crossentropy(y_true: ArrayLike, y_pred: ArrayLike) -> Both:
    return _softmax_crossentropy(_one_hot(y_true, y_pred), y_pred, 0.0)


def mean_squared_error_loss(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: Weights = None, out: Out = None
) -> Array:
    """(1/C) sum (p - y)^2."""
    return _value(_mean_squared_error(y_true, y_pred), sample_weight, out)


def mean_squared_error_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    scale: float = 1.0,
    out: Out = None,
) -> Array:
    """2 (p - y) / C."""
    return _slope(_mean_squared_error(y_true, y_pred), sample_weight, scale, out)


def mean_squared_error_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient): mean squared error (Keras).

    The loss of each row is weighted, never scaled; the gradient by y_pred is weighted and times
    `scale`. The formulas stand at `mean_squared_error_loss` and `_grad`.
    """
    both = _mean_squared_error(y_true, y_pred)
    return _pair(both, sample_weight, scale, out)


def mean_absolute_error_loss(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: Weights = None, out: Out = None
) -> Array:
    """(1/C) sum |p - y|."""
    return _value(_mean_absolute_error(y_true, y_pred), sample_weight, out)


def mean_absolute_error_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    scale: float = 1.0,
    out: Out = None,
) -> Array:
    """sign(p - y) / C, 0 at 0."""
    return _slope(_mean_absolute_error(y_true, y_pred), sample_weight, scale, out)


def mean_absolute_error_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient): mean absolute error (Keras).

    The loss of each row is weighted, never scaled; the gradient by y_pred is weighted and times
    `scale`. The formulas stand at `mean_absolute_error_loss` and `_grad`.
    """
    both = _mean_absolute_error(y_true, y_pred)
    return _pair(both, sample_weight, scale, out)


def huber_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    delta: float = 1.0,
    out: Out = None,
) -> Array:
    """(1/C) sum of e^2/2 where |e| <= d, d|e| - d^2/2 beyond, e = p - y (Huber 1964)."""
    return _value(_huber(y_true, y_pred, delta), sample_weight, out)


def huber_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    delta: float = 1.0,
    scale: float = 1.0,
    out: Out = None,
) -> Array:
    """e clipped to [-d, d], over C."""
    return _slope(_huber(y_true, y_pred, delta), sample_weight, scale, out)


def huber_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    delta: float = 1.0,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient): Huber's loss (Huber 1964).

    The loss of each row is weighted, never scaled; the gradient by y_pred is weighted and times
    `scale`. The formulas stand at `huber_loss` and `_grad`.
    """
    both = _huber(y_true, y_pred, delta)
    return _pair(both, sample_weight, scale, out)


def binary_crossentropy_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    label_smoothing: float = 0.0,
    out: Out = None,
) -> Array:
    """-(1/C) sum y log q + (1 - y) log(1 - q), q = clip(p) (Keras)."""
    return _value(_binary_crossentropy(y_true, y_pred, label_smoothing), sample_weight, out)


def binary_crossentropy_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Out = None,
) -> Array:
    """(q - y) / (q (1 - q)) / C, 0 where p is clipped."""
    return _slope(_binary_crossentropy(y_true, y_pred, label_smoothing), sample_weight, scale, out)


def binary_crossentropy_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient): binary crossentropy of clipped probabilities (Keras).

    The loss of each row is weighted, never scaled; the gradient by y_pred is weighted and times
    `scale`. The formulas stand at `binary_crossentropy_loss` and `_grad`.
    """
    both = _binary_crossentropy(y_true, y_pred, label_smoothing)
    return _pair(both, sample_weight, scale, out)


def sigmoid_crossentropy_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    label_smoothing: float = 0.0,
    out: Out = None,
) -> Array:
    """(1/C) sum of max(z, 0) - z y + log(1 + exp(-|z|)) (TensorFlow)."""
    return _value(_sigmoid_crossentropy(y_true, y_pred, label_smoothing), sample_weight, out)


def sigmoid_crossentropy_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Out = None,
) -> Array:
    """(sigmoid(z) - y) / C."""
    return _slope(_sigmoid_crossentropy(y_true, y_pred, label_smoothing), sample_weight, scale, out)


def sigmoid_crossentropy_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient): binary crossentropy of logits (TensorFlow).

    The loss of each row is weighted, never scaled; the gradient by y_pred is weighted and times
    `scale`. The formulas stand at `sigmoid_crossentropy_loss` and `_grad`.
    """
    both = _sigmoid_crossentropy(y_true, y_pred, label_smoothing)
    return _pair(both, sample_weight, scale, out)


def categorical_crossentropy_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    label_smoothing: float = 0.0,
    out: Out = None,
) -> Array:
    """-sum y log q, q = clip(p / sum p) (Keras)."""
    return _value(_categorical_crossentropy(y_true, y_pred, label_smoothing), sample_weight, out)


def categorical_crossentropy_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Out = None,
) -> Array:
    """(g_j - sum_i g_i q_i) / sum p, g = -y / q, 0 where q is clipped."""
    return _slope(
        _categorical_crossentropy(y_true, y_pred, label_smoothing), sample_weight, scale, out
    )


def categorical_crossentropy_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient): crossentropy of renormalised, clipped probabilities (Keras).

    The loss of each row is weighted, never scaled; the gradient by y_pred is weighted and times
    `scale`. The formulas stand at `categorical_crossentropy_loss` and `_grad`.
    """
    both = _categorical_crossentropy(y_true, y_pred, label_smoothing)
    return _pair(both, sample_weight, scale, out)


def softmax_crossentropy_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    label_smoothing: float = 0.0,
    out: Out = None,
) -> Array:
    """sum y (log sum exp z - z) (Bishop 2006, 4.108)."""
    return _value(_softmax_crossentropy(y_true, y_pred, label_smoothing), sample_weight, out)


def softmax_crossentropy_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Out = None,
) -> Array:
    """softmax(z) sum(y) - y (Bishop 2006, 4.109)."""
    return _slope(_softmax_crossentropy(y_true, y_pred, label_smoothing), sample_weight, scale, out)


def softmax_crossentropy_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient): crossentropy of logits (Bishop 2006, 4.108 and 4.109).

    The loss of each row is weighted, never scaled; the gradient by y_pred is weighted and times
    `scale`. The formulas stand at `softmax_crossentropy_loss` and `_grad`.
    """
    both = _softmax_crossentropy(y_true, y_pred, label_smoothing)
    return _pair(both, sample_weight, scale, out)


def sparse_categorical_crossentropy_loss(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: Weights = None, out: Out = None
) -> Array:
    """-log q[label], q = clip(p / sum p) (Keras)."""
    return _value(_sparse_categorical_crossentropy(y_true, y_pred), sample_weight, out)


def sparse_categorical_crossentropy_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    scale: float = 1.0,
    out: Out = None,
) -> Array:
    """As `categorical_crossentropy_grad` of one-hot labels."""
    return _slope(_sparse_categorical_crossentropy(y_true, y_pred), sample_weight, scale, out)


def sparse_categorical_crossentropy_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient): crossentropy of probabilities at labels (Keras).

    The loss of each row is weighted, never scaled; the gradient by y_pred is weighted and times
    `scale`. The formulas stand at `sparse_categorical_crossentropy_loss` and `_grad`.
    """
    both = _sparse_categorical_crossentropy(y_true, y_pred)
    return _pair(both, sample_weight, scale, out)


def sparse_softmax_crossentropy_loss(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: Weights = None, out: Out = None
) -> Array:
    """log sum exp z - z[label] (Bishop 2006, 4.108)."""
    return _value(_sparse_softmax_crossentropy(y_true, y_pred), sample_weight, out)


def sparse_softmax_crossentropy_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    scale: float = 1.0,
    out: Out = None,
) -> Array:
    """softmax(z) - onehot(label) (Bishop 2006, 4.109)."""
    return _slope(_sparse_softmax_crossentropy(y_true, y_pred), sample_weight, scale, out)


def sparse_softmax_crossentropy_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: Weights = None,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient): crossentropy of logits at labels (Bishop 2006, 4.108 and 4.109).

    The loss of each row is weighted, never scaled; the gradient by y_pred is weighted and times
    `scale`. The formulas stand at `sparse_softmax_crossentropy_loss` and `_grad`.
    """
    both = _sparse_softmax_crossentropy(y_true, y_pred)
    return _pair(both, sample_weight, scale, out)
