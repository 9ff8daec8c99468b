"""Optimizer updates, in place and in one pass over memory; they return None.

`params` and its slots are writeable, C-contiguous arrays of one dtype (float32 or float64), one
shape, and memory of their own: anything else raises TypeError or ValueError and changes nothing.
`grads` has the shape of params. Scalars are numbers, formed by the caller and rounded to the dtype
of params. A slot's value smaller in magnitude than the smallest normal number becomes 0.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kudari import _core, checks, operands
from kudari.operands import Array


def _in_place(where: str, params: Array, slots: Mapping[str, Array]) -> None:
    """Raise unless params and slots can all be updated in place."""
    wide = isinstance(params, np.ndarray) and params.dtype == operands.DOUBLE
    dtype = operands.DOUBLE if wide else operands.SINGLE
    operands.target(where, "params", params, np.shape(params), dtype)
    for name, slot in slots.items():
        operands.target(where, name, slot, params.shape, dtype)


def _gradients(where: str, grads: ArrayLike, params: Array) -> Array:
    """Gradients in the dtype of params; an array of the other float dtype is a TypeError."""
    array = operands.real(where, "grads", grads)
    is_array = isinstance(grads, np.ndarray)
    if is_array and array.dtype.kind == "f" and array.dtype != params.dtype:
        wanted = f"grads of dtype {params.dtype} to match params"
        fix = f"Convert them with grads.astype('{params.dtype}')."
        raise TypeError(checks.message(where, str(array.dtype), wanted, fix))
    operands.same_shape(where, "grads", array, "params", params)
    return operands.contiguous(array, params.dtype)


def _update(
    name: str,
    params: Array,
    grads: ArrayLike,
    slots: Mapping[str, Array],
    scalars: list[float],
) -> None:
    where = f"{name}_update"
    _in_place(where, params, slots)
    gradients = _gradients(where, grads, params)
    others = {"grads": gradients}
    for slot, array in {"params": params, **slots}.items():
        operands.disjoint(where, slot, array, others)
        others[slot] = array
    flat = [slot.reshape(-1) for slot in slots.values()]
    _core.run_update(name, params.reshape(-1), gradients.reshape(-1), flat, scalars)


def _positive(where: str, **values: Any) -> list[float]:
    """Numbers of at least 0."""
    return [checks.number(where, name, value, low=0.0) for name, value in values.items()]


def _rates(where: str, **values: Any) -> list[float]:
    """Decay rates, within [0, 1]."""
    return [checks.number(where, name, value, low=0.0, high=1.0) for name, value in values.items()]


def sgd_update(params: Array, grads: ArrayLike, *, learning_rate: float) -> None:
    """w -= learning_rate g."""
    _update("sgd", params, grads, {}, _positive("sgd_update", learning_rate=learning_rate))


def momentum_update(
    params: Array, grads: ArrayLike, velocity: Array, *, learning_rate: float, momentum: float
) -> None:
    """v = momentum v - learning_rate g; w += v."""
    scalars = _momentum("momentum_update", learning_rate, momentum)
    _update("momentum", params, grads, {"velocity": velocity}, scalars)


def nesterov_update(
    params: Array, grads: ArrayLike, velocity: Array, *, learning_rate: float, momentum: float
) -> None:
    """v = momentum v - learning_rate g; w += momentum v - learning_rate g."""
    scalars = _momentum("nesterov_update", learning_rate, momentum)
    _update("nesterov", params, grads, {"velocity": velocity}, scalars)


def _momentum(where: str, learning_rate: float, momentum: float) -> list[float]:
    return _positive(where, learning_rate=learning_rate) + _rates(where, momentum=momentum)


def rmsprop_update(
    params: Array,
    grads: ArrayLike,
    velocity: Array,
    *,
    learning_rate: float,
    rho: float,
    epsilon: float,
) -> None:
    """v = rho v + (1 - rho) g^2; w -= learning_rate g / sqrt(v + epsilon)."""
    scalars = _rmsprop("rmsprop_update", learning_rate, rho, epsilon)
    _update("rmsprop", params, grads, {"velocity": velocity}, scalars)


def rmsprop_momentum_update(
    params: Array,
    grads: ArrayLike,
    velocity: Array,
    momentum_buffer: Array,
    *,
    learning_rate: float,
    rho: float,
    epsilon: float,
    momentum: float,
) -> None:
    """As `rmsprop_update`, with b = momentum b + learning_rate g / sqrt(v + epsilon); w -= b."""
    where = "rmsprop_momentum_update"
    scalars = _rmsprop(where, learning_rate, rho, epsilon) + _rates(where, momentum=momentum)
    slots = {"velocity": velocity, "momentum_buffer": momentum_buffer}
    _update("rmsprop_momentum", params, grads, slots, scalars)


def rmsprop_centered_update(
    params: Array,
    grads: ArrayLike,
    velocity: Array,
    average_gradient: Array,
    *,
    learning_rate: float,
    rho: float,
    epsilon: float,
) -> None:
    """As `rmsprop_update`, a = rho a + (1 - rho) g, v - a^2 in place of v under the root."""
    scalars = _rmsprop("rmsprop_centered_update", learning_rate, rho, epsilon)
    slots = {"velocity": velocity, "average_gradient": average_gradient}
    _update("rmsprop_centered", params, grads, slots, scalars)


def rmsprop_centered_momentum_update(
    params: Array,
    grads: ArrayLike,
    velocity: Array,
    average_gradient: Array,
    momentum_buffer: Array,
    *,
    learning_rate: float,
    rho: float,
    epsilon: float,
    momentum: float,
) -> None:
    """As `rmsprop_centered_update`, its step going through b = momentum b + step; w -= b."""
    where = "rmsprop_centered_momentum_update"
    scalars = _rmsprop(where, learning_rate, rho, epsilon) + _rates(where, momentum=momentum)
    slots = {
        "velocity": velocity,
        "average_gradient": average_gradient,
        "momentum_buffer": momentum_buffer,
    }
    _update("rmsprop_centered_momentum", params, grads, slots, scalars)


def _rmsprop(where: str, learning_rate: float, rho: float, epsilon: float) -> list[float]:
    (rate,) = _positive(where, learning_rate=learning_rate)
    (decay,) = _rates(where, rho=rho)
    return [rate, decay, 1.0 - decay, *_positive(where, epsilon=epsilon)]


def adam_update(
    params: Array,
    grads: ArrayLike,
    m: Array,
    v: Array,
    *,
    alpha: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> None:
    """m += (g - m)(1 - beta_1); v += (g^2 - v)(1 - beta_2); w -= alpha m / (sqrt(v) + epsilon).

    `alpha` is the learning rate with both bias corrections: lr sqrt(1 - beta_2^t) / (1 - beta_1^t).
    """
    scalars = _adam("adam_update", alpha, beta_1, beta_2, epsilon)
    _update("adam", params, grads, {"m": m, "v": v}, scalars)


def amsgrad_update(
    params: Array,
    grads: ArrayLike,
    m: Array,
    v: Array,
    v_hat: Array,
    *,
    alpha: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> None:
    """As `adam_update`, with v_hat = max(v_hat, v) under the root."""
    scalars = _adam("amsgrad_update", alpha, beta_1, beta_2, epsilon)
    _update("amsgrad", params, grads, {"m": m, "v": v, "v_hat": v_hat}, scalars)


def _adam(where: str, alpha: float, beta_1: float, beta_2: float, epsilon: float) -> list[float]:
    (step,) = _positive(where, alpha=alpha)
    first, second = _rates(where, beta_1=beta_1, beta_2=beta_2)
    return [step, 1.0 - first, 1.0 - second, *_positive(where, epsilon=epsilon)]
