"""The largest errors of exp, log, log1p and tanh, in units in the last place (ULP).

    python tests/ulp_sweep.py [--step N] [--doubles N]

float32: every N-th bit pattern (default 1: all 2^32, some minutes a function), against NumPy in
float64. float64: N random arguments (default 10 million) over all exponents and over the ranges
where the functions bend, against NumPy in long double; skipped where that is no wider than double.
These are the figures that stand in cpp/kernels/math.hpp and bound the table of kudari.validation.
"""

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kudari import kernels

FUNCTIONS = {
    "exp": (kernels.exp, np.exp),
    "log": (kernels.log, np.log),
    "log1p": (kernels.log1p, np.log1p),
    "tanh": (kernels.tanh_forward, np.tanh),
}
CHUNK = 1 << 22


def floats(step: int) -> Iterator[NDArray[Any]]:
    for start in range(0, 1 << 32, CHUNK * step):
        stop = min(start + CHUNK * step, 1 << 32)
        yield np.arange(start, stop, step, dtype=np.uint64).astype(np.uint32).view(np.float32)


def doubles(count: int) -> Iterator[NDArray[Any]]:
    rng = np.random.default_rng(0)
    for _ in range(-(-count // CHUNK)):
        yield rng.integers(0, 1 << 64, CHUNK // 4, dtype=np.uint64).view(np.float64)
        yield rng.uniform(-750, 750, CHUNK // 4)
        yield rng.uniform(-1, 3, CHUNK // 4)
        yield np.exp(rng.uniform(-40, 4, CHUNK // 4)) * rng.choice([-1.0, 1.0], CHUNK // 4)


def largest(name: str, arguments: Iterator[NDArray[Any]], wide: Any) -> tuple[float, float]:
    """The largest error, and the argument where it is."""
    ours, exact = FUNCTIONS[name]
    worst, where = 0.0, 0.0
    with np.errstate(all="ignore"):
        for x in arguments:
            got, want = ours(x), exact(x.astype(wide))
            rounded = want.astype(x.dtype)
            ulp = np.spacing(np.abs(rounded)).astype(wide)
            error = np.abs(got.astype(wide) - want) / ulp
            same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
            error = np.where(
                np.isfinite(rounded) & np.isfinite(got), error, np.where(same, 0, np.inf)
            )
            if error.max() > worst:
                worst, where = float(error.max()), float(x[int(error.argmax())])
    return worst, where


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--doubles", type=int, default=10_000_000)
    options = parser.parse_args()
    wider = np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant
    for name in FUNCTIONS:
        error, where = largest(name, floats(options.step), np.float64)
        print(f"{name:6} float32 {error:6.3f} ULP at {where!r}", flush=True)
        if wider:
            error, where = largest(name, doubles(options.doubles), np.longdouble)
            print(f"{name:6} float64 {error:6.3f} ULP at {where!r}", flush=True)


if __name__ == "__main__":
    main()
