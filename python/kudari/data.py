"""Rows for the engine: x, y and weights, checked as a whole before anything is changed."""

import math
import sys
from collections.abc import Iterator, Mapping, Set
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kudari import _core, checks

Array: TypeAlias = NDArray[Any]

# What the engine reads as it is.
_READY = frozenset(np.dtype(code) for code in "?fdbBhHiIlLqQ")
_LARGEST = sys.float_info.max


class Target(NamedTuple):
    """What y must be for a loss: one class number per row, or `columns` values per row."""

    loss: str  # as the user knows it
    kernel: str
    sparse: bool
    columns: int
    dtype: np.dtype[Any]

    @property
    def classes(self) -> int:
        """How many classes y can name: a single output column tells two apart."""
        return max(self.columns, 2)

    @property
    def bounded(self) -> bool:
        """Whether y holds probabilities, which lie in [0, 1]."""
        return self.kernel.endswith("crossentropy")

    @property
    def interval(self) -> tuple[float, float]:
        """Where every number of y lies, ends included."""
        return (0.0, 1.0) if self.bounded else (-_LARGEST, _LARGEST)

    @property
    def one_hot(self) -> bool:
        """Whether a row of y distributes over exclusive classes."""
        return self.kernel in ("categorical_crossentropy", "softmax_crossentropy")


class Rows(NamedTuple):
    """Rows as the engine takes them: x (rows, features), y and weights (None: not given)."""

    x: Array
    y: Array | None
    weights: Array | None

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.x)

    def part(self, start: int, stop: int) -> "Rows":
        """Rows [start, stop) of the same memory."""
        return Rows(*(None if array is None else array[start:stop] for array in self))  # type: ignore[arg-type]


def prepare(
    where: str, x: Any, y: Any, sample_weight: Any, row_shape: tuple[int, ...], target: Target
) -> Rows:
    """x, y and sample_weight of at least one row, in the dtypes and shapes the engine needs."""
    found = features(where, x, row_shape)
    rows = len(found)
    if not rows:
        fix = "Check how the data was loaded or filtered."
        got = f"x of shape {np.shape(x)}"
        raise ValueError(checks.message(where, got, "at least one row", fix))
    weight = weights(where, sample_weight, rows, target)
    return Rows(found, labels(where, y, rows, target), weight)


# x


def real(where: str, name: str, value: Any) -> Array:
    """`value` as an array of numbers the engine reads; lists, pandas and tensors are converted.

    float16 becomes float32, wider floats float64; other dtypes stay as they are.
    """
    if type(value) is np.ndarray and value.dtype in _READY:
        return value
    array = _as_array(where, name, value)
    kind = array.dtype.kind
    if kind not in "biuf":
        fix = _text_columns(value) or _dtype_fix(name, kind)
        got = f"dtype {array.dtype}" if array.ndim else checks.kind_of(value)
        raise TypeError(checks.message(where, got, f"{name} to hold numbers", fix))
    if kind == "f" and array.dtype.itemsize not in (4, 8):
        return array.astype(np.float32 if array.dtype.itemsize < 4 else np.float64)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _as_array(where: str, name: str, value: Any) -> Array:
    checks.unmasked(where, name, value)
    if isinstance(value, (Iterator, Set)):
        fix = f"Pass {name} as one array; kudari draws the batches itself."
        got = f"{checks.kind_of(value)}, which is not supported"
        raise TypeError(checks.message(where, got, f"{name} as one array", fix))
    return checks.as_array(where, name, value)


def _text_columns(value: Any) -> str:
    """How to fix the columns of a data frame that hold no numbers; "" for anything else."""
    items = getattr(getattr(value, "dtypes", None), "items", None)
    if items is None:
        return ""
    names = [str(name) for name, dtype in items() if getattr(dtype, "kind", "O") not in "biuf"]
    if not names:
        return ""
    return f"Encode the text as numbers first; columns without numbers: {', '.join(names[:5])}."


def _dtype_fix(name: str, kind: str) -> str:
    if name == "y" and kind in "OUS":
        return "Number the classes first: y = np.unique(y, return_inverse=True)[1]."
    if kind == "c":
        return f"Pass {name}.real, or real and imaginary parts as two columns."
    return f"Pass {name} as one array: use astype('float32'), or toarray() for a sparse matrix."


def row_shape(where: str, x: Any) -> tuple[int, ...]:
    """Shape of one row of x, for a model that takes its input shape from the data."""
    shape = real(where, "x", x).shape
    return shape[1:] if len(shape) > 1 else (1,)


def features(where: str, x: Any, row_shape: tuple[int, ...]) -> Array:
    """x of shape (rows, *row_shape) as a C-contiguous (rows, features) array.

    (rows,) is taken as (rows, 1) where a row is one number.
    """
    array = real(where, "x", x)
    if array.shape[1:] != row_shape or array.ndim == 0:
        array = _column(where, array, row_shape)
    flat = array if array.ndim == 2 else array.reshape(len(array), math.prod(row_shape))
    return _laid_out(flat, flat.dtype)


def _laid_out(array: Array, dtype: np.dtype[Any]) -> Array:
    """`array` itself if it is aligned, C-contiguous and of `dtype`; else a copy that is."""
    flags = array.flags
    if array.dtype == dtype and flags.c_contiguous and flags.aligned:
        return array
    with np.errstate(over="ignore"):
        return np.require(array, dtype, ["C", "ALIGNED"])


def _column(where: str, array: Array, row_shape: tuple[int, ...]) -> Array:
    if array.ndim == 1 and row_shape == (1,):
        return array[:, None]
    wanted = f"x of shape {('rows', *row_shape)}".replace("'", "")
    fix = "Select or reshape the columns of x, or build the model for this shape."
    if array.shape == row_shape:
        fix = "For one row pass x[None, :]."
    raise ValueError(checks.message(where, f"{array.shape}", wanted, fix))


# y


def labels(where: str, y: Any, rows: int, target: Target) -> Array:
    """All of y, checked: int32 (rows,) class numbers, or (rows, columns) in the model's dtype."""
    if y is None:
        fix = f"Pass y: the loss {target.loss} compares outputs with it."
        raise ValueError(checks.message(where, "y=None", "one label per row of x", fix))
    array = real(where, "y", y)
    if array.ndim == 0 or len(array) != rows:
        wanted = f"y of {rows} rows to match x"
        fix = "Pass one label per row of x."
        raise ValueError(checks.message(where, f"{array.shape}", wanted, fix))
    return _sparse(where, array, target) if target.sparse else _dense(where, array, target)


def _dense(where: str, y: Array, target: Target) -> Array:
    rows = len(y)
    shaped = y[:, None] if y.ndim == 1 and target.columns == 1 else y
    if shaped.shape != (rows, target.columns):
        wanted = f"y of shape {_shapes(rows, target)}"
        raise ValueError(checks.message(where, f"{y.shape}", wanted, _dense_fix(y, target)))
    values = _laid_out(shaped, target.dtype)
    if _core.within(values, *target.interval):
        return values
    fix = "Drop those rows, or fill them in."
    _refuse(where, "y", y, ~np.isfinite(values), "finite labels", fix)
    if target.bounded:
        outside = (values < 0) | (values > 1)
        fix = "Map the labels to 0 and 1." if target.columns == 1 else "Pass one-hot rows."
        _refuse(where, "y", y, outside, f"labels in [0, 1] for {target.loss}", fix)
    return values


def _shapes(rows: int, target: Target) -> str:
    if target.sparse or target.columns == 1:
        return f"({rows},) or ({rows}, 1)"
    return f"({rows}, {target.columns})"


def _dense_fix(y: Array, target: Target) -> str:
    if target.one_hot and y.size == len(y):
        return (
            "For class numbers use loss='sparse_categorical_crossentropy', or "
            f"utils.to_categorical(y, {target.columns})."
        )
    units = y.shape[1] if y.ndim == 2 else 1
    return f"Pass {target.columns} values per row, or end the model in Dense({units})."


def _sparse(where: str, y: Array, target: Target) -> Array:
    if y.size != len(y) or y.ndim > 2:
        fix = (
            "One-hot rows go with loss='categorical_crossentropy'; "
            "or pass class numbers, y.argmax(axis=1)."
        )
        wanted = f"y of shape {_shapes(len(y), target)} for {target.loss}"
        raise ValueError(checks.message(where, f"{y.shape}", wanted, fix))
    flat = _laid_out(y.reshape(-1), y.dtype)
    if flat.dtype.kind == "f":
        _refuse(where, "y", flat, ~np.isfinite(flat), "finite labels", "Drop those rows.")
        fix = "Round them, or use a loss for real values such as 'mse'."
        _refuse(where, "y", flat, flat % 1 != 0, "whole class numbers", fix)
    if not _core.within(flat, 0, target.columns - 1):
        outside = (flat < 0) | (flat >= target.columns)
        fix = "Number the classes from 0, or end the model in more units."
        _refuse(where, "y", flat, outside, f"labels in [0, {target.columns})", fix)
    return np.array(flat, np.int32)  # a copy: the engine relies on labels that stay in range


def _refuse(where: str, name: str, values: Array, bad: Array, wanted: str, fix: str) -> None:
    """ValueError naming the first row where `bad` holds, and its value."""
    if not bad.any():
        return
    position = int(np.argmax(bad))
    row = position // (bad.size // len(bad))
    got = f"{values.reshape(-1)[position]} in row {row} of {name}"
    raise ValueError(checks.message(where, got, wanted, fix))


# Weights


def weights(where: str, sample_weight: Any, rows: int, target: Target) -> Array | None:
    """A finite weight of at least 0 per row, in the model's dtype; (rows, 1) counts as (rows,)."""
    if sample_weight is None:
        return None
    array = real(where, "sample_weight", sample_weight)
    if array.shape not in ((rows,), (rows, 1)):
        fix = "Pass one weight per row."
        wanted = f"sample_weight of shape ({rows},)"
        raise ValueError(checks.message(where, f"{array.shape}", wanted, fix))
    values = _laid_out(array.reshape(rows), target.dtype)
    if not _core.within(values, 0, _LARGEST):
        bad = ~(np.isfinite(values) & (values >= 0))
        fix = "Use 0 for rows that should not count."
        _refuse(where, "sample_weight", array, bad, "finite weights of at least 0", fix)
    return values


def weigh_classes(where: str, rows: Rows, class_weight: Mapping[Any, Any], target: Target) -> Rows:
    """`rows` weighted by class; classes that `class_weight` does not name weigh 1."""
    table = _class_table(where, class_weight, target)
    if rows.weights is not None:
        fix = "Multiply class_weight into sample_weight yourself."
        got = "both class_weight and sample_weight"
        raise ValueError(checks.message(where, got, "one of the two", fix))
    assert rows.y is not None
    return rows._replace(weights=table[_classes(where, rows.y, target)])


def _class_table(where: str, class_weight: Mapping[Any, Any], target: Target) -> Array:
    if not isinstance(class_weight, Mapping):
        fix = "Pass a dict such as {0: 1.0, 1: 5.0}."
        got = type(class_weight).__name__
        raise TypeError(checks.message(where, got, "class_weight to be a dict", fix))
    table = np.ones(target.classes, target.dtype)
    for key, value in class_weight.items():
        index = checks.whole(where, "each key of class_weight", key)
        if index >= target.classes:
            wanted = f"the keys of class_weight in [0, {target.classes})"
            fix = "Name classes that y can hold."
            raise ValueError(checks.message(where, f"{key!r}", wanted, fix))
        high = float(np.finfo(target.dtype).max)
        table[index] = checks.number(where, f"class_weight[{index}]", value, low=0, high=high)
    return table


def _classes(where: str, y: Array, target: Target) -> Array:
    """The class of each row: as it stands, by argmax of a one-hot row, or 0 or 1 in one column."""
    if target.sparse:
        return y
    if target.columns > 1:
        return np.asarray(y.argmax(axis=1))
    fix = "class_weight belongs to classification; use sample_weight here."
    _refuse(where, "y", y, (y != 0) & (y != 1), "classes 0 and 1 in y for class_weight", fix)
    return y[:, 0].astype(np.int64)


# Validation


def split(where: str, rows: Rows, fraction: float) -> tuple[Rows, Rows]:
    """Rows to train on, and the last `fraction` of the rows to validate on; nothing is shuffled."""
    fraction = checks.number(where, "validation_split", fraction, low=0, high=1, open_high=True)
    at = math.floor(rows.size * (1.0 - fraction))
    if at in (0, rows.size):
        fix = "Choose another validation_split, or pass validation_data."
        got = f"validation_split={fraction} of {rows.size} rows"
        raise ValueError(checks.message(where, got, "rows left on both sides", fix))
    return rows.part(0, at), rows.part(at, rows.size)


def unpack_validation(where: str, validation_data: Any) -> tuple[Any, Any, Any]:
    """x, y and sample_weight (or None) of `validation_data`."""
    if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
        fix = "Pass validation_data=(x_val, y_val)."
        got = checks.kind_of(validation_data)
        wanted = "validation_data as (x, y) or (x, y, sample_weight)"
        raise ValueError(checks.message(where, got, wanted, fix))
    x, y, *rest = validation_data
    return x, y, rest[0] if rest else None
