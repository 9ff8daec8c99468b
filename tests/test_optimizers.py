"""Optimizers on plain arrays, and the scalars they give the engine.

Updates are compared with the formulas written out here in float64, with numbers that Keras 3.15.1
gave, and with Keras itself where it is installed.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kudari import optimizers
from kudari.optimizers import SGD, Adam, Optimizer, RMSprop
from kudari.optimizers.schedules import ExponentialDecay
from live_keras import live_keras

Wide = NDArray[np.float64]
Rule = Callable[[Wide, Iterator[Wide]], Iterator[Wide]]


def _sgd(rate: float, momentum: float = 0.0, nesterov: bool = False) -> Rule:
    def rule(w: Wide, grads: Iterator[Wide]) -> Iterator[Wide]:
        v = np.zeros_like(w)
        for g in grads:
            v = momentum * v - rate * g
            w = w + (momentum * v - rate * g if nesterov else v)
            yield w

    return rule


def _rmsprop(
    rate: float, rho: float = 0.9, momentum: float = 0.0, eps: float = 1e-7, centered: bool = False
) -> Rule:
    def rule(w: Wide, grads: Iterator[Wide]) -> Iterator[Wide]:
        v, a, b = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
        for g in grads:
            v = rho * v + (1 - rho) * g**2
            a = rho * a + (1 - rho) * g
            b = momentum * b + rate * g / np.sqrt(v - centered * a**2 + eps)
            w = w - b
            yield w

    return rule


def _adam(
    rate: float, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-7, amsgrad: bool = False
) -> Rule:
    def rule(w: Wide, grads: Iterator[Wide]) -> Iterator[Wide]:
        m, v, top = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
        for t, g in enumerate(grads, 1):
            m = b1 * m + (1 - b1) * g
            v = b2 * v + (1 - b2) * g**2
            top = np.maximum(top, v) if amsgrad else v
            w = w - rate * math.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(top) + eps)
            yield w

    return rule


# Class, arguments, the rule, the engine's kernel, and what Keras 3.15.1 gives for PINNED below.
CASES: list[tuple[str, dict[str, Any], Rule, str, list[float]]] = [
    ("SGD", {"learning_rate": 0.1}, _sgd(0.1), "sgd", [0.5500000715, -1.850000143, 0.4985000193]),
    (
        "SGD",
        {"learning_rate": 0.1, "momentum": 0.9},
        _sgd(0.1, 0.9),
        "momentum",
        [0.04890698195, -1.682968974, 0.4968297184],
    ),
    (
        "SGD",
        {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
        _sgd(0.1, 0.9, True),
        "nesterov",
        [-0.3059836626, -1.564671993, 0.4956467152],
    ),
    ("RMSprop", {}, _rmsprop(0.001), "rmsprop", [0.9867721796, -1.986772299, 0.4881065488]),
    (
        "RMSprop",
        {"learning_rate": 0.01, "rho": 0.8, "momentum": 0.5},
        _rmsprop(0.01, 0.8, 0.5),
        "rmsprop_momentum",
        [0.8429851532, -1.842986345, 0.3537394106],
    ),
    (
        "RMSprop",
        {"centered": True},
        _rmsprop(0.001, centered=True),
        "rmsprop_centered",
        [0.984976232, -1.984976530, 0.4865867794],
    ),
    (
        "RMSprop",
        {"momentum": 0.9, "centered": True},
        _rmsprop(0.001, momentum=0.9, centered=True),
        "rmsprop_centered_momentum",
        [0.9593856335, -1.959386587, 0.4653027654],
    ),
    ("Adam", {}, _adam(0.001), "adam", [0.9951492548, -1.995149374, 0.4951555133]),
    (
        "Adam",
        {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-3},
        _adam(0.01, 0.8, 0.99, 1e-3),
        "adam",
        [0.9505289197, -1.951774478, 0.4866617024],
    ),
    (
        "Adam",
        {"amsgrad": True},
        _adam(0.001, amsgrad=True),
        "amsgrad",
        [0.9951492548, -1.995149374, 0.4951555133],
    ),
]
IDS = [f"{kind}-{'-'.join(arguments)}" for kind, arguments, *_ in CASES]
each_case = pytest.mark.parametrize(("kind", "arguments", "rule", "kernel", "pins"), CASES, ids=IDS)


def _gradients(dtype: str, steps: int = 20) -> list[NDArray[Any]]:
    """Gradients of a wide range of sizes, whose mean is not zero."""
    rng = np.random.default_rng(2)
    grads = rng.normal(0.5, 1, (steps, 5, 7)) * 10.0 ** rng.uniform(-3, 1, (5, 7))
    return list(grads.astype(dtype))


def _start(dtype: str) -> NDArray[Any]:
    return np.random.default_rng(3).normal(0, 1, (5, 7)).astype(dtype)


def _run(optimizer: Optimizer, dtype: str) -> list[NDArray[Any]]:
    """The weights after each of 20 updates."""
    weights, trace = _start(dtype), []
    for grad in _gradients(dtype):
        optimizer.apply([grad], [weights])
        trace.append(weights.copy())
    return trace


def _bounds(trace: list[Any], dtype: str) -> Iterator[NDArray[Any]]:
    """How far rounding may take weights: per step 8 roundings of all that was added until then.

    The longest chain from a gradient to its weight has 8 operations; its slots carry the relative
    error of earlier steps on, which the sum over steps counts.
    """
    size, before = np.abs(_start("float64")), _start("float64")
    for steps, weights in enumerate(trace, 1):
        size = size + np.abs(weights - before)
        before = weights
        yield 8 * steps * np.finfo(dtype).eps * size


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@each_case
def test_formulas(
    kind: str, arguments: Any, rule: Rule, kernel: str, pins: list[float], dtype: str
) -> None:
    trace = _run(getattr(optimizers, kind)(**arguments), dtype)
    grads = (grad.astype("float64") for grad in _gradients(dtype))
    exact = list(rule(_start(dtype).astype("float64"), grads))
    for ours, expected, bound in zip(trace, exact, _bounds(exact, dtype), strict=True):
        assert ours.dtype == dtype
        assert (np.abs(ours - expected) <= bound).all()


@each_case
def test_pinned(kind: str, arguments: Any, rule: Rule, kernel: str, pins: list[float]) -> None:
    optimizer = getattr(optimizers, kind)(**arguments)
    weights = np.array([1, -2, 0.5], "float32")
    for step in range(1, 6):
        optimizer.apply([np.array([0.3, -0.1, 1e-3], "float32") * step], [weights])
    np.testing.assert_allclose(weights, pins, rtol=16 * np.finfo("f4").eps)


@pytest.mark.compat
@each_case
def test_live_keras(kind: str, arguments: Any, rule: Rule, kernel: str, pins: list[float]) -> None:
    keras = live_keras()
    theirs = getattr(keras.optimizers, kind)(**arguments)
    variable = keras.Variable(_start("float32"))
    trace = _run(getattr(optimizers, kind)(**arguments), "float32")
    for grad, ours, bound in zip(
        _gradients("float32"), trace, _bounds(trace, "float32"), strict=True
    ):
        theirs.apply([grad], [variable])
        assert (np.abs(ours - np.asarray(variable)) <= bound).all()


@pytest.mark.compat
def test_live_keras_with_a_schedule() -> None:
    keras = live_keras()
    decay = {"initial_learning_rate": 0.01, "decay_steps": 3, "decay_rate": 0.5}
    theirs = keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(**decay))
    variable = keras.Variable(_start("float32"))
    trace = _run(Adam(ExponentialDecay(**decay)), "float32")
    for grad in _gradients("float32"):
        theirs.apply([grad], [variable])
    *_, bound = _bounds(trace, "float32")
    assert (np.abs(trace[-1] - np.asarray(variable)) <= bound).all()


@each_case
def test_names_for_the_engine(
    kind: str, arguments: Any, rule: Rule, kernel: str, pins: list[float]
) -> None:
    optimizer = getattr(optimizers, kind)(**arguments)
    assert optimizer.kernel == kernel
    weights = np.ones(3, "float32")
    optimizer.apply([np.ones(3, "float32")], [weights])
    assert tuple(optimizer.slots[0]) == optimizer.slot_names


SCALARS = {
    "sgd": 1,
    "momentum": 2,
    "nesterov": 2,
    "rmsprop": 4,
    "rmsprop_momentum": 5,
    "rmsprop_centered": 4,
    "rmsprop_centered_momentum": 5,
    "adam": 4,
    "amsgrad": 4,
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@each_case
def test_scalars(
    kind: str, arguments: Any, rule: Rule, kernel: str, pins: list[float], dtype: str
) -> None:
    """One row per step, whatever number of steps is asked for at once."""
    optimizer = getattr(optimizers, kind)(**arguments)
    rows = optimizer.scalars(0, 50, dtype)
    assert rows.dtype == dtype
    assert rows.shape == (50, SCALARS[kernel])
    parts = [optimizer.scalars(first, 7, np.dtype(dtype)) for first in range(0, 49, 7)]
    np.testing.assert_array_equal(rows[:49], np.concatenate(parts))
    assert optimizer.scalars(0, 0, dtype).shape == (0, SCALARS[kernel])


def test_scalars_are_rounded_as_keras_writes_them() -> None:
    """Every operation in float32; complements of Python numbers before the rounding."""
    one, rate = np.float32(1), np.float32(0.001)
    for step, row in enumerate(Adam().scalars(0, 300, "float32"), 1):
        power_1 = np.float32(np.float64(np.float32(0.9)) ** step)
        power_2 = np.float32(np.float64(np.float32(0.999)) ** step)
        alpha = rate * np.sqrt(one - power_2) / (one - power_1)
        np.testing.assert_allclose(row[0], alpha, rtol=2**-23)
        assert row[1:].tolist() == [np.float32(1 - 0.9), np.float32(1 - 0.999), np.float32(1e-7)]
    assert RMSprop(rho=0.9).scalars(0, 1, "float32")[0, 2] == np.float32(1 - 0.9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scalars_do_not_depend_on_how_many_are_formed_at_once(dtype: str) -> None:
    """Nor on what was asked for before: other betas, another dtype, another place."""
    for betas in ((0.9, 0.999), (0.8, 0.999), (0.9, 0.99), (0.0, 0.0)):
        adam = Adam(ExponentialDecay(0.1, 100, 0.5), *betas)
        rows = adam.scalars(0, 600, dtype)
        for steps in (1, 2, 64, 100, 256):
            parts = [adam.scalars(first, steps, dtype) for first in range(0, 600, steps)]
            assert np.concatenate(parts)[:600].tobytes() == rows.tobytes()


def test_scalars_follow_a_changed_option() -> None:
    adam = Adam(0.1)
    adam.scalars(3, 1, "float32")
    adam.beta_1, adam.learning_rate = 0.5, 0.2
    assert (adam.scalars(3, 1, "float32") == Adam(0.2, 0.5).scalars(3, 1, "float32")).all()


def test_scalars_of_a_schedule() -> None:
    schedule = ExponentialDecay(0.1, 10, 0.5)
    rows = SGD(schedule, momentum=0.5).scalars(5, 20, "float32")
    np.testing.assert_array_equal(rows[:, 0], schedule.rates(5, 20, "float32"))
    np.testing.assert_array_equal(rows[:, 1], np.full(20, 0.5))


def test_several_parameters() -> None:
    """Each keeps slots of its own, in its own dtype; shapes may be anything, () too."""
    params = [np.ones((2, 3), "f4"), np.ones(4, "f8"), np.ones((), "f4"), np.ones((0, 2), "f4")]
    grads = [np.full(p.shape, i + 1.0, p.dtype) for i, p in enumerate(params)]
    optimizer = Adam(0.1)
    optimizer.apply(grads, params)
    for param in params:
        np.testing.assert_allclose(param, 0.9, rtol=1e-5)
    assert [slot["m"].dtype for slot in optimizer.slots] == ["f4", "f8", "f4", "f4"]
    assert optimizer.iterations == 1


def test_gradients_may_be_views_lists_and_integers() -> None:
    plain, other = np.ones((2, 3), "f4"), np.ones((2, 3), "f4")
    grads = np.arange(6, dtype="f4").reshape(3, 2).T
    SGD(0.5).apply([grads], [plain])
    SGD(0.5).apply([grads.tolist()], [other])
    np.testing.assert_array_equal(plain, other)
    SGD(0.5).apply((grads.astype(int),), (other,))
    np.testing.assert_array_equal(other, 1 - grads)


@pytest.mark.parametrize(
    "momentum", [1, True, np.float32(1), np.float64(1), np.int64(1), np.array(1.0), np.bool_(True)]
)
def test_kinds_of_numbers(momentum: Any) -> None:
    weights = np.zeros(2, "f4")
    optimizer = SGD(momentum, momentum=momentum)
    for _ in range(2):
        optimizer.apply([np.ones(2, "f4")], [weights])
    np.testing.assert_array_equal(weights, [-3, -3])


@pytest.mark.parametrize("zero", [0, 0.0, False, np.float32(0), np.array(0)])
def test_zero_momentum_is_plain_descent(zero: Any) -> None:
    assert SGD(0.1, momentum=zero, nesterov=True).kernel == "sgd"
    assert RMSprop(momentum=zero).kernel == "rmsprop"


def test_learning_rate() -> None:
    optimizer = SGD(1)
    assert optimizer.learning_rate == 1.0
    for value in (0.5, np.float32(0.25), np.array(0.125), 0):
        optimizer.learning_rate = value
        assert optimizer.learning_rate == float(value)
    optimizer.learning_rate = ExponentialDecay(0.5, 1, 0.5)
    optimizer.iterations = 2
    assert optimizer.learning_rate == 0.125
    with pytest.raises(TypeError, match="Build the optimizer with a number"):
        optimizer.learning_rate = 0.1
    optimizer.learning_rate = ExponentialDecay(1.0, 1, 0.5)
    assert optimizer.learning_rate == 0.25


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, "fast", None, [0.1], math.sqrt])
def test_bad_learning_rate_is_not_taken(value: Any) -> None:
    optimizer = Adam(0.5)
    with pytest.raises((TypeError, ValueError), match=r"\[Adam\] expected learning_rate"):
        optimizer.learning_rate = value
    assert optimizer.learning_rate == 0.5
    with pytest.raises((TypeError, ValueError), match=r"\[Adam\] expected learning_rate"):
        Adam(value)


BAD_ARGUMENTS: list[tuple[type[Optimizer], dict[str, Any], type[Exception], str]] = [
    (SGD, {"lr": 0.1}, ValueError, "Write learning_rate instead"),
    (Adam, {"beta1": 0.9}, ValueError, "Did you mean 'beta_1'"),
    (RMSprop, {"epsilonn": 1e-7}, ValueError, "Did you mean 'epsilon'"),
    (SGD, {"momentum": -0.1}, ValueError, r"momentum in \[0, 1\]"),
    (SGD, {"momentum": 1.1}, ValueError, "momentum"),
    (SGD, {"momentum": math.nan}, ValueError, "momentum"),
    (SGD, {"momentum": "0.9"}, TypeError, "momentum to be a number"),
    (SGD, {"nesterov": "yes"}, TypeError, "nesterov to be True or False"),
    (RMSprop, {"rho": 1.5}, ValueError, "rho"),
    (RMSprop, {"epsilon": -1e-7}, ValueError, "epsilon"),
    (RMSprop, {"centered": None}, TypeError, "centered"),
    (Adam, {"beta_1": 1.0}, ValueError, r"beta_1 in \[0, 1\)"),
    (Adam, {"beta_2": -0.1}, ValueError, "beta_2"),
    (Adam, {"epsilon": math.nan}, ValueError, "epsilon"),
    (Adam, {"amsgrad": "no"}, TypeError, "amsgrad"),
]


@pytest.mark.parametrize(("kind", "arguments", "error", "words"), BAD_ARGUMENTS)
def test_bad_arguments(
    kind: type[Optimizer], arguments: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        kind(**{"learning_rate": 0.1, **arguments})


def test_decay_is_ignored_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="ExponentialDecay"):
        SGD(0.1, decay=1e-4)
    SGD(0.1, decay=None)


def _read_only() -> NDArray[Any]:
    array = np.ones((2, 3), "f4")
    array.flags.writeable = False
    return array


G, W = np.ones((2, 3), "f4"), np.ones((2, 3), "f4")
SHARED = np.ones(12, "f4")
BAD_PAIRS: list[tuple[Any, Any, type[Exception], str]] = [
    ([G.T], [W], ValueError, r"grads\[0\] of shape \(2, 3\).*transpose"),
    ([G, G[0]], [W, W.copy()], ValueError, r"grads\[1\] of shape \(2, 3\)"),
    ([G], [W, W.copy()], ValueError, "1 gradients for 2 parameters"),
    ([], [], ValueError, "0 gradients for 0 parameters"),
    (G, [W], TypeError, "grads to be a list"),
    ([G], W, TypeError, r"Pass \[params\]"),
    ([None], [W], TypeError, r"grads\[0\]"),
    ([["a", "b"]], [W], TypeError, r"grads\[0\]"),
    ([G.astype("f8")], [W], TypeError, r"astype\('float32'\)"),
    ([G], [W.astype("f8")], TypeError, r"astype\('float64'\)"),
    ([G], [W.astype("f2")], TypeError, r"params\[0\] as float32"),
    ([G], [W.tolist()], TypeError, "it must be a NumPy array"),
    ([G], [np.ones((2, 3), int)], TypeError, r"params\[0\] of dtype"),
    ([G], [_read_only()], TypeError, "read-only"),
    ([G.T], [np.ones((2, 3), "f4").T], TypeError, "contiguous"),
    ([G, G], [W, W], ValueError, r"params\[1\] not to overlap params\[0\]"),
    ([G[0], G[0]], [SHARED[:3], SHARED[2:5]], ValueError, "not to overlap"),
    ([W], [W], ValueError, r"params\[0\] not to overlap grads\[0\]"),
]


@pytest.mark.parametrize("kind", [SGD, RMSprop, Adam])
@pytest.mark.parametrize(("grads", "params", "error", "words"), BAD_PAIRS)
def test_bad_pairs_change_nothing(
    grads: Any, params: Any, error: Any, words: str, kind: type[Optimizer]
) -> None:
    optimizer = kind(0.1)
    before = [np.array(param) for param in params]
    with pytest.raises(error, match=words):
        optimizer.apply(grads, params)
    for param, value in zip(params, before, strict=True):
        np.testing.assert_array_equal(param, value)
    assert optimizer.iterations == 0
    assert optimizer.slots == []


def test_a_bad_pair_after_a_good_one_changes_nothing() -> None:
    optimizer, params = Adam(0.1), [np.ones(2, "f4"), np.ones(3, "f4")]
    optimizer.apply([np.ones(2, "f4"), np.ones(3, "f4")], params)
    before = [array.copy() for array in (*params, optimizer.slots[0]["m"], optimizer.slots[1]["v"])]
    with pytest.raises(ValueError, match=r"grads\[1\]"):
        optimizer.apply([np.ones(2, "f4"), np.ones(4, "f4")], params)
    with pytest.raises(ValueError, match="shapes and dtypes of the first call"):
        optimizer.apply([np.ones(2, "f4")], params[:1])
    with pytest.raises(ValueError, match="Use one optimizer for each list"):
        optimizer.apply([np.ones(2, "f4"), np.ones(3)], [params[0], np.ones(3)])
    after = [*params, optimizer.slots[0]["m"], optimizer.slots[1]["v"]]
    for array, value in zip(after, before, strict=True):
        np.testing.assert_array_equal(array, value)
    assert optimizer.iterations == 1


def test_get() -> None:
    for name in ("adam", "Adam", "ADAM"):
        assert isinstance(optimizers.get(name), Adam)
    assert isinstance(optimizers.get("RMSprop"), RMSprop)
    assert isinstance(optimizers.get(SGD), SGD)
    own = SGD(0.5)
    assert optimizers.get(own) is own
    assert optimizers.get("sgd") is not optimizers.get("sgd")
    defaults = {
        "sgd": {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False},
        "rmsprop": {
            "learning_rate": 0.001,
            "rho": 0.9,
            "momentum": 0.0,
            "epsilon": 1e-7,
            "centered": False,
        },
        "adam": {
            "learning_rate": 0.001,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-7,
            "amsgrad": False,
        },
    }
    for name, config in defaults.items():
        assert optimizers.get(name).get_config() == {"name": name, **config}


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("adma", "Did you mean 'adam'"),
        (None, "received None"),
        (0.1, "one of adam, rmsprop, sgd"),
        ({"class_name": "Adamm"}, "Did you mean 'adam'"),
    ],
)
def test_unknown(identifier: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        optimizers.get(identifier)


@each_case
def test_round_trip(kind: str, arguments: Any, rule: Rule, kernel: str, pins: list[float]) -> None:
    optimizer = getattr(optimizers, kind)(**arguments)
    copy = optimizers.deserialize(optimizers.serialize(optimizer))
    assert type(copy) is type(optimizer)
    assert copy.get_config() == optimizer.get_config()
    assert copy.kernel == kernel


def test_round_trip_of_a_schedule() -> None:
    optimizer = Adam(ExponentialDecay(0.1, 5, 0.5), beta_1=0.8)
    copy = optimizers.deserialize(optimizers.serialize(optimizer))
    np.testing.assert_array_equal(copy.scalars(0, 9, "float32"), optimizer.scalars(0, 9, "float32"))
