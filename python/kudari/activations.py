"""Activations as functions of arrays, and how layers find them by name.

Each takes lists or arrays of any shape and gives an array of that shape: float64 where a float64
array came in, else float32.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from numpy.typing import ArrayLike, NDArray

from kudari import checks, kernels, operands

Activation: TypeAlias = Callable[[ArrayLike], NDArray[Any]]


def linear(x: ArrayLike) -> NDArray[Any]:
    """x unchanged."""
    (array,) = operands.floats("linear", x=x)
    return array


def relu(x: ArrayLike) -> NDArray[Any]:
    """max(x, 0); a NaN stays NaN."""
    return kernels.relu_forward(x)


def sigmoid(x: ArrayLike) -> NDArray[Any]:
    """1 / (1 + exp(-x))."""
    return kernels.sigmoid_forward(x)


def tanh(x: ArrayLike) -> NDArray[Any]:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
    return kernels.tanh_forward(x)


def softmax(x: ArrayLike, axis: int = -1) -> NDArray[Any]:
    """exp(x) / sum(exp(x)) along the last axis; ValueError for another axis."""
    checks.last_axis("softmax", axis)
    return kernels.softmax_forward(x)


_FUNCTIONS: dict[str, Activation] = {
    "linear": linear,
    "relu": relu,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "tanh": tanh,
}


def get(identifier: object) -> Activation:
    """The activation that a name or one of these functions stands for; None is linear.

    ValueError for an unknown name, with the closest; TypeError for a function of another make.
    """
    if identifier is None:
        return linear
    if callable(identifier):
        return _FUNCTIONS[serialize(identifier)]
    return _FUNCTIONS[checks.choice("activation", "the activation", identifier, _FUNCTIONS)]


def serialize(activation: object) -> str:
    """The name that `get` turns back into `activation`."""
    for name, function in _FUNCTIONS.items():
        if function is activation:
            return name
    wanted = f"one of kudari's own activations ({', '.join(_FUNCTIONS)})"
    fix = "Pass its name, such as 'relu'; other functions cannot run inside the compiled epoch."
    raise TypeError(checks.message("activation", repr(activation), wanted, fix))


checks.only(__name__, (*_FUNCTIONS, "get", "serialize"))
