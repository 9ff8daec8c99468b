"""A dense net by hand in NumPy: in float64 what the answers are held against, in float32 a peer."""

from typing import Any

import numpy as np

from bench.tasks import BINARY, ONE_HOT, SPARSE, SQUARED, Array, Task


def _root(task: Task, v: Array, t: int, outside: bool) -> Array:
    """What the step is divided by: Keras's epsilon, or PyTorch's, added after everything else."""
    s, adam = task.settings, task.optimizer == "adam"
    correction = (1 - s["beta_2"] ** t) ** 0.5 if adam else 1.0
    if outside:
        return np.sqrt(v) / correction + s["epsilon"]
    if adam:
        return (np.sqrt(v) + s["epsilon"]) / correction
    return np.sqrt(v + s["epsilon"])


def _update(task: Task, slots: dict[str, Array], w: Array, g: Array, t: int, outside: bool) -> None:
    """One step of the task's optimizer, in place."""
    s: dict[str, Any] = task.settings
    rate, m, v = s["learning_rate"], slots["m"], slots["v"]
    if task.optimizer == "sgd":
        w -= rate * g
    elif task.optimizer == "momentum":
        v *= s["momentum"]
        v -= rate * g
        w += v
    elif task.optimizer == "rmsprop":
        v += (g * g - v) * (1 - s["rho"])
        w -= rate * g / _root(task, v, t, outside)
    else:
        m += (g - m) * (1 - s["beta_1"])
        v += (g * g - v) * (1 - s["beta_2"])
        w -= rate / (1 - s["beta_1"] ** t) * m / _root(task, v, t, outside)


class NumpyNet:
    """Weights, slots, and a training step; `outside` as in PyTorch's rules."""

    def __init__(self, task: Task, dtype: type, outside: bool = False) -> None:
        self.task, self.dtype, self.t, self.outside = task, dtype, 0, outside
        self.weights: list[Array] = [weight.astype(dtype) for weight in task.weights]
        self.slots = [{name: np.zeros_like(w) for name in "mv"} for w in self.weights]

    def forward(self, x: Array) -> list[Array]:
        """Inputs of each layer, and the last layer's sums before its activation."""
        values, last = [x], len(self.task.net.units) - 1
        for layer in range(last + 1):
            z = values[-1] @ self.weights[2 * layer] + self.weights[2 * layer + 1]
            if layer < last:
                z = np.maximum(z, 0) if self.task.net.hidden == "relu" else np.tanh(z)
            values.append(z)
        return values

    def loss(self, y: Array, z: Array) -> tuple[float, Array]:
        """The mean loss of a batch, and its gradient by z."""
        kind, rows = self.task.net.loss, len(z)
        if kind == SQUARED:
            error = z - y
            return float(np.mean(error * error)), error * self.dtype(2 / error.size)
        if kind == BINARY:
            tail = np.exp(-np.abs(z))
            value = float(np.mean(np.maximum(z, 0) - y * z + np.log1p(tail)))
            p = np.where(z > 0, 1, tail) / (1 + tail)
            return value, (p - y) / rows
        shifted = z - z.max(axis=1, keepdims=True)
        p = np.exp(shifted)
        total = p.sum(axis=1, keepdims=True)
        p /= total
        shifted -= np.log(total)
        if kind == ONE_HOT:
            return float(-np.sum(y * shifted) / rows), (p - y) / rows
        assert kind == SPARSE
        index = np.arange(rows)
        p[index, y] -= 1
        return float(-shifted[index, y].mean()), p / rows

    def step(self, x: Array, y: Array) -> float:
        """One update; the loss from before it."""
        self.t += 1
        *values, z = self.forward(x)
        value, delta = self.loss(y, z)
        for layer in reversed(range(len(values))):
            a, w = values[layer], self.weights[2 * layer]
            grads = (a.T @ delta, delta.sum(axis=0))
            if layer:
                delta = delta @ w.T
                delta *= a > 0 if self.task.net.hidden == "relu" else 1 - a * a
            for index, grad in zip((2 * layer, 2 * layer + 1), grads, strict=True):
                slots, weight = self.slots[index], self.weights[index]
                _update(self.task, slots, weight, grad, self.t, self.outside)
        return value


def right_losses(task: Task, outside: bool = False) -> list[float]:
    """The losses of the first steps, in float64."""
    net = NumpyNet(task, np.float64, outside)
    sparse = task.net.loss == SPARSE
    first = [(x.astype(np.float64), y if sparse else y.astype(np.float64)) for x, y in task.first]
    return [net.step(x, y) for x, y in first]
