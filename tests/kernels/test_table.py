"""The table of kernels, dtypes, bounds: each row holds on each instruction set, none is missing."""

import inspect
from dataclasses import replace

import numpy as np
import pytest

from kudari import kernels, reference, samples, validation

ROWS = [(row, dtype) for row in validation.TABLE for dtype in row.dtypes]
SIZES = (0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 4095, 4096, 4097)


def name(value: object) -> str:
    return value.kernel if isinstance(value, validation.Row) else str(value)


@pytest.mark.parametrize(("row", "dtype"), ROWS, ids=name)
def test_kernel_is_within_its_bound(isa: str, row: validation.Row, dtype: str) -> None:
    result = validation.check(row, dtype, isa)
    assert result.passed, result


@pytest.mark.parametrize(("row", "dtype"), ROWS, ids=name)
def test_sizes_around_lanes_and_chunks(isa: str, row: validation.Row, dtype: str) -> None:
    """So many rows of one column, and three rows of so many columns; longer rows round more."""
    for size in SIZES:
        if size > 65 and (row.kernel == "matmul" or isa == "baseline"):
            continue
        for shape in [(size, 1), (3, size)][: 1 + (size > 0)]:
            sums = 2 * shape[1] / 8 if row.bounds[0] and not row.ulp else 0.0
            for error, bound in validation.errors(row, dtype, shape):
                assert error <= bound + sums, (shape, error, bound)


@pytest.mark.parametrize(
    ("kernel", "bound"),
    [
        ("exp", validation.EXP),
        ("log", validation.LOG),
        ("log1p", validation.LOG1P),
        ("tanh_forward", validation.TANH),
    ],
)
def test_floats_of_every_magnitude(kernel: str, bound: float) -> None:
    """Every 997th bit pattern: both signs, subnormal numbers, infinities and NaN among them."""
    x = np.arange(0, 2**32, 997, dtype=np.uint32).view(np.float32)
    x = x[~np.isnan(x) | (np.arange(x.size) % 1000 == 0)]
    with np.errstate(all="ignore"):
        wanted = getattr(reference, kernel)(x)
        rounded = wanted.astype(np.float32)
    got = getattr(kernels, kernel)(x)
    normal = np.isfinite(rounded)
    np.testing.assert_array_equal(got[~normal], rounded[~normal])
    unit = np.spacing(np.abs(rounded[normal])).astype(np.float64)
    assert (np.abs(got[normal] - wanted[normal]) / unit).max() <= bound


def test_every_public_kernel_has_a_row_for_each_dtype() -> None:
    only = {
        "power": ("float64",),
        "random_uniform": ("float64",),
        "permutation": ("int64",),
        "dropout_mask": ("float32",),
    }
    assert {row.kernel for row in validation.TABLE} == set(kernels.__all__) == set(samples.MAKERS)
    assert len(validation.TABLE) == len(kernels.__all__)
    for row in validation.TABLE:
        assert row.dtypes == only.get(row.kernel, ("float32", "float64"))


def test_reference_has_the_same_signatures() -> None:
    assert reference.__all__ == kernels.__all__
    for kernel in kernels.__all__:
        ours = inspect.signature(getattr(kernels, kernel)).parameters.values()
        theirs = inspect.signature(getattr(reference, kernel)).parameters.values()
        assert [(p.name, p.kind, p.default) for p in ours] == [
            (p.name, p.kind, p.default) for p in theirs
        ], kernel


@pytest.mark.parametrize("kernel", kernels.__all__)
def test_docstrings_say_something(kernel: str) -> None:
    for module in (kernels, reference):
        assert getattr(module, kernel).__doc__, (module, kernel)


def test_a_wrong_kernel_fails_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds are not so wide that an error of a few eps passes."""
    original = kernels.exp
    monkeypatch.setattr(kernels, "exp", lambda x: original(x) * np.float32(1 + 2**-21))
    row = next(row for row in validation.TABLE if row.kernel == "exp")
    result = validation.check(row, "float32", "any")
    assert not result.passed
    report = validation.report([result, replace(result, error=0.0)])
    assert report.splitlines()[-1] == "1 passed, 1 failed"
    assert "FAILED" in report


def test_samples_have_spread() -> None:
    assert not samples.spread(np.zeros(100))
    assert samples.spread(np.arange(100) % 2)
    for row, dtype in ROWS:
        samples.make(row.kernel, dtype, 100, 5)
