"""Activations: forward from the input, backward from the forward's output and the gradient by it.

Arrays of any shape, float32 or float64; softmax works along the last axis. `backward` gives the
gradient by the activation's input. An unfit `out` raises ValueError or TypeError, unchanged.
"""

from numpy.typing import ArrayLike

from kudari import _core, operands
from kudari.operands import Array


def _table(array: Array) -> Array:
    """The same memory as (rows, columns)."""
    return array.reshape((1, 1) if array.ndim == 0 else (-1, max(1, array.shape[-1])))


def _forward(name: str, x: ArrayLike, out: Array | None) -> Array:
    where = f"{name}_forward"
    (source,) = operands.floats(where, x=x)
    if name == "softmax":
        operands.columns(where, "x", source)
    out = operands.output(where, out, source.shape, source.dtype, x=source)
    _core.run_forward(name, _table(source), _table(out))
    return out


def _backward(name: str, y: ArrayLike, grad: ArrayLike, out: Array | None) -> Array:
    where = f"{name}_backward"
    output, slope = operands.floats(where, y=y, grad=grad)
    operands.same_shape(where, "grad", slope, "y", output)
    if name == "softmax":
        operands.columns(where, "y", output)
    out = operands.output(where, out, output.shape, output.dtype, y=output, grad=slope)
    _core.run_backward(name, _table(output), _table(slope), _table(out))
    return out


def relu_forward(x: ArrayLike, *, out: Array | None = None) -> Array:
    """+0 where x <= 0, else x (so a NaN stays visible)."""
    return _forward("relu", x, out)


def relu_backward(y: ArrayLike, grad: ArrayLike, *, out: Array | None = None) -> Array:
    """0 where y <= 0, else grad."""
    return _backward("relu", y, grad, out)


def sigmoid_forward(x: ArrayLike, *, out: Array | None = None) -> Array:
    """1 / (1 + exp(-x))."""
    return _forward("sigmoid", x, out)


def sigmoid_backward(y: ArrayLike, grad: ArrayLike, *, out: Array | None = None) -> Array:
    """grad y (1 - y)."""
    return _backward("sigmoid", y, grad, out)


def tanh_forward(x: ArrayLike, *, out: Array | None = None) -> Array:
    """Hyperbolic tangent."""
    return _forward("tanh", x, out)


def tanh_backward(y: ArrayLike, grad: ArrayLike, *, out: Array | None = None) -> Array:
    """grad (1 - y^2)."""
    return _backward("tanh", y, grad, out)


def softmax_forward(x: ArrayLike, *, out: Array | None = None) -> Array:
    """exp(x - max x) over its sum, along the last axis."""
    return _forward("softmax", x, out)


def softmax_backward(y: ArrayLike, grad: ArrayLike, *, out: Array | None = None) -> Array:
    """y (grad - sum of y grad), along the last axis."""
    return _backward("softmax", y, grad, out)
