"""Nets, data and optimizers that kudari and Keras are compared on, written once for both.

Every function takes the library as its first argument: what a user would write after
`import kudari as keras`, and what runs on Keras itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BATCH_SIZE = 32
STEPS = 50
HELD_OUT = 75  # rows for validation, evaluate and predict
POOL = (STEPS + 2) * BATCH_SIZE  # rows to train on, and some to spare


@dataclass(frozen=True)
class Net:
    """A stack of Dense layers, relu but for the last, and what it learns."""

    sizes: tuple[int, ...]
    activation: str
    loss: str
    metrics: tuple[str, ...]


NETS = {
    "spam": Net((100, 64, 32, 1), "sigmoid", "binary_crossentropy", ("accuracy",)),
    "mnist": Net((784, 128, 64, 10), "softmax", "sparse_categorical_crossentropy", ("accuracy",)),
    "house": Net((13, 64, 32, 1), "linear", "mse", ("mae",)),
}


def _decay(keras: Any, staircase: bool) -> Any:
    schedule = keras.optimizers.schedules.ExponentialDecay
    return schedule(0.002, decay_steps=15, decay_rate=0.6, staircase=staircase)


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda keras: keras.optimizers.SGD(),
    "momentum": lambda keras: keras.optimizers.SGD(momentum=0.9),
    "nesterov": lambda keras: keras.optimizers.SGD(momentum=0.9, nesterov=True),
    "rmsprop": lambda keras: keras.optimizers.RMSprop(),
    "rmsprop_momentum": lambda keras: keras.optimizers.RMSprop(3e-4, momentum=0.9),
    "rmsprop_centered": lambda keras: keras.optimizers.RMSprop(centered=True),
    "rmsprop_centered_momentum": lambda keras: keras.optimizers.RMSprop(
        3e-4, momentum=0.9, centered=True
    ),
    "adam": lambda keras: keras.optimizers.Adam(),
    "amsgrad": lambda keras: keras.optimizers.Adam(amsgrad=True),
    "adam_decay": lambda keras: keras.optimizers.Adam(_decay(keras, staircase=False)),
    "adam_staircase": lambda keras: keras.optimizers.Adam(_decay(keras, staircase=True)),
}


def data(name: str) -> tuple[Array, Array]:
    """Inputs, and labels or targets that a noisy linear rule gives: nothing saturates on them.

    The first POOL rows are for training, the others are held out.
    """
    net = NETS[name]
    rng = np.random.default_rng(len(name))
    rows = POOL + HELD_OUT
    x = rng.normal(size=(rows, net.sizes[0])).astype(np.float32)
    rule = rng.normal(size=(net.sizes[0], net.sizes[-1])) / np.sqrt(net.sizes[0])
    score = x @ rule + rng.normal(scale=0.5, size=(rows, net.sizes[-1]))
    if net.activation == "softmax":
        return x, score.argmax(axis=1)
    if net.activation == "sigmoid":
        return x, (score[:, 0] > 0).astype(np.float32)
    return x, score[:, 0].astype(np.float32)


def batch_sizes(label: str) -> list[int]:
    """Rows of each step. Two calls of `fit` share the steps; with "adam" each ends in a short
    batch, with the others not, because Keras compiles anew for every size."""
    half = [BATCH_SIZE] * (STEPS // 2)
    if label == "adam":
        half[-1] = 20
    return half * 2


def weights(name: str) -> list[Array]:
    """Glorot-uniform kernels and small biases, the same for every library."""
    rng = np.random.default_rng(7)
    found: list[Array] = []
    sizes = NETS[name].sizes
    for fan_in, fan_out in pairwise(sizes):
        limit = np.sqrt(6 / (fan_in + fan_out))
        found.append(rng.uniform(-limit, limit, (fan_in, fan_out)).astype(np.float32))
        found.append(rng.uniform(-0.05, 0.05, fan_out).astype(np.float32))
    return found


def model(keras: Any, name: str, optimizer: Any) -> Any:
    """The compiled net, with the common weights."""
    net = NETS[name]
    *hidden, last = net.sizes[1:]
    layers = [keras.layers.Dense(units, activation="relu") for units in hidden]
    layers.append(keras.layers.Dense(last, activation=net.activation))
    built = keras.Sequential([keras.Input((net.sizes[0],)), *layers])
    built.compile(optimizer=optimizer, loss=net.loss, metrics=list(net.metrics))
    built.set_weights(weights(name))
    return built


def train(keras: Any, name: str, optimizer: Any, halves: list[Array]) -> dict[str, Array]:
    """Two calls of `fit`, on the rows that `halves` lists: the weights after them, what each says
    of its epoch, and evaluate and predict on the held-out rows."""
    x, y = data(name)
    held = x[POOL:], y[POOL:]
    built = model(keras, name, optimizer)
    histories = [
        built.fit(
            x[rows],
            y[rows],
            batch_size=BATCH_SIZE,
            shuffle=False,
            verbose=0,
            validation_data=held,
            validation_batch_size=HELD_OUT,
        ).history
        for rows in halves
    ]
    return {
        **{f"weight{index}": weight for index, weight in enumerate(built.get_weights())},
        "history_keys": np.array([list(history) for history in histories]),
        "history": np.array([list(history.values()) for history in histories]),
        "evaluate": np.array(built.evaluate(*held, batch_size=HELD_OUT, verbose=0)),
        "predict": built.predict(held[0], batch_size=HELD_OUT, verbose=0),
    }


def train_all(keras: Any, rows: dict[str, Array]) -> dict[str, Array]:
    """Every net with every optimizer on its rows, as one flat dict: "spam/adam/weight0"."""
    return {
        f"{name}/{label}/{key}": value
        for name in NETS
        for label, make in OPTIMIZERS.items()
        for key, value in train(keras, name, make(keras), halves(rows, name, label)).items()
    }


def halves(rows: dict[str, Array], name: str, label: str) -> list[Array]:
    """The rows of a case, in step order, for the first and the second call of `fit`."""
    return np.split(rows[f"{name}/{label}"], 2)
