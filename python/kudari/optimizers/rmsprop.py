"""RMSprop: gradients divided by the root of their running mean square."""

from typing import Any, ClassVar

from kudari import checks
from kudari.optimizers.optimizer import Optimizer


class RMSprop(Optimizer):
    """v = rho v + (1 - rho) g^2; w -= learning_rate g / sqrt(v + epsilon) (Hinton, 2012).

    `centered` takes the square of the running mean gradient off v; with `momentum` p, the step goes
    into b = p b + step and w -= b. As in Keras, epsilon (at least 0) is inside the root; `rho` and
    `momentum` are numbers in [0, 1].
    """

    slots_by_kernel: ClassVar = {
        "rmsprop": ("velocity",),
        "rmsprop_momentum": ("velocity", "momentum"),
        "rmsprop_centered": ("velocity", "average_gradient"),
        "rmsprop_centered_momentum": ("velocity", "average_gradient", "momentum"),
    }

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(learning_rate, name, **unknown)
        self.rho = checks.number("RMSprop", "rho", rho, low=0.0, high=1.0)
        self.momentum = checks.number("RMSprop", "momentum", momentum, low=0.0, high=1.0)
        self.epsilon = checks.number("RMSprop", "epsilon", epsilon, low=0.0)
        self.centered = checks.flag("RMSprop", "centered", centered)

    @property
    def kernel(self) -> str:
        return "rmsprop" + "_centered" * self.centered + "_momentum" * (self.momentum > 0)

    def _columns(self, rates: Any, first: int, steps: int) -> list[Any]:
        columns = [rates, self.rho, 1 - self.rho, self.epsilon]
        return [*columns, self.momentum] if self.momentum > 0 else columns

    def get_config(self) -> dict[str, Any]:
        own = ("rho", "momentum", "epsilon", "centered")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}
