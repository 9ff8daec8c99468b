"""What the reference's rooms share."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]
Out: TypeAlias = Array | None


def wide(*values: ArrayLike) -> list[Array]:
    """`values` in float64, or all in longdouble if one is."""
    arrays = [np.asarray(value) for value in values]
    return [array.astype(np.result_type(np.float64, *arrays)) for array in arrays]


def given(value: Array, out: Out) -> Array:
    """`value`, stored in `out` if there is one."""
    if out is None:
        return value
    out[...] = value
    return out
