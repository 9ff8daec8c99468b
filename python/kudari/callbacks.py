"""Callbacks: what a person may run between epochs or batches of `fit`, `evaluate` and `predict`."""

import math
import os
import sys
import warnings
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from numpy.typing import NDArray

from kudari import checks, lacking, tensors

Logs = dict[str, float]

# What belongs to the batches of each phase.
_BATCH_HOOKS = {
    phase: tuple(f"on_{prefix}batch_{when}" for prefix in prefixes for when in ("begin", "end"))
    for phase, prefixes in {
        "train": ("train_", ""),
        "test": ("test_",),
        "predict": ("predict_",),
    }.items()
}


class Callback:
    """Base of every callback: override the hooks you need, the others do nothing.

    Epochs and batches are counted from 0. `logs` is one dict that all callbacks of a run share:
    running averages of the loss and the metrics in `on_train_batch_end`, the epoch's values in
    `on_epoch_end`; keys that a callback adds there appear in the history. `self.model` is the
    model, `self.params` a dict with `verbose`, `epochs` and `steps`.
    """

    params: dict[str, Any] | None = None
    _model: Callable[[], Any] | None = None

    @property
    def model(self) -> Any:
        """The model of the run; None before the run, and once the model is gone."""
        return self._model() if self._model else None

    def set_model(self, model: Any) -> None:
        """Called before a run. Only a weak reference is kept: no callback keeps a model alive."""
        self._model = weakref.ref(model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Called once before a run."""
        self.params = params

    def set_run(self, run: Any) -> None:
        """Called by `fit` before `on_train_begin`. `run.save(path, more)` writes where the run
        stands, and `more`, values for JSON; `run.resume(path, read)` goes on from there and returns
        read(more)."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch of `fit`."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch of `fit`; skipped when `fit` raises."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before each epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After each epoch and its validation."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each training batch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each training batch."""
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before `evaluate`, and before the validation of an epoch."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After `evaluate`, and after the validation of an epoch."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each batch of `evaluate` or validation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each batch of `evaluate` or validation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before `predict`."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After `predict`."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After each batch of `predict`; `logs["outputs"]` holds its outputs."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


class CallbackList:
    """The callbacks of one run, called in order, with one `logs` dict for all."""

    def __init__(self, callbacks: object, model: Any, params: Mapping[str, Any]) -> None:
        self.callbacks: list[Callback] = []
        self._model = model
        self._params = params
        for callback in _as_list(callbacks):
            self.append(callback)

    def append(self, callback: Callback) -> None:
        """Add a callback of this run."""
        callback.set_model(self._model)
        callback.set_params(dict(self._params))
        self.callbacks.append(callback)

    def call(self, hook: str, *args: Any) -> None:
        """Call `hook` of every callback."""
        for callback in self.callbacks:
            getattr(callback, hook)(*args)

    def watch_batches(self, phase: str) -> bool:
        """Whether a callback overrides a batch hook of `phase` ("train", "test" or "predict")."""
        hooks = _BATCH_HOOKS[phase]
        return any(_overrides(callback, hook) for callback in self.callbacks for hook in hooks)


def _overrides(callback: Callback, hook: str) -> bool:
    return getattr(getattr(callback, hook), "__func__", None) is not getattr(Callback, hook)


def _as_list(callbacks: object) -> list[Callback]:
    """Callbacks given as None, one, or any iterable of them; a CallbackList gives its own."""
    if isinstance(callbacks, CallbackList):
        return callbacks.callbacks
    if callbacks is None:
        return []
    items = [callbacks] if isinstance(callbacks, Callback) else callbacks
    if not isinstance(items, Iterable):
        items = [items]
    found = list(items)
    for item in found:
        if not isinstance(item, Callback):
            raise TypeError(
                checks.message(
                    "callbacks",
                    repr(item),
                    "instances of kudari.callbacks.Callback",
                    "Make it an instance of a class that inherits from Callback.",
                )
            )
    return found


class History(Callback):
    """What `fit` returns: `history` maps names to one value per epoch, `epoch` lists the epochs.

    Names stand in Keras's order: training values in alphabetical order, then those of validation.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class LambdaCallback(Callback):
    """A callback made of functions: `LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs))`.

    Every hook of `Callback` may be given, with that hook's arguments.
    """

    def __init__(self, **hooks: Callable[..., Any] | None) -> None:
        for name, function in hooks.items():
            checks.choice("LambdaCallback", "each hook", name, HOOKS)
            if function is not None and not callable(function):
                fix = "Pass a function with the arguments of that hook."
                wanted = f"{name} to be a function"
                raise TypeError(checks.message("LambdaCallback", repr(function), wanted, fix))
            if function is not None:
                setattr(self, name, function)


class EarlyStopping(Callback):
    """Stop when `monitor` has not improved by more than `min_delta` for `patience` epochs.

    An improvement is a value below `best - min_delta` (above `best + min_delta` in mode "max";
    mode "auto" asks the metric). A NaN is never one. With `baseline`, the waiting starts again only
    once values are better than it. Epochs before `start_from_epoch` are not looked at. With
    `restore_best_weights` the model ends with the weights of the best epoch, whether it stopped
    early or not. Patience 0 and 1 mean the same; the first epoch never stops.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        where = "EarlyStopping"
        self.monitor = monitor
        self.min_delta = abs(checks.number(where, "min_delta", min_delta))
        self.patience = checks.whole(where, "patience", patience)
        self.verbose = verbose
        self.mode = checks.choice(where, "mode", mode, ("auto", "min", "max"))
        self.baseline = None if baseline is None else checks.number(where, "baseline", baseline)
        self.restore_best_weights = checks.flag(where, "restore_best_weights", restore_best_weights)
        self.start_from_epoch = checks.whole(where, "start_from_epoch", start_from_epoch)
        self._begin()

    def _begin(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best: float | None = None
        self.best_epoch = 0
        self.best_weights: list[NDArray[Any]] | None = None
        self._sign = 0.0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if not self._sign:
            self._sign = self._direction()
        current = self._current(logs or {})
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)
        self.wait += 1
        if self._improves(current, self.best):
            self._improved(epoch, current)
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            _say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose > 0:
                epoch = self.best_epoch + 1
                _say(f"Restoring model weights from the end of the best epoch: {epoch}.")
            self.model.set_weights(self.best_weights)

    def _improved(self, epoch: int, current: float) -> None:
        self.best = current
        self.best_epoch = epoch
        if self.restore_best_weights:
            self._keep(epoch)
        if self.baseline is None or self._improves(current, self.baseline):
            self.wait = 0

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        self.best_weights = self.model.get_weights()

    def _improves(self, value: float, other: float | None) -> bool:
        if other is None:
            return not math.isnan(value)
        return self._sign * value - self.min_delta > self._sign * other

    def _direction(self) -> float:
        """1 where larger is better, -1 where smaller is."""
        if self.mode != "auto":
            return 1.0 if self.mode == "max" else -1.0
        name = self.monitor.removeprefix("val_")
        direction = "down" if name == "loss" else self.model.metric_directions().get(name)
        if direction is None:
            logs = ["loss", *self.model.metric_directions()]
            near = checks.closest(self.monitor, [*logs, *(f"val_{log}" for log in logs)])
            fix = near if near.startswith("Did") else "Pass mode='min' or mode='max'."
            raise ValueError(
                checks.message(
                    "EarlyStopping",
                    f"monitor={self.monitor!r}, which is no metric of the model",
                    "a monitor whose better direction is known",
                    fix,
                )
            )
        return 1.0 if direction == "up" else -1.0

    def _current(self, logs: Logs) -> float | None:
        if self.monitor not in logs:
            warnings.warn(
                checks.message(
                    "EarlyStopping",
                    f"logs with {', '.join(logs)}",
                    f"the logs to hold {self.monitor!r}",
                    "Pass validation data to fit, or monitor one of these.",
                ),
                stacklevel=2,
            )
        return logs.get(self.monitor)


class BackupAndRestore(Callback):
    """Save where `fit` stands, and go on from there when the same call is run again.

    The file in `backup_dir` is written after each epoch, or after every `save_freq` batches where
    that is a number. It holds weights, the optimizer's state, the counters of all random numbers,
    the place within the epoch and the history so far, so that the resumed run ends with the bits of
    one that was never interrupted. It is replaced as a whole: a crash while saving leaves the last
    one. Use it with the same model, data and arguments; `epochs` may grow. Other callbacks begin
    anew. With `delete_checkpoint` the file goes when `fit` ends.

    ValueError for a damaged file and for one of another model or run.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        delete_checkpoint: bool = True,
    ) -> None:
        where = "BackupAndRestore"
        self.backup_dir = os.path.abspath(os.fspath(backup_dir))
        if save_freq != "epoch":
            save_freq = checks.whole(where, "save_freq", save_freq, low=1)
            self.on_train_batch_end = self._batch_end  # type: ignore[method-assign]
        self.save_freq = save_freq
        self.delete_checkpoint = checks.flag(where, "delete_checkpoint", delete_checkpoint)
        self._path = os.path.join(self.backup_dir, "run" + tensors.SUFFIX)
        self._epochs: list[tuple[int, Logs]] = []  # what History has seen
        self._resumed: list[tuple[int, Logs]] = []  # what it still has to see
        self._batches = 0

    def set_run(self, run: Any) -> None:
        self._run = run

    def on_train_begin(self, logs: Logs | None = None) -> None:
        os.makedirs(self.backup_dir, exist_ok=True)
        tensors.sweep(self._path)
        self._epochs, self._resumed, self._batches = [], [], 0
        if os.path.exists(self._path):
            self._epochs, self._batches = self._run.resume(self._path, _read_history)
            self._resumed = list(self._epochs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._replay()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._epochs.append((epoch, dict(logs or {})))
        if self.save_freq == "epoch":
            self._save()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._replay()
        if self.delete_checkpoint and os.path.exists(self._path):
            os.unlink(self._path)

    def _batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._batches += 1
        if self._batches % int(self.save_freq) == 0:
            self._save()

    def _save(self) -> None:
        self._run.save(self._path, (self._epochs, self._batches))

    def _replay(self) -> None:
        """Tell History, which began after this callback, of the epochs before."""
        for epoch, logs in self._resumed:
            self.model.history.on_epoch_end(epoch, logs)
        self._resumed = []


def _read_history(saved: Any) -> tuple[list[tuple[int, Logs]], int]:
    """The epochs with their logs, and the batches, that a backup holds."""
    epochs, batches = saved
    found = [
        (int(epoch), {str(name): float(logs[name]) for name in logs}) for epoch, logs in epochs
    ]
    return found, int(batches)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


checks.only(
    __name__,
    ("BackupAndRestore", "Callback", "CallbackList", "EarlyStopping", "History", "LambdaCallback"),
    {"ModelCheckpoint": lacking.SAVING},
)
