"""Activations as functions: values against their formulas in float64, and names."""

import numpy as np
import pytest
from numpy.typing import NDArray

from kudari import activations

X = np.array([[-30.0, -1.5, -0.0, 0.25], [0.5, 1.0, 3.0, 40.0]])


def _softmax(x: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


FORMULAS = {
    "linear": lambda x: x,
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softmax": _softmax,
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FORMULAS)
def test_values(name: str, dtype: str) -> None:
    x = X.astype(dtype)
    result = activations.get(name)(x)
    assert result.dtype == dtype
    np.testing.assert_allclose(result, FORMULAS[name](x.astype("f8")), rtol=8 * np.finfo(dtype).eps)


def test_lists_are_float32() -> None:
    for name in FORMULAS:
        assert activations.get(name)([[1, -2], [0, 3]]).dtype == np.float32


def test_nan_stays_visible() -> None:
    for name in FORMULAS:
        assert np.isnan(activations.get(name)([np.nan, 1.0])[0])


def test_names() -> None:
    assert activations.get(None) is activations.linear
    for name in FORMULAS:
        function = activations.get(name)
        assert activations.get(function) is function
        assert activations.serialize(function) == name


@pytest.mark.parametrize(
    ("identifier", "error", "words"),
    [
        ("rellu", ValueError, "Did you mean 'relu'"),
        ("Relu", ValueError, "Did you mean 'relu'"),
        (3, ValueError, "one of linear, relu, sigmoid, softmax, tanh"),
        (np.tanh, TypeError, "Pass its name"),
    ],
)
def test_unknown(identifier: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        activations.get(identifier)


def test_softmax_axis() -> None:
    np.testing.assert_array_equal(activations.softmax(X, axis=-1), activations.softmax(X))
    for axis in (0, 1, True, "last"):
        with pytest.raises(ValueError, match="axis=-1"):
            activations.softmax(X, axis=axis)  # type: ignore[arg-type]
