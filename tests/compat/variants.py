"""What `compile` and `fit` may be given besides the plain cases, written once for both."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from cases import Array

ROWS, FEATURES, CLASSES = 150, 12, 3  # 150 rows: four batches of 32 and a short one


class Variant(NamedTuple):
    """A last layer, what it learns from which labels, and further arguments of `fit`."""

    units: int
    activation: str
    loss: Callable[[Any], Any]
    labels: str
    metrics: tuple[str, ...] = ()
    fit: Callable[[dict[str, Array]], dict[str, Any]] = lambda _: {}


VARIANTS = {
    "several metrics, validation_split": Variant(
        1, "linear", lambda _: "mse", "target", ("mse", "mae"), lambda _: {"validation_split": 0.2}
    ),
    "mae": Variant(1, "linear", lambda _: "mae", "target"),
    "huber": Variant(1, "linear", lambda keras: keras.losses.Huber(delta=0.5), "target", ("mae",)),
    "sample_weight": Variant(
        1,
        "sigmoid",
        lambda _: "binary_crossentropy",
        "binary",
        ("accuracy",),
        lambda data: {"sample_weight": data["weight"]},
    ),
    "mean_with_sample_weight": Variant(
        1,
        "linear",
        lambda keras: keras.losses.MeanSquaredError(reduction="mean_with_sample_weight"),
        "target",
        ("mae",),
        lambda data: {"sample_weight": data["weight"]},
    ),
    "reduction sum": Variant(
        1, "linear", lambda keras: keras.losses.MeanSquaredError(reduction="sum"), "target"
    ),
    "class_weight": Variant(
        CLASSES,
        "softmax",
        lambda _: "sparse_categorical_crossentropy",
        "class",
        ("accuracy",),
        lambda _: {"class_weight": {0: 2.0, 1: 0.5}},
    ),
    "one-hot, label smoothing": Variant(
        CLASSES,
        "softmax",
        lambda keras: keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        "one_hot",
        ("accuracy",),
    ),
    "binary from logits, label smoothing": Variant(
        1,
        "linear",
        lambda keras: keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.2),
        "binary",
    ),
    "classes from logits": Variant(
        CLASSES,
        "linear",
        lambda keras: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "class",
        ("accuracy",),
    ),
    "categorical from logits": Variant(
        CLASSES,
        "linear",
        lambda keras: keras.losses.CategoricalCrossentropy(from_logits=True),
        "one_hot",
        ("accuracy",),
    ),
    "crossentropy of sigmoids": Variant(
        CLASSES, "sigmoid", lambda _: "binary_crossentropy", "one_hot"
    ),
}


def data() -> dict[str, Array]:
    """Inputs, each form of labels, and weights of the rows."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(ROWS, FEATURES)).astype(np.float32)
    score = x @ rng.normal(size=(FEATURES, CLASSES)) / 3
    classes = score.argmax(axis=1)
    return {
        "x": x,
        "target": score[:, :1].astype(np.float32),
        "binary": (score[:, 0] > 0).astype(np.float32),
        "class": classes,
        "one_hot": np.eye(CLASSES, dtype=np.float32)[classes],
        "weight": rng.uniform(0, 3, ROWS).astype(np.float32),
    }


def _model(keras: Any, variant: Variant) -> Any:
    """Hidden units are tanh: a rounding cannot flip them."""
    layers = [
        keras.layers.Dense(16, activation="tanh"),
        keras.layers.Dense(variant.units, activation=variant.activation),
    ]
    model = keras.Sequential([keras.Input((FEATURES,)), *layers])
    model.compile(
        optimizer=keras.optimizers.SGD(0.01, momentum=0.9),
        loss=variant.loss(keras),
        metrics=list(variant.metrics),
    )
    rng = np.random.default_rng(6)
    shapes = [weight.shape for weight in model.get_weights()]
    model.set_weights([rng.normal(scale=0.3, size=shape) for shape in shapes])
    return model


def train(keras: Any, variant: Variant) -> dict[str, Array]:
    """Two epochs, then what the other methods say of the trained model.

    They take all rows at once: Keras compiles anew for each size of batch.
    """
    rows = data()
    x, y = rows["x"], rows[variant.labels]
    model = _model(keras, variant)
    log = model.fit(x, y, epochs=2, shuffle=False, verbose=0, **variant.fit(rows)).history
    evaluated = model.evaluate(x, y, batch_size=ROWS, verbose=0, return_dict=True)
    return {
        "history_keys": np.array(list(log)),
        "history": np.array(list(log.values())),
        "weights": np.concatenate([weight.ravel() for weight in model.get_weights()]),
        "evaluate_keys": np.array(list(evaluated)),
        "evaluate": np.array(list(evaluated.values())),
        "predict": model.predict(x, batch_size=ROWS, verbose=0),
        "train_on_batch": np.atleast_1d(model.train_on_batch(x[:32], y[:32])),
        "test_on_batch": np.atleast_1d(model.test_on_batch(x, y)),
    }


def train_all(keras: Any) -> dict[str, Array]:
    """Every variant, as one flat dict: "variant/huber/weights"."""
    return {
        f"variant/{name}/{key}": value
        for name, variant in VARIANTS.items()
        for key, value in train(keras, variant).items()
    }
