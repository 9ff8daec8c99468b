"""The reference itself: gradients against differences of fourth order, updates by hand."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kudari import kernels, reference
from kudari.reference import arrays

Array = NDArray[Any]
ROWS, COLUMNS, STEP = 23, 5, 2e-4


def difference(f: Callable[[Array], Array], x: Array, column: int) -> Array:
    """d f / d x[:, column] per row, to fourth order in STEP."""
    shift = np.zeros(x.shape[-1])
    shift[column] = STEP
    near, far = f(x + shift) - f(x - shift), f(x + 2 * shift) - f(x - 2 * shift)
    return np.asarray((8 * near - far) / (12 * STEP))


def operands(stem: str) -> tuple[Array, Array]:
    """y_true and y_pred away from kinks and clips."""
    rng = np.random.default_rng(5)
    truth = rng.uniform(0, 1, (ROWS, COLUMNS))
    if stem.startswith("sparse"):
        labels = rng.integers(0, COLUMNS, ROWS)
        return labels, rng.uniform(0.2, 1.0, (ROWS, COLUMNS))
    if stem.startswith("mean") or stem == "huber":
        gap = rng.choice([-1.0, 1.0], truth.shape) * rng.choice([0.3, 0.6, 1.4, 3.0], truth.shape)
        return truth, truth + gap
    return truth, rng.uniform(0.1, 0.9, truth.shape)


STEMS = {
    "mean_squared_error": {},
    "mean_absolute_error": {},
    "huber": {"delta": 0.9},
    "binary_crossentropy": {"label_smoothing": 0.2},
    "sigmoid_crossentropy": {"label_smoothing": 0.2},
    "categorical_crossentropy": {"label_smoothing": 0.2},
    "softmax_crossentropy": {"label_smoothing": 0.2},
    "sparse_categorical_crossentropy": {},
    "sparse_softmax_crossentropy": {},
}


@pytest.mark.parametrize("stem", STEMS)
def test_loss_gradient(stem: str) -> None:
    true, pred = operands(stem)
    weight = np.random.default_rng(6).uniform(0.5, 2.0, ROWS)
    loss, grad = (getattr(reference, f"{stem}_{phase}") for phase in ("loss", "grad"))
    options = {**STEMS[stem], "sample_weight": weight}
    slope = grad(true, pred, **options, scale=3.0)
    for column in range(COLUMNS):
        wanted = 3.0 * difference(lambda p: loss(true, p, **options), pred, column)
        np.testing.assert_allclose(slope[:, column], wanted, rtol=1e-8, atol=2e-9)


@pytest.mark.parametrize("stem", STEMS)
def test_both_at_once_are_the_two_apart(stem: str) -> None:
    true, pred = operands(stem)
    for module in (reference, kernels):
        loss, grad, both = (
            getattr(module, f"{stem}_{phase}") for phase in ("loss", "grad", "loss_grad")
        )
        values = both(true, pred, **STEMS[stem], scale=0.5)
        np.testing.assert_array_equal(values[0], loss(true, pred, **STEMS[stem]))
        np.testing.assert_array_equal(values[1], grad(true, pred, **STEMS[stem], scale=0.5))


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh", "softmax"])
def test_activation_gradient(name: str) -> None:
    rng = np.random.default_rng(7)
    x = rng.choice([-1.0, 1.0], (ROWS, COLUMNS)) * rng.uniform(0.1, 2.0, (ROWS, COLUMNS))
    weights = rng.normal(size=x.shape)
    forward, backward = (getattr(reference, f"{name}_{way}") for way in ("forward", "backward"))
    slope = backward(forward(x), weights)
    for column in range(COLUMNS):
        wanted = difference(lambda v: np.sum(forward(v) * weights, axis=-1), x, column)
        np.testing.assert_allclose(slope[:, column], wanted, rtol=1e-8, atol=2e-10)


UPDATES = {
    "sgd_update": ([1.0, 1.0], {"learning_rate": 0.5}, [0.5]),
    "momentum_update": ([1.0, 1.0, 0.5], {"learning_rate": 0.5, "momentum": 0.5}, [0.75, -0.25]),
    "nesterov_update": ([1.0, 1.0, 0.5], {"learning_rate": 0.5, "momentum": 0.5}, [0.375, -0.25]),
    "rmsprop_update": (
        [1.0, 1.0, 0.5],
        {"learning_rate": 0.5, "rho": 0.5, "epsilon": 0.25},
        [0.5, 0.75],
    ),
    "rmsprop_momentum_update": (
        [1.0, 1.0, 0.5, 0.5],
        {"learning_rate": 0.5, "rho": 0.5, "epsilon": 0.25, "momentum": 0.5},
        [0.25, 0.75, 0.75],
    ),
    "rmsprop_centered_update": (
        [1.0, 1.0, 0.5, 0.0],
        {"learning_rate": 0.5, "rho": 0.5, "epsilon": 0.5},
        [0.5, 0.75, 0.5],
    ),
    "rmsprop_centered_momentum_update": (
        [1.0, 1.0, 0.5, 0.0, 0.5],
        {"learning_rate": 0.5, "rho": 0.5, "epsilon": 0.5, "momentum": 0.5},
        [0.25, 0.75, 0.5, 0.75],
    ),
    "adam_update": (
        [1.0, 2.0, 0.0, 0.0],
        {"alpha": 0.75, "beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.5},
        [0.5, 1.0, 1.0],
    ),
    "amsgrad_update": (
        [1.0, 2.0, 0.0, 0.0, 4.0],
        {"alpha": 1.25, "beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.5},
        [0.5, 1.0, 1.0, 4.0],
    ),
}


@pytest.mark.parametrize("kernel", UPDATES)
@pytest.mark.parametrize("module", [reference, kernels], ids=["reference", "kernels"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_step_by_hand(kernel: str, module: Any, dtype: str) -> None:
    numbers, scalars, wanted = UPDATES[kernel]
    operands = [np.full((3, 7), number, dtype) for number in numbers]
    assert getattr(module, kernel)(*operands, **scalars) is None
    for got, value in zip([operands[0], *operands[2:]], wanted, strict=True):
        np.testing.assert_array_equal(got, np.full((3, 7), value, dtype))
    np.testing.assert_array_equal(operands[1], np.full((3, 7), numbers[1], dtype))


# The published vectors of the generator's authors: counter and key all 0, and all ones.
@pytest.mark.parametrize(
    ("seed", "fill", "words"),
    [
        (0, 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (2**64 - 1, 2**32 - 1, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ],
)
def test_philox_known_answers(seed: int, fill: int, words: tuple[int, ...]) -> None:
    number = fill << 32 | fill
    block = arrays._philox(seed, fill >> 24, fill & 0xFFFFFF, number, np.array([fill], np.uint64))
    assert tuple(int(word) for word in block[0]) == words


def test_longdouble_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.linspace(-1, 1, 6, dtype=np.longdouble).reshape(2, 3)
    assert reference.softmax_forward(x).dtype == np.longdouble
    assert reference.mean_squared_error_loss(x, 2 * x).dtype == np.longdouble
    assert reference.tanh_forward(x.astype(np.float32)).dtype == np.float64


def test_out_is_filled_and_returned() -> None:
    x, out = np.linspace(-1, 1, 6), np.empty(6)
    assert reference.exp(x, out=out) is out
    np.testing.assert_array_equal(out, np.exp(x))


def test_reference_imports_numpy_alone() -> None:
    code = (
        "import sys, types; package = types.ModuleType('kudari'); "
        f"package.__path__ = [{str(reference.__path__[0].rpartition('/')[0])!r}]; "
        "sys.modules['kudari'] = package; import kudari.reference; "
        "assert 'kudari._core' not in sys.modules and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
