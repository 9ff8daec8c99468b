"""Optimizer updates, in place, as Keras 3.15 writes them."""

import numpy as np
from numpy.typing import ArrayLike

from kudari.reference._wide import Array, wide


def _store(slot: Array, value: Array) -> None:
    """Keep `value`, with 0 for what the slot's dtype could hold only as a subnormal number."""
    slot[...] = np.where(np.abs(value) < np.finfo(slot.dtype).tiny, 0.0, value)


def sgd_update(params: Array, grads: ArrayLike, *, learning_rate: float) -> None:
    """w -= lr g (Robbins and Monro 1951)."""
    w, g = wide(params, grads)
    params[...] = w - learning_rate * g


def momentum_update(
    params: Array, grads: ArrayLike, velocity: Array, *, learning_rate: float, momentum: float
) -> None:
    """v = mu v - lr g; w += v (Polyak 1964, as in Keras)."""
    w, g, v = wide(params, grads, velocity)
    v = momentum * v - learning_rate * g
    params[...] = w + v
    _store(velocity, v)


def nesterov_update(
    params: Array, grads: ArrayLike, velocity: Array, *, learning_rate: float, momentum: float
) -> None:
    """v = mu v - lr g; w += mu v - lr g (Sutskever et al. 2013, as in Keras)."""
    w, g, v = wide(params, grads, velocity)
    v = momentum * v - learning_rate * g
    params[...] = w + momentum * v - learning_rate * g
    _store(velocity, v)


def rmsprop_update(
    params: Array,
    grads: ArrayLike,
    velocity: Array,
    *,
    learning_rate: float,
    rho: float,
    epsilon: float,
) -> None:
    """v = rho v + (1 - rho) g^2; w -= lr g / sqrt(v + eps) (Tieleman and Hinton 2012)."""
    w, g, v = wide(params, grads, velocity)
    v = rho * v + (1 - rho) * g**2
    params[...] = w - learning_rate * g / np.sqrt(v + epsilon)
    _store(velocity, v)


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
    """As `rmsprop_update`; b = mu b + lr g / sqrt(v + eps); w -= b (Keras)."""
    w, g, v, b = wide(params, grads, velocity, momentum_buffer)
    v = rho * v + (1 - rho) * g**2
    b = momentum * b + learning_rate * g / np.sqrt(v + epsilon)
    params[...] = w - b
    _store(velocity, v)
    _store(momentum_buffer, b)


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
    """As `rmsprop_update`, with v - a^2 under the root; a = rho a + (1 - rho) g (Graves 2013)."""
    w, g, v, a = wide(params, grads, velocity, average_gradient)
    v = rho * v + (1 - rho) * g**2
    a = rho * a + (1 - rho) * g
    params[...] = w - learning_rate * g / np.sqrt(v - a**2 + epsilon)
    _store(velocity, v)
    _store(average_gradient, a)


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
    """As `rmsprop_centered_update`; b = mu b + lr g / sqrt(v - a^2 + eps); w -= b (Graves 2013)."""
    w, g, v, a, b = wide(params, grads, velocity, average_gradient, momentum_buffer)
    v = rho * v + (1 - rho) * g**2
    a = rho * a + (1 - rho) * g
    b = momentum * b + learning_rate * g / np.sqrt(v - a**2 + epsilon)
    params[...] = w - b
    _store(velocity, v)
    _store(average_gradient, a)
    _store(momentum_buffer, b)


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
    """m += (g - m)(1 - b1); v += (g^2 - v)(1 - b2); w -= alpha m / (sqrt(v) + eps).

    Kingma and Ba (2015), the reordered form at the end of their section 2, as in Keras.
    """
    w, g, first, second = wide(params, grads, m, v)
    first = first + (g - first) * (1 - beta_1)
    second = second + (g**2 - second) * (1 - beta_2)
    params[...] = w - alpha * first / (np.sqrt(second) + epsilon)
    _store(m, first)
    _store(v, second)


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
    """As `adam_update`, h = max(h, v) in place of v under the root (Reddi et al. 2018)."""
    w, g, first, second, highest = wide(params, grads, m, v, v_hat)
    first = first + (g - first) * (1 - beta_1)
    second = second + (g**2 - second) * (1 - beta_2)
    highest = np.maximum(highest, second)
    params[...] = w - alpha * first / (np.sqrt(highest) + epsilon)
    _store(m, first)
    _store(v, second)
    _store(v_hat, highest)
