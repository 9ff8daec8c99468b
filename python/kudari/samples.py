"""Seeded arguments for every public kernel, with spread: for validation, benchmarks and tests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


@dataclass
class Sample:
    """One call: `kernel(*args, **kwargs)`."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Draw:
    """Where a sample comes from: a generator, the dtype, a number of rows and columns, and whether
    values beyond the ordinary are mixed in (0, the ends of a range, logits of 1000)."""

    rng: np.random.Generator
    dtype: str
    rows: int
    columns: int
    extremes: bool = True

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows, self.columns

    def normal(self, deviation: float = 1.0) -> Array:
        return (self.rng.normal(size=self.shape) * deviation).astype(self.dtype)

    def signed(self, low: float, high: float) -> Array:
        """Either sign, magnitudes spread evenly over the powers of ten from `low` to `high`."""
        sign = self.rng.choice([-1.0, 1.0], self.shape)
        return (sign * 10.0 ** self.rng.uniform(low, high, self.shape)).astype(self.dtype)

    def uniform(self, low: float, high: float) -> Array:
        return self.rng.uniform(low, high, self.shape).astype(self.dtype)

    def weights(self) -> Array:
        return self.rng.uniform(0.1, 3.0, self.rows).astype(self.dtype)

    def labels(self) -> NDArray[np.int32]:
        return self.rng.integers(0, self.columns, self.rows, dtype=np.int32)

    def put(self, array: Array, *values: float) -> Array:
        """`array` with each extreme value at about one place in sixteen."""
        for value in values if self.extremes else ():
            array[self.rng.random(array.shape) < 1 / 16] = value
        return array


def spread(array: Array) -> bool:
    """Whether no value fills nine tenths: a test on constant inputs proves little."""
    return array.size < 8 or bool(np.unique(array, return_counts=True)[1].max() < 0.9 * array.size)


# ---- losses: y_true, y_pred ---------------------------------------------------------------------


def _targets(draw: Draw) -> tuple[Array, Array]:
    truth = draw.normal(3.0)
    return truth, (truth + draw.put(draw.signed(-4.0, 2.0), 0.0)).astype(draw.dtype)


def _chances(draw: Draw) -> tuple[Array, Array]:
    """Soft and hard labels; probabilities inside the clip, and 0 and 1 beyond it."""
    logits = draw.rng.normal(size=draw.shape) * 4
    chance = np.clip(1 / (1 + np.exp(-logits)), 1e-5, 1 - 1e-5).astype(draw.dtype)
    return draw.put(draw.uniform(0.0, 1.0), 0.0, 1.0), draw.put(chance, 0.0, 1.0)


def _logits(draw: Draw) -> tuple[Array, Array]:
    logits = draw.put(draw.normal(8.0), 40.0, -40.0, 100.0, -100.0, 1000.0, -1000.0)
    return draw.put(draw.uniform(0.0, 1.0), 0.0, 1.0), logits


def _shares(draw: Draw) -> tuple[Array, Array]:
    """Distributions that do not quite sum to 1, some rows of y_pred with all on one class."""
    shares = np.exp(draw.normal(2.0))
    sure = draw.rng.random(draw.rows) < 1 / 8
    shares[sure] = np.arange(draw.columns) == draw.labels()[sure, None]
    return draw.uniform(0.0, 2.0 / draw.columns), shares.astype(draw.dtype)


def _scores(draw: Draw) -> tuple[Array, Array]:
    """Logits of rows that lie far from 0 and from one another."""
    offset = draw.rng.choice([0.0, 0.0, 1000.0, -20000.0], (draw.rows, 1)) * draw.extremes
    scores = (draw.rng.normal(size=draw.shape) * 4 + offset).astype(draw.dtype)
    return draw.uniform(0.0, 2.0 / draw.columns), scores


def _with_labels(
    pair: Callable[[Draw], tuple[Array, Array]],
) -> Callable[[Draw], tuple[Array, Array]]:
    return lambda draw: (draw.labels(), pair(draw)[1])


_LOSSES: dict[str, tuple[Callable[[Draw], tuple[Array, Array]], dict[str, float]]] = {
    "mean_squared_error": (_targets, {}),
    "mean_absolute_error": (_targets, {}),
    "huber": (_targets, {"delta": 1.25}),
    "binary_crossentropy": (_chances, {"label_smoothing": 0.1}),
    "sigmoid_crossentropy": (_logits, {"label_smoothing": 0.1}),
    "categorical_crossentropy": (_shares, {"label_smoothing": 0.1}),
    "softmax_crossentropy": (_scores, {"label_smoothing": 0.1}),
    "sparse_categorical_crossentropy": (_with_labels(_shares), {}),
    "sparse_softmax_crossentropy": (_with_labels(_scores), {}),
}


def _loss(stem: str, scaled: bool) -> Callable[[Draw], Sample]:
    pair, parameters = _LOSSES[stem]

    def make(draw: Draw) -> Sample:
        scale = {"scale": 0.75} if scaled else {}
        kwargs = {**parameters, **scale, "sample_weight": draw.weights()}
        return Sample(pair(draw), kwargs)

    return make


# ---- activations and elementwise ----------------------------------------------------------------


def _ordinary(draw: Draw) -> Sample:
    return Sample((draw.put(draw.signed(-3.0, 1.0), 0.0, -0.0),))


def _saturating(draw: Draw) -> Sample:
    return Sample((draw.put(draw.signed(-6.0, 1.9), 0.0, -0.0),))


def _rows_of_scores(draw: Draw) -> Sample:
    return Sample((_scores(draw)[1],))


def _relu_slope(draw: Draw) -> Sample:
    return Sample((np.maximum(draw.normal(), 0), draw.normal()))


def _sigmoid_slope(draw: Draw) -> Sample:
    return Sample((draw.put(draw.uniform(0.0, 1.0), 0.0, 1.0), draw.normal()))


def _tanh_slope(draw: Draw) -> Sample:
    return Sample((draw.put(draw.uniform(-1.0, 1.0), -1.0, 1.0), draw.normal()))


def _softmax_slope(draw: Draw) -> Sample:
    powers = np.exp(draw.normal(2.0))
    return Sample(((powers / powers.sum(axis=-1, keepdims=True)), draw.normal()))


def _exponents(draw: Draw) -> Sample:
    """Down to results that are subnormal, up to the largest finite one."""
    low, high = (-103.0, 88.7) if draw.dtype == "float32" else (-745.0, 709.7)
    low = low if draw.extremes else -80.0
    half = draw.rng.random(draw.shape) < 0.5
    return Sample((np.where(half, draw.uniform(low, high), draw.signed(-8.0, 0.5)),))


def _magnitudes(draw: Draw) -> Sample:
    """Positive numbers over the whole range, half of them near 1, where the logarithm is small."""
    high = 37.0 if draw.dtype == "float32" else 307.0
    half = draw.rng.random(draw.shape) < 0.5
    near = (1 + draw.signed(-6.0, -0.5)).astype(draw.dtype)
    return Sample((np.where(half, np.abs(draw.signed(-high, high)), near),))


def _increments(draw: Draw) -> Sample:
    """From just above -1 to large, most of them small."""
    half = draw.rng.random(draw.shape) < 0.75
    lowest = -30.0 if draw.extremes else -6.0
    small = np.maximum(draw.signed(lowest, 0.0), np.array(-0.999, draw.dtype))
    return Sample((np.where(half, small, np.abs(draw.signed(0.0, 30.0))),))


# ---- optimizers ---------------------------------------------------------------------------------


def _update(slots: tuple[str, ...], **scalars: float) -> Callable[[Draw], Sample]:
    """params, grads and slots; mean squares lie above the squares of the means."""

    def make(draw: Draw) -> Sample:
        average = draw.normal(0.1)
        margin = 10.0 ** draw.uniform(-6.0 if draw.extremes else -1.0, 0.0)
        square = (average**2 + margin).astype(draw.dtype)
        values = {"mean": average, "square": square, "largest": square[::-1].copy()}
        return Sample((draw.normal(), draw.signed(-4.0, 1.0), *(values[s] for s in slots)), scalars)

    return make


_RMSPROP = {"learning_rate": 0.01, "rho": 0.9, "epsilon": 1e-7}
_ADAM = {"alpha": 0.003, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}


# ---- arrays -------------------------------------------------------------------------------------


def _product(draw: Draw) -> Sample:
    inner = 4 * draw.columns
    a, b = (
        draw.rng.normal(size=s).astype(draw.dtype)
        for s in ((draw.rows, inner), (inner, draw.columns))
    )
    return Sample((a, b), {"bias": draw.rng.normal(size=draw.columns).astype(draw.dtype)})


def _powers(draw: Draw) -> Sample:
    """Decay rates to step counts, and anything positive to a small power."""
    half = draw.rng.random(draw.shape) < 0.5
    base = np.where(half, draw.rng.uniform(0.5, 1.0, draw.shape), np.abs(draw.signed(-20.0, 20.0)))
    counts = np.floor(10.0 ** draw.rng.uniform(0.0, 2.9, draw.shape))
    return Sample((base, np.where(half, counts, draw.rng.normal(size=draw.shape) * 3)))


def _mask(draw: Draw) -> Sample:
    return Sample((7, 3, 2**33 + 1, draw.shape, 0.3))


MAKERS: dict[str, Callable[[Draw], Sample]] = {
    **{f"{stem}_loss": _loss(stem, scaled=False) for stem in _LOSSES},
    **{f"{stem}_grad": _loss(stem, scaled=True) for stem in _LOSSES},
    **{f"{stem}_loss_grad": _loss(stem, scaled=True) for stem in _LOSSES},
    "binary_accuracy": lambda draw: Sample((np.round(draw.uniform(0, 1)), draw.uniform(0, 1))),
    "categorical_accuracy": lambda draw: Sample((draw.normal(), draw.normal())),
    "sparse_categorical_accuracy": lambda draw: Sample((draw.labels(), draw.normal())),
    "relu_forward": _ordinary,
    "relu_backward": _relu_slope,
    "sigmoid_forward": _saturating,
    "sigmoid_backward": _sigmoid_slope,
    "tanh_forward": _saturating,
    "tanh_backward": _tanh_slope,
    "softmax_forward": _rows_of_scores,
    "softmax_backward": _softmax_slope,
    "sgd_update": _update((), learning_rate=0.01),
    "momentum_update": _update(("mean",), learning_rate=0.01, momentum=0.9),
    "nesterov_update": _update(("mean",), learning_rate=0.01, momentum=0.9),
    "rmsprop_update": _update(("square",), **_RMSPROP),
    "rmsprop_momentum_update": _update(("square", "mean"), **_RMSPROP, momentum=0.9),
    "rmsprop_centered_update": _update(("square", "mean"), **_RMSPROP),
    "rmsprop_centered_momentum_update": _update(
        ("square", "mean", "largest"), **_RMSPROP, momentum=0.9
    ),
    "adam_update": _update(("mean", "square"), **_ADAM),
    "amsgrad_update": _update(("mean", "square", "largest"), **_ADAM),
    "matmul": _product,
    "sum": lambda draw: Sample((draw.signed(-3.0, 3.0),)),
    "exp": _exponents,
    "log": _magnitudes,
    "log1p": _increments,
    "power": _powers,
    "random_uniform": lambda draw: Sample((2**40 + 5, 9, draw.shape)),
    "permutation": lambda draw: Sample((2**40 + 5, 2**34 + 1, draw.rows * draw.columns)),
    "dropout_mask": _mask,
}


def make(kernel: str, dtype: str, rows: int, columns: int, *, extremes: bool = True) -> Sample:
    """Arguments for `kernel`, fixed by the other arguments; RuntimeError if they lack spread."""
    draw = Draw(np.random.default_rng([rows, columns]), dtype, rows, columns, extremes)
    sample = MAKERS[kernel](draw)
    arrays = [a for a in (*sample.args, *sample.kwargs.values()) if isinstance(a, np.ndarray)]
    if columns > 1 and not all(spread(array) for array in arrays):
        raise RuntimeError(f"[samples] the arguments for {kernel} are nearly constant.")
    return sample
