"""Initialisers: range, spread, determinism, names."""

import math

import numpy as np
import pytest

from kudari import initializers, random, reference
from kudari.initializers import GlorotUniform, Zeros


def test_zeros() -> None:
    for dtype in ("float32", "float64"):
        values = Zeros()((3, 2), dtype)
        assert values.dtype == dtype
        np.testing.assert_array_equal(values, np.zeros((3, 2)))


@pytest.mark.parametrize("shape", [(784, 128), (128, 784), (1000, 30)])
def test_glorot_is_uniform_within_its_limit(shape: tuple[int, int]) -> None:
    """Mean and variance of n uniform numbers stray by less than 5 standard errors."""
    values = GlorotUniform(seed=7)(shape, "float64")
    limit, n = math.sqrt(6 / sum(shape)), values.size
    assert np.abs(values).max() <= limit
    assert np.abs(values).max() > limit * (1 - 20 / n)
    assert abs(values.mean()) < 5 * limit / math.sqrt(3 * n)
    assert abs(values.var() / (limit**2 / 3) - 1) < 5 * math.sqrt(0.8 / n)
    assert len(np.unique(values)) == n


def test_glorot_of_one_axis() -> None:
    assert np.abs(GlorotUniform(seed=1)((300,), "float64")).max() <= math.sqrt(6 / 600)


def test_float32_is_float64_rounded() -> None:
    wide = GlorotUniform(seed=3)((20, 30), "float64")
    np.testing.assert_array_equal(GlorotUniform(seed=3)((20, 30)), wide.astype("float32"))


def test_seed_repeats_and_seeds_differ() -> None:
    first = GlorotUniform(seed=5)
    np.testing.assert_array_equal(first((4, 4)), first((4, 4)))
    np.testing.assert_array_equal(first((4, 4)), GlorotUniform(seed=5)((4, 4)))
    assert not np.array_equal(first((4, 4)), GlorotUniform(seed=6)((4, 4)))


def test_default_seeds_follow_set_seed() -> None:
    random.set_seed(11)
    first, second = GlorotUniform(), GlorotUniform()
    assert first.seed != second.seed
    random.set_seed(11)
    assert [GlorotUniform().seed, GlorotUniform().seed] == [first.seed, second.seed]
    random.set_seed(12)
    assert GlorotUniform().seed not in (first.seed, second.seed)


def test_default_seeds_do_not_repeat() -> None:
    random.set_seed(0)
    seeds = {random.next_seed() for _ in range(10_000)}
    assert len(seeds) == 10_000
    assert min(seeds) >= 0
    assert max(seeds) < 2**63


def test_first_weights_are_pinned() -> None:
    """The same bits on every machine: NumPy does nothing here but elementwise arithmetic."""
    values = GlorotUniform(seed=1)((2, 2))
    uniform = reference.random_uniform(1, 0, (2, 2))
    limit = math.sqrt(6 / 4)
    np.testing.assert_array_equal(values, (limit * (2 * uniform - 1)).astype("float32"))
    assert [float(value).hex() for value in values[0]] == [
        "0x1.32280e0000000p-2",
        "-0x1.c9f44a0000000p-7",
    ]


def test_names() -> None:
    for name in ("GlorotUniform", "glorot_uniform"):
        assert isinstance(initializers.get(name), GlorotUniform)
    for identifier in ("Zeros", "zeros", Zeros, initializers.zeros):
        assert isinstance(initializers.get(identifier), Zeros)
    own = GlorotUniform(seed=4)
    assert initializers.get(own) is own
    copy = initializers.get(initializers.serialize(own))
    assert isinstance(copy, GlorotUniform)
    assert copy.get_config() == {"seed": 4}


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("glorot_unifrom", "Did you mean 'glorot_uniform'"),
        (None, "received None"),
        (3, "received 3"),
    ],
)
def test_unknown(identifier: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        initializers.get(identifier)


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (1.5, TypeError), ("1", TypeError), (True, TypeError)]
)
def test_bad_seeds(seed: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="seed"):
        GlorotUniform(seed=seed)  # type: ignore[arg-type]


def test_bad_shapes_and_dtypes() -> None:
    with pytest.raises(ValueError, match=r"shape \(inputs, outputs\)"):
        GlorotUniform(seed=1)((2, 3, 4))
    with pytest.raises(ValueError, match="dtype to be one of float32, float64"):
        Zeros()((2,), "float16")


def test_own_initializer() -> None:
    class Ones(initializers.Initializer):
        def __call__(self, shape, dtype="float32"):  # type: ignore[no-untyped-def]
            return np.ones(shape, dtype)

    assert isinstance(initializers.get(Ones), Ones)
    with pytest.raises(NotImplementedError, match="__call__"):
        initializers.Initializer()((2,))
