"""Losses with Keras's names, formulas and reductions.

A function gives one value per row, of shape y_pred.shape[:-1]: in float64 for a y_pred of float64,
else in float32. A class computes the same in its own dtype (float32 unless told otherwise), weights
the rows and reduces them. Probabilities are clipped to [1e-7, 1 - 1e-7] as Keras does.

A loss is made of its compiled kernels, and here of a row of `Kernels`, a function and a class.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kudari import checks, identifiers, kernels, naming, operands

Array = NDArray[Any]
REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none")


@dataclass(frozen=True)
class Kernels:
    """The compiled kernels of a loss, on the values it takes and on the logits below them.

    `activation` turns those logits into those values; `labels` is "dense" for targets of the shape
    of the predictions, "sparse" for one whole number per row; `parameter` is the kernels' keyword.
    """

    values: str
    logits: str = ""
    activation: str = ""
    labels: str = "dense"
    parameter: str = ""


@dataclass(frozen=True)
class KernelChoice:
    """What the engine computes: a kernel, its parameter, whether it skips the last activation.

    `reduction` is one of the engine's: "sum_over_batch_size", "sum", "mean_with_sample_weight".
    """

    name: str
    parameter: float
    from_logits: bool
    reduction: str


_SQUARED = Kernels("mean_squared_error")
_ABSOLUTE = Kernels("mean_absolute_error")
_HUBER = Kernels("huber", parameter="delta")
_BINARY = Kernels(
    "binary_crossentropy", "sigmoid_crossentropy", "sigmoid", parameter="label_smoothing"
)
_CATEGORICAL = Kernels(
    "categorical_crossentropy", "softmax_crossentropy", "softmax", parameter="label_smoothing"
)
_SPARSE = Kernels(
    "sparse_categorical_crossentropy", "sparse_softmax_crossentropy", "softmax", labels="sparse"
)


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Per row: mean of (y_true - y_pred)^2."""
    return _per_row(_SQUARED, y_true, y_pred)


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Per row: mean of |y_true - y_pred|."""
    return _per_row(_ABSOLUTE, y_true, y_pred)


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Array:
    """Per row: mean of e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2), e the error."""
    return _per_row(_HUBER, y_true, y_pred, delta=delta)


def binary_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """Per row: mean of -(y log p + (1 - y) log(1 - p)), p = y_pred or, from logits, its sigmoid.

    Smoothing s in [0, 1] pulls y to y (1 - s) + s / 2.
    """
    checks.last_axis("binary_crossentropy", axis)
    return _per_row(_BINARY, y_true, y_pred, from_logits, label_smoothing=label_smoothing)


def categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """Per row: -sum of y log p, p = y_pred over its row sum or, from logits, its softmax.

    y is one-hot, or a distribution over the columns. Smoothing s in [0, 1] pulls y to
    y (1 - s) + s / columns.
    """
    checks.last_axis("categorical_crossentropy", axis)
    return _per_row(_CATEGORICAL, y_true, y_pred, from_logits, label_smoothing=label_smoothing)


def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, *, axis: int = -1
) -> Array:
    """Per row: -log p[label], p as in `categorical_crossentropy`.

    y_true holds whole numbers from 0 to columns - 1, of shape y_pred.shape[:-1], or with an axis of
    1 after it; ValueError names the first row whose label is another.
    """
    checks.last_axis("sparse_categorical_crossentropy", axis)
    return _per_row(_SPARSE, y_true, y_pred, from_logits)


def _per_row(
    spec: Kernels,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    **parameter: float,
) -> Array:
    """Values of the compiled kernel, in the dtype of y_pred, once y_true has the form it takes."""
    where = spec.values
    name = spec.logits if checks.flag(where, "from_logits", from_logits) else spec.values
    (pred,) = operands.floats(where, y_pred=y_pred)
    true = operands.real(where, "y_true", y_true)
    if spec.labels == "sparse":
        true = class_labels(where, true)
    else:
        true, pred = same_rank(operands.contiguous(true, pred.dtype), pred)
        _one_target_each(spec, true, pred)
    return np.asarray(getattr(kernels, f"{name}_loss")(true, pred, **parameter))


def class_labels(where: str, labels: Array) -> Array:
    """`labels` as integers; ValueError naming the first that is not a whole number."""
    if labels.dtype.kind != "f":
        return labels.astype(np.int64) if labels.dtype.kind == "b" else labels
    bad = ~(np.isfinite(labels) & (np.floor(labels) == labels))
    if bad.any():
        index = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), labels.shape))
        fix = "Number the classes from 0."
        got = f"{labels[index]} at row {index[0] if index else 0}"
        raise ValueError(checks.message(where, got, "y_true of whole numbers", fix))
    return labels.astype(np.int64)


def same_rank(a: Array, b: Array) -> tuple[Array, Array]:
    """Keras's rule for arrays whose ranks differ by one, the larger ending in an axis of 1.

    The smaller is given such an axis if it has rank 1; else the larger loses its own.
    """
    if a.ndim > b.ndim:
        b, a = same_rank(b, a)
    elif b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        if a.ndim == 1:
            return a[:, None], b
        return a, b[..., 0]
    return a, b


def _one_target_each(spec: Kernels, true: Array, pred: Array) -> None:
    """ValueError unless each prediction has a target, with the usual mistake in mind."""
    if true.shape == pred.shape:
        return
    fix = "Give each prediction a target of its own: nothing is repeated."
    if spec.activation == "softmax" and pred.ndim and true.size * pred.shape[-1] == pred.size:
        fix = (
            "For class numbers use sparse_categorical_crossentropy, or make one-hot rows with "
            f"utils.to_categorical(y_true, {pred.shape[-1]})."
        )
    wanted = f"y_true of shape {pred.shape} to match y_pred"
    raise ValueError(checks.message(spec.values, f"{true.shape}", wanted, fix))


class Loss:
    """Base of every loss: a subclass overrides `call(y_true, y_pred)`, which gives a value per row.

    With v those values and w the weights: "sum_over_batch_size" or "mean" gives sum(v w) over the
    number of values, "mean_with_sample_weight" sum(v w) / sum(w), "sum" sum(v w), None or "none"
    v w itself. Division by zero gives 0. y_true and y_pred are converted to `dtype` first.
    """

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: object = None,
    ) -> None:
        where = type(self).__name__
        self.name = name or naming.snake_case(where)
        if reduction is not None:
            checks.choice(where, "reduction", reduction, REDUCTIONS)
        self.reduction = reduction
        self.dtype = checks.float_dtype(where, dtype)

    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Any:
        """The reduced loss as a scalar of `dtype`, or an array of weighted values for no reduction.

        `sample_weight` is broadcast to the values; ValueError where it cannot be.
        """
        pred = self._converted("y_pred", y_pred)
        values = np.asarray(self.call(self._converted("y_true", y_true), pred), self.dtype)
        if sample_weight is None:
            return self._reduce(values, None)
        weights = self._converted("sample_weight", sample_weight)
        values, weights = same_rank(values, weights)
        fits(type(self).__name__, weights, values)
        return self._reduce(values * weights, weights)

    def _converted(self, name: str, value: ArrayLike) -> Array:
        array = operands.real(type(self).__name__, name, value)
        return operands.contiguous(array, self.dtype)

    def _reduce(self, values: Array, weights: Array | None) -> Any:
        if self.reduction in (None, "none") or values.shape in ((), (0,)):
            return values[()]
        total = kernels.sum(values)
        divisor: float = values.size
        if self.reduction == "sum":
            divisor = 1
        elif self.reduction == "mean_with_sample_weight" and weights is not None:
            divisor = kernels.sum(weights)
        return values.dtype.type(total / divisor if divisor else 0)

    @property
    def labels(self) -> str:
        """The form of y_true: "dense" for targets like the predictions, "sparse" for classes."""
        return "dense"

    def call(self, y_true: Array, y_pred: Array) -> ArrayLike:
        """One value per row."""
        raise NotImplementedError(f"{type(self).__name__} must override call(y_true, y_pred).")

    def kernel_for(self, last_activation: str) -> KernelChoice:
        """The kernel to train a model ending in `last_activation`; TypeError if there is none."""
        own = ", ".join(_LOSSES[function].__name__ for function in _LOSSES)
        fix = "Compile with one of these; other losses can be called on arrays, not trained on."
        got = type(self).__name__
        raise TypeError(checks.message("compile", got, f"a loss with a kernel ({own})", fix))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make a loss like this one."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Loss":
        """The loss that `get_config` describes."""
        return cls(**config)


def fits(where: str, weights: Array, values: Array) -> None:
    """ValueError unless `weights` broadcast to the shape of `values`."""
    try:
        fits = np.broadcast_shapes(weights.shape, values.shape) == values.shape
    except ValueError:
        fits = False
    if not fits:
        fix = "Pass one weight per row, or a number."
        wanted = f"sample_weight to fit values of shape {values.shape}"
        raise ValueError(checks.message(where, f"{weights.shape}", wanted, fix))


class KernelLoss(Loss):
    """Base of the losses that compiled kernels compute: all they are stands in `spec`."""

    spec: ClassVar[Kernels]
    from_logits: bool = False

    def call(self, y_true: Array, y_pred: Array) -> Array:
        return _per_row(self.spec, y_true, y_pred, self.from_logits, **self._parameter())

    @property
    def labels(self) -> str:
        return self.spec.labels

    def kernel_for(self, last_activation: str) -> KernelChoice:
        """The kernel that trains a model ending in `last_activation`.

        With the activation that belongs to the loss, it is the one on that activation's inputs,
        which saturates nowhere. With `from_logits` the model's outputs themselves are the logits.
        """
        parameter = self._parameter().get(self.spec.parameter, 0.0)
        reduction = _scalar_reduction(type(self).__name__, self.reduction)
        fused = bool(self.spec.logits) and last_activation == self.spec.activation
        if self.from_logits or fused:
            return KernelChoice(self.spec.logits, parameter, not self.from_logits, reduction)
        return KernelChoice(self.spec.values, parameter, False, reduction)

    def _parameter(self) -> dict[str, float]:
        name = self.spec.parameter
        return {name: getattr(self, name)} if name else {}

    def get_config(self) -> dict[str, Any]:
        logits = {"from_logits": self.from_logits, "axis": -1} if self.spec.logits else {}
        return {**super().get_config(), **logits, **self._parameter()}


def _scalar_reduction(where: str, reduction: str | None) -> str:
    """The engine's name of a reduction to one number; ValueError for no reduction."""
    if reduction is None or reduction == "none":
        fix = "Leave reduction out: training goes down one number."
        wanted = "a reduction to a single number"
        raise ValueError(checks.message(where, f"reduction={reduction!r}", wanted, fix))
    return "sum_over_batch_size" if reduction == "mean" else reduction


class MeanSquaredError(KernelLoss):
    """`mean_squared_error` of each row, reduced."""

    spec = _SQUARED

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        super().__init__(name, reduction, dtype)


class MeanAbsoluteError(MeanSquaredError):
    """`mean_absolute_error` of each row, reduced."""

    spec = _ABSOLUTE


class Huber(KernelLoss):
    """`huber` of each row, reduced; `delta` is a number above 0."""

    spec = _HUBER

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: object = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        high = float("inf")
        self.delta = checks.number("Huber", "delta", delta, low=0.0, high=high, open_low=True)


class BinaryCrossentropy(KernelLoss):
    """`binary_crossentropy` of each row, reduced."""

    spec = _BINARY

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        where = type(self).__name__
        checks.last_axis(where, axis)
        self.from_logits = checks.flag(where, "from_logits", from_logits)
        self.label_smoothing = checks.number(
            where, "label_smoothing", label_smoothing, low=0.0, high=1.0
        )


class CategoricalCrossentropy(BinaryCrossentropy):
    """`categorical_crossentropy` of each row, reduced."""

    spec = _CATEGORICAL


class SparseCategoricalCrossentropy(KernelLoss):
    """`sparse_categorical_crossentropy` of each row, reduced."""

    spec = _SPARSE

    def __init__(
        self,
        from_logits: bool = False,
        *,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
        dtype: object = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        where = type(self).__name__
        checks.last_axis(where, axis)
        self.from_logits = checks.flag(where, "from_logits", from_logits)


_LOSSES: dict[Any, type[KernelLoss]] = {
    binary_crossentropy: BinaryCrossentropy,
    categorical_crossentropy: CategoricalCrossentropy,
    huber: Huber,
    mean_absolute_error: MeanAbsoluteError,
    mean_squared_error: MeanSquaredError,
    sparse_categorical_crossentropy: SparseCategoricalCrossentropy,
}
_CLASSES: dict[str, type[Loss]] = {kind.__name__: kind for kind in _LOSSES.values()}
_FUNCTIONS: dict[str, Callable[..., Array]] = {
    **{function.__name__: function for function in _LOSSES},
    **dict.fromkeys(("bce", "BCE"), binary_crossentropy),
    **dict.fromkeys(("mae", "MAE"), mean_absolute_error),
    **dict.fromkeys(("mse", "MSE"), mean_squared_error),
}
_SHAPED = ("ce", "crossentropy")


def get(identifier: object) -> Callable[..., Any] | None:
    """What a name stands for: a function for a function's name or alias, a loss for a class's.

    None, functions and losses are given back, a class is called, a dict {"class_name", "config"} is
    built. ValueError for an unknown name, with the closest.
    """
    if isinstance(identifier, str):
        checks.choice("losses", "the loss", identifier, (*_FUNCTIONS, *_CLASSES, *_SHAPED))
    if isinstance(identifier, str) and identifier in _FUNCTIONS:
        return _FUNCTIONS[identifier]
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    return identifiers.resolve("loss", identifier, Loss, _CLASSES)


def resolve(identifier: object) -> Loss | None:
    """The loss object that trains for `identifier`; None for "crossentropy" and "ce".

    Those wait for `resolve_crossentropy`. TypeError for a function that is not one of these.
    """
    if isinstance(identifier, str) and identifier.lower() in _SHAPED:
        return None
    found = get(identifier)
    if isinstance(found, Loss):
        return found
    if found in _LOSSES:
        return _LOSSES[found]()
    fix = "Pass a name or an object from kudari.losses."
    wanted = f"a loss that can be trained on ({', '.join(_CLASSES)})"
    raise TypeError(checks.message("compile", repr(identifier), wanted, fix))


def resolve_crossentropy(output_size: int, y_shape: Sequence[int]) -> Loss:
    """The crossentropy for a model of `output_size` columns and labels of `y_shape`.

    One column: binary; labels of lower rank, or ending in an axis of 1: sparse; else categorical.
    """
    if output_size == 1:
        return BinaryCrossentropy()
    return SparseCategoricalCrossentropy() if holds_classes(y_shape) else CategoricalCrossentropy()


def holds_classes(y_shape: Sequence[int]) -> bool:
    """Whether labels for several columns are class numbers, as Keras has it: rank 1, or (…, 1)."""
    return len(y_shape) < 2 or y_shape[-1] == 1


def serialize(loss: object) -> dict[str, Any] | str:
    """What `get` turns back into a loss like this one: a dict, or a function's name."""
    for name, function in _FUNCTIONS.items():
        if function is loss:
            return name
    return identifiers.serialize(loss)


checks.only(__name__, (*_FUNCTIONS, *_CLASSES, "Loss", "get", "serialize"))
