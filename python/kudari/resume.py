"""What a run of `fit` needs to go on from where it stood, as arrays and plain values."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from kudari import _core, checks, tensors
from kudari.network import Net

Array: TypeAlias = NDArray[Any]
T = TypeVar("T")

_WHERE = "BackupAndRestore"


class Position(NamedTuple):
    """Where a run stands: `batch` steps of `epoch` are done, and these are the sums so far."""

    epoch: int
    batch: int
    totals: _core.Totals | None  # None between two epochs


class _State(NamedTuple):
    """What is not an array."""

    run: dict[str, Any]
    epoch: int
    batch: int
    rows: int
    seed: int
    epochs: int
    steps: int
    iterations: int
    learning_rate: float | None

    def check(self, steps: int) -> None:
        """ValueError or TypeError for what `save` cannot have written."""
        for name in ("epoch", "batch", "rows", "seed", "epochs", "steps", "iterations"):
            value = checks.whole(_WHERE, name, getattr(self, name))
            if value >= 2**64 or (name == "batch" and value > steps):
                raise ValueError(f"{name}={value}")
        if self.learning_rate is not None:
            checks.number(_WHERE, "learning_rate", self.learning_rate, low=0)
        if not isinstance(self.run, dict):
            raise TypeError("run is no mapping")


def save(path: str, net: Net, run: Mapping[str, Any], position: Position, more: Any) -> None:
    """Write the state of `net` and its optimizer; `run` tells this run from others."""
    assert net.objective is not None
    optimizer, life, totals = net.objective.optimizer, net.counters, position.totals
    names = net.weight_names()
    arrays = dict(zip((f"weights.{name}" for name in names), net.get_weights(), strict=True))
    for name, slots in zip(names, net.get_slots(), strict=True):
        arrays |= {f"slots.{index}.{name}": slot for index, slot in enumerate(slots)}
    for index, values in enumerate(totals.state() if totals else ()):
        arrays[f"totals.{index}"] = np.array(values)
    state = _State(
        run=_identity(net, run),
        epoch=position.epoch,
        batch=position.batch,
        rows=totals.rows if totals else 0,
        seed=life.seed,
        # An epoch that is under way begins anew with the same order of rows.
        epochs=life.epochs - (totals is not None),
        steps=life.steps,
        iterations=optimizer.iterations,
        learning_rate=None if optimizer.scheduled else optimizer.learning_rate,
    )
    text = json.dumps({"state": state._asdict(), "more": more}, default=float)
    tensors.write(path, arrays, {"kudari": "run", "run": text})


def _identity(net: Net, run: Mapping[str, Any]) -> dict[str, Any]:
    assert net.objective is not None
    return {
        "dtype": net.dtype.name,
        "loss": net.objective.choice.name,
        "optimizer": net.objective.optimizer.kernel,
        "values": list(net.objective.names),
        **run,
    }


def load(
    path: str, net: Net, run: Mapping[str, Any], read_more: Callable[[Any], T]
) -> tuple[Position, T]:
    """Bring `net` and its optimizer to the saved state; where it stood, and what else was saved.

    ValueError for a damaged file and for one of another model or run; then nothing is changed.
    """
    assert net.objective is not None
    weights, slots = net.get_weights(), net.get_slots()
    size = sum(array.nbytes for array in weights) * (1 + max(map(len, slots), default=0))
    sums = (run["rows"] // 64 + 512) * len(net.objective.names)
    arrays, texts = tensors.read(_WHERE, path, size + sums)
    wanted = {name: array.shape for name, array in arrays.items() if name.startswith("totals.")}
    for name, weight, own in zip(net.weight_names(), weights, slots, strict=True):
        wanted[f"weights.{name}"] = weight.shape
        wanted |= {f"slots.{index}.{name}": slot.shape for index, slot in enumerate(own)}
    try:
        saved = json.loads(texts["run"])
        state = _State(**saved["state"])
        more = read_more(saved["more"])
        state.check(-(-run["rows"] // run["batch_size"]))
        totals = _totals(net, arrays, state.rows)
    except (ArithmeticError, KeyError, RecursionError, TypeError, ValueError) as error:
        fix = "Remove it to start afresh, and give the backup a directory of its own."
        got = f"{path!r}, in which it is damaged: {error}"
        raise ValueError(checks.message(_WHERE, got, "the state of a run", fix)) from None
    _require_same(state.run, _identity(net, run))
    tensors.require(_WHERE, path, arrays, wanted)
    _apply(net, arrays, state)
    return Position(state.epoch, state.batch, totals), more


def _totals(net: Net, arrays: Mapping[str, Array], rows: int) -> _core.Totals | None:
    sums = sum(name.startswith("totals.") for name in arrays)
    if not sums:
        return None
    totals = net.totals()
    totals.restore(rows, [arrays[f"totals.{index}"].tolist() for index in range(sums)])
    return totals


def _require_same(saved: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    for name, value in own.items():
        if saved.get(name) != value:
            fix = "Continue with the same arguments, or remove the backup to start afresh."
            got = f"a backup of a run with {name}={saved.get(name)!r}"
            raise ValueError(checks.message(_WHERE, got, f"{name}={value!r}", fix))


def _apply(net: Net, arrays: Mapping[str, Array], state: _State) -> None:
    assert net.objective is not None
    optimizer, life, names = net.objective.optimizer, net.counters, net.weight_names()
    found = {name: array.astype(net.dtype, copy=False) for name, array in arrays.items()}
    count = len(net.get_slots()[0]) if names else 0
    net.set_weights([found[f"weights.{name}"] for name in names])
    net.set_slots([[found[f"slots.{s}.{name}"] for s in range(count)] for name in names])
    life.seed, life.epochs, life.steps = state.seed, state.epochs, state.steps
    optimizer.iterations = state.iterations
    if state.learning_rate is not None and not optimizer.scheduled:
        optimizer.learning_rate = state.learning_rate
