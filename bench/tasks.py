"""What is trained: nets, learnable data from a seed, optimizers, and the rows of the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SEED = 20240601
CHECKED_STEPS = 5  # first steps of a row whose losses every peer must get right
SPARSE, ONE_HOT = "sparse_categorical_crossentropy", "categorical_crossentropy"
BINARY, SQUARED = "binary_crossentropy", "mean_squared_error"


@dataclass(frozen=True)
class Net:
    """Dense layers `units`, all but the last with `hidden`; about `rows` rows of `inputs`."""

    name: str
    inputs: int
    units: tuple[int, ...]
    hidden: str
    last: str
    loss: str
    rows: int

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """(inputs, units) of each layer."""
        return list(zip((self.inputs, *self.units), self.units, strict=False))

    def floats(self, batch: int) -> int:
        """Floating-point operations of one step: 2 batch a weight, forward, for its gradient, and,
        but for the first layer, for the gradient of its input."""
        sizes = [rows * columns for rows, columns in self.shapes]
        return 2 * batch * (3 * sum(sizes) - sizes[0])


NETS = {
    net.name: net
    for net in (
        Net("spam", 100, (64, 32, 1), "relu", "sigmoid", BINARY, 4601),
        Net("mnist", 784, (128, 64, 10), "relu", "softmax", SPARSE, 20_000),
        Net("house", 13, (64, 32, 1), "relu", "linear", SQUARED, 20_000),
        Net("higgs", 28, (300,) * 5 + (1,), "tanh", "sigmoid", BINARY, 20_000),
        Net("wide", 1024, (1024, 1024, 100), "relu", "softmax", SPARSE, 8192),
        Net("odd", 37, (53, 29, 7), "tanh", "softmax", ONE_HOT, 5000),
    )
}

OPTIMIZERS: dict[str, dict[str, float]] = {
    "adam": {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    "sgd": {"learning_rate": 0.01},
    "momentum": {"learning_rate": 0.01, "momentum": 0.9},
    "rmsprop": {"learning_rate": 1e-3, "rho": 0.9, "epsilon": 1e-7},
}


@dataclass(frozen=True)
class Training:
    """A row of the table: a net, a batch size and an optimizer."""

    net: str
    batch: int
    optimizer: str = "adam"
    alone: bool = False  # for the share of the limit; no peer runs it

    @property
    def name(self) -> str:
        ending = "" if self.optimizer == "adam" else f"/{self.optimizer}"
        return f"{self.net}/{self.batch}{ending}"

    @property
    def rows(self) -> int:
        """Rows of data: the net's, rounded to whole batches so that all take the same steps."""
        return round(NETS[self.net].rows / self.batch) * self.batch


_BATCHES = {
    "spam": (1, 32, 256),
    "mnist": (32, 128, 1024),
    "house": (32, 256),
    "higgs": (100, 1000),
    "wide": (32, 256),
    "odd": (1, 33, 100),
}
ROWS = (
    *(Training(net, batch) for net, batches in _BATCHES.items() for batch in batches),
    *(Training("mnist", 32, optimizer) for optimizer in ("sgd", "momentum", "rmsprop")),
    Training("mnist", 1024, "sgd", alone=True),
    Training("higgs", 1000, "sgd", alone=True),
    Training("wide", 256, "sgd", alone=True),
)


@dataclass
class Task:
    """A row with its arrays: x (rows, inputs), y, and the initial weights kernel, bias, …"""

    net: Net
    batch: int
    optimizer: str
    arrays: dict[str, Array]

    @property
    def x(self) -> Array:
        return self.arrays["x"]

    @property
    def y(self) -> Array:
        """(rows,) int32 labels for the sparse loss, else (rows, units) float32."""
        return self.arrays["y"]

    @property
    def weights(self) -> list[Array]:
        return [self.arrays[f"w{index}"] for index in range(2 * len(self.net.units))]

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return len(self.x) // self.batch

    @property
    def settings(self) -> dict[str, float]:
        return OPTIMIZERS[self.optimizer]

    @cached_property
    def first(self) -> list[tuple[Array, Array]]:
        """The batches of the steps that are checked, in the order given."""
        ends = range(self.batch, (CHECKED_STEPS + 1) * self.batch, self.batch)
        return [(self.x[end - self.batch : end], self.y[end - self.batch : end]) for end in ends]


def data(net: Net, rows: int) -> tuple[Array, Array]:
    """Standard normal x, and y that a noisy teacher makes of it."""
    rng = np.random.default_rng([SEED, rows, net.inputs])
    x = rng.standard_normal((rows, net.inputs), dtype=np.float32)
    teacher = rng.standard_normal((net.inputs, net.units[-1]), dtype=np.float32)
    signal = x @ teacher / np.float32(np.sqrt(net.inputs))
    signal += rng.normal(0, 0.1, signal.shape).astype(np.float32)
    if net.loss == SPARSE:
        return x, signal.argmax(axis=1).astype(np.int32)
    if net.loss == ONE_HOT:
        return x, np.eye(net.units[-1], dtype=np.float32)[signal.argmax(axis=1)]
    return x, signal if net.loss == SQUARED else (signal > 0).astype(np.float32)


def save(row: Training, weights: Sequence[Array], path: Path) -> None:
    """Data and initial weights, where every peer finds them."""
    x, y = data(NETS[row.net], row.rows)
    named = {f"w{index}": weight for index, weight in enumerate(weights)}
    np.savez(path, allow_pickle=False, x=x, y=y, **named)


def load(job: dict[str, Any]) -> Task:
    """The task of a job, in the worker."""
    with np.load(job["arrays"]) as saved:
        arrays = {name: saved[name] for name in saved.files}
    return Task(NETS[job["net"]], job["batch"], job["optimizer"], arrays)


def load_rows(job: dict[str, Any]) -> tuple[list[Array], Array]:
    """Weights of a net, and rows to predict; the rows' memory is shared between the peers."""
    with np.load(job["weights"]) as saved:
        weights = [saved[name] for name in saved.files]
    return weights, np.load(job["rows"], mmap_mode="c")
