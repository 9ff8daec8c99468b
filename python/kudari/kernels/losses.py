"""Losses: values, gradients, and both in one pass.

y_pred is (..., columns); y_true has its shape, or for `sparse_` losses its shape without the last
axis. A value is `sample_weight * loss` per row, of shape y_pred.shape[:-1]; a gradient is
`scale * sample_weight * d loss / d y_pred`, of the shape of y_pred. Both are in float64 if y_true
or y_pred is, else in float32. `label_smoothing` s pulls y to y (1 - s) + s / 2 (binary) or
y (1 - s) + s / columns. `out` is what to write to instead of a new array, for both at once a pair
(loss, grad): of the results' shapes and dtype, and memory of its own. Shapes that do not match,
labels out of range and an unfit `out` raise ValueError or TypeError before anything is written.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

from numpy.typing import ArrayLike

from kudari import _core, checks, operands
from kudari.operands import Array

Pair: TypeAlias = tuple[Array, Array]  # (loss, grad)


@dataclass
class _Rows:
    """Checked operands of one call, as the extension takes them."""

    where: str
    y_true: Array
    y_pred: Array
    weights: Array | None

    def loss(self, parameter: float, out: Array | None) -> Array:
        out = self._output(self.y_pred.shape[:-1], out)
        self._run(parameter, 1.0, out, None)
        return out

    def grad(self, parameter: float, scale: float, out: Array | None) -> Array:
        scale = checks.number(self.where, "scale", scale)
        out = self._output(self.y_pred.shape, out)
        self._run(parameter, scale, None, out)
        return out

    def loss_grad(self, parameter: float, scale: float, out: Pair | None) -> Pair:
        scale = checks.number(self.where, "scale", scale)
        first, second = (None, None) if out is None else operands.pair(self.where, out)
        loss = self._output(self.y_pred.shape[:-1], first, "out[0]")
        grad = self._output(self.y_pred.shape, second, "out[1]")
        operands.disjoint(self.where, "out[0]", loss, {"out[1]": grad})
        self._run(parameter, scale, loss, grad)
        return loss, grad

    def _output(self, shape: tuple[int, ...], out: Array | None, name: str = "out") -> Array:
        inputs = {"y_true": self.y_true, "y_pred": self.y_pred}
        if self.weights is not None:
            inputs["sample_weight"] = self.weights
        return operands.output(self.where, out, shape, self.y_pred.dtype, name, **inputs)

    def _run(self, parameter: float, scale: float, loss: Array | None, grad: Array | None) -> None:
        pred = self.y_pred.reshape(-1, self.y_pred.shape[-1])
        sparse = self.where.startswith("sparse_")
        _core.run_loss(
            self.where.removesuffix("_grad").removesuffix("_loss"),
            self.y_true if sparse else self.y_true.reshape(pred.shape),
            pred,
            self.weights,
            parameter,
            scale,
            None if loss is None else loss.reshape(-1),
            None if grad is None else grad.reshape(pred.shape),
        )


def _rows(
    where: str, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None
) -> _Rows:
    """Operands of `where`: integer labels for a `sparse_` loss, else targets like y_pred."""
    form = operands.sparse if where.startswith("sparse_") else operands.dense
    true, pred = form(where, y_true, y_pred)
    return _Rows(where, true, pred, operands.weights(where, sample_weight, pred))


def _smoothing(where: str, label_smoothing: float) -> float:
    return checks.number(where, "label_smoothing", label_smoothing, low=0.0, high=1.0)


def _delta(where: str, delta: float) -> float:
    return checks.number(where, "delta", delta, low=0.0, high=math.inf, open_low=True)


def mean_squared_error_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    out: Array | None = None,
) -> Array:
    """Per row: mean of (y_pred - y_true)^2."""
    rows = _rows("mean_squared_error_loss", y_true, y_pred, sample_weight)
    return rows.loss(0.0, out)


def mean_squared_error_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    scale: float = 1.0,
    out: Array | None = None,
) -> Array:
    """Gradient by y_pred: 2 (y_pred - y_true) / columns."""
    rows = _rows("mean_squared_error_grad", y_true, y_pred, sample_weight)
    return rows.grad(0.0, scale, out)


def mean_squared_error_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient) in one pass: `mean_squared_error`, per row and by y_pred.

    The loss is weighted but never scaled; the gradient is weighted and times `scale`.
    """
    rows = _rows("mean_squared_error_loss_grad", y_true, y_pred, sample_weight)
    return rows.loss_grad(0.0, scale, out)


def mean_absolute_error_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    out: Array | None = None,
) -> Array:
    """Per row: mean of |y_pred - y_true|."""
    rows = _rows("mean_absolute_error_loss", y_true, y_pred, sample_weight)
    return rows.loss(0.0, out)


def mean_absolute_error_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    scale: float = 1.0,
    out: Array | None = None,
) -> Array:
    """Gradient by y_pred: sign(y_pred - y_true) / columns, 0 where they are equal."""
    rows = _rows("mean_absolute_error_grad", y_true, y_pred, sample_weight)
    return rows.grad(0.0, scale, out)


def mean_absolute_error_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient) in one pass: `mean_absolute_error`, per row and by y_pred.

    The loss is weighted but never scaled; the gradient is weighted and times `scale`.
    """
    rows = _rows("mean_absolute_error_loss_grad", y_true, y_pred, sample_weight)
    return rows.loss_grad(0.0, scale, out)


def huber_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    delta: float = 1.0,
    out: Array | None = None,
) -> Array:
    """Per row: mean of e^2 / 2 where |e| <= delta, else delta |e| - delta^2 / 2, with e = y_pred -
    y_true."""
    where = "huber_loss"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.loss(_delta(where, delta), out)


def huber_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    delta: float = 1.0,
    scale: float = 1.0,
    out: Array | None = None,
) -> Array:
    """Gradient by y_pred: clip(y_pred - y_true, -delta, delta) / columns."""
    where = "huber_grad"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.grad(_delta(where, delta), scale, out)


def huber_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    delta: float = 1.0,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient) in one pass: `huber`, per row and by y_pred.

    The loss is weighted but never scaled; the gradient is weighted and times `scale`.
    """
    where = "huber_loss_grad"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.loss_grad(_delta(where, delta), scale, out)


def binary_crossentropy_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    out: Array | None = None,
) -> Array:
    """Per row: mean of -(y log p + (1 - y) log(1 - p)), p = y_pred clipped to [1e-7, 1 - 1e-7]."""
    where = "binary_crossentropy_loss"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.loss(_smoothing(where, label_smoothing), out)


def binary_crossentropy_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Array | None = None,
) -> Array:
    """Gradient by y_pred: ((1 - y) / (1 - p) - y / p) / columns, 0 where p is clipped."""
    where = "binary_crossentropy_grad"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.grad(_smoothing(where, label_smoothing), scale, out)


def binary_crossentropy_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient) in one pass: `binary_crossentropy`, per row and by y_pred.

    The loss is weighted but never scaled; the gradient is weighted and times `scale`.
    """
    where = "binary_crossentropy_loss_grad"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.loss_grad(_smoothing(where, label_smoothing), scale, out)


def sigmoid_crossentropy_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    out: Array | None = None,
) -> Array:
    """Per row: mean of max(z, 0) - z y + log1p(exp(-|z|)), z = y_pred the logits."""
    where = "sigmoid_crossentropy_loss"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.loss(_smoothing(where, label_smoothing), out)


def sigmoid_crossentropy_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Array | None = None,
) -> Array:
    """Gradient by y_pred: (sigmoid(z) - y) / columns, z = y_pred the logits."""
    where = "sigmoid_crossentropy_grad"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.grad(_smoothing(where, label_smoothing), scale, out)


def sigmoid_crossentropy_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient) in one pass: `sigmoid_crossentropy`, per row and by y_pred.

    The loss is weighted but never scaled; the gradient is weighted and times `scale`.
    """
    where = "sigmoid_crossentropy_loss_grad"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.loss_grad(_smoothing(where, label_smoothing), scale, out)


def categorical_crossentropy_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    out: Array | None = None,
) -> Array:
    """Per row: -sum of y log p, p = y_pred / its row sum, clipped to [1e-7, 1 - 1e-7]."""
    where = "categorical_crossentropy_loss"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.loss(_smoothing(where, label_smoothing), out)


def categorical_crossentropy_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Array | None = None,
) -> Array:
    """Gradient by y_pred: through the clip (0 outside) and through the division by the row sum."""
    where = "categorical_crossentropy_grad"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.grad(_smoothing(where, label_smoothing), scale, out)


def categorical_crossentropy_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """`categorical_crossentropy_loss` and `categorical_crossentropy_grad` in one pass."""
    where = "categorical_crossentropy_loss_grad"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.loss_grad(_smoothing(where, label_smoothing), scale, out)


def softmax_crossentropy_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    out: Array | None = None,
) -> Array:
    """Per row: -sum of y log_softmax(z), z = y_pred the logits."""
    where = "softmax_crossentropy_loss"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.loss(_smoothing(where, label_smoothing), out)


def softmax_crossentropy_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Array | None = None,
) -> Array:
    """Gradient by y_pred: softmax(z) sum(y) - y, z = y_pred the logits."""
    where = "softmax_crossentropy_grad"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.grad(_smoothing(where, label_smoothing), scale, out)


def softmax_crossentropy_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """(loss, gradient) in one pass: `softmax_crossentropy`, per row and by y_pred.

    The loss is weighted but never scaled; the gradient is weighted and times `scale`.
    """
    where = "softmax_crossentropy_loss_grad"
    rows = _rows(where, y_true, y_pred, sample_weight)
    return rows.loss_grad(_smoothing(where, label_smoothing), scale, out)


def sparse_categorical_crossentropy_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    out: Array | None = None,
) -> Array:
    """Per row: -log p[label], p = y_pred / its row sum, clipped to [1e-7, 1 - 1e-7]."""
    rows = _rows("sparse_categorical_crossentropy_loss", y_true, y_pred, sample_weight)
    return rows.loss(0.0, out)


def sparse_categorical_crossentropy_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    scale: float = 1.0,
    out: Array | None = None,
) -> Array:
    """Gradient by y_pred: through the clip (0 outside) and through the division by the row sum."""
    rows = _rows("sparse_categorical_crossentropy_grad", y_true, y_pred, sample_weight)
    return rows.grad(0.0, scale, out)


def sparse_categorical_crossentropy_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """`sparse_categorical_crossentropy_loss` and `sparse_categorical_crossentropy_grad` in one pass
    over memory."""
    rows = _rows("sparse_categorical_crossentropy_loss_grad", y_true, y_pred, sample_weight)
    return rows.loss_grad(0.0, scale, out)


def sparse_softmax_crossentropy_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    out: Array | None = None,
) -> Array:
    """Per row: -log_softmax(z)[label], z = y_pred the logits."""
    rows = _rows("sparse_softmax_crossentropy_loss", y_true, y_pred, sample_weight)
    return rows.loss(0.0, out)


def sparse_softmax_crossentropy_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    scale: float = 1.0,
    out: Array | None = None,
) -> Array:
    """Gradient by y_pred: softmax(z) - onehot(label), z = y_pred the logits."""
    rows = _rows("sparse_softmax_crossentropy_grad", y_true, y_pred, sample_weight)
    return rows.grad(0.0, scale, out)


def sparse_softmax_crossentropy_loss_grad(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    scale: float = 1.0,
    out: Pair | None = None,
) -> Pair:
    """`sparse_softmax_crossentropy_loss` and `sparse_softmax_crossentropy_grad` in one pass over
    memory."""
    rows = _rows("sparse_softmax_crossentropy_loss_grad", y_true, y_pred, sample_weight)
    return rows.loss_grad(0.0, scale, out)
