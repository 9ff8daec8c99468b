"""What all optimizers share: the learning rate, the count of updates, updates of plain arrays."""

import inspect
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from kudari import _core, checks, naming, operands
from kudari.optimizers import schedules
from kudari.optimizers.schedules import LearningRateSchedule

Array = NDArray[Any]


class Optimizer:
    """Base of SGD, RMSprop and Adam.

    `learning_rate` is a number of at least 0 or a `LearningRateSchedule`; `iterations` counts the
    completed updates. An optimizer serves a model through `compile`, or arrays through `apply`.
    """

    # Compiled updates, by name, and what each remembers for every parameter.
    slots_by_kernel: ClassVar[Mapping[str, tuple[str, ...]]]

    def __init__(self, learning_rate: Any, name: str | None = None, **unknown: Any) -> None:
        _reject(type(self), unknown)
        self.name = name or naming.snake_case(type(self).__name__)
        self.iterations = 0
        self._learning_rate: float | LearningRateSchedule = 0.0
        self.learning_rate = learning_rate
        self._slots: list[dict[str, Array]] = []

    @property
    def learning_rate(self) -> float:
        """The rate of the next update; settable, to a number only if it is not a schedule."""
        if isinstance(self._learning_rate, LearningRateSchedule):
            return float(self._learning_rate(self.iterations))
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        where = type(self).__name__
        if isinstance(value, Mapping):
            value = schedules.deserialize(value)
        if isinstance(value, LearningRateSchedule):
            self._learning_rate = value
        elif isinstance(self._learning_rate, LearningRateSchedule):
            wanted = f"another schedule in place of {type(self._learning_rate).__name__}"
            fix = "Build the optimizer with a number to be able to set it."
            raise TypeError(checks.message(where, repr(value), wanted, fix))
        elif callable(value):
            wanted = "learning_rate to be a number or a schedule"
            fix = "Make the function the __call__(step) of a LearningRateSchedule."
            raise TypeError(checks.message(where, repr(value), wanted, fix))
        else:
            self._learning_rate = schedules.rate(where, value)

    @property
    def scheduled(self) -> bool:
        """Whether the learning rate follows a schedule."""
        return isinstance(self._learning_rate, LearningRateSchedule)

    @property
    def kernel(self) -> str:
        """The compiled update that the arguments ask for."""
        raise NotImplementedError

    @property
    def slot_names(self) -> tuple[str, ...]:
        """What the update remembers for every parameter, in the kernel's order."""
        return self.slots_by_kernel[self.kernel]

    def scalars(self, first_iteration: int, steps: int, dtype: DTypeLike) -> Array:
        """The kernel's scalars for updates from `first_iteration` (0 at first): (steps, scalars).

        Every operation is rounded to `dtype`, in the order in which Keras writes it; ValueError for
        a schedule that gives a negative or NaN rate.
        """
        dtype = checks.float_dtype(type(self).__name__, dtype)
        if isinstance(self._learning_rate, LearningRateSchedule):
            rates: Any = self._learning_rate.rates(first_iteration, steps, dtype)
            rates = rates[0] if steps == 1 else rates
        else:
            rates = np.dtype(dtype).type(self._learning_rate)
        columns = self._columns(rates, first_iteration, steps)
        if (
            steps == 1
        ):  # as for every batch of train_on_batch: numbers are faster than arrays of one
            return np.array([columns], dtype)
        result = np.empty((steps, len(columns)), dtype)
        for index, column in enumerate(columns):
            result[:, index] = column
        return result

    def _columns(self, rates: Any, first: int, steps: int) -> list[Any]:
        """The columns of `scalars`: arrays of `steps`, or numbers, perhaps still to be rounded.

        `rates` is an array of them or one for all, rounded to the dtype. One step gives no arrays.
        """
        raise NotImplementedError

    def apply(self, grads: Sequence[ArrayLike], params: Sequence[Array]) -> None:
        """Update the arrays `params` in place by one step along `grads`, of the same shapes.

        Each parameter is a writeable, C-contiguous float32 or float64 array with memory of its own.
        Slots belong to positions in `params`: later calls must bring the same shapes and dtypes.
        TypeError or ValueError otherwise, and then nothing is changed.
        """
        gradients = _checked(f"{type(self).__name__}.apply", grads, params)
        slots = self._fitting_slots(params)
        dtypes = {param.dtype for param in params}
        scalars = {dtype: self.scalars(self.iterations, 1, dtype)[0].tolist() for dtype in dtypes}
        for param, grad, slot in zip(params, gradients, slots, strict=True):
            flat = [array.reshape(-1) for array in slot.values()]
            row = scalars[param.dtype]
            _core.run_update(self.kernel, param.reshape(-1), grad.reshape(-1), flat, row)
        self._slots = slots
        self.iterations += 1

    @property
    def slots(self) -> list[dict[str, Array]]:
        """For each parameter of `apply`, its slots by name; empty before the first call."""
        return self._slots

    def _fitting_slots(self, params: Sequence[Array]) -> list[dict[str, Array]]:
        """The slots of the last call, or zeros at the first and when other slots are needed."""
        names = self.slot_names
        if not self._slots or any(tuple(slot) != names for slot in self._slots):
            return [{name: np.zeros_like(param) for name in names} for param in params]
        kept = [(array.shape, array.dtype) for slot in self._slots for array in slot.values()]
        found = [(param.shape, param.dtype) for param in params for _ in names]
        if kept != found or len(params) != len(self._slots):
            where = f"{type(self).__name__}.apply"
            got = f"shapes {[param.shape for param in params]}"
            wanted = "parameters of the shapes and dtypes of the first call"
            fix = "Use one optimizer for each list of parameters."
            raise ValueError(checks.message(where, got, wanted, fix))
        return self._slots

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an optimizer like this one, in its state before any update."""
        rate: Any = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            rate = schedules.serialize(rate)
        return {"name": self.name, "learning_rate": rate}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Optimizer":
        """The optimizer that `get_config` describes."""
        return cls(**config)


def _reject(kind: type[Optimizer], unknown: Mapping[str, Any]) -> None:
    """ValueError for an argument `kind` does not have; Keras's old `decay` is only warned of."""
    where = kind.__name__
    for name, value in unknown.items():
        parameters = inspect.signature(kind).parameters.values()
        known = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
        if name != "decay":
            near = checks.closest(name, known)
            fix = "Write learning_rate instead." if name == "lr" else near
            wanted = f"arguments among {', '.join(known)}"
            raise ValueError(checks.message(where, f"{name}={value!r}", wanted, fix))
        if value is not None:
            fix = "It is ignored: pass learning_rate=schedules.ExponentialDecay(...)."
            text = checks.message(where, f"decay={value!r}", "no decay argument", fix)
            warnings.warn(text, stacklevel=4)


def _checked(where: str, grads: Any, params: Any) -> list[Array]:
    """The gradients as arrays, once every pair is known to be fit for an update."""
    for name, value in {"grads": grads, "params": params}.items():
        if not isinstance(value, (list, tuple)):
            fix = f"Pass [{name}] for a single array."
            wanted = f"{name} to be a list of arrays"
            raise TypeError(checks.message(where, type(value).__name__, wanted, fix))
    if not params or len(grads) != len(params):
        got = f"{len(grads)} gradients for {len(params)} parameters"
        fix = "Pass the lists in the same order."
        raise ValueError(checks.message(where, got, "one gradient for each parameter", fix))
    pairs = zip(grads, params, strict=True)
    gradients = [_gradient(where, index, *pair) for index, pair in enumerate(pairs)]
    others = {f"grads[{index}]": grad for index, grad in enumerate(gradients)}
    for index, param in enumerate(params):
        operands.disjoint(where, f"params[{index}]", param, others)
        others[f"params[{index}]"] = param
    return gradients


def _gradient(where: str, index: int, grad: Any, param: Any) -> Array:
    """`grad` in the dtype of `param`, which must be fit to be updated in place."""
    name, of = f"grads[{index}]", f"params[{index}]"
    wide = getattr(param, "dtype", None) == np.float64
    shape = param.shape if isinstance(param, np.ndarray) else ()
    operands.target(where, of, param, shape, np.float64 if wide else np.float32)
    array = operands.real(where, name, grad)
    if isinstance(grad, np.ndarray) and array.dtype.kind == "f" and array.dtype != param.dtype:
        fix = f"Convert it with astype('{param.dtype}')."
        wanted = f"{name} of dtype {param.dtype} to match {of}"
        raise TypeError(checks.message(where, str(array.dtype), wanted, fix))
    operands.same_shape(where, name, array, of, param)
    return operands.contiguous(array, param.dtype)
