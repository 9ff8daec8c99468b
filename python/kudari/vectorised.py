"""The kernels in vectorised NumPy, as fast as plain NumPy goes: what the benchmark compares with.

Each function takes a `Work`, which holds the operands and, allocated beforehand, results and
temporaries of the same dtype. The random ones use NumPy's own generator: other numbers.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kudari.samples import Sample

Array = NDArray[Any]


class Work:
    """Operands of one call; temporaries t, u, v and the result `out` like the last float array."""

    def __init__(self, kernel: str, sample: Sample) -> None:
        self.args = [a.copy() if isinstance(a, np.ndarray) else a for a in sample.args]
        self.kwargs = sample.kwargs
        self.loss_wanted = kernel.endswith(("_loss", "_loss_grad"))
        self.grad_wanted = kernel.endswith("_grad")
        self.in_place = kernel.endswith("_update")
        like = [a for a in self.args if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
        if like and like[-1].ndim:
            self.t, self.u, self.v, self.out = (np.empty_like(like[-1]) for _ in range(4))
            self.row, self.loss = (np.empty((len(self.t), 1), self.t.dtype) for _ in range(2))
            self.rows = np.arange(len(self.t))
        if kernel == "matmul":
            self.out = np.empty((len(self.args[0]), self.args[1].shape[1]), self.t.dtype)
        if "sample_weight" in self.kwargs:
            self.weight = self.kwargs["sample_weight"][:, None]
            self.factor = self.weight * self.t.dtype.type(self.kwargs.get("scale", 1.0))

    def outputs(self) -> list[Array]:
        """What the kernel would return or update, after a call."""
        if self.loss_wanted or self.grad_wanted:
            return [self.loss[:, 0]] * self.loss_wanted + [self.out] * self.grad_wanted
        return [self.args[0], *self.args[2:]] if self.in_place else [self.out]

    def close_loss(self, terms: Array, divisor: int = 1) -> None:
        """The weighted sum or mean of `terms` along each row."""
        np.sum(terms, axis=-1, keepdims=True, out=self.loss)
        np.multiply(self.loss, self.weight / divisor, out=self.loss)

    def smoothed(self, classes: int, out: Array) -> Array:
        """y after label smoothing, in `out`."""
        smoothing = self.kwargs["label_smoothing"]
        np.multiply(self.args[0], 1 - smoothing, out=out)
        np.add(out, smoothing / classes, out=out)
        return out


def mean_squared_error(work: Work) -> None:
    y, p = work.args
    np.subtract(p, y, out=work.t)
    if work.grad_wanted:
        np.multiply(work.t, work.factor * (2 / p.shape[-1]), out=work.out)
    if work.loss_wanted:
        np.multiply(work.t, work.t, out=work.t)
        work.close_loss(work.t, p.shape[-1])


def mean_absolute_error(work: Work) -> None:
    y, p = work.args
    np.subtract(p, y, out=work.t)
    if work.grad_wanted:
        np.sign(work.t, out=work.out)
        np.multiply(work.out, work.factor / p.shape[-1], out=work.out)
    if work.loss_wanted:
        np.abs(work.t, out=work.t)
        work.close_loss(work.t, p.shape[-1])


def huber(work: Work) -> None:
    """With e clipped to c the loss is c (e - c / 2)."""
    (y, p), delta = work.args, work.kwargs["delta"]
    np.subtract(p, y, out=work.t)
    np.clip(work.t, -delta, delta, out=work.u)
    if work.grad_wanted:
        np.multiply(work.u, work.factor / p.shape[-1], out=work.out)
    if work.loss_wanted:
        np.multiply(work.u, 0.5, out=work.v)
        np.subtract(work.t, work.v, out=work.t)
        np.multiply(work.t, work.u, out=work.t)
        work.close_loss(work.t, p.shape[-1])


def binary_crossentropy(work: Work) -> None:
    p, low = work.args[1], work.t.dtype.type(1e-7)
    q, y = np.clip(p, low, 1 - low, out=work.t), work.smoothed(2, work.u)
    if work.loss_wanted:
        np.log(q, out=work.v)
        np.multiply(work.v, y, out=work.out)
        np.subtract(1, q, out=work.v)
        np.log(work.v, out=work.v)
        np.subtract(1, y, out=y)
        np.multiply(work.v, y, out=work.v)
        np.subtract(1, y, out=y)
        np.add(work.v, work.out, out=work.v)
        work.close_loss(work.v, -p.shape[-1])
    if work.grad_wanted:
        np.subtract(q, y, out=work.out)
        np.subtract(1, q, out=work.v)
        np.multiply(work.v, q, out=work.v)
        np.divide(work.out, work.v, out=work.out)
        np.multiply(work.out, q == p, out=work.out)
        np.multiply(work.out, work.factor / p.shape[-1], out=work.out)


def sigmoid_crossentropy(work: Work) -> None:
    z, y = work.args[1], work.smoothed(2, work.u)
    np.abs(z, out=work.t)
    np.negative(work.t, out=work.t)
    decay = np.exp(work.t, out=work.t)
    if work.grad_wanted:
        np.add(decay, 1, out=work.v)
        np.copyto(work.out, 1)
        np.copyto(work.out, decay, where=z < 0)
        np.divide(work.out, work.v, out=work.out)
        np.subtract(work.out, y, out=work.out)
        np.multiply(work.out, work.factor / z.shape[-1], out=work.out)
    if work.loss_wanted:
        np.log1p(decay, out=work.t)
        np.multiply(z, y, out=work.u)
        np.subtract(work.t, work.u, out=work.t)
        np.maximum(z, 0, out=work.u)
        np.add(work.t, work.u, out=work.t)
        work.close_loss(work.t, z.shape[-1])


def categorical_crossentropy(work: Work) -> None:
    p, low = work.args[1], work.t.dtype.type(1e-7)
    y = work.smoothed(p.shape[-1], work.u)
    np.sum(p, axis=-1, keepdims=True, out=work.row)
    share = np.divide(p, work.row, out=work.t)
    np.clip(share, low, 1 - low, out=work.v)
    if work.grad_wanted:
        np.divide(y, work.v, out=work.out)
        inside = work.v == share
        np.multiply(work.out, inside, out=work.out)
        shift = np.sum(y, axis=-1, keepdims=True, where=inside)
        np.subtract(shift, work.out, out=work.out)
        np.multiply(work.out, work.factor / work.row, out=work.out)
    if work.loss_wanted:
        np.log(work.v, out=work.v)
        np.multiply(work.v, y, out=work.v)
        work.close_loss(work.v, -1)


def _exponentials(z: Array, work: Work) -> None:
    """t = z - max z, v = exp(t), row = its sums."""
    np.max(z, axis=-1, keepdims=True, out=work.row)
    np.subtract(z, work.row, out=work.t)
    np.exp(work.t, out=work.v)
    np.sum(work.v, axis=-1, keepdims=True, out=work.row)


def softmax_crossentropy(work: Work) -> None:
    z = work.args[1]
    y = work.smoothed(z.shape[-1], work.u)
    _exponentials(z, work)
    if work.grad_wanted:
        np.multiply(work.v, y.sum(axis=-1, keepdims=True) / work.row, out=work.out)
        np.subtract(work.out, y, out=work.out)
        np.multiply(work.out, work.factor, out=work.out)
    if work.loss_wanted:
        np.subtract(np.log(work.row), work.t, out=work.t)
        np.multiply(work.t, y, out=work.t)
        work.close_loss(work.t)


def sparse_categorical_crossentropy(work: Work) -> None:
    (labels, p), low = work.args, work.t.dtype.type(1e-7)
    np.sum(p, axis=-1, keepdims=True, out=work.row)
    share = p[work.rows, labels, None] / work.row
    q = np.clip(share, low, 1 - low)
    if work.grad_wanted:
        over = work.factor / work.row * (q == share)
        np.copyto(work.out, over)
        work.out[work.rows, labels] = (over * (1 - 1 / q))[:, 0]
    if work.loss_wanted:
        np.multiply(np.log(q), -work.weight, out=work.loss)


def sparse_softmax_crossentropy(work: Work) -> None:
    labels, z = work.args
    _exponentials(z, work)
    if work.grad_wanted:
        np.divide(work.v, work.row, out=work.out)
        work.out[work.rows, labels] -= 1
        np.multiply(work.out, work.factor, out=work.out)
    if work.loss_wanted:
        np.subtract(np.log(work.row), work.t[work.rows, labels, None], out=work.loss)
        np.multiply(work.loss, work.weight, out=work.loss)


# ---- accuracies and activations -----------------------------------------------------------------


def binary_accuracy(work: Work) -> None:
    y, p = work.args
    work.out = np.mean((p > 0.5) == (y > 0.5), axis=-1, dtype=p.dtype)


def categorical_accuracy(work: Work) -> None:
    y, p = work.args
    work.out = (np.argmax(y, axis=-1) == np.argmax(p, axis=-1)).astype(p.dtype)


def sparse_categorical_accuracy(work: Work) -> None:
    labels, p = work.args
    work.out = (labels == np.argmax(p, axis=-1)).astype(p.dtype)


def relu_forward(work: Work) -> None:
    np.maximum(work.args[0], 0, out=work.out)


def relu_backward(work: Work) -> None:
    np.multiply(work.args[1], work.args[0] > 0, out=work.out)


def sigmoid_forward(work: Work) -> None:
    """The short form: it overflows to inf, and so to the right limit 0, without harm."""
    with np.errstate(over="ignore"):
        np.negative(work.args[0], out=work.t)
        np.exp(work.t, out=work.t)
        np.add(work.t, 1, out=work.t)
        np.divide(1, work.t, out=work.out)


def sigmoid_backward(work: Work) -> None:
    y, grad = work.args
    np.subtract(1, y, out=work.t)
    np.multiply(work.t, y, out=work.t)
    np.multiply(work.t, grad, out=work.out)


def tanh_forward(work: Work) -> None:
    np.tanh(work.args[0], out=work.out)


def tanh_backward(work: Work) -> None:
    y, grad = work.args
    np.multiply(y, y, out=work.t)
    np.subtract(1, work.t, out=work.t)
    np.multiply(work.t, grad, out=work.out)


def softmax_forward(work: Work) -> None:
    _exponentials(work.args[0], work)
    np.divide(work.v, work.row, out=work.out)


def softmax_backward(work: Work) -> None:
    y, grad = work.args
    np.multiply(y, grad, out=work.t)
    np.sum(work.t, axis=-1, keepdims=True, out=work.row)
    np.subtract(grad, work.row, out=work.t)
    np.multiply(work.t, y, out=work.out)


# ---- optimizers ---------------------------------------------------------------------------------


def sgd_update(work: Work) -> None:
    w, g = work.args
    np.multiply(g, work.kwargs["learning_rate"], out=work.t)
    np.subtract(w, work.t, out=w)


def momentum_update(work: Work) -> None:
    w, g, v = work.args
    np.multiply(v, work.kwargs["momentum"], out=v)
    np.multiply(g, work.kwargs["learning_rate"], out=work.t)
    np.subtract(v, work.t, out=v)
    np.add(w, v, out=w)


def nesterov_update(work: Work) -> None:
    w, g, v = work.args
    np.multiply(v, work.kwargs["momentum"], out=v)
    np.multiply(g, work.kwargs["learning_rate"], out=work.t)
    np.subtract(v, work.t, out=v)
    np.multiply(v, work.kwargs["momentum"], out=work.u)
    np.subtract(work.u, work.t, out=work.u)
    np.add(w, work.u, out=w)


def rmsprop_update(work: Work) -> None:
    """All four: the slots that are there tell which."""
    w, g, v, *slots = work.args
    rho, momentum = work.kwargs["rho"], work.kwargs.get("momentum")
    _decay(v, np.multiply(g, g, out=work.t), rho, work.t)
    np.add(v, work.kwargs["epsilon"], out=work.t)
    if len(slots) > (momentum is not None):
        _decay(slots[0], g, rho, work.u)
        np.multiply(slots[0], slots[0], out=work.u)
        np.subtract(work.t, work.u, out=work.t)
    np.sqrt(work.t, out=work.t)
    np.multiply(g, work.kwargs["learning_rate"], out=work.u)
    step = np.divide(work.u, work.t, out=work.u)
    if momentum is not None:
        np.multiply(slots[-1], momentum, out=slots[-1])
        step = np.add(slots[-1], step, out=slots[-1])
    np.subtract(w, step, out=w)


def _decay(slot: Array, value: Array, rho: float, temporary: Array) -> None:
    """slot = rho slot + (1 - rho) value."""
    np.multiply(value, 1 - rho, out=temporary)
    np.multiply(slot, rho, out=slot)
    np.add(slot, temporary, out=slot)


def adam_update(work: Work) -> None:
    """Both: a third slot makes it amsgrad."""
    w, g, m, v, *highest = work.args
    np.subtract(g, m, out=work.t)
    np.multiply(work.t, 1 - work.kwargs["beta_1"], out=work.t)
    np.add(m, work.t, out=m)
    np.multiply(g, g, out=work.t)
    np.subtract(work.t, v, out=work.t)
    np.multiply(work.t, 1 - work.kwargs["beta_2"], out=work.t)
    np.add(v, work.t, out=v)
    root = np.maximum(highest[0], v, out=highest[0]) if highest else v
    np.sqrt(root, out=work.t)
    np.add(work.t, work.kwargs["epsilon"], out=work.t)
    np.multiply(m, work.kwargs["alpha"], out=work.u)
    np.divide(work.u, work.t, out=work.u)
    np.subtract(w, work.u, out=w)


# ---- arrays -------------------------------------------------------------------------------------


def matmul(work: Work) -> None:
    a, b = work.args
    np.matmul(a, b, out=work.out)
    np.add(work.out, work.kwargs["bias"], out=work.out)


def sum(work: Work) -> None:
    work.out = np.asarray(np.sum(work.args[0], dtype=np.float64))


def _ufunc(function: np.ufunc, work: Work) -> None:
    function(*work.args, out=work.out)


_generator = np.random.default_rng(0)


def random_uniform(work: Work) -> None:
    work.out = _generator.random(work.args[2])


def permutation(work: Work) -> None:
    work.out = _generator.permutation(work.args[2])


def dropout_mask(work: Work) -> None:
    *_, shape, rate = work.args
    work.out = np.multiply(_generator.random(shape, np.float32) >= rate, np.float32(1 / (1 - rate)))


_LOSSES: tuple[Callable[[Work], None], ...] = (
    mean_squared_error,
    mean_absolute_error,
    huber,
    binary_crossentropy,
    sigmoid_crossentropy,
    categorical_crossentropy,
    softmax_crossentropy,
    sparse_categorical_crossentropy,
    sparse_softmax_crossentropy,
)
_OTHERS: tuple[Callable[[Work], None], ...] = (
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    relu_forward,
    relu_backward,
    sigmoid_forward,
    sigmoid_backward,
    tanh_forward,
    tanh_backward,
    softmax_forward,
    softmax_backward,
    sgd_update,
    momentum_update,
    nesterov_update,
    rmsprop_update,
    adam_update,
    matmul,
    sum,
    random_uniform,
    permutation,
    dropout_mask,
)

FUNCTIONS: dict[str, Callable[[Work], None]] = {
    **{f"{f.__name__}_{phase}": f for f in _LOSSES for phase in ("loss", "grad", "loss_grad")},
    **{f.__name__: f for f in _OTHERS},
    "rmsprop_momentum_update": rmsprop_update,
    "rmsprop_centered_update": rmsprop_update,
    "rmsprop_centered_momentum_update": rmsprop_update,
    "amsgrad_update": adam_update,
    **{f.__name__: partial(_ufunc, f) for f in (np.exp, np.log, np.log1p, np.power)},
}
