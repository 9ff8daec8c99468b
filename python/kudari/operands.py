"""Operands of the public kernels: inputs are coerced, what is written is checked.

Inputs may be copied (another dtype, strides). What is written never is: an update of a silent copy
is data loss.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from kudari import checks

Array: TypeAlias = NDArray[Any]

SINGLE, DOUBLE, INDEX = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int32)
# Booleans, integers and floats to 8 bytes, in this machine's byte order.
REAL = frozenset(np.dtype(code) for code in "?bBhHiIlLqQefd")


def real(where: str, name: str, value: ArrayLike) -> Array:
    """`value` as an array of real numbers of at most 8 bytes, in this machine's byte order."""
    if type(value) is np.ndarray and value.dtype in REAL:
        return value
    checks.unmasked(where, name, value)
    try:
        array = checks.as_array(where, name, value)
    except TypeError as error:
        if not isinstance(value, (list, tuple)) or not isinstance(error.__cause__, ValueError):
            raise
        fix = "Make every row equally long."
        got = "nested sequences of unequal lengths"
        raise ValueError(checks.message(where, got, f"{name} to be rectangular", fix)) from error
    if array.dtype.newbyteorder("=") not in REAL:
        wanted = f"{name} of float32, float64, integers or booleans"
        fix = f"Convert {name} with astype('float32') or astype('float64')."
        raise TypeError(checks.message(where, f"dtype {array.dtype}", wanted, fix))
    if not array.dtype.isnative:
        fix = f"Convert it with {name}.astype({name}.dtype.newbyteorder('='))."
        got = f"byte-swapped dtype {array.dtype.str}"
        raise TypeError(checks.message(where, got, f"{name} in native byte order", fix))
    return array


def contiguous(array: Array, dtype: DTypeLike) -> Array:
    """`array` itself if it is aligned, C-contiguous and of `dtype`; else a copy that is."""
    flags = array.flags
    if array.dtype == dtype and flags.c_contiguous and flags.aligned:
        return array
    return np.array(array, dtype=dtype, order="C", subok=False)


def floats(where: str, **values: ArrayLike) -> list[Array]:
    """All `values` in one dtype: float64 if any array among them is, else float32."""
    dtype: np.dtype[Any] = SINGLE
    arrays = []
    for name, value in values.items():
        array = real(where, name, value)
        if array.dtype.char == "d" and not isinstance(value, (list, tuple, float)):
            dtype = DOUBLE
        arrays.append(array)
    return [contiguous(array, dtype) for array in arrays]


def target(where: str, name: str, array: Any, shape: tuple[int, ...], dtype: DTypeLike) -> None:
    """Raise unless `array` can be written in place with values of `shape` and `dtype`."""
    plain = type(array) is np.ndarray and array.dtype == dtype and array.shape == shape
    if plain and array.flags.carray:
        return
    dtype = np.dtype(dtype)
    if not isinstance(array, np.ndarray):
        fix = "It is written in place, so it must be a NumPy array."
        got = type(array).__name__
        raise TypeError(checks.message(where, got, f"{name} to be a {dtype} ndarray", fix))
    if array.dtype != dtype:
        fix = f"It is written in place and never copied: create {name} as {dtype}."
        raise TypeError(checks.message(where, f"{array.dtype}", f"{name} of dtype {dtype}", fix))
    if array.shape != shape:
        checks.shape(where, name, array, shape, turned(array.shape, shape))
    if not array.flags.carray:
        raise TypeError(checks.message(where, layout(array), f"{name} to be {LAYOUT}", COPY))


LAYOUT = "a writeable, C-contiguous array"
COPY = "It is written in place and never copied: pass an array of its own, such as x.copy()."


def layout(array: Array) -> str:
    """What keeps `array` from being written in place."""
    if not array.flags.writeable:
        return "a read-only array"
    return f"a non-contiguous view with strides {array.strides}"


def turned(received: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """How to fix a shape, with a guess at the usual mistake."""
    if len(wanted) > 1 and received == wanted[::-1]:
        return "Did you forget to transpose?"
    return "Pass an array of that shape."


def same_shape(where: str, name: str, array: Array, like: str, wanted: Array) -> None:
    """ValueError unless both arrays have one shape."""
    if array.shape != wanted.shape:
        expected = f"{name} of shape {wanted.shape} to match {like}"
        fix = turned(array.shape, wanted.shape)
        raise ValueError(checks.message(where, f"{array.shape}", expected, fix))


def disjoint(where: str, name: str, array: Array, others: dict[str, Array]) -> None:
    """ValueError if `array` shares memory with one of `others`; all are contiguous."""
    for other, values in others.items():
        if np.may_share_memory(array, values):
            wanted = f"{name} not to overlap {other}"
            fix = f"Pass a separate array as {name}."
            raise ValueError(checks.message(where, "arrays that share memory", wanted, fix))


def output(
    where: str,
    out: Array | None,
    shape: tuple[int, ...],
    dtype: DTypeLike,
    name: str = "out",
    /,
    **inputs: Array,
) -> Array:
    """`out` once it is known to be fit for the result, or a new array."""
    if out is None:
        return np.empty(shape, dtype)
    target(where, name, out, shape, dtype)
    disjoint(where, name, out, inputs)
    return out


def pair(where: str, out: object) -> tuple[Array, Array]:
    """The two arrays of `out`; TypeError for anything else."""
    if isinstance(out, (tuple, list)) and [isinstance(a, np.ndarray) for a in out] == [True] * 2:
        return out[0], out[1]
    got = ", ".join(checks.kind_of(a) for a in out) if isinstance(out, (tuple, list)) else ""
    got = f"{checks.kind_of(out)}{f' of {got}' if got else ''}"
    fix = "Pass out=(loss, grad), of the shapes of the two results."
    raise TypeError(checks.message(where, got, "out to be a pair of arrays", fix))


def columns(where: str, name: str, array: Array) -> int:
    """Length of the last axis, at least 1."""
    if array.ndim == 0 or array.shape[-1] == 0:
        wanted = f"{name} with at least one axis, and a last axis of at least 1"
        fix = f"Reshape {name} to (rows, columns)."
        raise ValueError(checks.message(where, f"shape {array.shape}", wanted, fix))
    return int(array.shape[-1])


def dense(where: str, y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Array, Array]:
    """Targets and predictions of one dtype and one shape."""
    true, pred = floats(where, y_true=y_true, y_pred=y_pred)
    columns(where, "y_pred", pred)
    fix = "Give each prediction its own target: reshape y_true, or one-hot encode it."
    if true.shape != pred.shape:
        wanted = f"y_true of shape {pred.shape} to match y_pred"
        raise ValueError(checks.message(where, f"{true.shape}", wanted, fix))
    return true, pred


def sparse(where: str, y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Array, Array]:
    """Integer labels as a flat int32 array, and predictions; labels lie in [0, columns)."""
    labels = real(where, "y_true", y_true)
    (pred,) = floats(where, y_pred=y_pred)
    classes = columns(where, "y_pred", pred)
    if labels.dtype.kind not in "iu" and labels.size:
        fix = "Use y_true.astype('int32'), or for one-hot rows the function without `sparse_`."
        wanted = "y_true of integer labels"
        raise TypeError(checks.message(where, f"dtype {labels.dtype}", wanted, fix))
    rows = pred.shape[:-1]
    if labels.shape not in (rows, (*rows, 1)):
        fix = "Pass one label per row; for one-hot rows use the function without `sparse_`."
        wanted = f"y_true of shape {rows} or {(*rows, 1)} to match y_pred"
        raise ValueError(checks.message(where, f"{labels.shape}", wanted, fix))
    in_range(where, labels.reshape(rows), classes)
    return contiguous(labels.reshape(-1), INDEX), pred


def in_range(where: str, labels: Array, classes: int) -> None:
    """ValueError naming the first label outside [0, classes), by row and value."""
    if labels.size == 0 or (labels.min() >= 0 and labels.max() < classes):
        return
    bad = (labels < 0) | (labels >= classes)
    index = [int(i) for i in np.unravel_index(int(np.argmax(bad)), labels.shape)]
    row = str(index[0]) if len(index) == 1 else str(tuple(index))
    got = f"{labels[tuple(index)]} at row {row}"
    fix = f"Number the classes from 0, or give y_pred more than {classes} columns."
    raise ValueError(checks.message(where, got, f"labels in [0, {classes})", fix))


def weights(where: str, sample_weight: ArrayLike | None, pred: Array) -> Array | None:
    """One weight per row, rounded to the dtype of the predictions, or None."""
    if sample_weight is None:
        return None
    array = real(where, "sample_weight", sample_weight)
    fix = "Pass one weight per row."
    checks.shape(where, "sample_weight", array, pred.shape[:-1], fix)
    return contiguous(array.reshape(-1), pred.dtype)
