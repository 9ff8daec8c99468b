"""The demo's tasks on any library that has Keras's names: learning curves, and held-out metrics.

`KERAS_BACKEND=jax python bench/keras_runs.py STARTS.npz OUT.npz` runs them on Keras.
"""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

import kudari
from kudari import demo
from kudari.demo import Split, Task

Array = NDArray[Any]

CURVE_SEED = 0
SEEDS = range(20)


def starts() -> dict[str, Array]:
    """Initial weights for the curves, by task and index: kudari's own."""
    found: dict[str, Array] = {}
    for task in demo.TASKS:
        kudari.utils.set_random_seed(CURVE_SEED)
        model = demo.build(task, demo.split(task, CURVE_SEED).x.shape[1])
        found |= {f"{task.loader}/{i}": weight for i, weight in enumerate(model.get_weights())}
    return found


def everything(keras: Any, start: dict[str, Array]) -> dict[str, Array]:
    """By task: `curve` (epochs, 4) from the weights `start`, and `metric`, a value per seed."""
    results = {}
    for task in demo.TASKS:
        count = 2 * (len(task.hidden) + 1)
        weights = [start[f"{task.loader}/{index}"] for index in range(count)]
        results[f"{task.loader}/curve"] = curve(keras, task, weights)
        metrics = [held_out_metric(keras, task, seed) for seed in SEEDS]
        results[f"{task.loader}/metric"] = np.array(metrics)
    return results


def curve(keras: Any, task: Task, weights: list[Array]) -> Array:
    """Loss, metric, held-out loss and held-out metric after each epoch, rows in a given order."""
    data = demo.split(task, CURVE_SEED)
    model = demo.build(task, data.x.shape[1], keras)
    model.set_weights(weights)
    lines = []
    for epoch in range(task.epochs):
        order = np.random.default_rng([CURVE_SEED, epoch]).permutation(len(data.x))
        log = _fit(model, task, data._replace(x=data.x[order], y=data.y[order]), 1, shuffle=False)
        names = ("loss", task.metric, "val_loss", f"val_{task.metric}")
        lines.append([log[name][0] for name in names])
    return np.array(lines)


def held_out_metric(keras: Any, task: Task, seed: int) -> float:
    """The metric on held-out rows; initial weights and order of rows are the library's own."""
    data = demo.split(task, seed)
    keras.utils.set_random_seed(seed)
    model = demo.build(task, data.x.shape[1], keras)
    log = _fit(model, task, data, task.epochs, shuffle=True)
    return float(log[f"val_{task.metric}"][-1]) * data.unit


def _fit(model: Any, task: Task, data: Split, epochs: int, shuffle: bool) -> Any:
    """History's dict of one call of fit."""
    return model.fit(
        data.x,
        data.y,
        batch_size=task.batch_size,
        epochs=epochs,
        shuffle=shuffle,
        verbose=0,
        validation_data=(data.held_x, data.held_y),
    ).history


if __name__ == "__main__":
    import keras

    np.savez(sys.argv[2], **everything(keras, dict(np.load(sys.argv[1]))))
