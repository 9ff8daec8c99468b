"""The same seed gives the same bits: on any thread count and instruction set, watched or not."""

import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import kudari as keras
import toys
from kudari import _core, callbacks, cpu, kernels, layers, losses, optimizers

Array = NDArray[Any]
FEATURES, UNITS, ROWS = 37, 7, 110

OPTIMIZERS: dict[str, Callable[[], optimizers.Optimizer]] = {
    "sgd": lambda: optimizers.SGD(0.05),
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda: optimizers.RMSprop(0.01),
    "rmsprop momentum": lambda: optimizers.RMSprop(0.01, momentum=0.5),
    "rmsprop centered": lambda: optimizers.RMSprop(0.01, centered=True),
    "rmsprop centered momentum": lambda: optimizers.RMSprop(0.01, centered=True, momentum=0.5),
    "adam": lambda: optimizers.Adam(0.01),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
}
# The last activation, and whether labels are class numbers, one-hot rows, 0 and 1, or any numbers.
LOSSES: dict[str, tuple[Callable[[], losses.Loss], str | None, str]] = {
    "mse": (losses.MeanSquaredError, None, "any"),
    "mae": (losses.MeanAbsoluteError, "tanh", "any"),
    "huber": (losses.Huber, None, "any"),
    "bce": (losses.BinaryCrossentropy, "sigmoid", "bits"),
    "bce of logits": (lambda: losses.BinaryCrossentropy(from_logits=True), None, "bits"),
    "cce": (losses.CategoricalCrossentropy, "softmax", "one-hot"),
    "scce": (losses.SparseCategoricalCrossentropy, "softmax", "classes"),
}


class Net(NamedTuple):
    """A net and how it is trained."""

    widths: tuple[int, ...]
    hidden: str
    loss: str
    optimizer: str = "adam"
    dropout: float = 0.0
    dtype: str = "float32"
    rows: int = ROWS
    batch: int = 33
    epochs: int = 2


class Setting(NamedTuple):
    """Where it is trained: threads of each epoch, instruction set, how a step is divided."""

    threads: tuple[int, ...]
    isa: str
    by_layers: bool | None


@contextmanager
def on(setting: Setting) -> Iterator[None]:
    isa, threads = cpu.active(), cpu.get_num_threads()
    cpu.use(setting.isa)
    _core.hold_to(setting.by_layers)
    try:
        yield
    finally:
        cpu.use(isa)
        cpu.set_num_threads(threads)
        _core.hold_to(None)


def build(net: Net) -> keras.Sequential:
    keras.utils.set_random_seed(11)
    loss, last, _ = LOSSES[net.loss]
    stack: list[layers.Layer] = [keras.Input((net.widths[0],))]
    for units in net.widths[1:-1]:
        stack.append(layers.Dense(units, activation=net.hidden))
        if net.dropout:
            stack.append(layers.Dropout(net.dropout))
    model = keras.Sequential([*stack, layers.Dense(net.widths[-1], last)], dtype=net.dtype)
    metrics = ["accuracy"] if LOSSES[net.loss][2] != "any" else ["mae"]
    model.compile(OPTIMIZERS[net.optimizer](), loss(), metrics=metrics)
    return model


def data(net: Net) -> tuple[Array, Array]:
    rng = np.random.default_rng(5)
    x, units = rng.standard_normal((net.rows, net.widths[0])), net.widths[-1]
    form = LOSSES[net.loss][2]
    if form == "any":
        return x, rng.standard_normal((net.rows, units))
    if form == "bits":
        return x, rng.integers(0, 2, (net.rows, units))
    classes = rng.integers(0, units, net.rows)
    return x, classes if form == "classes" else np.eye(units)[classes]


def trained(net: Net, setting: Setting) -> list[bytes]:
    """History, weights, slots and outputs, with shuffling, validation, weights, a short batch."""
    x, y = data(net)
    weights: dict[str, Any] = {"sample_weight": np.random.default_rng(6).random(net.rows)}
    if LOSSES[net.loss][2] in ("one-hot", "classes") and net.dropout:
        weights = {"class_weight": {0: 3.0, 1: 0.25}}
    found = []
    with on(setting):
        model = build(net)
        for epoch, threads in zip(range(net.epochs), cycle(setting.threads), strict=False):
            cpu.set_num_threads(threads)
            run = model.fit(x, y, net.batch, epoch + 1, 0, validation_split=0.2,
                            initial_epoch=epoch, **weights)  # fmt: skip
            found.append(repr(run.history).encode())
        found += [repr(value).encode() for value in toys.state(model)]
        found.append(model.predict(x, verbose=0).tobytes())
    return found


def settings() -> list[Setting]:
    narrow, wide = cpu.available()[0], cpu.available()[-1]
    middle = cpu.available()[len(cpu.available()) // 2]
    return [
        Setting((1,), narrow, True),
        Setting((2, 3), narrow, None),
        Setting((1, 7), middle, False),
        Setting((3,), middle, True),
        Setting((16, 2), wide, True),
        Setting((2, 1), wide, False),
    ]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_with_every_optimizer(loss: str, optimizer: str) -> None:
    number = list(OPTIMIZERS).index(optimizer) + list(LOSSES).index(loss)
    net = Net(
        (FEATURES, 53, 29, UNITS),
        ("relu", "tanh", "sigmoid")[number % 3],
        loss,
        optimizer,
        dropout=0.25 * (number % 2),
        dtype=("float32", "float64")[number % 4 == 3],
    )
    alone = trained(net, Setting((1,), cpu.available()[0], False))
    for setting in settings():
        assert trained(net, setting) == alone, setting


NETS = {
    "spam": Net((100, 64, 32, 1), "relu", "bce", rows=300, batch=32),
    "house": Net((13, 64, 32, 1), "relu", "mse", rows=600, batch=256),
    "mnist": Net((784, 128, 64, 10), "relu", "scce", rows=400, batch=128),
    "higgs": Net((28, 300, 300, 300, 300, 300, 1), "tanh", "bce", rows=250, batch=100, epochs=1),
    "odd": Net((37, 53, 29, 7), "tanh", "cce", rows=130, batch=100),
    "one row": Net((37, 53, 29, 7), "tanh", "cce", rows=10, batch=1),
    "wide": Net((1024, 1024, 1024, 100), "relu", "scce", rows=80, batch=32, epochs=1),
}


@pytest.mark.parametrize("name", NETS)
def test_the_nets_of_the_benchmark(name: str) -> None:
    alone = trained(NETS[name], Setting((1,), cpu.available()[-1], False))
    # Two steps of the wide net take seconds where fma is a library call.
    for setting in [settings()[0], *settings()[2:]] if name != "wide" else settings()[2:]:
        assert trained(NETS[name], setting) == alone, setting
    if name == "wide":
        once = NETS[name]._replace(rows=40, batch=16)
        assert trained(once, settings()[1]) == trained(once, settings()[-1])


def test_while_another_thread_trains_another_model() -> None:
    net, over = NETS["mnist"], threading.Event()
    alone = trained(net, Setting((1,), cpu.active(), None))
    other = NETS["higgs"]

    def disturb() -> None:
        model, (x, y) = build(other), data(other)
        while not over.is_set():
            model.fit(x, y, 100, verbose=0)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        for threads in (1, 2, 7):
            assert trained(net, Setting((threads,), cpu.active(), None)) == alone
    finally:
        over.set()
        thread.join()


def test_a_step_of_fit_is_a_batch_of_the_permutation() -> None:
    """Also where the batch's loss is divided by the sum of the weights of its own rows."""
    x, y = toys.regression(100)
    weights = np.random.default_rng(1).random(100)

    def model() -> Any:
        net = toys.line_net()
        loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
        net.compile("adam", loss)
        return net

    fitted, stepped = model(), model()
    fitted.fit(x, y, 32, epochs=2, verbose=0, sample_weight=weights)
    for epoch in range(2):
        order = kernels.permutation(stepped._counters.seed, epoch, 100)
        for start in range(0, 100, 32):
            rows = order[start : start + 32]
            stepped.train_on_batch(x[rows], y[rows], weights[rows])
    assert toys.state(fitted)[:-4] == toys.state(stepped)[:-4]


def test_evaluate_divides_each_batch_by_the_weights_of_its_own_rows() -> None:
    """Also beyond the rows that the engine takes at once."""
    rows, batch = 5000, 300
    x, y = toys.regression(rows)
    weights = np.random.default_rng(1).random(rows)
    model = toys.line_net(dtype="float64")
    model.compile("sgd", losses.MeanSquaredError(reduction="mean_with_sample_weight"))
    found = model.evaluate(x, y, batch, verbose=0, sample_weight=weights)
    error = (model.predict(x, verbose=0)[:, 0] - y) ** 2
    total = 0.0
    for start in range(0, rows, batch):
        part = slice(start, start + batch)
        mean = np.average(error[part], weights=weights[part])
        total += mean * len(error[part])
    assert found == pytest.approx(total / rows, rel=1e-12)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="sets the x86-64 mode register")
def test_the_callers_float_mode_changes_nothing(isa: str) -> None:
    """Weights that stay below the normal numbers: a flushing mode would keep them at zero."""

    def weights() -> bytes:
        model = keras.Sequential([layers.Dense(1, use_bias=False, input_shape=(40,))])
        model.compile(optimizers.SGD(2.0**-20), "mae")
        model.set_weights([np.zeros((40, 1))])
        x = np.full((64, 40), 2.0**-115, np.float32)
        history = model.fit(x, np.ones(64), 16, epochs=2, verbose=0).history
        result: bytes = model.get_weights()[0].tobytes()
        return result + model.predict(x, verbose=0).tobytes() + repr(history).encode()

    wanted = weights()
    assert np.frombuffer(wanted, np.float32, 40).all()
    with toys.flushing_to_zero():
        assert weights() == wanted


class Watcher(callbacks.Callback):
    """Looks at every batch, evaluates and predicts."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.model.predict(np.zeros((3, 8)), verbose=0)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.evaluate(np.zeros((3, 8)), np.zeros(3), verbose=0)


@pytest.mark.parametrize("options", [
    {"callbacks": [Watcher()]},
    {"verbose": 1},
    {"verbose": 2},
    {"on_nonfinite": "ignore"},
], ids=str)  # fmt: skip
def test_watching_changes_nothing(options: dict[str, Any]) -> None:
    x, y = toys.classes()
    plain, watched = toys.softmax_net(), toys.softmax_net()
    wanted = plain.fit(x, y, epochs=3, verbose=0).history
    found = watched.fit(x, y, epochs=3, **{"verbose": 0} | options).history
    assert found == wanted
    assert toys.state(watched) == toys.state(plain)


def test_four_epochs_are_two_and_two() -> None:
    x, y = toys.classes()
    whole, halves = toys.softmax_net(), toys.softmax_net()
    wanted = whole.fit(x, y, epochs=4, verbose=0, validation_split=0.3).history
    first = halves.fit(x, y, epochs=2, verbose=0, validation_split=0.3).history
    second = halves.fit(x, y, epochs=4, initial_epoch=2, verbose=0, validation_split=0.3).history
    assert {name: first[name] + second[name] for name in first} == wanted
    assert toys.state(halves) == toys.state(whole)
