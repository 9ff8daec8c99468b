"""Activations, and their gradients from the output."""

import numpy as np
from numpy.typing import ArrayLike

from kudari.reference._wide import Array, Out, given, wide


def relu_forward(x: ArrayLike, *, out: Out = None) -> Array:
    """0 where x <= 0, else x (Nair and Hinton 2010)."""
    (v,) = wide(x)
    return given(np.where(v <= 0, 0.0, v), out)


def relu_backward(y: ArrayLike, grad: ArrayLike, *, out: Out = None) -> Array:
    """0 where y <= 0, else grad."""
    v, g = wide(y, grad)
    return given(np.where(v <= 0, 0.0, g), out)


def sigmoid_forward(x: ArrayLike, *, out: Out = None) -> Array:
    """1 / (1 + exp(-x)), through exp(-|x|) (Bishop 2006, 4.59)."""
    (v,) = wide(x)
    decay = np.exp(-np.abs(v))
    return given(np.where(v < 0, decay, 1.0) / (1.0 + decay), out)


def sigmoid_backward(y: ArrayLike, grad: ArrayLike, *, out: Out = None) -> Array:
    """grad y (1 - y) (Bishop 2006, 4.88)."""
    v, g = wide(y, grad)
    return given(g * v * (1.0 - v), out)


def tanh_forward(x: ArrayLike, *, out: Out = None) -> Array:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
    return given(np.tanh(wide(x)[0]), out)


def tanh_backward(y: ArrayLike, grad: ArrayLike, *, out: Out = None) -> Array:
    """grad (1 - y^2)."""
    v, g = wide(y, grad)
    return given(g * (1.0 - v) * (1.0 + v), out)


def softmax_forward(x: ArrayLike, *, out: Out = None) -> Array:
    """exp(x_j) / sum_i exp(x_i), shifted by the largest (Bishop 2006, 4.62)."""
    (v,) = wide(x)
    e = np.exp(v - np.max(v, axis=-1, keepdims=True))
    return given(e / np.sum(e, axis=-1, keepdims=True), out)


def softmax_backward(y: ArrayLike, grad: ArrayLike, *, out: Out = None) -> Array:
    """y_j (grad_j - sum_i y_i grad_i) (Bishop 2006, 4.106)."""
    v, g = wide(y, grad)
    return given(v * (g - np.sum(v * g, axis=-1, keepdims=True)), out)
