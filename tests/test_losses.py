"""Losses as functions and objects: values, reductions, names, the kernels they choose, bad input.

Values are compared with formulas written out here in float64, with numbers that Keras 3.15.1 gave,
and with Keras itself where it is installed.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kudari import losses
from kudari.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Huber,
    KernelChoice,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from live_keras import live_keras

Y = np.array([[1, 0, 1], [0, 1, 0]], "float32")
P = np.array([[0.9, 0.2, 0.6], [0.3, 0.8, 0.5]], "float32")
Z = np.array([[2, -1, 0.5], [-3, 1, 20]], "float32")
LABELS = np.array([2, 1])
WEIGHTS = np.array([2.0, 0.5], "float32")

Wide = NDArray[np.float64]


def _binary(y: Wide, p: Wide) -> Wide:
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p), axis=-1)


def _categorical(y: Wide, p: Wide) -> Wide:
    return -np.sum(y * np.log(p / p.sum(axis=-1, keepdims=True)), axis=-1)


def _log_softmax(z: Wide) -> Wide:
    return (
        z - z.max(-1, keepdims=True) - np.log(np.exp(z - z.max(-1, keepdims=True)).sum(-1))[:, None]
    )


def _huber(y: Wide, p: Wide, delta: float) -> Wide:
    error = np.abs(p - y)
    return np.mean(np.where(error <= delta, error**2 / 2, delta * (error - delta / 2)), axis=-1)


def _softplus_form(y: Wide, z: Wide) -> Wide:
    return np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))), axis=-1)


# Name, function's arguments, expected from float64 copies of Y, P, Z.
FORMULAS: list[tuple[str, Any, Any]] = [
    ("mean_squared_error", {}, lambda y, p, z: np.mean((y - p) ** 2, axis=-1)),
    ("mean_absolute_error", {}, lambda y, p, z: np.mean(np.abs(y - p), axis=-1)),
    ("huber", {}, lambda y, p, z: _huber(y, p, 1.0)),
    ("huber", {"delta": 0.25}, lambda y, p, z: _huber(y, p, 0.25)),
    ("binary_crossentropy", {}, lambda y, p, z: _binary(y, p)),
    ("binary_crossentropy", {"label_smoothing": 0.1}, lambda y, p, z: _binary(0.9 * y + 0.05, p)),
    ("binary_crossentropy", {"from_logits": True}, lambda y, p, z: _softplus_form(y, z)),
    (
        "binary_crossentropy",
        {"from_logits": True, "label_smoothing": 0.2},
        lambda y, p, z: _softplus_form(0.8 * y + 0.1, z),
    ),
    ("categorical_crossentropy", {}, lambda y, p, z: _categorical(y, p)),
    (
        "categorical_crossentropy",
        {"label_smoothing": 0.1},
        lambda y, p, z: _categorical(0.9 * y + 0.1 / 3, p),
    ),
    (
        "categorical_crossentropy",
        {"from_logits": True, "label_smoothing": 0.2},
        lambda y, p, z: -np.sum((0.8 * y + 0.2 / 3) * _log_softmax(z), axis=-1),
    ),
]
IDS = [f"{name}-{'-'.join(arguments)}" for name, arguments, _ in FORMULAS]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments", "formula"), FORMULAS, ids=IDS)
def test_formulas(name: str, arguments: Any, formula: Any, dtype: str) -> None:
    y, p, z = (array.astype(dtype) for array in (Y, P, Z))
    given = z if arguments.get("from_logits") else p
    result = losses.get(name)(y, given, **arguments)  # type: ignore[misc]
    expected = formula(*(array.astype("float64") for array in (y, p, z)))
    assert result.dtype == dtype
    assert result.shape == (2,)
    np.testing.assert_allclose(result, expected, rtol=16 * np.finfo(dtype).eps)


def test_sparse_is_categorical_of_one_hot_rows() -> None:
    one_hot = np.eye(3, dtype="float32")[LABELS]
    for given, from_logits in ((P, False), (Z, True)):
        expected = losses.categorical_crossentropy(one_hot, given, from_logits)
        for labels in (LABELS, LABELS[:, None], LABELS.astype("float32"), LABELS.tolist()):
            result = losses.sparse_categorical_crossentropy(labels, given, from_logits)
            np.testing.assert_allclose(result, expected, rtol=4 * np.finfo("f4").eps)


# What Keras 3.15.1 gives for the arrays above (JAX back end, float32).
PINNED: list[tuple[str, Any, Any, list[float]]] = [
    ("mean_squared_error", P, {}, [0.07000000029802322, 0.12666666507720947]),
    ("mean_absolute_error", P, {}, [0.23333333432674408, 0.3333333432674408]),
    ("huber", P, {}, [0.03500000014901161, 0.06333333253860474]),
    ("huber", P, {"delta": 0.25}, [0.03125, 0.05250000208616257]),
    ("binary_crossentropy", P, {}, [0.27977657318115234, 0.42432188987731934]),
    ("binary_crossentropy", P, {"label_smoothing": 0.1}, [0.3462596535682678, 0.46154844760894775]),
    (
        "binary_crossentropy",
        Z,
        {"from_logits": True, "label_smoothing": 0.2},
        [0.42142221331596375, 6.2539496421813965],
    ),
    ("categorical_crossentropy", P, {}, [1.6774427890777588, 0.6931471824645996]),
    (
        "categorical_crossentropy",
        P,
        {"label_smoothing": 0.1},
        [1.636948823928833, 0.7415083050727844],
    ),
    (
        "categorical_crossentropy",
        Z,
        {"from_logits": True, "label_smoothing": 0.2},
        [1.934360384941101, 18.0],
    ),
]


@pytest.mark.parametrize(("name", "given", "arguments", "expected"), PINNED)
def test_pinned(name: str, given: Any, arguments: Any, expected: list[float]) -> None:
    result = losses.get(name)(Y, given, **arguments)  # type: ignore[misc]
    np.testing.assert_allclose(result, expected, rtol=8 * np.finfo("f4").eps)


def test_saturation_in_float32() -> None:
    """1 - 1e-7 is 0.99999988 in float32, so the two sides of the clip differ."""
    loss = BinaryCrossentropy()
    ulp = np.spacing(np.float32(16))
    assert abs(loss([[0.0]], [[1.0]]) - 15.942385) <= ulp
    assert abs(loss([[1.0]], [[0.0]]) - 16.118096) <= ulp
    assert abs(loss([[1, 0, 1, 0]], [[1, 1, 1, 0]]) - 3.98559) < 1e-5
    wide = BinaryCrossentropy(dtype="float64")
    assert abs(wide([[0.0]], [[1.0]]) - -np.log(1e-7)) < 1e-8


@pytest.mark.parametrize("z", [40.0, 100.0, 1000.0])
def test_logits_do_not_saturate(z: float) -> None:
    assert BinaryCrossentropy(from_logits=True)([[0.0]], [[z]]) == z
    assert BinaryCrossentropy(from_logits=True)([[1.0]], [[-z]]) == z
    assert CategoricalCrossentropy(from_logits=True)([[0.0, 1.0]], [[z, 0.0]]) == z
    assert SparseCategoricalCrossentropy(from_logits=True)([1], [[-20_000 + z, -20_000.0]]) == z


@pytest.mark.parametrize(
    ("reduction", "plain", "weighted"),
    [
        ("sum_over_batch_size", 0.09833332896232605, 0.10166666656732559),
        ("mean", 0.09833332896232605, 0.10166666656732559),
        ("mean_with_sample_weight", 0.09833332896232605, 0.08133333176374435),
        ("sum", 0.1966666579246521, 0.20333333313465118),
        (
            "none",
            [0.07000000029802322, 0.12666666507720947],
            [0.14000000059604645, 0.06333333253860474],
        ),
        (
            None,
            [0.07000000029802322, 0.12666666507720947],
            [0.14000000059604645, 0.06333333253860474],
        ),
    ],
)
def test_reductions(reduction: str | None, plain: Any, weighted: Any) -> None:
    """Numbers from Keras 3.15.1."""
    loss = MeanSquaredError(reduction=reduction)
    rtol = 4 * np.finfo("f4").eps
    np.testing.assert_allclose(loss(Y, P), plain, rtol=rtol)
    for weights in (WEIGHTS, WEIGHTS[:, None], WEIGHTS.tolist()):
        result = loss(Y, P, sample_weight=weights)
        np.testing.assert_allclose(np.squeeze(result), weighted, rtol=rtol)
    assert np.asarray(loss(Y, P)).dtype == np.float32


def test_weights() -> None:
    loss = MeanSquaredError()
    np.testing.assert_allclose(loss(Y, P, sample_weight=2.0), 2 * loss(Y, P), rtol=1e-6)
    assert loss(Y, P, sample_weight=[0, 0]) == 0
    assert MeanSquaredError(reduction="mean_with_sample_weight")(Y, P, [0, 0]) == 0
    assert np.isnan(loss(Y, P, sample_weight=[1, np.nan]))
    assert loss(Y, P, sample_weight=[-1, -1]) == -loss(Y, P)
    cube = MeanSquaredError(reduction=None)(
        np.zeros((2, 3, 4)), np.ones((2, 3, 4)), np.ones((2, 1))
    )
    np.testing.assert_array_equal(cube, np.ones((2, 3)))


def test_ranks() -> None:
    """Keras's rule: one axis of 1 more or less on either side does not matter."""
    y, p = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 2.0])
    loss = MeanSquaredError()
    assert loss(y, p[:, None]) == loss(y[:, None], p) == loss(y, p) == np.float32(5 / 3)
    one = MeanSquaredError(reduction=None)
    np.testing.assert_array_equal(one(y, p[:, None]), [0, 1, 4])
    assert one(np.ones((2, 3, 1)), np.zeros((2, 3))).shape == (2,)


def test_empty_and_single_rows() -> None:
    assert MeanSquaredError()(np.zeros((0, 3)), np.zeros((0, 3))).shape == (0,)
    assert MeanSquaredError()(Y[:1], P[:1]) == losses.mean_squared_error(Y, P)[0]


def test_dtypes() -> None:
    assert losses.mean_squared_error(Y, P.astype("float64")).dtype == np.float64
    assert losses.mean_squared_error(Y.astype("float64"), P).dtype == np.float32
    assert losses.mean_squared_error([[1]], [[2.0]]).dtype == np.float32
    assert MeanSquaredError(dtype="float64")(Y, P).dtype == np.float64
    assert MeanSquaredError(dtype=np.float64).dtype == "float64"
    assert MeanSquaredError()(Y.astype("float64"), P.astype("float64")).dtype == np.float32


def test_names() -> None:
    for name in ("mse", "MSE", "mean_squared_error"):
        assert losses.get(name) is losses.mean_squared_error
    for name in ("mae", "MAE"):
        assert losses.get(name) is losses.mean_absolute_error
    for name in ("bce", "BCE"):
        assert losses.get(name) is losses.binary_crossentropy
    assert losses.get("huber") is losses.huber
    assert isinstance(losses.get("Huber"), Huber)
    assert isinstance(losses.get(Huber), Huber)
    own = Huber(0.5)
    assert losses.get(own) is own
    assert losses.get(None) is None
    assert (Huber().name, MeanSquaredError().name) == ("huber_loss", "mean_squared_error")


LOSSES = [
    MeanSquaredError(),
    MeanAbsoluteError(reduction="sum", name="mine"),
    Huber(0.25),
    BinaryCrossentropy(True, 0.1),
    CategoricalCrossentropy(label_smoothing=0.2),
    SparseCategoricalCrossentropy(from_logits=True),
]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_config_round_trip(loss: losses.Loss) -> None:
    copy = losses.get(losses.serialize(loss))
    assert type(copy) is type(loss)
    assert copy.get_config() == loss.get_config()  # type: ignore[union-attr]
    assert losses.get(losses.serialize(losses.huber)) is losses.huber


def test_resolve() -> None:
    assert isinstance(losses.resolve("mse"), MeanSquaredError)
    assert isinstance(losses.resolve(losses.huber), Huber)
    assert losses.resolve("crossentropy") is None
    assert losses.resolve("CE") is None
    for identifier in (None, lambda y, p: 0.0, np.square):
        with pytest.raises(TypeError, match="loss that can be trained on"):
            losses.resolve(identifier)


@pytest.mark.parametrize(
    ("columns", "shape", "kind"),
    [
        (1, (5,), BinaryCrossentropy),
        (1, (5, 1), BinaryCrossentropy),
        (3, (5,), SparseCategoricalCrossentropy),
        (3, (5, 1), SparseCategoricalCrossentropy),
        (3, (5, 3), CategoricalCrossentropy),
        (3, (3,), SparseCategoricalCrossentropy),
    ],
)
def test_resolve_crossentropy(columns: int, shape: tuple[int, ...], kind: type) -> None:
    assert type(losses.resolve_crossentropy(columns, shape)) is kind


MEAN = "sum_over_batch_size"


@pytest.mark.parametrize(
    ("loss", "activation", "choice"),
    [
        (MeanSquaredError(), "linear", ("mean_squared_error", 0.0, False, MEAN)),
        (MeanSquaredError(), "sigmoid", ("mean_squared_error", 0.0, False, MEAN)),
        (MeanAbsoluteError(reduction="sum"), "relu", ("mean_absolute_error", 0.0, False, "sum")),
        (Huber(0.5), "linear", ("huber", 0.5, False, MEAN)),
        (BinaryCrossentropy(), "sigmoid", ("sigmoid_crossentropy", 0.0, True, MEAN)),
        (BinaryCrossentropy(False, 0.1), "sigmoid", ("sigmoid_crossentropy", 0.1, True, MEAN)),
        (BinaryCrossentropy(True), "linear", ("sigmoid_crossentropy", 0.0, False, MEAN)),
        (BinaryCrossentropy(True), "sigmoid", ("sigmoid_crossentropy", 0.0, False, MEAN)),
        (BinaryCrossentropy(), "linear", ("binary_crossentropy", 0.0, False, MEAN)),
        (BinaryCrossentropy(), "softmax", ("binary_crossentropy", 0.0, False, MEAN)),
        (CategoricalCrossentropy(), "softmax", ("softmax_crossentropy", 0.0, True, MEAN)),
        (CategoricalCrossentropy(), "sigmoid", ("categorical_crossentropy", 0.0, False, MEAN)),
        (
            CategoricalCrossentropy(True, 0.2, reduction="mean"),
            "linear",
            ("softmax_crossentropy", 0.2, False, MEAN),
        ),
        (
            SparseCategoricalCrossentropy(reduction="mean_with_sample_weight"),
            "softmax",
            ("sparse_softmax_crossentropy", 0.0, True, "mean_with_sample_weight"),
        ),
        (
            SparseCategoricalCrossentropy(True),
            "linear",
            ("sparse_softmax_crossentropy", 0.0, False, MEAN),
        ),
        (
            SparseCategoricalCrossentropy(),
            "linear",
            ("sparse_categorical_crossentropy", 0.0, False, MEAN),
        ),
    ],
)
def test_kernel_for(loss: losses.Loss, activation: str, choice: Any) -> None:
    assert loss.kernel_for(activation) == KernelChoice(*choice)
    sparse = isinstance(loss, SparseCategoricalCrossentropy)
    assert loss.labels == ("sparse" if sparse else "dense")


def test_kernel_for_refuses() -> None:
    with pytest.raises(ValueError, match="reduction to a single number"):
        MeanSquaredError(reduction=None).kernel_for("linear")

    class Own(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return np.abs(y_true - y_pred).max(axis=-1)

    assert Own().name == "own"
    assert Own()(Y, P) == np.float32(0.45)
    with pytest.raises(TypeError, match=r"\[compile\].*Own"):
        Own().kernel_for("linear")
    with pytest.raises(NotImplementedError, match="call"):
        losses.Loss()(Y, P)


NAN = float("nan")
BAD: list[tuple[Any, type[Exception], str]] = [
    (
        lambda: MeanSquaredError()(np.ones(3), np.ones((3, 3))),
        ValueError,
        r"shape \(3, 3\).*\(3,\)",
    ),
    (lambda: MeanSquaredError()(np.ones((2, 1)), P), ValueError, "nothing is repeated"),
    (lambda: losses.huber(Y[:1], P), ValueError, r"\[huber\] expected y_true of shape \(2, 3\)"),
    (
        lambda: CategoricalCrossentropy()(LABELS, P),
        ValueError,
        "use sparse_categorical_crossentropy",
    ),
    (
        lambda: CategoricalCrossentropy()(LABELS[:, None], P),
        ValueError,
        r"to_categorical\(y_true, 3\)",
    ),
    (lambda: SparseCategoricalCrossentropy()(Y, P), ValueError, "one-hot"),
    (
        lambda: SparseCategoricalCrossentropy()([2, 3], P),
        ValueError,
        r"\[0, 3\); received 3 at row 1",
    ),
    (lambda: SparseCategoricalCrossentropy()([-1, 0], P), ValueError, "received -1 at row 0"),
    (lambda: SparseCategoricalCrossentropy()([0, 0.5], P), ValueError, "received 0.5 at row 1"),
    (lambda: SparseCategoricalCrossentropy()([NAN, 0], P), ValueError, "received nan at row 0"),
    (lambda: MeanSquaredError()(Y, P, sample_weight=np.ones(3)), ValueError, "one weight per row"),
    (lambda: MeanSquaredError()(Y, P, sample_weight=np.ones((2, 3))), ValueError, "sample_weight"),
    (lambda: MeanSquaredError()(["a"], [1.0]), TypeError, "y_true"),
    (lambda: MeanSquaredError()([[1], [1, 2]], P), ValueError, "rectangular"),
    (lambda: MeanSquaredError(reduction="average"), ValueError, "reduction to be one of"),
    (lambda: MeanSquaredError(dtype="float16"), ValueError, "float32, float64"),
    (lambda: Huber(0), ValueError, "delta"),
    (lambda: Huber(NAN), ValueError, "delta"),
    (lambda: Huber("1"), TypeError, "delta to be a number"),  # type: ignore[arg-type]
    (lambda: BinaryCrossentropy(label_smoothing=1.5), ValueError, r"label_smoothing in \[0, 1\]"),
    (lambda: losses.binary_crossentropy(Y, P, label_smoothing=-1), ValueError, "label_smoothing"),
    (lambda: BinaryCrossentropy("yes"), TypeError, "from_logits to be True or False"),  # type: ignore[arg-type]
    (lambda: BinaryCrossentropy(axis=0), ValueError, "axis=-1"),
    (lambda: SparseCategoricalCrossentropy(axis=1), ValueError, "axis=-1"),
    (lambda: losses.categorical_crossentropy(Y, P, axis=True), ValueError, "axis=-1"),
    (lambda: losses.get("Mse"), ValueError, "Did you mean 'MSE'|Did you mean 'mse'"),
    (lambda: losses.get("binary_cross_entropy"), ValueError, "Did you mean 'binary_crossentropy'"),
    (lambda: losses.get({"class_name": "Hubr"}), ValueError, "Did you mean 'Huber'"),
    (lambda: losses.get(3), ValueError, "received 3"),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD)
def test_bad_input(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_inputs_are_left_alone() -> None:
    arrays = [Y.copy(), P.copy(), WEIGHTS.copy()]
    for loss in LOSSES[:5]:
        loss(*arrays)
    for array, before in zip(arrays, (Y, P, WEIGHTS), strict=True):
        np.testing.assert_array_equal(array, before)


@pytest.mark.compat
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", [*losses.REDUCTIONS, None])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("MeanSquaredError", {}),
        ("MeanAbsoluteError", {}),
        ("Huber", {"delta": 0.3}),
        ("BinaryCrossentropy", {"label_smoothing": 0.1}),
        ("BinaryCrossentropy", {"from_logits": True}),
        ("CategoricalCrossentropy", {}),
        ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.3}),
        ("SparseCategoricalCrossentropy", {}),
        ("SparseCategoricalCrossentropy", {"from_logits": True}),
    ],
)
def test_live_keras(name: str, arguments: Any, reduction: str | None, weighted: bool) -> None:
    """Up to a rounding for each of 40 summed rows, and two of the largest logit, which cancels."""
    keras = live_keras()
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (40, 5)).astype("float32")
    labels = rng.integers(0, 5, 40)
    y = labels if name.startswith("Sparse") else np.eye(5, dtype="float32")[labels]
    weights = rng.uniform(0, 2, 40).astype("float32") if weighted else None
    given = logits if arguments.get("from_logits") else 1 / (1 + np.exp(-logits))
    ours = getattr(losses, name)(reduction=reduction, **arguments)(y, given, weights)
    theirs = getattr(keras.losses, name)(reduction=reduction, **arguments)(y, given, weights)
    eps = float(np.finfo("f4").eps)
    atol = 2 * eps * float(np.abs(logits).max())
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=40 * eps, atol=atol)
