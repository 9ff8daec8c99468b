"""The compiled kernels against the reference, on every instruction set: a table, and what runs it.

An error is measured in units of the last place of the exact result (ulp), or where terms cancel in
eps times the scale, the sum of the absolute terms (`scales.py`). A bound counts roundings: each is
at most half an eps of what it rounds. The reference runs on the same rounded inputs, in float64 for
float32 kernels and in `np.longdouble` for float64 ones: 64 bits of mantissa on x86-64, more on ARM
Linux. Where longdouble is plain float64 the reference rounds as often as the kernel: bounds double.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kudari import cpu, kernels, reference, samples, scales
from kudari.scales import Case

Array: TypeAlias = NDArray[Any]
Scale: TypeAlias = Callable[[Case], Any] | None

SHAPES = ((257, 1), (64, 10), (301, 37))
DTYPES = ("float32", "float64")

# What the elementary functions err by, in ulp, over every float and the hard ranges of doubles:
# the figures of cpp/kernels/math.hpp and power.hpp, printed by tests/ulp_sweep.py.
EXP, LOG, LOG1P, TANH, POWER = 0.95, 0.95, 1.02, 1.48, 0.75
# Roundings of a sum along 37 columns, in eps: at most 4 in a lane, 4 to close 16 lanes.
TREE = (4 + 4) / 2


@dataclass(frozen=True)
class Row:
    """A kernel, and per output its scale (None: the result's own ulp, 0 bounds: the very bits)."""

    kernel: str
    bounds: tuple[float, ...]
    why: str
    scale: Scale = None
    ulp: bool = False
    dtypes: tuple[str, ...] = DTYPES


def _trio(stem: str, loss: tuple[float, Scale, str], grad: tuple[float, Scale, str]) -> list[Row]:
    """Rows of NAME_loss, NAME_grad and NAME_loss_grad, whose outputs are those of the other two."""

    def both(case: Case) -> list[Any]:
        own = [np.abs(result) for result in case.results]
        return [f(case) if f else own[i] for i, f in enumerate((loss[1], grad[1]))]

    return [
        Row(f"{stem}_loss", (loss[0],), loss[2], loss[1]),
        Row(f"{stem}_grad", (grad[0],), grad[2], grad[1]),
        Row(f"{stem}_loss_grad", (loss[0], grad[0]), "both", both),
    ]


def _ulp(kernel: str, bound: float, why: str, dtypes: tuple[str, ...] = DTYPES) -> Row:
    return Row(kernel, (bound,), why, ulp=True, dtypes=dtypes)


def _exact(kernel: str, why: str, dtypes: tuple[str, ...] = DTYPES) -> Row:
    return Row(kernel, (0.0,), why, dtypes=dtypes)


TABLE: tuple[Row, ...] = (
    *_trio(
        "mean_squared_error",
        (2.5 + TREE, None, "p - y twice, square, tree, 1/C, weight; all terms positive"),
        (2.5, None, "p - y, scale w, 1/C, product"),
    ),
    *_trio(
        "mean_absolute_error",
        (1.5 + TREE, None, "p - y, tree, 1/C, weight; all terms positive"),
        (1.5, None, "scale w, 1/C, product"),
    ),
    *_trio(
        "huber",
        (2.5 + TREE, scales.huber_loss, "e, product and difference, tree, 1/C, weight"),
        (2.5, None, "e, scale w, 1/C, product"),
    ),
    *_trio(
        "binary_crossentropy",
        (LOG + 4 + TREE, scales.binary_crossentropy_loss, "log, y (4), sums (2), tree, 1/C, w"),
        (6.0, scales.binary_crossentropy_grad, "y (4), q - y, 1 - q, q (1 - q), ratio, factor (3)"),
    ),
    *_trio(
        "sigmoid_crossentropy",
        (
            EXP + LOG1P + 2.5 + TREE,
            scales.sigmoid_crossentropy_loss,
            "exp, log1p, z y with y's 4 beside them, sums (2), tree, 1/C, weight",
        ),
        (EXP + 5.5, scales.sigmoid_crossentropy_grad, "exp, 1 + e, ratio, y (4), - y, factor (3)"),
    ),
    *_trio(
        "categorical_crossentropy",
        (
            LOG + 2 * TREE + 4.5,
            scales.categorical_crossentropy_loss,
            "row sum, ratio, log, y (5), product, tree, weight",
        ),
        (
            2 * TREE + 6.5,
            scales.categorical_crossentropy_grad,
            "row sum, ratio, y (5), y / q, sum y, difference, factor / sum (2), product",
        ),
    ),
    *_trio(
        "softmax_crossentropy",
        (
            EXP + LOG + 2 * TREE + 5,
            scales.softmax_crossentropy_loss,
            "z - max (2), exp, sum, log, - shifted, y (5), product, tree, weight",
        ),
        (
            2 * EXP + 2 * TREE + 5,
            scales.softmax_crossentropy_grad,
            "exp, exponents, mass / sum, products, y (5), - y, factor, product",
        ),
    ),
    *_trio(
        "sparse_categorical_crossentropy",
        (LOG + TREE + 1, scales.categorical_crossentropy_loss, "row sum, ratio, log, weight"),
        (
            2 * TREE + 3,
            scales.categorical_crossentropy_grad,
            "row sum, ratio, 1 / q, 1 - 1/q, factor / sum (2), product",
        ),
    ),
    *_trio(
        "sparse_softmax_crossentropy",
        (
            EXP + LOG + TREE + 2,
            scales.softmax_crossentropy_loss,
            "z - max (2), exp, sum, log, - shifted, weight",
        ),
        (
            2 * EXP + TREE + 3,
            scales.softmax_crossentropy_grad,
            "exp, exponents, 1 / sum, product, - 1, factor, product",
        ),
    ),
    Row("binary_accuracy", (1.0,), "right / C, here and in the reference"),
    _exact("categorical_accuracy", "0 or 1"),
    _exact("sparse_categorical_accuracy", "0 or 1"),
    _exact("relu_forward", "compare and select"),
    _exact("relu_backward", "compare and select"),
    _ulp("sigmoid_forward", 2 * EXP + 1.5, "exp and 1 + e double in ulp, ratio"),
    Row("sigmoid_backward", (1.5,), "1 - y, two products"),
    _ulp("tanh_forward", TANH, "measured over all floats"),
    Row("tanh_backward", (1.5,), "y^2, 1 - y^2, product", scales.tanh_backward),
    Row(
        "softmax_forward",
        (2 * EXP + TREE + 1,),
        "exp and exponents, their sum, 1 / sum, product",
        scales.softmax_forward,
    ),
    Row("softmax_backward", (TREE + 1.5,), "y g, tree, g - sum, product", scales.softmax_backward),
    Row("sgd_update", (1.5,), "lr, product, difference", scales.sgd),
    Row("momentum_update", (2.0, 1.5), "rate, product, sum for v; w + v", scales.momentum),
    Row("nesterov_update", (3.5, 1.5), "v as before; mu v', - lr g, w + it", scales.nesterov),
    Row("rmsprop_update", (4.0, 2.5), "v: 5; lr g 2, root 3, ratio, difference", scales.rmsprop),
    Row(
        "rmsprop_momentum_update",
        (4.5, 2.5, 4.0),
        "as rmsprop_update, mu b + step, w - b",
        scales.rmsprop,
    ),
    Row(
        "rmsprop_centered_update",
        (6.0, 2.5, 2.5),
        "v: 5; a: 4; v - a^2 + eps: 11, halved by the root; lr g, root, ratio, difference",
        scales.rmsprop,
    ),
    Row(
        "rmsprop_centered_momentum_update",
        (6.5, 2.5, 2.5, 6.0),
        "as rmsprop_centered_update, mu b + step, w - b",
        scales.rmsprop,
    ),
    Row("adam_update", (7.0, 2.0, 2.5), "m: 4; v: 5, halved; alpha m, root, ratio", scales.adam),
    Row("amsgrad_update", (7.0, 2.0, 2.5, 2.5), "as adam_update, a maximum", scales.adam),
    Row("matmul", (4 * 37 / 2 + 0.5,), "one rounding a step of 148, the bias", scales.matmul),
    Row("sum", (4096 / 16 / 2 + 8.0,), "256 in a lane, trees; in eps of double", scales.total),
    _ulp("exp", EXP, "measured over all floats"),
    _ulp("log", LOG, "measured over all floats"),
    _ulp("log1p", LOG1P, "measured over all floats"),
    _ulp("power", POWER, "measured over all floats", ("float64",)),
    _exact("random_uniform", "integers", ("float64",)),
    _exact("permutation", "integers", ("int64",)),
    Row("dropout_mask", (1.0,), "1 - rate, ratio", dtypes=("float32",)),
)


@dataclass(frozen=True)
class Result:
    """The output nearest to its bound: `error` and `bound` in ulp or in eps times the scale."""

    kernel: str
    dtype: str
    isa: str
    error: float
    bound: float
    unit: str

    @property
    def passed(self) -> bool:
        return self.error <= self.bound


def call(function: Callable[..., Any], sample: samples.Sample) -> list[Array]:
    """Every output of a kernel or its reference: what it returns, or what it updates (a copy)."""
    args = [a.copy() if isinstance(a, np.ndarray) else a for a in sample.args]
    returned = function(*args, **sample.kwargs)
    if returned is None:
        return [args[0], *args[2:]]
    return [np.asarray(r) for r in (returned if isinstance(returned, tuple) else (returned,))]


def _widened(sample: samples.Sample, kernel: str, dtype: str) -> samples.Sample:
    """The sample in the reference's precision; it widens float32 by itself, unless in place."""
    wide = np.longdouble if dtype == "float64" else np.float64

    def widen(value: Any) -> Any:
        is_float = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        return value.astype(wide) if is_float else value

    if dtype == "float32" and not kernel.endswith("_update"):
        return sample
    kwargs = {name: widen(value) for name, value in sample.kwargs.items()}
    return samples.Sample(tuple(widen(value) for value in sample.args), kwargs)


@cache
def expected(row: Row, dtype: str, shape: tuple[int, int]) -> tuple[samples.Sample, Case]:
    """The sample for a row, and the reference's results for it."""
    sample = samples.make(row.kernel, dtype, *shape)
    wide = _widened(sample, row.kernel, dtype)
    return sample, Case(wide.args, wide.kwargs, call(getattr(reference, row.kernel), wide))


def _units(row: Row, case: Case, dtype: str) -> list[Array]:
    """What one unit of error is, per element of each output."""
    precise = np.dtype("float64" if row.kernel == "sum" or dtype == "int64" else dtype)
    info = np.finfo(precise)
    if row.ulp:
        return [np.spacing(np.abs(case.results[0]).astype(precise))]
    found = row.scale(case) if row.scale else [np.abs(result) for result in case.results]
    measures = found if isinstance(found, list) else [found]
    # Results below the normal numbers are rounded to multiples of the smallest subnormal one.
    return [info.eps * measure + info.smallest_subnormal for measure in measures]


def _error(got: Array, wanted: Array, unit: Array) -> float:
    """The largest error in units; infinite where shapes, or values that are not finite, differ."""
    if got.shape != wanted.shape:
        return float("inf")
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(got.astype(wanted.dtype) - wanted) / unit
    distance = np.where(np.isfinite(distance), distance, np.inf)
    return float(np.max(np.where(same, 0.0, distance), initial=0.0))


def errors(row: Row, dtype: str, shape: tuple[int, int]) -> list[tuple[float, float]]:
    """Error and bound of every output, on the instruction set in use."""
    own_error = np.finfo(np.longdouble).eps == np.finfo(np.float64).eps and dtype == "float64"
    sample, case = expected(row, dtype, shape)
    outputs = call(getattr(kernels, row.kernel), sample)
    columns = zip(outputs, case.results, _units(row, case, dtype), row.bounds, strict=True)
    return [(_error(*three), bound * (1 + own_error)) for *three, bound in columns]


def check(row: Row, dtype: str, isa: str) -> Result:
    """One row on the instruction set in use."""
    found = [pair for shape in SHAPES for pair in errors(row, dtype, shape)]
    # Rows of the very bits have a bound of 0.
    error, bound = max(found, key=lambda pair: pair[0] / (pair[1] or 1e-9))
    return Result(row.kernel, dtype, isa, error, bound, "ulp" if row.ulp else "eps")


def run(isas: Sequence[str] | None = None) -> list[Result]:
    """Check every row and dtype on each instruction set (default: all); the active one stays."""
    before = cpu.active()
    results = []
    try:
        for isa in cpu.available() if isas is None else isas:
            cpu.use(isa)
            results += [check(row, dtype, isa) for row in TABLE for dtype in row.dtypes]
    finally:
        cpu.use(before)
    return results


def report(results: Iterable[Result]) -> str:
    """A line per result, failures marked; the last line counts them."""
    results = list(results)
    lines = [f"{'kernel':<42} {'dtype':<8} {'isa':<9} {'error':>9} {'bound':>7}"]
    for r in results:
        unit = "" if r.bound == 0 else f" {r.unit}"
        mark = "" if r.passed else "  FAILED"
        line = f"{r.kernel:<42} {r.dtype:<8} {r.isa:<9} {r.error:>9.3g} {r.bound:>7.4g}"
        lines.append(f"{line}{unit}{mark}")
    passed = sum(result.passed for result in results)
    lines.append(f"{passed} passed, {len(results) - passed} failed")
    return "\n".join(lines)
