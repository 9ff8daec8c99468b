"""Adam: steps by running means of the gradient and of its square."""

from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from kudari import checks, kernels
from kudari.optimizers.optimizer import Array, Optimizer


class Adam(Optimizer):
    """m += (g - m)(1 - beta_1); v += (g^2 - v)(1 - beta_2); w -= alpha m / (sqrt(v) + epsilon).

    alpha = learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t) at update t, counted from 1 (Kingma
    and Ba, 2015, end of section 2: epsilon is not corrected for the bias). With `amsgrad` the
    largest v so far takes v's place in the step (Reddi et al., 2018). The betas are numbers in
    [0, 1), epsilon is at least 0.
    """

    slots_by_kernel: ClassVar = {"adam": ("m", "v"), "amsgrad": ("m", "v", "v_hat")}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(learning_rate, name, **unknown)
        self.beta_1 = checks.number("Adam", "beta_1", beta_1, low=0.0, high=1.0, open_high=True)
        self.beta_2 = checks.number("Adam", "beta_2", beta_2, low=0.0, high=1.0, open_high=True)
        self.epsilon = checks.number("Adam", "epsilon", epsilon, low=0.0)
        self.amsgrad = checks.flag("Adam", "amsgrad", amsgrad)

    @property
    def kernel(self) -> str:
        return "amsgrad" if self.amsgrad else "adam"

    def _columns(self, rates: Any, first: int, steps: int) -> list[Any]:
        betas = float(self.beta_1), float(self.beta_2)
        root, rest = _corrections(*betas, first, steps, rates.dtype)
        alpha = rates * root / rest
        return [alpha, 1 - self.beta_1, 1 - self.beta_2, self.epsilon]

    def get_config(self) -> dict[str, Any]:
        own = ("beta_1", "beta_2", "epsilon", "amsgrad")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


_BLOCK = 256  # updates whose corrections are formed together, and kept


def _corrections(
    beta_1: float, beta_2: float, first: int, steps: int, dtype: np.dtype[Any]
) -> tuple[Any, Any]:
    """sqrt(1 - beta_2^t) and 1 - beta_1^t of `steps` updates from `first` on: arrays, or numbers
    for one step."""
    start = first % _BLOCK
    if start + steps > _BLOCK:
        return _formed(beta_1, beta_2, first, steps, dtype)
    root, rest = _kept(beta_1, beta_2, first - start, _BLOCK, dtype)
    part = start if steps == 1 else slice(start, start + steps)
    return root[part], rest[part]


def _formed(
    beta_1: float, beta_2: float, first: int, steps: int, dtype: np.dtype[Any]
) -> tuple[Array, Array]:
    """`_corrections` as arrays, every operation rounded to `dtype`."""
    real = dtype.type
    step = np.arange(first + 1, first + 1 + steps).astype(dtype)
    power_1, power_2 = (kernels.power(real(beta), step).astype(dtype) for beta in (beta_1, beta_2))
    return np.sqrt(1 - power_2), 1 - power_1


_kept = lru_cache(maxsize=16)(_formed)  # a model's betas seldom change, and models share them
