"""Behind a built model: the compiled network that holds the weights, and what it is to learn."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from kudari import _core, checks, cpu, losses, memory, metrics
from kudari.data import Rows, Target
from kudari.layers import Layer, Shape, checked_weights
from kudari.losses import KernelChoice, Loss
from kudari.metrics import Metric
from kudari.nonfinite import Fault, refused
from kudari.optimizers import Optimizer

Array: TypeAlias = NDArray[Any]

_REDUCTIONS: dict[str | None, str] = {
    "sum_over_batch_size": "sum_over_batch_size",
    "mean": "sum_over_batch_size",
    "mean_with_sample_weight": "mean_with_sample_weight",
    "sum": "sum",
}
CHUNK = 0.05  # seconds in the engine before Python looks for Ctrl-C and the bar


class Counters:
    """Keys of a model's random numbers: its seed, epochs begun and steps done in its life."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.epochs = 0
        self.steps = 0


class CompileArguments(NamedTuple):
    """What `compile` was given. `loss` is None where it waits for the form of y."""

    optimizer: Optimizer
    loss: Loss | None
    metrics: tuple[Metric | str, ...]


class Architecture(NamedTuple):
    """A stack of layers for a shape of row, as the engine knows it."""

    row: Shape
    described: list[dict[str, Any]]
    owners: tuple[str, ...]  # the layer's name for each of `described`
    outputs: int

    @property
    def last_activation(self) -> str:
        """The activation whose values are the outputs; "linear" where none comes last."""
        return self.described[-1].get("name", "linear") if self.described else "linear"


class Objective(NamedTuple):
    """What a model is to learn, once its outputs and the form of y are known."""

    architecture: Architecture
    optimizer: Optimizer
    loss: Loss
    choice: KernelChoice
    metrics: tuple[Metric, ...]
    names: tuple[str, ...]
    target: Target

    def logs(self, means: Sequence[float], prefix: str = "") -> dict[str, float]:
        """The values by name, in alphabetical order."""
        named = zip(self.names, means, strict=True)
        return {prefix + name: value for name, value in sorted(named)}


def output_row(layers: Iterable[Layer], row: Shape) -> Shape:
    """Shape of one output row for input rows of shape `row`; ValueError where layers do not fit."""
    for layer in layers:
        row = layer.output_row(row)
    return row


def architecture(layers: Sequence[Layer], row: Shape) -> Architecture:
    """What the engine is to build; ValueError for an empty stack, one that does not fit, or rows
    that do not end in one axis."""
    described: list[dict[str, Any]] = []
    owners: list[str] = []
    shape = row
    for index, layer in enumerate(layers):
        described += layer.engine_layers(shape, index)
        owners += [layer.name] * (len(described) - len(owners))
        shape = layer.output_row(shape)
    if not layers or len(shape) != 1:
        got = f"outputs of shape {(None, *shape)}" if layers else "a model without layers"
        fix = "Add layers.Flatten()." if layers else "Add a layer: model.add(layers.Dense(1))."
        raise ValueError(checks.message("Sequential", got, "outputs of shape (None, units)", fix))
    return Architecture(row, described, tuple(owners), shape[0])


def resolve(
    arguments: CompileArguments, plan: Architecture, dtype: str, y_shape: tuple[int, ...]
) -> Objective:
    """What `arguments` mean for a model of this architecture; ValueError where it cannot learn.

    `y_shape` matters to the loss "crossentropy" alone.
    """
    loss = arguments.loss or losses.resolve_crossentropy(plan.outputs, y_shape)
    _refuse_hopeless(loss, plan)
    choice = loss.kernel_for(plan.last_activation)
    sparse = loss.labels == "sparse"
    form = (1,) if sparse else (1, plan.outputs)
    found = metrics.resolve(arguments.metrics, form, plan.outputs, loss)
    target = Target(loss.name, choice.name, sparse, plan.outputs, np.dtype(dtype))
    names = ("loss", *metrics.unique_names(found))
    return Objective(plan, arguments.optimizer, loss, choice, tuple(found), names, target)


def _refuse_hopeless(loss: Loss, plan: Architecture) -> None:
    if loss.reduction not in _REDUCTIONS:
        fix = "Use 'sum_over_batch_size', 'mean_with_sample_weight' or 'sum'."
        got = f"reduction={loss.reduction!r}"
        raise ValueError(checks.message("compile", got, "a loss that gives one number", fix))
    if plan.last_activation == "softmax" and plan.outputs == 1:
        fix = "For two classes use Dense(1, activation='sigmoid') with 'binary_crossentropy'."
        got = "a softmax over one unit, which is always 1"
        raise ValueError(checks.message("compile", got, "outputs that can change", fix))


def _fill_slots(engine: _core.Network, slots: list[list[Array]]) -> None:
    """Copy `slots` to `engine`, if it has as many."""
    for index, values in enumerate(slots):
        if len(values) == engine.slot_count:
            for slot, value in enumerate(values):
                engine.set_slot(index, slot, value)


class Net:
    """The network of `layers` for input rows of shape `row`; the layers' weights move into it."""

    def __init__(self, layers: Sequence[Layer], row: Shape, dtype: str, counters: Counters) -> None:
        self.layers = list(layers)
        self.row = row
        self.dtype = np.dtype(dtype)
        self.counters = counters
        self.objective: Objective | None = None
        self._kernel = ""
        self._kept = (0, 0, 0)
        self._ready = 0  # rows that the engine has room for
        self._keeps = False  # whether it has room for a copy of the weights
        self._slots_by_optimizer: WeakKeyDictionary[Optimizer, list[list[Array]]] = (
            WeakKeyDictionary()
        )
        cpu.get_num_threads()  # reads the environment, once
        self._settle(self._make())

    def _plan(self) -> Architecture:
        return architecture(self.layers, self.row)

    def _make(self) -> _core.Network:
        """A network of the layers as they are now, with their weights."""
        engine = _core.Network(self.dtype.name, math.prod(self.row), self._plan().described)
        self._fill(engine, [value for layer in self.layers for value in layer.weights])
        return engine

    def _fill(self, engine: _core.Network, weights: Iterable[Array]) -> None:
        for index, value in enumerate(weights):
            engine.set_weight(index, np.ascontiguousarray(value, self.dtype))

    def _settle(self, engine: _core.Network) -> None:
        index = 0
        for layer in self.layers:
            index = layer.move_in(engine, index)
        self._engine = engine
        self._trainable = self._flags()

    @property
    def outputs(self) -> int:
        """Columns of the output."""
        return self._engine.output_size

    # Weights and slots

    def weight_names(self) -> list[str]:
        """A name for each weight, by the place of its layer: "0.kernel", "0.bias", …"""
        places = enumerate(self.layers)
        return [f"{place}.{name}" for place, layer in places for name in layer.weight_names()]

    def get_weights(self) -> list[Array]:
        """Copies of all weights: kernel, bias, kernel, bias, …"""
        return [self._engine.get_weight(i) for i in range(self._weight_count)]

    def set_weights(self, weights: Iterable[Any]) -> None:
        """Replace all weights; every shape is checked before any is set."""
        names = [f"{layer.name}'s {name}" for layer in self.layers for name in layer.weight_names()]
        self._fill(self._engine, checked_weights("set_weights", weights, self.get_weights(), names))

    def get_slots(self) -> list[list[Array]]:
        """For each weight, copies of the optimizer's slots."""
        slots = range(self._engine.slot_count) if self.objective else ()
        return [[self._engine.get_slot(i, s) for s in slots] for i in range(self._weight_count)]

    def set_slots(self, slots: list[list[Array]]) -> None:
        """Replace the optimizer's slots by arrays in the order of `get_slots`."""
        _fill_slots(self._engine, slots)

    @property
    def _weight_count(self) -> int:
        return len(self._engine.weight_shapes)

    # Learning

    def compile(self, objective: Objective) -> None:
        """Take on `objective`. An optimizer object finds the slots it had here; a new one zeros."""
        kept = self.objective is not None and objective.optimizer is self.objective.optimizer
        if self.objective is not None and not kept:
            self._slots_by_optimizer[self.objective.optimizer] = self.get_slots()
        remade = self._trainable != self._flags()
        slots = len(objective.optimizer.slot_names)
        new = slots if slots != self._engine.slot_count else 0
        what = f"the {slots} slots of {type(objective.optimizer).__name__}"
        memory.require("compile", what, self._bytes() * (new + remade))
        engine = self._make() if remade else self._engine
        engine.compile(
            objective.choice.name,
            objective.choice.parameter,
            objective.choice.from_logits,
            _REDUCTIONS[objective.loss.reduction],
            [(metric.kernel, metric.parameter) for metric in objective.metrics],
            objective.optimizer.kernel,
        )
        if not kept:
            engine.reset_slots()
            _fill_slots(engine, self._slots_by_optimizer.pop(objective.optimizer, []))
        if remade:
            if kept:
                _fill_slots(engine, self.get_slots())
            self._settle(engine)
        self._ready, self._keeps = 0, self._keeps and not remade and not new
        self.objective = objective
        self._kernel = objective.optimizer.kernel

    def _flags(self) -> list[bool]:
        return [layer.trainable for layer in self.layers]

    def serves(self, objective: Objective) -> bool:
        """Whether `objective` can go on: no layer was frozen or freed, no option changed."""
        return (
            self.objective is objective
            and self._kernel == objective.optimizer.kernel
            and self._trainable == self._flags()
        )

    def train(
        self,
        data: _core.Dataset,
        order: NDArray[np.int64] | None,
        position: int,
        batch_size: int,
        scalars: Array,
        totals: _core.Totals,
        seconds: float,
        watch: bool,
    ) -> int:
        """Run one step per row of `scalars`, or fewer within `seconds`; returns the steps done.

        With `watch`, a step in which a number is not finite is not taken; see `fault`.
        """
        assert self.objective is not None
        life, before = self.counters, totals.rows
        try:
            return self._engine.train(
                data,
                order,
                position,
                batch_size,
                len(scalars),
                scalars,
                life.seed,
                life.steps,
                totals,
                seconds,
                watch,
            )
        finally:  # Ctrl-C is raised here, after steps that are done
            done = -(-(totals.rows - before) // batch_size)
            life.steps += done
            self.objective.optimizer.iterations += done

    def require_memory(self, batch: int, watch: bool) -> None:
        """MemoryError where a run with batches of `batch` rows would take more than there is."""
        outputs = [layer.get("units", 0) for layer in self._plan().described]
        row = 2 * self.dtype.itemsize * (math.prod(self.row) + sum(outputs))
        size = row * batch if batch > self._ready else 0
        if watch and not self._keeps:
            size += self._bytes() * (1 + self._engine.slot_count)
        memory.require("fit", f"a run with batches of {batch} rows", size)
        self._ready, self._keeps = max(batch, self._ready), self._keeps or watch

    def _bytes(self) -> int:
        """Of all weights."""
        return self.dtype.itemsize * sum(math.prod(shape) for shape in self._engine.weight_shapes)

    def fault(self) -> Fault | None:
        """What stopped the last call of `train`; None where nothing did."""
        found = self._engine.fault()
        if found is None:
            return None
        assert self.objective is not None
        tensor, op, rows = found
        owner = self.objective.architecture.owners[op] if tensor != "input" else ""
        return Fault(tensor, owner, rows)

    def keep(self) -> None:
        """Remember weights, slots and counters, for `put_back`."""
        assert self.objective is not None
        life = self.counters
        self._engine.keep()
        self._kept = (life.epochs, life.steps, self.objective.optimizer.iterations)

    def put_back(self) -> None:
        """Return to the last `keep`."""
        assert self.objective is not None
        life = self.counters
        self._engine.put_back()
        life.epochs, life.steps, self.objective.optimizer.iterations = self._kept

    def overflow(self) -> Fault | None:
        """The layer whose weights or slots are not all finite; None where every layer's are."""
        if self._engine.finite():
            return None
        owners = [layer.name for layer in self.layers for _ in layer.weight_names()]
        for tensor, arrays in (
            ("weights", [[weight] for weight in self.get_weights()]),
            ("optimizer state", self.get_slots()),
        ):
            for owner, group in zip(owners, arrays, strict=True):
                if not all(np.isfinite(array).all() for array in group):
                    return Fault(tensor, owner, [])
        return None

    def scalars(self, steps: int) -> Array:
        """The optimizer's scalars for the next `steps` steps."""
        assert self.objective is not None
        optimizer = self.objective.optimizer
        if optimizer.kernel != self._kernel:
            got = f"a change from {self._kernel} to {optimizer.kernel} within fit"
            fix = "Change such options between two calls of fit."
            wanted = "the optimizer to keep its form"
            raise RuntimeError(checks.message("fit", got, wanted, fix))
        return optimizer.scalars(optimizer.iterations, steps, self.dtype)

    def totals(self) -> _core.Totals:
        """Empty sums for the loss and each metric."""
        assert self.objective is not None
        return _core.Totals(1 + len(self.objective.metrics))

    def train_batch(self, rows: Rows) -> list[float]:
        """One step on all of `rows`; returns the loss and the metrics from before the step."""
        totals = self.totals()
        data = _core.Dataset(*rows)
        if not self.train(data, None, 0, rows.size, self.scalars(1), totals, math.inf, watch=True):
            fault = self.fault()
            assert fault is not None
            raise refused("train_on_batch", fault, None, None, "The model is as before this call.")
        return totals.means()

    def test_batch(self, rows: Rows) -> list[float]:
        """Loss and metrics of `rows`."""
        totals = self.totals()
        data = _core.Dataset(*rows)
        self.evaluate(data, 0, rows.size, rows.size, totals, math.inf)
        return totals.means()

    def evaluate(
        self,
        data: _core.Dataset,
        position: int,
        rows: int,
        batch_size: int,
        totals: _core.Totals,
        seconds: float,
    ) -> int:
        """Add rows [position, position + rows) to `totals`, or fewer within `seconds`."""
        return self._engine.evaluate(data, position, rows, batch_size, totals, seconds)

    def predict_batch(self, x: Array) -> Array:
        """Outputs for x (rows, features)."""
        return self._engine.predict_batch(x)

    def predict(
        self, data: _core.Dataset, position: int, rows: int, out: Array, seconds: float
    ) -> int:
        """Write outputs of rows [position, position + rows) to out, or fewer within `seconds`."""
        return self._engine.predict(data, position, rows, out, seconds)
