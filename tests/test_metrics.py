"""Metrics: running means against formulas and Keras, the meaning of "accuracy", bad input."""

from typing import Any

import numpy as np
import pytest

from kudari import losses, metrics
from kudari.metrics import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    Mean,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalAccuracy,
)
from live_keras import live_keras

Y = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]], "float32")
P = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.2, 0.1, 0.7], [0.4, 0.4, 0.2]], "float32")
LABELS = np.array([0, 1, 2, 0])
WEIGHTS = np.array([1.0, 2.0, 0.0, 4.0])


def test_mean() -> None:
    mean = Mean()
    assert mean.result() == 0.0
    assert mean([1, 3, 5, 7]) == 4.0
    mean.update_state(14.0)
    assert mean.result() == 6.0
    mean.reset_state()
    assert mean.result() == 0.0
    mean.update_state([1, 3, 5, 7], sample_weight=[1, 1, 0, 0])
    assert mean.result() == 2.0
    mean.update_state([10.0, 20.0], sample_weight=0.5)  # one number weighs their mean, as in Keras
    assert mean.result() == pytest.approx((4 + 0.5 * 15) / 2.5)


def test_mean_of_rows() -> None:
    """Axes after the first, or after those of the weights, are averaged."""
    values = np.arange(12.0).reshape(3, 4)
    assert Mean()(values) == 5.5
    assert Mean()(values, sample_weight=[1, 0, 1]) == pytest.approx((1.5 + 9.5) / 2)
    assert Mean()(values, sample_weight=[[1], [0], [1]]) == pytest.approx((1.5 + 9.5) / 2)


VALUES: list[tuple[metrics.Metric, Any, Any, float, float]] = [
    (Accuracy(), [[1], [2], [3], [4]], [[0], [2], [3], [4]], 3 / 4, 6 / 7),
    (Accuracy(), [1, 2, 3, 4], [0, 2, 3, 4], 3 / 4, 6 / 7),
    (BinaryAccuracy(), [1, 1, 0, 0], [[0.98], [0.5], [0.5], [0.6]], 2 / 4, 1 / 7),
    (BinaryAccuracy(), [1, 1, 0, 0], [0.98, 0.5, 0.5, 0.6], 2 / 4, 1 / 7),
    (BinaryAccuracy(threshold=0.55), [1, 1, 0, 0], [0.5, 0.56, 0.55, 0.6], 2 / 4, 2 / 7),
    (BinaryAccuracy(), Y, P, 10 / 12, (1 + 2 * 2 / 3 + 4 * 2 / 3) / 7),
    (CategoricalAccuracy(), Y, P, 3 / 4, 5 / 7),
    (SparseCategoricalAccuracy(), LABELS, P, 3 / 4, 5 / 7),
    (SparseCategoricalAccuracy(), LABELS[:, None], P, 3 / 4, 5 / 7),
    (SparseCategoricalAccuracy(), LABELS.astype("f4"), P, 3 / 4, 5 / 7),
    (MeanSquaredError(), [0, 0, 0, 0], [[1], [2], [3], [4]], 30 / 4, (1 + 8 + 64) / 7),
    (MeanAbsoluteError(), [[0], [0], [0], [0]], [1, -2, 3, -4], 10 / 4, (1 + 4 + 16) / 7),
]


@pytest.mark.parametrize(("metric", "y", "p", "plain", "weighted"), VALUES)
def test_values(metric: metrics.Metric, y: Any, p: Any, plain: float, weighted: float) -> None:
    """A tie goes to the first of the largest; a prediction on the threshold is a 0."""
    metric.reset_state()
    assert metric(y, p) == pytest.approx(plain)
    metric.reset_state()
    assert metric(y, p, sample_weight=WEIGHTS) == pytest.approx(weighted)
    metric.reset_state()
    assert metric(y, p, sample_weight=np.zeros(4)) == 0.0
    metric.reset_state()


@pytest.mark.parametrize(("metric", "y", "p", "plain", "weighted"), VALUES)
def test_rows_count_not_batches(
    metric: metrics.Metric, y: Any, p: Any, plain: float, weighted: float
) -> None:
    metric.reset_state()
    for part in (slice(0, 3), slice(3, 4)):
        metric.update_state(y[part], p[part], sample_weight=WEIGHTS[part])
    assert metric.result() == pytest.approx(weighted)
    metric.reset_state()


def test_names() -> None:
    pairs = {
        "mse": MeanSquaredError,
        "MSE": MeanSquaredError,
        "mae": MeanAbsoluteError,
        "mean_absolute_error": MeanAbsoluteError,
        "MeanSquaredError": MeanSquaredError,
        "accuracy": Accuracy,
        "binary_accuracy": BinaryAccuracy,
        "categorical_accuracy": CategoricalAccuracy,
        "sparse_categorical_accuracy": SparseCategoricalAccuracy,
        "mean": Mean,
    }
    for name, kind in pairs.items():
        assert type(metrics.get(name)) is kind
    own = BinaryAccuracy(threshold=0.25)
    assert metrics.get(own) is own
    copy = metrics.get(metrics.serialize(own))
    assert copy.get_config() == own.get_config()
    assert copy.parameter == 0.25
    assert MeanSquaredError().name == "mean_squared_error"


@pytest.mark.parametrize(
    ("shape", "columns", "kind"),
    [
        ((8,), 1, BinaryAccuracy),
        ((8, 1), 1, BinaryAccuracy),
        ((8,), 3, SparseCategoricalAccuracy),
        ((8, 1), 3, SparseCategoricalAccuracy),
        ((8, 3), 3, CategoricalAccuracy),
        ((3,), 3, SparseCategoricalAccuracy),
    ],
)
def test_what_accuracy_means(shape: tuple[int, ...], columns: int, kind: type) -> None:
    metric = metrics.resolve_accuracy(shape, columns, name="acc")
    assert type(metric) is kind
    assert metric.name == "acc"


def test_accuracy_of_logits_has_its_threshold_at_zero() -> None:
    assert metrics.resolve_accuracy((4,), 1).parameter == 0.5
    assert metrics.resolve_accuracy((4,), 1, from_logits=True).parameter == 0.0
    loss = losses.BinaryCrossentropy(from_logits=True)
    (metric,) = metrics.resolve(["accuracy"], (4,), 1, loss)
    assert (metric.kernel, metric.parameter) == ("binary_accuracy", 0.0)


def test_metrics_of_compile() -> None:
    own = MeanSquaredError(name="mine")
    parsed = metrics.parse(["accuracy", "mae", own, BinaryAccuracy])
    found = metrics.resolve(parsed, (4, 1), 1, losses.MeanSquaredError())
    assert [metric.name for metric in found] == ["accuracy", "mae", "mine", "binary_accuracy"]
    kernels = ["binary_accuracy", "mean_absolute_error", "mean_squared_error", "binary_accuracy"]
    assert [metric.kernel for metric in found] == kernels
    assert [metric.direction for metric in found] == ["up", "down", "down", "up"]
    assert found[2] is own
    assert metrics.parse(None) == metrics.parse(()) == []
    sparse = metrics.resolve(["acc"], (4,), 3, losses.SparseCategoricalCrossentropy())
    assert [(metric.name, metric.labels) for metric in sparse] == [("acc", "sparse")]


def test_names_that_come_again_are_numbered() -> None:
    found = [MeanSquaredError("a"), MeanSquaredError("b"), Accuracy("a"), Accuracy("a")]
    assert metrics.unique_names(found) == ["a", "b", "a_1", "a_2"]
    found = [MeanSquaredError("a"), Accuracy("a"), Accuracy("a_1"), Accuracy("loss")]
    assert metrics.unique_names(found) == ["a", "a_1", "a_1_1", "loss_1"]


NAN = float("nan")
BAD: list[tuple[Any, type[Exception], str]] = [
    (lambda: metrics.parse("accuracy"), TypeError, r"Write metrics=\['accuracy'\]"),
    (lambda: metrics.parse(MeanSquaredError()), TypeError, "metrics to be a list"),
    (lambda: metrics.parse(["acuracy"]), ValueError, "Did you mean 'accuracy'"),
    (lambda: metrics.parse([None]), ValueError, "received None"),
    (lambda: metrics.parse([Accuracy()]), ValueError, r"\[compile\] expected metrics among"),
    (lambda: metrics.parse([Mean()]), ValueError, "received Mean"),
    (lambda: metrics.get("binary_acuracy"), ValueError, "Did you mean 'binary_accuracy'"),
    (
        lambda: metrics.resolve(
            metrics.parse(["mae"]), (4,), 3, losses.SparseCategoricalCrossentropy()
        ),
        ValueError,
        "received mae of dense labels",
    ),
    (lambda: BinaryAccuracy(threshold=NAN), ValueError, "threshold"),
    (lambda: BinaryAccuracy(threshold="x"), TypeError, "threshold"),  # type: ignore[arg-type]
    (lambda: MeanSquaredError(dtype="int8"), ValueError, "float32, float64"),
    (lambda: MeanSquaredError()(LABELS, P), ValueError, r"shape \(4, 3\)"),
    (lambda: BinaryAccuracy()(LABELS, P), ValueError, "one label per prediction"),
    (lambda: CategoricalAccuracy()(LABELS, P), ValueError, r"shape \(4, 3\)"),
    (lambda: SparseCategoricalAccuracy()(Y, P), ValueError, "one label per row"),
    (lambda: SparseCategoricalAccuracy()([0, 1, 3, 0], P), ValueError, "received 3 at row 2"),
    (lambda: Mean()([1.0, 2.0], sample_weight=[1, 2, 3]), ValueError, "sample_weight"),
    (lambda: Mean()(["a"]), TypeError, "values"),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD)
def test_bad_input(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_bad_rows_change_nothing() -> None:
    metric = MeanSquaredError()
    metric.update_state([[1.0]], [[3.0]])
    for arguments in (([1, 2], [[1, 2]]), ([1.0], ["x"]), ([[1.0]], [[1.0]], [1, 2])):
        with pytest.raises((TypeError, ValueError)):
            metric.update_state(*arguments)
    assert metric.result() == 4.0


def test_own_metric() -> None:
    class Largest(metrics.MeanMetric):
        def values(self, y_true: Any, y_pred: Any) -> Any:
            return np.abs(y_true - y_pred).max(axis=-1)

    assert Largest()([[0, 0]], [[1, -3]]) == 3.0
    with pytest.raises(NotImplementedError, match="update_state"):
        metrics.Metric().update_state()


@pytest.mark.compat
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        "Accuracy",
        "BinaryAccuracy",
        "CategoricalAccuracy",
        "SparseCategoricalAccuracy",
        "MeanSquaredError",
        "MeanAbsoluteError",
    ],
)
def test_live_keras(name: str, weighted: bool) -> None:
    keras = live_keras()
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, 50)
    y = labels if name.startswith("Sparse") else np.eye(4, dtype="f4")[labels]
    p = rng.uniform(0, 1, (50, 4)).astype("f4")
    p = p.round() if name == "Accuracy" else p
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    for part in (slice(0, 32), slice(32, 50)):
        weights = rng.uniform(0, 2, 50)[part].astype("f4") if weighted else None
        ours.update_state(y[part], p[part], weights)
        theirs.update_state(y[part], p[part], weights)
    assert ours.name == theirs.name
    assert ours.result() == pytest.approx(float(theirs.result()), rel=50 * 2**-23)
