"""Initialisers: where the first weights come from.

An initialiser is called with a shape and a dtype and gives a new array. With a seed it gives the
same values at every call and on every machine; NumPy does nothing here but elementwise arithmetic.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kudari import checks, identifiers, kernels, random


class Initializer:
    """Base of every initialiser: a subclass overrides `__call__`, and maybe `get_config`."""

    def __call__(self, shape: Sequence[int], dtype: str = "float32") -> NDArray[Any]:
        """A new array of `shape` and `dtype` ("float32" or "float64")."""
        raise NotImplementedError(f"{type(self).__name__} must override __call__(shape, dtype).")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an initialiser like this one."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Initializer":
        """The initialiser that `get_config` describes."""
        return cls(**config)


class Zeros(Initializer):
    """Zeros everywhere."""

    def __call__(self, shape: Sequence[int], dtype: str = "float32") -> NDArray[Any]:
        return np.zeros(shape, checks.float_dtype("Zeros", dtype))


class GlorotUniform(Initializer):
    """Uniform in [-limit, limit), limit = sqrt(6 / (inputs + outputs)) (Glorot and Bengio, 2010).

    A kernel's shape is (inputs, outputs); one axis counts as both. Without a seed, one is drawn
    when the initialiser is made. The values are formed in float64 and rounded to the dtype.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = random.next_seed() if seed is None else checks.whole(_GLOROT, "seed", seed)

    def __call__(self, shape: Sequence[int], dtype: str = "float32") -> NDArray[Any]:
        dtype = checks.float_dtype(_GLOROT, dtype)
        limit = np.sqrt(6.0 / max(1, sum(_fans(tuple(shape)))))
        values = kernels.random_uniform(self.seed, 0, tuple(shape))
        values *= 2.0  # in place: a large kernel's temporaries would be the most that it ever takes
        values -= 1.0
        values *= limit
        return np.asarray(values, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


_GLOROT = "GlorotUniform"


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Inputs and outputs of a weight of `shape`."""
    if len(shape) not in (1, 2):
        fix = "Reshape the weight to two axes."
        wanted = "a shape (inputs, outputs) or (units,)"
        raise ValueError(checks.message(_GLOROT, f"{shape}", wanted, fix))
    return shape[0], shape[-1]


glorot_uniform = GlorotUniform
zeros = Zeros

_CLASSES: dict[str, type[Initializer]] = {
    "GlorotUniform": GlorotUniform,
    "glorot_uniform": GlorotUniform,
    "Zeros": Zeros,
    "zeros": Zeros,
}


def get(identifier: object) -> Initializer:
    """The initialiser that a name, a class, a dict or an initialiser stands for.

    ValueError for an unknown name, with the closest.
    """
    return identifiers.resolve("initializer", identifier, Initializer, _CLASSES)


def serialize(initializer: Initializer) -> dict[str, Any]:
    """The dict that `get` turns back into an initialiser like this one."""
    return identifiers.serialize(initializer)


checks.only(__name__, ("GlorotUniform", "Initializer", "Zeros", "get", "serialize"))
