"""How far apart two runs are, and how far kudari may be from Keras.

The rule: kudari may differ from either back end of Keras by FACTOR times what the two back ends
differ from each other, and never has to be closer than the floor that single roundings explain.

Where the errors of all three are roundings, independent and of one size, the three distances are
alike: kudari's is 0.9 to 1.2 times that of the back ends for the mean over weights, and up to 2
times for the largest. FACTOR leaves room for machines on which the two happen to round more alike.
`test_sensitivity.py` shows that it leaves none for a wrong optimizer.
"""

from typing import Any, NamedTuple

import cases
import numpy as np
from backends import BACKENDS, Results
from numpy.typing import NDArray

Array = NDArray[Any]

FACTOR = 4.0
EPS = float(np.finfo(np.float32).eps)


class Distance(NamedTuple):
    """Absolute differences: their mean and the largest."""

    mean: float
    largest: float

    def within(self, tolerance: "Distance") -> bool:
        return self.mean <= tolerance.mean and self.largest <= tolerance.largest


def distance(first: Array, second: Array) -> Distance:
    """Between two arrays of one shape, in float64."""
    difference = np.abs(np.asarray(first, np.float64) - np.asarray(second, np.float64))
    return Distance(float(difference.mean()), float(difference.max()))


def weights(results: Results, case: str) -> Array:
    """All weights of a case, such as "spam/adam", one after the other."""
    count = 2 * len(cases.NETS[case.split("/")[0]].sizes[1:])
    return np.concatenate([results[f"{case}/weight{index}"].ravel() for index in range(count)])


def between_backends(keras: dict[str, Results], case: str) -> Distance:
    """How far apart the weights of the two back ends are."""
    return distance(*(weights(keras[name], case) for name in BACKENDS))


def from_keras(keras: dict[str, Results], case: str, found: Array) -> Distance:
    """How far the weights `found` are from the farther back end, in the mean and at the most."""
    each = [distance(found, weights(keras[name], case)) for name in BACKENDS]
    return Distance(max(one.mean for one in each), max(one.largest for one in each))


def weight_tolerance(keras: dict[str, Results], case: str) -> Distance:
    """For the weights of a case.

    The floor of the mean is half a unit in the last place of each weight: the last rounding alone.
    A few weights whose gradient nearly cancels carry the largest difference; which net has them is
    chance, so it is taken over all nets of the optimizer, and its floor is four units.
    """
    label = case.split("/")[1]
    size = np.abs(weights(keras[BACKENDS[0]], case))
    largest = max(between_backends(keras, f"{name}/{label}").largest for name in cases.NETS)
    return Distance(
        max(FACTOR * between_backends(keras, case).mean, EPS / 2 * float(size.mean())),
        max(FACTOR * largest, 4 * EPS * float(size.max())),
    )


def value_tolerance(first: Array, second: Array) -> float:
    """For outputs, losses and metrics, from those of the two back ends."""
    scale = float(np.abs(first).max())
    return max(FACTOR * distance(first, second).largest, 4 * EPS * scale)


def assert_values_agree(keras: dict[str, Results], found: Results, key: str) -> None:
    """`found[key]` is within the tolerance of both back ends, everywhere."""
    first, second = (keras[name][key] for name in BACKENDS)
    assert found[key].shape == first.shape
    allowed = value_tolerance(first, second)
    for expected in (first, second):
        np.testing.assert_allclose(found[key], expected, rtol=0, atol=allowed)
