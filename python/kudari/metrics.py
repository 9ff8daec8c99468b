"""Metrics with Keras's names: running means of a value per row, weighted where weights are given.

A metric is fed with `update_state` and read with `result`; sums are kept in double. In `fit` and
`evaluate` the engine computes the same values from the metric's kernel.
"""

from collections.abc import Sequence
from itertools import chain, count
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kudari import checks, identifiers, kernels, losses, naming, operands

Array = NDArray[Any]


class Metric:
    """Base of every metric: a subclass overrides `update_state`, `result` and `reset_state`.

    `direction` is "up" where larger is better, "down" where smaller is, "" where neither is known.
    `kernel` names what the engine computes for it, "" for nothing; `labels` is the form of y it
    reads, "dense" (values of the shape of the outputs) or "sparse" (one whole number per row).
    """

    direction: ClassVar[str] = ""
    kernel: ClassVar[str] = ""
    labels: ClassVar[str] = "dense"

    def __init__(self, name: str | None = None, dtype: object = None) -> None:
        self.name = name or naming.snake_case(type(self).__name__)
        self.dtype = checks.float_dtype(type(self).__name__, dtype)

    def __call__(self, *args: Any, **kwargs: Any) -> float:
        """`update_state` with the arguments, then `result`."""
        self.update_state(*args, **kwargs)
        return self.result()

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Add rows to what is remembered."""
        raise NotImplementedError(f"{type(self).__name__} must override update_state.")

    def result(self) -> float:
        """The metric of all rows since the last reset."""
        raise NotImplementedError(f"{type(self).__name__} must override result.")

    def reset_state(self) -> None:
        """Forget all rows."""
        raise NotImplementedError(f"{type(self).__name__} must override reset_state.")

    @property
    def parameter(self) -> float:
        """The parameter of the kernel."""
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """The arguments that make a metric like this one."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Metric":
        """The metric that `get_config` describes."""
        return cls(**config)


class _Average(Metric):
    """sum(v w) / sum(w) of all values v so far, 0 before any; weights w are 1 unless given."""

    def __init__(self, name: str | None = None, dtype: object = None) -> None:
        super().__init__(name, dtype)
        self.reset_state()

    def reset_state(self) -> None:
        self.total = 0.0
        self.count = 0.0

    def result(self) -> float:
        return self.total / self.count if self.count else 0.0

    def _array(self, name: str, value: ArrayLike) -> Array:
        array = operands.real(type(self).__name__, name, value)
        return operands.contiguous(array, self.dtype)

    def _add(self, values: Array, sample_weight: ArrayLike | None) -> None:
        """Add `values` of shape (rows, …); every axis after those of the weights is averaged."""
        if sample_weight is None:
            values = _mean_after(values, 1)
            weight = float(values.size)
        else:
            values, weights = losses.same_rank(values, self._array("sample_weight", sample_weight))
            values = _mean_after(values, weights.ndim)
            losses.fits(type(self).__name__, weights, values)
            weights = np.broadcast_to(weights, values.shape)
            weight = kernels.sum(_mean_after(weights, 1))
            values = _mean_after(values * weights, 1)
        self.total += kernels.sum(values)
        self.count += weight


def _mean_after(values: Array, axes: int) -> Array:
    """Means over all axes but the first `axes`."""
    if values.ndim <= axes:
        return values
    return np.asarray(values.mean(axis=tuple(range(axes, values.ndim)), dtype=np.float64))


class Mean(_Average):
    """Mean of the values given, weighted: sum(v w) / sum(w)."""

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Add a number or an array (rows, …), whose rows are averaged first."""
        self._add(self._array("values", values), sample_weight)


class MeanMetric(_Average):
    """Base of the metrics that average a value per row: a subclass overrides `values`."""

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Add rows of labels and predictions; ValueError where their shapes do not match."""
        true = self._array("y_true", y_true)
        values = self.values(true, self._array("y_pred", y_pred))
        self._add(values, sample_weight)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """The values to average, of shape (rows, …)."""
        raise NotImplementedError(f"{type(self).__name__} must override values.")


class MeanSquaredError(MeanMetric):
    """Mean of (y_true - y_pred)^2."""

    direction = "down"
    kernel = "mean_squared_error"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return losses.mean_squared_error(y_true, y_pred)


class MeanAbsoluteError(MeanMetric):
    """Mean of |y_true - y_pred|."""

    direction = "down"
    kernel = "mean_absolute_error"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return losses.mean_absolute_error(y_true, y_pred)


class Accuracy(MeanMetric):
    """Share of predictions that equal their labels."""

    direction = "up"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        true, pred = losses.same_rank(y_true, y_pred)
        fix = "Pass one label per prediction."
        checks.shape(type(self).__name__, "y_true", true, pred.shape, fix)
        return np.asarray(true == pred, self.dtype)


class BinaryAccuracy(Accuracy):
    """Share of labels 0 and 1 that equal (y_pred > threshold)."""

    kernel = "binary_accuracy"

    def __init__(
        self, name: str | None = None, dtype: object = None, threshold: float = 0.5
    ) -> None:
        super().__init__(name, dtype)
        self.threshold = checks.number("BinaryAccuracy", "threshold", threshold)

    @property
    def parameter(self) -> float:
        return self.threshold

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return super().values(y_true, np.asarray(y_pred > self.threshold, self.dtype))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "threshold": self.threshold}


class CategoricalAccuracy(MeanMetric):
    """Share of rows whose largest prediction is in the column of the largest label."""

    direction = "up"
    kernel = "categorical_accuracy"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return kernels.categorical_accuracy(y_true, y_pred)


class SparseCategoricalAccuracy(MeanMetric):
    """Share of rows whose largest prediction is in the column that the label names."""

    direction = "up"
    kernel = "sparse_categorical_accuracy"
    labels = "sparse"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        labels = losses.class_labels(type(self).__name__, y_true)
        return kernels.sparse_categorical_accuracy(labels, y_pred)


_KINDS: tuple[type[Metric], ...] = (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    Mean,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalAccuracy,
)
_CLASSES: dict[str, type[Metric]] = {
    **{kind.__name__: kind for kind in _KINDS},
    **{naming.snake_case(kind.__name__): kind for kind in _KINDS},
    **dict.fromkeys(("mae", "MAE"), MeanAbsoluteError),
    **dict.fromkeys(("mse", "MSE"), MeanSquaredError),
}


def get(identifier: object) -> Metric:
    """The metric that a name, a class, a dict {"class_name", "config"} or a metric stands for.

    ValueError for an unknown name, with the closest.
    """
    return identifiers.resolve("metric", identifier, Metric, _CLASSES)


def serialize(metric: Metric) -> dict[str, Any]:
    """The dict that `get` turns back into a metric like this one."""
    return identifiers.serialize(metric)


def resolve_accuracy(
    y_shape: Sequence[int], output_size: int, *, from_logits: bool = False, name: str = "accuracy"
) -> Metric:
    """What "accuracy" means for labels of `y_shape` and a model of `output_size` columns.

    One column: binary, with the threshold at 0 where the outputs are logits; labels of rank 1, or
    ending in an axis of 1: sparse categorical; else categorical.
    """
    if output_size == 1:
        return BinaryAccuracy(name, threshold=0.0 if from_logits else 0.5)
    if losses.holds_classes(y_shape):
        return SparseCategoricalAccuracy(name)
    return CategoricalAccuracy(name)


def parse(metrics: object) -> list[Metric | str]:
    """`metrics` of `compile` as objects the engine can compute; "accuracy" and "acc" stay names.

    TypeError unless it is a list or tuple; ValueError for what `get` does not know or the engine
    cannot compute.
    """
    if metrics is None:
        return []
    if not isinstance(metrics, (list, tuple)):
        fix = f"Write metrics=[{metrics!r}]."
        raise TypeError(checks.message("compile", repr(metrics), "metrics to be a list", fix))
    return [_parsed(metric) for metric in metrics]


def _parsed(identifier: object) -> Metric | str:
    if isinstance(identifier, str) and identifier.lower() in ("acc", "accuracy"):
        return identifier
    metric = get(identifier)
    if not metric.kernel:
        fix = "Use one of these, or call the metric on the outputs of predict."
        names = ", ".join(kind.__name__ for kind in _KINDS if kind.kernel)
        got = type(metric).__name__
        raise ValueError(checks.message("compile", got, f"metrics among {names}", fix))
    if isinstance(identifier, str):
        metric.name = identifier
    return metric


def resolve(
    metrics: Sequence[Metric | str], y_shape: Sequence[int], output_size: int, loss: losses.Loss
) -> list[Metric]:
    """What `parse` gave, as metrics for labels of `y_shape`, a model of `output_size`, and `loss`.

    ValueError for a metric that reads another form of labels than the loss does.
    """
    from_logits = bool(getattr(loss, "from_logits", False))
    found = [
        resolve_accuracy(y_shape, output_size, from_logits=from_logits, name=metric)
        if isinstance(metric, str)
        else metric
        for metric in metrics
    ]
    for metric in found:
        if metric.labels != loss.labels:
            fix = "Choose a metric for that form, such as 'accuracy'."
            wanted = f"metrics of {loss.labels} labels, as {loss.name} reads them"
            got = f"{metric.name} of {metric.labels} labels"
            raise ValueError(checks.message("compile", got, wanted, fix))
    return found


def unique_names(metrics: Sequence[Metric]) -> list[str]:
    """The names of `metrics`, none of them "loss"; what comes again is numbered: mae, mae_1, …"""
    names = ["loss"]
    for metric in metrics:
        numbered = (f"{metric.name}_{number}" for number in count(1))
        names.append(next(name for name in chain([metric.name], numbered) if name not in names))
    return names[1:]
