"""Stochastic gradient descent, plain, with momentum, or with Nesterov's momentum."""

from typing import Any, ClassVar

from kudari import checks
from kudari.optimizers.optimizer import Optimizer


class SGD(Optimizer):
    """w -= learning_rate g; with momentum, v = momentum v - learning_rate g and w += v.

    With `nesterov` too, w += momentum v - learning_rate g (Sutskever et al., 2013). As in Keras,
    the rate is inside the velocity. `momentum` is a number in [0, 1].
    """

    slots_by_kernel: ClassVar = {"sgd": (), "momentum": ("velocity",), "nesterov": ("velocity",)}

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(learning_rate, name, **unknown)
        self.momentum = checks.number("SGD", "momentum", momentum, low=0.0, high=1.0)
        self.nesterov = checks.flag("SGD", "nesterov", nesterov)

    @property
    def kernel(self) -> str:
        if self.momentum == 0:
            return "sgd"
        return "nesterov" if self.nesterov else "momentum"

    def _columns(self, rates: Any, first: int, steps: int) -> list[Any]:
        return [rates] if self.momentum == 0 else [rates, self.momentum]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
