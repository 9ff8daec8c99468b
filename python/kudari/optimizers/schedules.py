"""Learning-rate schedules: the rate as a function of the number of completed updates."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kudari import checks, identifiers, kernels


class LearningRateSchedule:
    """Base of every schedule: a subclass overrides `__call__(step)`, and `get_config` to be saved.

    `step` is the number of updates done before this one: 0 at the first.
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate of the update after `step` completed ones."""
        raise NotImplementedError(f"{type(self).__name__} must override __call__(step).")

    def rates(self, first: int, count: int, dtype: str) -> NDArray[Any]:
        """The rates of `count` updates from step `first` on, rounded to `dtype`.

        ValueError where a rate is negative, NaN or infinite.
        """
        where = type(self).__name__
        values = [rate(f"{where}({step})", self(step)) for step in range(first, first + count)]
        return np.array(values, dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make a schedule like this one."""
        raise NotImplementedError(f"{type(self).__name__} must override get_config() to be saved.")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "LearningRateSchedule":
        """The schedule that `get_config` describes."""
        return cls(**config)


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate ** (step / decay_steps).

    So the rate is `initial_learning_rate` at step 0 and `initial_learning_rate * decay_rate` at
    step `decay_steps`; with `staircase` the exponent is rounded down and the rate falls at
    multiples of `decay_steps`. Every operation is rounded to float32, or to float64 for a float64
    model.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        where = "ExponentialDecay"
        self.initial_learning_rate = rate(where, initial_learning_rate, "initial_learning_rate")
        self.decay_steps = checks.number(where, "decay_steps", decay_steps, low=0.0, open_low=True)
        self.decay_rate = checks.number(where, "decay_rate", decay_rate, low=0.0)
        self.staircase = checks.flag(where, "staircase", staircase)
        self.name = name

    def __call__(self, step: ArrayLike) -> Any:
        return self._rates(step, np.float32)[()]

    def rates(self, first: int, count: int, dtype: str) -> NDArray[Any]:
        rates = self._rates(np.arange(first, first + count), np.dtype(dtype).type)
        if not np.isfinite(rates).all():
            step = first + int(np.argmin(np.isfinite(rates)))
            rate(f"{type(self).__name__}({step})", rates[step - first])
        return rates

    def _rates(self, step: ArrayLike, real: type[np.floating[Any]]) -> NDArray[Any]:
        exponent = np.asarray(step, real) / real(self.decay_steps)
        if self.staircase:
            exponent = np.floor(exponent)
        with np.errstate(over="ignore"):
            decay = kernels.power(real(self.decay_rate), exponent).astype(real)
        return np.asarray(real(self.initial_learning_rate) * decay)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


def rate(where: str, value: Any, name: str = "learning_rate") -> float:
    """A learning rate as a float: finite and not negative."""
    return checks.number(where, name, value, low=0.0, high=float("inf"), open_high=True)


_CLASSES: dict[str, type[LearningRateSchedule]] = {"ExponentialDecay": ExponentialDecay}


def deserialize(config: Mapping[str, Any]) -> LearningRateSchedule:
    """The schedule in {"class_name": …, "config": …}."""
    return identifiers.resolve("schedule", config, LearningRateSchedule, _CLASSES)


def serialize(schedule: LearningRateSchedule) -> dict[str, Any]:
    """The dict that `deserialize` turns back into a schedule like this one."""
    return identifiers.serialize(schedule)
