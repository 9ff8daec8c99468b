"""Mistakes that numerical libraries make, one by one."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kudari import _core, kernels

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [40.0, 100.0, 1000.0])
def test_crossentropy_of_far_logits(isa: str, dtype: str, size: float) -> None:
    """Exact on both sides, with a gradient of one on the wrong side."""
    z = np.array([[size], [-size], [size], [-size]], dtype)
    y = np.array([[0], [1], [1], [0]], dtype)
    loss, grad = kernels.sigmoid_crossentropy_loss_grad(y, z)
    right = math.exp(-size)
    np.testing.assert_allclose(loss, [size, size, right, right], rtol=1e-6, atol=1e-45)
    np.testing.assert_array_equal(grad[:2, 0], [1, -1])
    np.testing.assert_allclose(grad[3, 0], right, rtol=1e-6, atol=1e-45)


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_of_far_logits(isa: str, dtype: str) -> None:
    z = np.array([[-10001.0, -10002.0, -10003.0], [-2e4, -2e4, -2e4]], dtype)
    share = kernels.softmax_forward(z)
    wanted = np.exp([0.0, -1.0, -2.0]) / np.exp([0.0, -1.0, -2.0]).sum()
    np.testing.assert_allclose(share[0], wanted, rtol=1e-6)
    np.testing.assert_allclose(share[1], 1 / 3, rtol=1e-6)
    loss = kernels.sparse_softmax_crossentropy_loss([0, 1], z)
    np.testing.assert_allclose(loss, [-math.log(wanted[0]), math.log(3)], rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_does_not_see_a_shift(isa: str, dtype: str) -> None:
    """Integers, so that the shifted logits are exact: the very bits."""
    z = np.random.default_rng(1).integers(-9, 9, (50, 7)).astype(dtype)
    for shift in (1e6, -1e6):
        moved = (z + np.array(shift, dtype)).astype(dtype)
        assert kernels.softmax_forward(z).tobytes() == kernels.softmax_forward(moved).tobytes()
        labels = np.arange(50) % 7
        pairs = (kernels.sparse_softmax_crossentropy_loss(labels, a) for a in (z, moved))
        assert len({pair.tobytes() for pair in pairs}) == 1


def test_probabilities_clip_as_in_keras(isa: str) -> None:
    """1 - 1e-7 rounds in float32, so the two ends differ; Keras's own tests pin these."""
    loss, grad = kernels.binary_crossentropy_loss_grad([[0.0], [1.0]], [[1.0], [0.0]])
    np.testing.assert_allclose(loss, [15.942385, 16.118096], rtol=1e-6)
    np.testing.assert_array_equal(grad, 0)
    loss, grad = kernels.sparse_categorical_crossentropy_loss_grad([1], [[3.0, 0.0]])
    np.testing.assert_allclose(loss, [16.118096], rtol=1e-6)
    np.testing.assert_array_equal(grad, 0)


def test_relu_keeps_nan_and_drops_the_sign_of_zero(isa: str) -> None:
    result = kernels.relu_forward([-0.0, 0.0, -1.0, math.nan, math.inf, -math.inf])
    assert not np.signbit(result[:3]).any()
    np.testing.assert_array_equal(result, [0, 0, 0, math.nan, math.inf, 0])


@pytest.mark.parametrize(
    ("function", "pairs"),
    [
        (kernels.exp, {math.inf: math.inf, -math.inf: 0.0, 0.0: 1.0, 1e4: math.inf, -1e4: 0.0}),
        (kernels.log, {0.0: -math.inf, 1.0: 0.0, math.inf: math.inf, -1.0: math.nan}),
        (kernels.log1p, {-1.0: -math.inf, 0.0: 0.0, math.inf: math.inf, -2.0: math.nan}),
        (kernels.sigmoid_forward, {math.inf: 1.0, -math.inf: 0.0, 0.0: 0.5, 1e4: 1.0}),
        (kernels.tanh_forward, {math.inf: 1.0, -math.inf: -1.0, 0.0: 0.0, 1e4: 1.0, -1e4: -1.0}),
    ],
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_limits(
    isa: str, function: Callable[..., Any], pairs: dict[float, float], dtype: str
) -> None:
    x = np.array([*pairs, math.nan], dtype)
    np.testing.assert_array_equal(function(x), np.array([*pairs.values(), math.nan], dtype))


def test_signs_of_zero_survive(isa: str) -> None:
    for function in (kernels.log1p, kernels.tanh_forward):
        assert np.signbit(function(np.array([-0.0, -0.0], np.float32))).all()


STEMS = [name for name in _core.loss_names() if not name.startswith("sparse")]


@pytest.mark.parametrize("stem", STEMS)
def test_nan_shows(isa: str, stem: str) -> None:
    """A NaN in a prediction reaches the loss of its row, its gradient, and no other row."""
    y, p = np.full((5, 3), 0.5, np.float32), np.full((5, 3), 0.25, np.float32)
    p[2, 1] = math.nan
    loss, grad = getattr(kernels, f"{stem}_loss_grad")(y, p)
    np.testing.assert_array_equal(np.isnan(loss), np.arange(5) == 2)
    assert np.isnan(grad[2, 1])
    assert not np.isnan(grad[[0, 1, 3, 4]]).any()


@pytest.mark.parametrize("label", [-1, 3, 4, 2**33])
@pytest.mark.parametrize(
    "kernel", ["sparse_softmax_crossentropy_loss", "sparse_categorical_accuracy"]
)
def test_labels_out_of_range_name_row_and_value(kernel: str, label: int) -> None:
    labels = np.array([0, 2, 1, label, 2, label])
    with pytest.raises(ValueError, match=rf"\[0, 3\); received {label} at row 3\."):
        getattr(kernels, kernel)(labels, np.ones((6, 3), np.float32))
    with pytest.raises(ValueError, match=rf"received {label} at row \(1, 0\)\."):
        getattr(kernels, kernel)(labels.reshape(2, 3), np.ones((2, 3, 3), np.float32))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64"])
def test_every_label_in_range_works(dtype: str) -> None:
    labels = np.array([0, 1, 2], dtype)
    logits = np.eye(3, dtype=np.float32)
    wanted = math.log(math.e + 2) - 1
    for shaped in (labels, labels[:, None], labels.tolist()):
        loss = kernels.sparse_softmax_crossentropy_loss(shaped, logits)
        np.testing.assert_allclose(loss, [wanted] * 3, rtol=1e-6)


@pytest.mark.parametrize("momentum", [0, 1, True, np.float32(1), np.int64(0), np.array(0.5)])
def test_scalars_of_every_kind(momentum: Any) -> None:
    params, velocity = np.ones(3, np.float32), np.ones(3, np.float32)
    kernels.momentum_update(params, [1, 1, 1], velocity, learning_rate=1, momentum=momentum)
    np.testing.assert_array_equal(velocity, np.full(3, float(momentum) - 1))
    np.testing.assert_array_equal(params, np.full(3, float(momentum)))


def test_operands_of_every_kind() -> None:
    """Lists, integers, booleans, views with strides and float16 work; a float64 array widens."""
    for true, pred, dtype in (
        ([[1, 2]], [[1.0, 4.0]], "float32"),
        (np.array([[True, False]]), np.array([[1, 2]], np.int8), "float32"),
        (np.ones((1, 2), np.float16), np.array([[1, 3]], np.float16), "float32"),
        (np.ones((1, 2)), np.array([[1, 3]], np.float32), "float64"),
        (np.ones((1, 4))[:, ::2], np.array([[1.0, 3.0]]), "float64"),
    ):
        loss = kernels.mean_squared_error_loss(true, pred)
        assert loss.dtype == dtype
        np.testing.assert_array_equal(loss, [2.0])


def test_shapes_of_every_kind() -> None:
    """Losses drop the last axis; an empty batch gives an empty result; scalars pass through."""
    assert kernels.mean_squared_error_loss([1.0, 2.0], [1.0, 4.0]).shape == ()
    assert kernels.mean_squared_error_loss(np.zeros((2, 3, 4)), np.zeros((2, 3, 4))).shape == (2, 3)
    assert kernels.softmax_crossentropy_grad(np.zeros((0, 3)), np.zeros((0, 3))).shape == (0, 3)
    empty = np.zeros((0,), np.int32)
    assert kernels.sparse_softmax_crossentropy_loss(empty, np.zeros((0, 3))).shape == (0,)
    assert kernels.softmax_forward(np.zeros((0, 3))).shape == (0, 3)
    assert kernels.exp(np.float32(0)).shape == ()
    assert kernels.power(0.5, 2.0) == 0.25
    assert kernels.power([2.0, 3.0], [[1.0], [2.0]]).tolist() == [[2, 3], [4, 9]]
    assert (
        kernels.matmul(np.zeros((2, 0)), np.zeros((0, 3)), bias=[1, 2, 3]).tolist()
        == [[1, 2, 3]] * 2
    )
    assert kernels.matmul(np.zeros((0, 2)), np.zeros((2, 3))).shape == (0, 3)
    assert kernels.sum([]) == 0.0
    nothing = np.zeros((0,), np.float32)
    kernels.sgd_update(nothing, [], learning_rate=0.1)


def test_results_go_to_out() -> None:
    x, out = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4), np.empty((3, 4), np.float32)
    for name in ("relu_forward", "sigmoid_forward", "tanh_forward", "softmax_forward", "exp"):
        assert getattr(kernels, name)(x, out=out) is out
        np.testing.assert_array_equal(out, getattr(kernels, name)(x))


def test_accuracies(isa: str) -> None:
    pred = np.array([[0.5, 0.6, 0.4], [0.1, 0.1, 0.0], [0.9, 0.9, 0.9]], np.float32)
    true = np.array([[0, 1, 1], [0, 0, 1], [1, 1, 0]], np.float32)
    np.testing.assert_allclose(
        kernels.binary_accuracy(true, pred), [2 / 3, 2 / 3, 2 / 3], rtol=1e-7
    )
    np.testing.assert_allclose(
        kernels.binary_accuracy(true, pred, threshold=0.45), [1 / 3, 2 / 3, 2 / 3], rtol=1e-7
    )
    np.testing.assert_array_equal(kernels.categorical_accuracy(true, pred), [1, 0, 1])
    np.testing.assert_array_equal(kernels.sparse_categorical_accuracy([1, 0, 1], pred), [1, 1, 0])
