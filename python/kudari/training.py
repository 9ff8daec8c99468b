"""The loops around the engine: epochs, validation, evaluation, prediction, with hooks and bar."""

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from kudari import _core, checks, kernels, progress, resume
from kudari.callbacks import CallbackList, Logs
from kudari.data import Rows
from kudari.network import CHUNK, Net
from kudari.nonfinite import OVERFLOW, Fault, refused
from kudari.progress import Progress
from kudari.resume import Position

Array: TypeAlias = NDArray[Any]
T = TypeVar("T")

AT_ONCE = 1024  # rows that the engine predicts before it looks at the clock
_STEPS = 4096  # most steps whose learning-rate scalars are formed at a time


class FitOptions(NamedTuple):
    """How `fit` goes over its rows."""

    epochs: int
    initial_epoch: int
    batch_size: int
    shuffle: bool
    verbose: int
    validation_batch_size: int
    validation_epochs: Callable[[int], bool]
    watch: bool  # whether a number that is not finite stops the run


def batches(rows: int, batch_size: int) -> int:
    """Number of batches, the last of which may be short."""
    return -(-rows // batch_size)


def batch_size(where: str, value: Any, default: int = 32) -> int:
    """`value` or the default; what exceeds any number of rows is as good as the largest index."""
    size = default if value is None else checks.whole(where, "batch_size", value, low=1)
    return min(size, sys.maxsize)


def parameters(verbose: Any, epochs: int, rows: Rows, batch_size: int) -> dict[str, Any]:
    """`params` of the callbacks of a run."""
    return {"verbose": verbose, "epochs": epochs, "steps": batches(rows.size, batch_size)}


def validation_epochs(frequency: Any) -> Callable[[int], bool]:
    """Whether an epoch, counted from 0, ends in validation: every n-th, or those listed from 1."""
    if isinstance(frequency, (list, tuple, set, range)):
        listed = {checks.whole("fit", "each epoch in validation_freq", e, low=1) for e in frequency}
        return lambda epoch: epoch + 1 in listed
    every = checks.whole("fit", "validation_freq", frequency, low=1)
    return lambda epoch: (epoch + 1) % every == 0


class Fit:
    """One call of `fit`: data that is known to be right, and the callbacks of the run."""

    def __init__(
        self,
        model: Any,
        net: Net,
        train: Rows,
        validation: Rows | None,
        options: FitOptions,
        callbacks: CallbackList,
    ) -> None:
        self.model = model
        self.net = net
        self.rows = train.size
        self.data = _core.Dataset(*train)
        self.validation = validation
        self.options = options
        self.callbacks = callbacks
        self.steps = batches(train.size, options.batch_size)
        self.watched = callbacks.watch_batches("train")
        self.position = Position(options.initial_epoch, 0, None)
        self.ahead = 64  # steps whose scalars are formed at a time: no more than time is likely for

    def run(self) -> None:
        """All epochs, until the last or until a callback sets `model.stop_training`."""
        logs: Logs = {}
        self.callbacks.call("set_run", self)
        self.callbacks.call("on_train_begin", {})
        while self.position.epoch < self.options.epochs:
            logs = self._epoch(self.position.epoch)
            if self.model.stop_training:
                break
        self.callbacks.call("on_train_end", logs)

    def save(self, path: str, more: Any) -> None:
        """Write where the run stands, and what else is to be found again."""
        resume.save(path, self.net, self._identity(), self.position, more)

    def resume(self, path: str, read_more: Callable[[Any], T]) -> T:
        """Go on from where the run of `save` stood; returns what `read_more` makes of the rest."""
        self.position, more = resume.load(path, self.net, self._identity(), read_more)
        return more

    def _identity(self) -> dict[str, Any]:
        options = self.options
        return {"rows": self.rows, "batch_size": options.batch_size, "shuffle": options.shuffle}

    def _epoch(self, epoch: int) -> Logs:
        options = self.options
        self.callbacks.call("on_epoch_begin", epoch, {})
        if options.verbose and options.epochs > 1:
            progress.write(f"Epoch {epoch + 1}/{options.epochs}\n")
        line = Progress(options.verbose, self.steps)
        logs = self._train(epoch, line)
        if self.validation is not None and options.validation_epochs(epoch):
            size = options.validation_batch_size
            means = evaluate(self.net, self.validation, size, self.callbacks)
            logs |= _logs(self.net, means, "val_")
        self.position = Position(epoch + 1, 0, None)
        self.callbacks.call("on_epoch_end", epoch, logs)
        line.end(logs)
        return logs

    def _order(self) -> NDArray[np.int64] | None:
        life = self.net.counters
        epoch, life.epochs = life.epochs, life.epochs + 1
        return kernels.permutation(life.seed, epoch, self.rows) if self.options.shuffle else None

    def _train(self, epoch: int, line: Progress) -> Logs:
        """The batches of one epoch; returns the means over its rows."""
        if self.options.watch:
            self.net.keep()
        order = self._order()
        totals, done = self.position.totals or self.net.totals(), self.position.batch
        logs: Logs = {}
        while done < self.steps and not self.model.stop_training:
            if self.watched:
                self.callbacks.call("on_train_batch_begin", done, {})
            steps = self._advance(order, done, totals)
            done += steps
            self.position = Position(epoch, done, totals)
            if not steps:
                self._refuse(epoch, done, self.net.fault())
            logs = _logs(self.net, totals.means())
            if self.watched:
                self.callbacks.call("on_train_batch_end", done - 1, logs)
            line.update(done, logs)
        if self.options.watch:
            self._refuse(epoch, done - 1, self.net.overflow())
        return logs or _logs(self.net, totals.means())

    def _refuse(self, epoch: int, step: int, fault: Fault | None) -> None:
        """Raise for a fault, if there is one; no update has been made with it, or all of the
        epoch's are taken back."""
        if fault is None:
            return
        after = "The weights are those before this step."
        if fault.tensor in OVERFLOW:
            self.net.put_back()
            after = "The weights are those of the epoch's start."
        raise refused("fit", fault, epoch, step, after)

    def _advance(self, order: Array | None, done: int, totals: _core.Totals) -> int:
        """About 50 ms of steps, or one where a callback looks at every batch."""
        options = self.options
        size = options.batch_size
        count = 1 if self.watched else min(self.ahead, self.steps - done)
        scalars = self.net.scalars(count)
        steps = self.net.train(
            self.data, order, done * size, size, scalars, totals, CHUNK, options.watch
        )
        self.ahead = min(4 * steps, _STEPS)
        return steps


def evaluate(
    net: Net,
    rows: Rows,
    batch_size: int,
    callbacks: CallbackList,
    line: Progress | None = None,
) -> list[float]:
    """Means of the loss and the metrics over `rows`, calling the test hooks."""
    data, totals = _core.Dataset(*rows), net.totals()

    def run(position: int, count: int, seconds: float) -> int:
        return net.evaluate(data, position, count, batch_size, totals, seconds)

    def report(batch: int) -> Logs:
        logs = _logs(net, totals.means())
        if line:
            line.update(batch, logs)
        return logs

    callbacks.call("on_test_begin", {})
    _over_rows("test", callbacks, rows.size, batch_size, run, report)
    logs = _logs(net, totals.means())
    callbacks.call("on_test_end", logs)
    if line:
        line.end(logs)
    return totals.means()


def predict(net: Net, x: Array, batch_size: int, callbacks: CallbackList, line: Progress) -> Array:
    """Outputs (rows, columns) for x (rows, features), calling the predict hooks."""
    out: Array = np.empty((len(x), net.outputs), net.dtype)
    data = _core.Dataset(x, None, None)

    def run(position: int, count: int, seconds: float) -> int:
        part = out[position : position + count]
        return net.predict(data, position, count, part, seconds)

    def report(batch: int) -> dict[str, Any]:
        line.update(batch, {})
        return {"outputs": out[(batch - 1) * batch_size : batch * batch_size]}

    callbacks.call("on_predict_begin", {})
    _over_rows("predict", callbacks, len(x), batch_size, run, report)
    callbacks.call("on_predict_end", {})
    line.end({})
    return out


def _over_rows(
    phase: str,
    callbacks: CallbackList,
    rows: int,
    batch_size: int,
    run: Callable[[int, int, float], int],
    report: Callable[[int], Any],
) -> None:
    """Run over all rows, about 50 ms at a time, or by batch where a callback looks at each."""
    watched, done = callbacks.watch_batches(phase), 0
    while done < rows:
        if not watched:
            done += run(done, rows - done, CHUNK)
            report(batches(done, batch_size))
            continue
        batch = done // batch_size
        callbacks.call(f"on_{phase}_batch_begin", batch, {})
        done += run(done, min(batch_size, rows - done), math.inf)
        callbacks.call(f"on_{phase}_batch_end", batch, report(batch + 1))


def _logs(net: Net, means: Sequence[float], prefix: str = "") -> Logs:
    assert net.objective is not None
    return net.objective.logs(means, prefix)
