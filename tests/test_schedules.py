"""Learning-rate schedules: values at the boundaries, rounding, own schedules, bad input."""

import math
from typing import Any

import numpy as np
import pytest

from kudari import optimizers
from kudari.optimizers.schedules import (
    ExponentialDecay,
    LearningRateSchedule,
    deserialize,
    serialize,
)
from live_keras import live_keras

STEPS = [0, 1, 2, 499, 500, 999, 1000, 1001, 2500, 123_456, 2**24 + 1]


@pytest.mark.parametrize("staircase", [False, True])
def test_formula(staircase: bool) -> None:
    """In float64, against the formula; in float32, within the roundings of its three operations.

    An exponent p rounded to float32 moves rate^p by p ln(1/rate) roundings.
    """
    schedule = ExponentialDecay(0.01, 1000, 0.9, staircase)
    for step in STEPS:
        p = float(step // 1000) if staircase else step / 1000
        exact = 0.01 * 0.9**p
        wide = schedule.rates(step, 1, "float64")[0]
        assert wide == pytest.approx(exact, rel=4 * 2**-52 * (1 + p))
        rounded = float(schedule(step))
        assert rounded == pytest.approx(exact, rel=2**-23 * (3 + 2 * p))


def test_pinned() -> None:
    """Numbers from Keras 3.15.1 (JAX back end)."""
    smooth, stairs = ExponentialDecay(0.01, 1000, 0.9), ExponentialDecay(0.01, 1000, 0.9, True)
    pins = {
        0: 0.009999999776482582,
        1: 0.009998945519328117,
        500: 0.009486832655966282,
        1000: 0.008999999612569809,
    }
    for step, expected in pins.items():
        assert float(smooth(step)) == pytest.approx(expected, rel=2**-22)
    for step, expected in {0: pins[0], 999: pins[0], 1000: pins[1000], 2500: 0.0081}.items():
        assert float(stairs(step)) == pytest.approx(expected, rel=2**-22)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rates_do_not_depend_on_how_many_are_asked(dtype: str) -> None:
    schedule = ExponentialDecay(0.3, 7, 0.5)
    together = schedule.rates(0, 100, dtype)
    apart = [schedule.rates(first, 10, dtype) for first in range(0, 100, 10)]
    np.testing.assert_array_equal(together, np.concatenate(apart))
    assert together.dtype == dtype
    assert together[7] == np.dtype(dtype).type(0.3) * np.dtype(dtype).type(0.5)
    if dtype == "float32":
        np.testing.assert_array_equal(together, schedule(np.arange(100)))


def test_call_gives_a_scalar() -> None:
    assert isinstance(ExponentialDecay(1, 10, 0.5)(0), np.float32)
    assert ExponentialDecay(np.float32(0.5), np.int64(10), np.array(0.5))(10) == 0.25


def test_zero_and_growing_rates() -> None:
    assert ExponentialDecay(0.1, 10, 0.0)(0) == np.float32(0.1)
    assert ExponentialDecay(0.1, 10, 0.0)(1) == 0
    assert ExponentialDecay(1.0, 1, 2.0)(5) == 32


def test_round_trip() -> None:
    schedule = ExponentialDecay(0.1, 20, 0.5, staircase=True, name="mine")
    copy = deserialize(serialize(schedule))
    assert isinstance(copy, ExponentialDecay)
    assert copy.get_config() == schedule.get_config()
    assert ExponentialDecay.from_config(schedule.get_config())(40) == schedule(40)


class Halving(LearningRateSchedule):
    """A schedule of a user's own, in plain Python."""

    def __call__(self, step: int) -> float:
        return 0.5**step


def test_own_schedule() -> None:
    np.testing.assert_array_equal(Halving().rates(1, 3, "float32"), [0.5, 0.25, 0.125])
    optimizer = optimizers.SGD(Halving())
    weights = np.zeros(1, "float32")
    for _ in range(4):
        optimizer.apply([np.ones(1, "float32")], [weights])
    assert weights[0] == -(1 + 0.5 + 0.25 + 0.125)
    with pytest.raises(NotImplementedError, match="get_config"):
        optimizer.get_config()
    with pytest.raises(NotImplementedError, match="__call__"):
        LearningRateSchedule()(0)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, None, "fast"])
def test_own_schedule_with_a_bad_rate_changes_nothing(value: Any) -> None:
    class Bad(LearningRateSchedule):
        def __call__(self, step: int) -> Any:
            return value if step == 1 else 0.1

    optimizer = optimizers.SGD(Bad(), momentum=0.9)
    weights = np.zeros(3, "float32")
    optimizer.apply([np.ones(3, "float32")], [weights])
    before, velocity = weights.copy(), optimizer.slots[0]["velocity"].copy()
    with pytest.raises((TypeError, ValueError), match=r"\[Bad\(1\)\] expected learning_rate"):
        optimizer.apply([np.ones(3, "float32")], [weights])
    np.testing.assert_array_equal(weights, before)
    np.testing.assert_array_equal(optimizer.slots[0]["velocity"], velocity)
    assert optimizer.iterations == 1


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((-0.1, 10, 0.9), ValueError, "initial_learning_rate"),
        ((math.nan, 10, 0.9), ValueError, "initial_learning_rate"),
        (("0.1", 10, 0.9), TypeError, "initial_learning_rate to be a number"),
        ((0.1, 0, 0.9), ValueError, "decay_steps"),
        ((0.1, -5, 0.9), ValueError, "decay_steps"),
        ((0.1, 10, -0.9), ValueError, "decay_rate"),
        ((0.1, 10, 0.9, "yes"), TypeError, "staircase to be True or False"),
    ],
)
def test_bad_arguments(arguments: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ExponentialDecay(*arguments)


def test_unknown_name() -> None:
    with pytest.raises(ValueError, match="Did you mean 'ExponentialDecay'"):
        deserialize({"class_name": "ExponentialDeca", "config": {}})


@pytest.mark.compat
@pytest.mark.parametrize("staircase", [False, True])
def test_live_keras(staircase: bool) -> None:
    keras = live_keras()
    arguments = (0.01, 1000, 0.9, staircase)
    theirs = keras.optimizers.schedules.ExponentialDecay(*arguments)
    ours = ExponentialDecay(*arguments)
    for step in STEPS[:-1]:
        assert float(ours(step)) == pytest.approx(float(theirs(step)), rel=2**-22)


def test_a_rate_that_grows_beyond_all_numbers_is_refused() -> None:
    schedule = ExponentialDecay(0.1, 1, 2.0)
    assert np.isfinite(schedule.rates(0, 128, "float32")).all()
    with pytest.raises(ValueError, match=r"ExponentialDecay\(128\).*received inf"):
        schedule.rates(0, 140, "float32")
