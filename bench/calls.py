"""Rows of single calls: predicting one row and many, and what a call costs beside its work."""

from pathlib import Path

import numpy as np

from bench import operands, tasks
from bench.numpy_net import NumpyNet
from bench.peers import kudari
from bench.protocol import Check, Row
from bench.runner import Job
from bench.tasks import NETS, Array, Task

PREDICTORS = (
    "kudari",
    "kudari-avx2",
    "kudari-baseline",
    "jax",
    "torch",
    "onnxruntime",
    "keras",
    "numpy",
)
TRAINERS = ("kudari", "kudari-avx2", "kudari-baseline", "torch", "keras")
MANY = 100_000
TOLERANCE = 1e-5  # probabilities in float32
_UNCHECKED = Check((), 0.0)


def _right(net: str, weights: list[Array], x: Array) -> list[float]:
    """Some of the probabilities in float64, those that `operands.shown` shows."""
    named = {f"w{index}": weight for index, weight in enumerate(weights)}
    z = NumpyNet(Task(NETS[net], len(x), "sgd", named), np.float64).forward(x)[-1]
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return operands.shown(p / p.sum(axis=1, keepdims=True))


def _predict(method: str, rows: int) -> Row:
    def prepare(folder: Path) -> tuple[Job, Check]:
        weights = kudari.initial_weights(NETS["mnist"])
        x = np.random.default_rng(tasks.SEED).standard_normal((rows, 784), dtype=np.float32)
        job: Job = {"kind": "predict", "net": "mnist", "method": method}
        job |= {"weights": str(folder / "weights.npz"), "rows": str(folder / "rows.npy")}
        np.savez(job["weights"], *weights)
        np.save(job["rows"], x)
        return job, Check(_right("mnist", weights, x), TOLERANCE)

    return Row("predict", f"{method}/{rows}", PREDICTORS, prepare)


def _fixed(what: str, steps: int) -> Row:
    job: Job = {"kind": "fixed", "what": what, "net": "house", "batch": 32, "steps": steps}
    name = what.replace(" ", "-")
    limits = () if what == "new model" else ("limit",)

    def prepare(folder: Path) -> tuple[Job, Check]:
        return job, _UNCHECKED

    return Row("fixed costs", name, TRAINERS, prepare, limits, frozenset(TRAINERS))


ROWS = [
    _predict("predict_on_batch", 1),
    _predict("predict", 1),
    _predict("predict", MANY),
    _fixed("train_on_batch", 1),
    _fixed("fit 10 steps", 10),
    _fixed("new model", 1),
]
