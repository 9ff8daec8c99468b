"""The nets and optimizers in JAX, as pure functions; both JAX peers jit them."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from bench.tasks import BINARY, ONE_HOT, SPARSE, SQUARED, Net, Task

State = tuple[Any, ...]  # weights, slots, steps taken
Step = Callable[[State, Any, Any], tuple[State, Any]]


def outputs(net: Net, weights: list[Any], x: Any) -> Any:
    """The last layer's sums before its activation."""
    pairs = list(zip(weights[::2], weights[1::2], strict=True))
    for kernel, bias in pairs[:-1]:
        x = x @ kernel + bias
        x = jnp.maximum(x, 0) if net.hidden == "relu" else jnp.tanh(x)
    kernel, bias = pairs[-1]
    return x @ kernel + bias


def loss_of(kind: str, y: Any, z: Any) -> Any:
    """The mean loss of a batch, from logits."""
    if kind == SQUARED:
        return jnp.mean((z - y) ** 2)
    if kind == BINARY:
        return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))
    logs = jax.nn.log_softmax(z)
    if kind == ONE_HOT:
        return -jnp.mean(jnp.sum(y * logs, axis=-1))
    assert kind == SPARSE
    return -jnp.mean(jnp.take_along_axis(logs, y[:, None], axis=1, mode="clip"))


def slots_of(optimizer: str, weights: Any) -> tuple[Any, ...]:
    """Zeros like the weights, as many as the optimizer keeps."""
    count = {"sgd": 0, "momentum": 1, "rmsprop": 1, "adam": 2}[optimizer]
    return tuple(jax.tree.map(jnp.zeros_like, weights) for _ in range(count))


def update(optimizer: str, s: dict[str, float], w: Any, g: Any, slots: Any, t: Any) -> Any:
    """(weight, slots) after step t, by Keras's formulas; for one array."""
    rate = s["learning_rate"]
    if optimizer == "sgd":
        return w - rate * g, ()
    if optimizer == "momentum":
        v = s["momentum"] * slots[0] - rate * g
        return w + v, (v,)
    if optimizer == "rmsprop":
        v = slots[0] + (g * g - slots[0]) * (1 - s["rho"])
        return w - rate * g / jnp.sqrt(v + s["epsilon"]), (v,)
    m = slots[0] + (g - slots[0]) * (1 - s["beta_1"])
    v = slots[1] + (g * g - slots[1]) * (1 - s["beta_2"])
    alpha = rate * jnp.sqrt(1 - s["beta_2"] ** t) / (1 - s["beta_1"] ** t)
    return w - alpha * m / (jnp.sqrt(v) + s["epsilon"]), (m, v)


def start(task: Task) -> State:
    """Weights, slots and the number of steps taken; its buffers may be donated."""
    weights = [jnp.array(weight) for weight in task.weights]
    return weights, slots_of(task.optimizer, weights), jnp.float32(0)


def step_of(task: Task) -> Step:
    """(state, x, y) -> (state, loss from before the update)."""

    def step(state: State, x: Any, y: Any) -> tuple[State, Any]:
        weights, slots, t = state
        t = t + 1
        loss, grads = jax.value_and_grad(
            lambda w: loss_of(task.net.loss, y, outputs(task.net, w, x))
        )(weights)
        each = list(zip(*slots, strict=True)) or [()] * len(weights)
        new = [
            update(task.optimizer, task.settings, w, g, s, t)
            for w, g, s in zip(weights, grads, each, strict=True)
        ]
        columns = tuple(list(column) for column in zip(*(s for _, s in new), strict=True))
        return ([w for w, _ in new], columns, t), loss

    return step
