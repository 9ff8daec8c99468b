"""Sums of the absolute terms of each kernel's result: the measure of errors where terms cancel.

A result a - b that cancels cannot be known to within its own last place, only to within eps times
|a| + |b|. A scale function takes a `Case` and returns such a sum per element of the result, with a
factor of its own where a term is ill-conditioned: an absolute error d in the exponent of exp is a
relative error d of the result, and a relative error d in the argument of log an absolute error d.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


@dataclass
class Case:
    """A call in the reference's precision: arguments as they were before it, and its results."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: list[Array]

    def targets(self) -> Array:
        """y_true, as rows of one value per class."""
        true, pred = self.args
        if true.ndim == pred.ndim:
            return np.asarray(true)
        return np.asarray(np.arange(pred.shape[-1]) == true[:, None])

    def smoothed(self, classes: int) -> Array:
        """y_true after label smoothing over `classes`."""
        smoothing = self.kwargs.get("label_smoothing", 0.0)
        return np.asarray(np.abs(self.targets() * (1 - smoothing) + smoothing / classes))

    def row_factor(self) -> Array:
        return np.asarray(np.abs(self.kwargs["sample_weight"] * self.kwargs.get("scale", 1.0)))


def _clipped(share: Array) -> Array:
    return np.clip(share, 1e-7, 1 - 1e-7)


def huber_loss(case: Case) -> Array:
    """e^2 / 2, or both terms of delta |e| - delta^2 / 2."""
    error, delta = np.abs(case.args[1] - case.args[0]), case.kwargs["delta"]
    terms = np.where(error <= delta, error**2 / 2, delta * error + delta**2 / 2)
    return np.asarray(np.mean(terms, axis=-1) * case.row_factor())


def binary_crossentropy_loss(case: Case) -> Array:
    """y |log q| and (1 - y) |log(1 - q)|; 1 - y carries the error of y, 1 - q one of its own."""
    y, q = case.smoothed(2), _clipped(case.args[1])
    terms = y * np.abs(np.log(q)) + (y + np.abs(1 - y)) * (np.abs(np.log(1 - q)) + 1)
    return np.asarray(np.mean(terms, axis=-1) * case.row_factor())


def binary_crossentropy_grad(case: Case) -> Array:
    """(q + y) / (q (1 - q)) / C."""
    y, q = case.smoothed(2), _clipped(case.args[1])
    return np.asarray((q + y) / (q * (1 - q)) / q.shape[-1] * case.row_factor()[:, None])


def sigmoid_crossentropy_loss(case: Case) -> Array:
    """max(z, 0), |z y| and log1p(exp(-|z|))."""
    y, z = case.smoothed(2), case.args[1]
    terms = np.maximum(z, 0) + np.abs(z) * y + np.log1p(np.exp(-np.abs(z)))
    return np.asarray(np.mean(terms, axis=-1) * case.row_factor())


def sigmoid_crossentropy_grad(case: Case) -> Array:
    """(sigmoid(z) + y) / C."""
    y, z = case.smoothed(2), case.args[1]
    decay = np.exp(-np.abs(z))
    sigmoid = np.where(z < 0, decay, 1) / (1 + decay)
    return np.asarray((sigmoid + y) / z.shape[-1] * case.row_factor()[:, None])


def categorical_crossentropy_loss(case: Case) -> Array:
    """y (|log q| + 1): the relative error of q is an absolute one of its logarithm."""
    p = case.args[1]
    y, q = case.smoothed(p.shape[-1]), _clipped(p / p.sum(axis=-1, keepdims=True))
    return np.asarray(np.sum(y * (np.abs(np.log(q)) + 1), axis=-1) * case.row_factor())


def categorical_crossentropy_grad(case: Case) -> Array:
    """(sum of y + y / q) / sum p."""
    p = case.args[1]
    total = p.sum(axis=-1, keepdims=True)
    y, q = case.smoothed(p.shape[-1]), _clipped(p / total)
    terms = (y.sum(axis=-1, keepdims=True) + y / q) / total
    return np.asarray(terms * case.row_factor()[:, None])


def _softmax(z: Array) -> tuple[Array, Array, Array]:
    """z - max z, softmax, and the mean depth sum p |z - max z|: the exponents' error in the sum."""
    shifted = z - z.max(axis=-1, keepdims=True)
    share = np.exp(shifted)
    share = share / share.sum(axis=-1, keepdims=True)
    return shifted, share, np.sum(share * -shifted, axis=-1, keepdims=True)


def softmax(z: Array) -> Array:
    """p (1 + |z - max z| + mean depth)."""
    shifted, share, depth = _softmax(z)
    return np.asarray(share * (1 - shifted + depth))


def softmax_crossentropy_loss(case: Case) -> Array:
    """y (log sum exp + |z - max z| + 1 + mean depth)."""
    z = case.args[1]
    shifted, _, depth = _softmax(z)
    log_total = np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    terms = case.smoothed(z.shape[-1]) * (log_total - shifted + 1 + depth)
    return np.asarray(np.sum(terms, axis=-1) * case.row_factor())


def softmax_crossentropy_grad(case: Case) -> Array:
    """softmax's own scale times sum y, and y."""
    z = case.args[1]
    y = case.smoothed(z.shape[-1])
    terms = softmax(z) * y.sum(axis=-1, keepdims=True) + y
    return np.asarray(terms * case.row_factor()[:, None])


def tanh_backward(case: Case) -> Array:
    """|g| (1 + y^2)."""
    y, grad = case.args
    return np.asarray(np.abs(grad) * (1 + y**2))


def softmax_forward(case: Case) -> Array:
    return softmax(case.args[0])


def softmax_backward(case: Case) -> Array:
    """y (|g| + sum |y g|)."""
    y, grad = case.args
    inner = np.sum(np.abs(y * grad), axis=-1, keepdims=True)
    return np.asarray(y * (np.abs(grad) + inner))


def matmul(case: Case) -> Array:
    """|a| |b| + |bias|."""
    a, b = case.args
    return np.asarray(np.abs(a) @ np.abs(b) + np.abs(case.kwargs["bias"]))


def total(case: Case) -> Array:
    """Sum of |x|."""
    return np.asarray(np.abs(case.args[0]).sum())


# ---- optimizers: a scale for params, then one for each slot -------------------------------------


def sgd(case: Case) -> list[Array]:
    w, g = case.args
    return [np.abs(w) + np.abs(g) * case.kwargs["learning_rate"]]


def momentum(case: Case) -> list[Array]:
    w, g, v = (np.abs(array) for array in case.args)
    velocity = case.kwargs["momentum"] * v + case.kwargs["learning_rate"] * g
    return [w + velocity, velocity]


def nesterov(case: Case) -> list[Array]:
    w, g, v = (np.abs(array) for array in case.args)
    mu, push = case.kwargs["momentum"], case.kwargs["learning_rate"] * g
    velocity = mu * v + push
    return [w + mu * velocity + push, velocity]


def rmsprop(case: Case) -> list[Array]:
    """v, then a if centered, then b with momentum. v - a^2 cancels: the step's error grows."""
    w, g = (np.abs(array) for array in case.args[:2])
    rho, square = case.kwargs["rho"], case.results[1]
    terms, root = square + case.kwargs["epsilon"], square + case.kwargs["epsilon"]
    scales = [square]
    if len(case.args) - ("momentum" in case.kwargs) == 4:
        scales.append(rho * np.abs(case.args[3]) + (1 - rho) * g)
        terms, root = terms + scales[1] ** 2, root - case.results[2] ** 2
    step = case.kwargs["learning_rate"] * g / np.sqrt(root) * terms / root
    if "momentum" in case.kwargs:
        step = case.kwargs["momentum"] * np.abs(case.args[-1]) + step
        scales.append(step)
    return [w + step, *scales]


def adam(case: Case) -> list[Array]:
    """m and v by their terms; the step by m's, and by how much larger v's terms are than v."""
    w, g, m, v, *highest = (np.abs(array) for array in case.args)
    first, second = 1 - case.kwargs["beta_1"], 1 - case.kwargs["beta_2"]
    mean, square = m + (g + m) * first, v + (g**2 + v) * second
    root = case.results[-1]
    step = case.kwargs["alpha"] * mean / (np.sqrt(root) + case.kwargs["epsilon"])
    step = step * np.maximum(square / root, 1)
    return [w + step, mean, square, *(np.maximum(h, square) for h in highest)]
