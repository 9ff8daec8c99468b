"""An optimizer that is slightly wrong is farther from Keras than the tolerance, on every net."""

from collections.abc import Callable
from typing import Any

import agreement
import cases
import numpy as np
import pytest
from backends import Results
from numpy.typing import DTypeLike, NDArray

import kudari
from kudari.optimizers import SGD, Adam, Optimizer, RMSprop
from kudari.optimizers.schedules import ExponentialDecay

pytestmark = pytest.mark.compat


class Uncorrected(Adam):
    """Without both bias corrections."""

    def scalars(self, first_iteration: int, steps: int, dtype: DTypeLike) -> NDArray[Any]:
        rows = super().scalars(first_iteration, steps, dtype)
        rows[:, 0] = self.learning_rate
        return rows


class HalfCorrected(Adam):
    """Without the correction of the first moment."""

    def scalars(self, first_iteration: int, steps: int, dtype: DTypeLike) -> NDArray[Any]:
        rows = super().scalars(first_iteration, steps, dtype)
        rows[:, 0] *= 1 - self.beta_1 ** np.arange(first_iteration + 1, first_iteration + steps + 1)
        return rows


class Late(Adam):
    """Counts the updates from 2."""

    def scalars(self, first_iteration: int, steps: int, dtype: DTypeLike) -> NDArray[Any]:
        return super().scalars(first_iteration + 1, steps, dtype)


class Wide(Adam):
    """Forms the step's scalars in double and rounds them once."""

    def scalars(self, first_iteration: int, steps: int, dtype: DTypeLike) -> NDArray[Any]:
        return super().scalars(first_iteration, steps, np.float64).astype(dtype)


def decay(steps: float = 15, rate: float = 0.6, staircase: bool = False) -> ExponentialDecay:
    return ExponentialDecay(0.002, decay_steps=steps, decay_rate=rate, staircase=staircase)


WRONG: dict[str, Callable[[], Optimizer]] = {
    "sgd: learning rate off by 1e-4 of itself": lambda: SGD(0.010001),
    "momentum: 0.9001": lambda: SGD(momentum=0.9001),
    "momentum: nesterov": lambda: SGD(momentum=0.9, nesterov=True),
    "nesterov: plain momentum": lambda: SGD(momentum=0.9),
    "rmsprop: epsilon 1e-8": lambda: RMSprop(epsilon=1e-8),
    # What 1e-7 added outside the root amounts to.
    "rmsprop: epsilon outside the root": lambda: RMSprop(epsilon=1e-14),
    "rmsprop: rho 0.99": lambda: RMSprop(rho=0.99),
    "rmsprop: centered": lambda: RMSprop(centered=True),
    "rmsprop_centered: not centered": lambda: RMSprop(),
    "rmsprop_momentum: no momentum": lambda: RMSprop(3e-4),
    "rmsprop_centered_momentum: not centered": lambda: RMSprop(3e-4, momentum=0.9),
    "adam: epsilon 1e-8": lambda: Adam(epsilon=1e-8),
    "adam: epsilon 1.1e-7": lambda: Adam(epsilon=1.1e-7),
    "adam: betas swapped": lambda: Adam(beta_1=0.999, beta_2=0.9),
    "adam: beta_2 0.99": lambda: Adam(beta_2=0.99),
    "adam: no bias correction": Uncorrected,
    "adam: no correction of the first moment": HalfCorrected,
    "adam: counts from 2": Late,
    "adam: scalars formed in double": Wide,
    "adam: amsgrad": lambda: Adam(amsgrad=True),
    "amsgrad: plain adam": lambda: Adam(),
    "adam_decay: staircase": lambda: Adam(decay(staircase=True)),
    "adam_decay: decay_steps 16": lambda: Adam(decay(16)),
    "adam_staircase: no staircase": lambda: Adam(decay()),
    "adam_staircase: a step early": lambda: Adam(decay(14, staircase=True)),
}


@pytest.mark.parametrize("name", cases.NETS)
@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_optimizer_shows(
    name: str, what: str, rows: Results, keras: dict[str, Results]
) -> None:
    label = what.split(":")[0]
    case = f"{name}/{label}"
    results = cases.train(kudari, name, WRONG[what](), cases.halves(rows, name, label))
    wrong = {f"{case}/{key}": value for key, value in results.items()}
    reached = agreement.from_keras(keras, case, agreement.weights(wrong, case))
    assert reached.mean > 2 * agreement.weight_tolerance(keras, case).mean
