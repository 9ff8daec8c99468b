"""Products, sums, elementwise mathematics and random numbers.

Every result is a fixed function of its arguments: the same bits on every instruction set. Random
numbers are counter-based (Philox 4x32-10), so a value depends on its key and index alone.
"""

from collections.abc import Iterable, Sequence
from typing import SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kudari import _core, checks, operands
from kudari.operands import Array

Shape: TypeAlias = SupportsIndex | Sequence[SupportsIndex]


def matmul(
    a: ArrayLike, b: ArrayLike, *, bias: ArrayLike | None = None, out: Array | None = None
) -> Array:
    """a (m, k) times b (k, n), plus bias (n,); shapes that do not fit raise ValueError.

    An element is one chain of fused multiply-adds, ascending in k from +0, the bias added last.
    """
    where = "matmul"
    given = {"a": a, "b": b} if bias is None else {"a": a, "b": b, "bias": bias}
    left, right, *rest = operands.floats(where, **given)
    _inner(left, right)
    for offset in rest:
        fix = "Pass one bias per column of b."
        checks.shape(where, "bias", offset, (right.shape[1],), fix)
    inputs = dict(zip(given, (left, right, *rest), strict=True))
    out = operands.output(where, out, (left.shape[0], right.shape[1]), left.dtype, **inputs)
    _core.matmul(left, right, rest[0] if rest else None, out)
    return out


def _inner(a: Array, b: Array) -> None:
    """ValueError unless a (m, k) meets b (k, n)."""
    got = f"{a.shape} and {b.shape}"
    if a.ndim != 2 or b.ndim != 2:
        fix = "Reshape each operand to two axes."
        raise ValueError(checks.message("matmul", got, "a (m, k) and b (k, n)", fix))
    if a.shape[1] != b.shape[0]:
        fix = operands.turned(b.shape, (a.shape[1], b.shape[0]))
        wanted = f"b with {a.shape[1]} rows to match the columns of a"
        raise ValueError(checks.message("matmul", got, wanted, fix))


def sum(x: ArrayLike) -> float:
    """Sum of all elements, in double: chunks of 4096 over 16 lanes, closed by fixed trees."""
    (values,) = operands.floats("sum", x=x)
    return _core.sum(values.reshape(-1))


def _elementwise(name: str, x: ArrayLike, out: Array | None) -> Array:
    (source,) = operands.floats(name, x=x)
    out = operands.output(name, out, source.shape, source.dtype, x=source)
    _core.run_math(name, source.reshape(-1), out.reshape(-1))
    return out


def exp(x: ArrayLike, *, out: Array | None = None) -> Array:
    """e to the power x, elementwise."""
    return _elementwise("exp", x, out)


def log(x: ArrayLike, *, out: Array | None = None) -> Array:
    """Natural logarithm, elementwise; -inf at 0, NaN below."""
    return _elementwise("log", x, out)


def log1p(x: ArrayLike, *, out: Array | None = None) -> Array:
    """log(1 + x), elementwise; -inf at -1, NaN below."""
    return _elementwise("log1p", x, out)


def power(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """x to the power y in float64, x >= 0, broadcast as in NumPy; a negative x is a ValueError."""
    base, exponent = operands.real("power", "x", x), operands.real("power", "y", y)
    result = np.empty(np.broadcast(base, exponent).shape, np.float64)
    if result.size and base.min() < 0:
        fix = "Take the power of abs(x) and set the sign yourself."
        raise ValueError(checks.message("power", f"{base.min()}", "x of at least 0", fix))
    spread = [np.empty_like(result), np.empty_like(result)]
    spread[0][...], spread[1][...] = base, exponent
    _core.power(spread[0].reshape(-1), spread[1].reshape(-1), result.reshape(-1))
    return result


def _counter(where: str, name: str, value: int) -> int:
    """A whole number within the bits that the counter has for it."""
    bits = 24 if name == "stream" else 64
    value = checks.whole(where, name, value)
    if value >= 2**bits:
        fix = f"Take it modulo 2**{bits}."
        raise ValueError(checks.message(where, str(value), f"{name} below 2**{bits}", fix))
    return value


def _lengths(where: str, shape: Shape) -> tuple[int, ...]:
    """`shape` as a tuple of lengths; a single length counts as one axis."""
    lengths = tuple(shape) if isinstance(shape, Iterable) else (shape,)
    return tuple(checks.whole(where, "each length of shape", length) for length in lengths)


def random_uniform(seed: int, stream: int, shape: Shape) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1) with 53 random bits, element i a function of (seed, stream, i)."""
    where = "random_uniform"
    key = _counter(where, "seed", seed), _counter(where, "stream", stream)
    out = np.empty(_lengths(where, shape), np.float64)
    _core.random_uniform(*key, out.reshape(-1))
    return out


def permutation(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    """A random order of 0 .. n - 1, a function of (seed, epoch, n)."""
    where = "permutation"
    key = _counter(where, "seed", seed), _counter(where, "epoch", epoch)
    out = np.empty(checks.whole(where, "n", n), np.int64)
    _core.permutation(*key, out)
    return out


def dropout_mask(
    seed: int, stream: int, step: int, shape: Shape, rate: float
) -> NDArray[np.float32]:
    """0 with probability `rate` (in [0, 1)), else 1 / (1 - rate), as float32.

    Element i is a function of (seed, stream, step, i).
    """
    where = "dropout_mask"
    names = {"seed": seed, "stream": stream, "step": step}
    key = [_counter(where, name, value) for name, value in names.items()]
    rate = checks.number(where, "rate", rate, low=0.0, high=1.0, open_high=True)
    out = np.empty(_lengths(where, shape), np.float32)
    _core.dropout_mask(key[0], key[1], key[2], rate, out.reshape(-1))
    return out
