"""Whole training steps against a plain NumPy net in float64: every kind of layer, several steps.

The nets are wider than a panel (16 doubles), taller than a strip (64 rows) and run more rows than a
chunk (128), so that every seam inside the engine is crossed; by rows and layer by layer. In float64
both sides do the same sums in another order: with values of the order of 1 and sums of at most two
thousand terms, a dozen steps keep them within 1e-11 of each other, a hundred thousand roundings
of 1e-16.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import kudari as keras
from kudari import _core, layers, reference

TOLERANCE = 1e-11
BATCH, ROWS, FEATURES, CLASSES = 150, 320, 81, 5

Stack = list[layers.Layer]


@pytest.fixture(autouse=True, params=[False, True], ids=["by rows", "by layers"])
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    _core.hold_to(request.param)
    yield
    _core.hold_to(None)


def plain(activation: str = "relu") -> Stack:
    return [
        layers.Dense(70, activation=activation),
        layers.Dense(33, activation="tanh"),
        layers.Dense(CLASSES, activation="softmax"),
    ]


STACKS: dict[str, Callable[[], Stack]] = {
    "relu": plain,
    "sigmoid": lambda: plain("sigmoid"),
    "softmax inside": lambda: plain("softmax"),
    "no bias": lambda: [
        layers.Dense(70, use_bias=False),
        layers.Dense(CLASSES, use_bias=False, activation="softmax"),
    ],
    "activation layers": lambda: [
        layers.Activation("tanh"),
        layers.Dense(40),
        layers.Activation("relu"),
        layers.Dense(CLASSES),
        layers.Activation("tanh"),
        layers.Activation("softmax"),
    ],
    "activations in a row": lambda: [
        layers.Dense(40, activation="relu"),
        layers.Activation("sigmoid"),
        layers.Activation("softmax"),
        layers.Activation("tanh"),
        layers.Dense(CLASSES, activation="softmax"),
    ],
    "activation after dropout": lambda: [
        layers.Dense(40, activation="sigmoid"),
        layers.Dropout(0.3, seed=2),
        layers.Activation("tanh"),
        layers.Dense(CLASSES, activation="softmax"),
    ],
    "dropout": lambda: [
        layers.Dropout(0.2, seed=5),
        layers.Dense(70, activation="sigmoid"),
        layers.Dropout(0.4, seed=6),
        layers.Dense(CLASSES, activation="softmax"),
    ],
    "transposed a few panels at a time": lambda: [
        layers.Dense(70, activation="tanh"),
        layers.Dense(2100, activation="tanh"),
        layers.Dense(CLASSES, activation="softmax"),
    ],
    "first layer frozen": lambda: [
        layers.Dense(70, activation="tanh", trainable=False),
        layers.Dense(33, activation="relu"),
        layers.Dense(CLASSES, activation="softmax"),
    ],
    "middle layer frozen": lambda: [
        layers.Dense(70, activation="tanh"),
        layers.Dense(33, activation="relu", trainable=False),
        layers.Dense(CLASSES, activation="softmax"),
    ],
}


class NumpyNet:
    """The same layers, one at a time, on arrays of float64."""

    def __init__(self, stack: Stack, weights: list[np.ndarray]) -> None:
        self.stack = stack
        self.weights = [weight.copy() for weight in weights]
        self.at: dict[int, list[int]] = {}
        index = 0
        for number, layer in enumerate(stack):
            self.at[number] = list(range(index, index + len(layer.weights)))
            index += len(layer.weights)

    def forward(self, x: np.ndarray, step: int) -> list[dict[str, Any]]:
        """For each layer what went in, what its kernel made of it, and what came out."""
        tape = []
        for number, layer in enumerate(self.stack):
            record: dict[str, Any] = {"x": x}
            if isinstance(layer, layers.Dense):
                kernel, *bias = (self.weights[i] for i in self.at[number])
                x = x @ kernel + (bias[0] if bias else 0.0)
            if isinstance(layer, layers.Dropout):
                record["mask"] = reference.dropout_mask(
                    layer.seed, number, step, x.shape, layer.rate
                )
                x = x * record["mask"]
            name = (
                getattr(layer.activation, "__name__", "linear")
                if hasattr(layer, "activation")
                else "linear"
            )
            record["name"] = name
            if name != "linear":
                x = getattr(reference, f"{name}_forward")(x)
            record["y"] = x
            tape.append(record)
        return tape

    def gradients(self, tape: list[dict[str, Any]], grad: np.ndarray) -> dict[int, np.ndarray]:
        found: dict[int, np.ndarray] = {}
        for number in reversed(range(len(self.stack))):
            record = tape[number]
            if record["name"] != "linear":
                grad = getattr(reference, f"{record['name']}_backward")(record["y"], grad)
            if "mask" in record:
                grad = grad * record["mask"]
            if self.at[number]:
                kernel, *bias = self.at[number]
                found[kernel] = record["x"].T @ grad
                if bias:
                    found[bias[0]] = grad.sum(axis=0)
                grad = grad @ self.weights[kernel].T
        return found

    def train(self, x: np.ndarray, y: np.ndarray, epochs: int, rate: float) -> list[float]:
        """Plain SGD, batch after batch; returns the mean loss of each epoch."""
        step, means = 0, []
        frozen = {
            i for n, layer in enumerate(self.stack) if not layer.trainable for i in self.at[n]
        }
        for _ in range(epochs):
            total = 0.0
            for start in range(0, len(x), BATCH):
                rows = slice(start, start + BATCH)
                tape = self.forward(x[rows], step)
                loss, grad = reference.sparse_categorical_crossentropy_loss_grad(
                    y[rows], tape[-1]["y"], scale=1 / len(y[rows])
                )
                for index, gradient in self.gradients(tape, grad).items():
                    if index not in frozen:
                        self.weights[index] -= rate * gradient
                total += float(loss.sum())
                step += 1
            means.append(total / len(x))
        return means


@pytest.mark.parametrize("name", STACKS)
def test_steps_agree_with_a_plain_net(name: str) -> None:
    stack = STACKS[name]()
    model = keras.Sequential([keras.Input((FEATURES,)), *stack], dtype="float64")
    # Where outputs saturate, the reference clips probabilities that the engine never forms.
    rate = 0.5 * min(1, 100 / max(weight.size // len(weight) for weight in model.get_weights()))
    model.compile(optimizer=keras.optimizers.SGD(rate), loss="sparse_categorical_crossentropy")
    rng = np.random.default_rng(3)
    scales = [min(0.15, 1 / np.sqrt(len(w))) for w in model.get_weights()]
    model.set_weights(
        [rng.normal(0, s, w.shape) for s, w in zip(scales, model.get_weights(), strict=True)]
    )
    x, y = rng.standard_normal((ROWS, FEATURES)), rng.integers(0, CLASSES, ROWS)
    before = model.get_weights()
    plain_net = NumpyNet(stack, before)
    means = plain_net.train(x, y, epochs=4, rate=rate)
    history = model.fit(x, y, batch_size=BATCH, epochs=4, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], means, atol=TOLERANCE, rtol=0)
    for got, want in zip(model.get_weights(), plain_net.weights, strict=True):
        np.testing.assert_allclose(got, want, atol=TOLERANCE, rtol=0)
    moved = [np.abs(a - b).max() for a, b in zip(model.get_weights(), before, strict=True)]
    assert max(moved) > 1e6 * TOLERANCE


@pytest.mark.parametrize("rows", [255, 256, 257, 1000])
def test_outputs_of_any_number_of_rows(rows: int) -> None:
    model = keras.Sequential([layers.Dense(3, input_shape=(4,))], dtype="float64")
    kernel, bias = model.get_weights()
    x = np.random.default_rng(0).standard_normal((rows, 4))
    for outputs in (model.predict(x, verbose=0), model.predict_on_batch(x), model(x)):
        np.testing.assert_allclose(outputs, x @ kernel + bias, atol=TOLERANCE, rtol=0)
