"""Products, sums, elementwise mathematics and random numbers."""

import math
from collections.abc import Sequence
from typing import Any, SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kudari.reference._wide import Array, Out, given, wide

Shape: TypeAlias = SupportsIndex | Sequence[SupportsIndex]


def matmul(a: ArrayLike, b: ArrayLike, *, bias: ArrayLike | None = None, out: Out = None) -> Array:
    """sum_k a_ik b_kj + bias_j."""
    left, right = wide(a, b)
    product = left @ right
    return given(product if bias is None else product + np.asarray(bias), out)


def sum(x: ArrayLike) -> float:
    """The exact sum, rounded once (Shewchuk 1997)."""
    return math.fsum(np.asarray(x, None if isinstance(x, np.ndarray) else np.float32).ravel())


def exp(x: ArrayLike, *, out: Out = None) -> Array:
    """e^x."""
    return given(np.exp(wide(x)[0]), out)


def log(x: ArrayLike, *, out: Out = None) -> Array:
    """The x of e^x."""
    return given(np.log(wide(x)[0]), out)


def log1p(x: ArrayLike, *, out: Out = None) -> Array:
    """log(1 + x)."""
    return given(np.log1p(wide(x)[0]), out)


def power(x: ArrayLike, y: ArrayLike) -> NDArray[Any]:
    """x^y."""
    base, exponent = wide(x, y)
    return np.asarray(np.power(base, exponent))


def _philox(seed: int, purpose: int, stream: int, number: int, blocks: Array) -> Array:
    """Four 32-bit words for each block number: Philox4x32-10 (Salmon et al., SC11)."""
    mask = np.uint64(0xFFFFFFFF)
    high_block, tag = int(number) >> 32, (purpose << 24) ^ stream
    words = [
        blocks & mask,
        *(np.full_like(blocks, w) for w in (number & 0xFFFFFFFF, high_block, tag)),
    ]
    keys = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = words[0] * np.uint64(0xD2511F53), words[2] * np.uint64(0xCD9E8D57)
        key0, key1 = np.uint64(keys[0]), np.uint64(keys[1])
        words = [(b >> 32) ^ words[1] ^ key0, b & mask, (a >> 32) ^ words[3] ^ key1, a & mask]
        keys = [(keys[0] + 0x9E3779B9) % 2**32, (keys[1] + 0xBB67AE85) % 2**32]
    return np.stack(words, axis=-1)


def random_uniform(seed: int, stream: int, shape: Shape) -> NDArray[np.float64]:
    """The top 53 of 64 bits, over 2^53: words 0, 1 of a block, then 2, 3."""
    out = np.empty(shape, np.float64)
    words = _philox(seed, 1, stream, 0, np.arange((out.size + 1) // 2, dtype=np.uint64))
    pairs = words.reshape(-1, 2)[: out.size]
    bits = (pairs[:, 0] << np.uint64(32)) | pairs[:, 1]
    out[...] = ((bits >> np.uint64(11)) / 2.0**53).reshape(out.shape)
    return out


def permutation(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    """Fisher and Yates: from the last place down, swap with one at or below it (Knuth 3.4.2 P)."""
    out = np.arange(n)
    words = _philox(seed, 2, 0, epoch, np.arange(n + 1, dtype=np.uint64))
    for i in range(n, 1, -1):
        bits = int(words[i, 0]) << 32 | int(words[i, 1])
        j = bits * i >> 64
        out[i - 1], out[j] = out[j], out[i - 1]
    return out


def dropout_mask(
    seed: int, stream: int, step: int, shape: Shape, rate: float
) -> NDArray[np.float64]:
    """1 / (1 - rate) where a 32-bit word is at least rate 2^32, else 0 (Srivastava et al. 2014)."""
    out = np.empty(shape, np.float64)
    words = _philox(seed, 3, stream, step, np.arange((out.size + 3) // 4, dtype=np.uint64))
    kept = words.ravel()[: out.size] >= int(rate * 2**32)
    out[...] = np.where(kept, 1 / (1 - rate), 0.0).reshape(out.shape)
    return out
