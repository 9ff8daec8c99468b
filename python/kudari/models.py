"""Sequential: a stack of layers with Keras's methods."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kudari import (
    checks,
    data,
    lacking,
    losses,
    optimizers,
    progress,
    summary,
    training,
)
from kudari import metrics as metrics_
from kudari.callbacks import CallbackList, History
from kudari.data import Rows
from kudari.layers import Layer, Shape
from kudari.network import CompileArguments, Net, Objective, architecture, resolve
from kudari.optimizers import Optimizer
from kudari.progress import Progress
from kudari.stack import Stack

Array: TypeAlias = NDArray[Any]


class Sequential(Stack):
    """A stack of layers, trained by the compiled engine.

    `layers` is a list of layers, perhaps with an `Input` first; `dtype` is "float32" (default) or
    "float64" for weights, arithmetic and outputs. Where no layer gives an input shape, the model is
    built for the first data it sees. Rows are the first axis of x.

    Calls of several threads that do not train, such as `predict`, wait for each other; any call
    while another thread trains the model raises RuntimeError. Within `fit`, callbacks may evaluate,
    predict, and read or set weights. An error leaves the model as it was.
    """

    def __init__(
        self, layers: Iterable[Layer] | None = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(layers, name, dtype)
        self.loss: Any = None
        self.history: History | None = None
        self.stop_training = False

    def summary(
        self,
        line_length: int | None = None,
        print_fn: Callable[[str], Any] | None = None,
        show_trainable: bool = False,
    ) -> None:
        """Print Keras's table of layers and parameters; `print_fn` is given the text instead."""
        rows = [summary.row(layer) for layer in self._layers]
        fitted = self.optimizer if self._counters.steps else None
        text = summary.render(self.name, rows, self.dtype, fitted, line_length, show_trainable)
        (print_fn or progress.write)(text)

    # Learning

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None) -> None:
        """Say what to learn: an optimizer, a loss and a list of metrics, as names or objects.

        Weights stay as they are. The same optimizer object keeps its state; a name makes a new one.
        ValueError for an unknown name (with the closest) and for a pairing that cannot learn.
        """
        with self._alone("compile"):
            if loss is None:
                fix = "Pass a name such as loss='mse', or a loss of kudari.losses."
                raise ValueError(checks.message("compile", "loss=None", "a loss", fix))
            parsed = tuple(metrics_.parse(metrics))
            arguments = CompileArguments(optimizers.get(optimizer), losses.resolve(loss), parsed)
            objective = None
            if self._row is not None and self._layers and arguments.loss is not None:
                objective = resolve(
                    arguments, architecture(self._layers, self._row), self.dtype, ()
                )
            self._arguments, self._objective, self.loss = arguments, objective, loss

    @property
    def optimizer(self) -> Optimizer | None:
        """The optimizer that `compile` was given or made; None before."""
        return self._arguments.optimizer if self._arguments else None

    @property
    def metrics_names(self) -> list[str]:
        """Names of the values that `evaluate` gives; empty until the metrics are known."""
        return list(self._objective.names) if self._objective else []

    def metric_directions(self) -> dict[str, str]:
        """For each metric, "up" where larger is better and "down" where smaller is."""
        objective = self._objective
        if objective is None:
            return {}
        named = zip(objective.names[1:], objective.metrics, strict=True)
        return {name: metric.direction for name, metric in named if metric.direction}

    def _resolved(self, where: str, x: Any, y: Any) -> Objective:
        """The objective for data like x and y; changes nothing."""
        if self._objective is not None:
            return self._objective
        if self._arguments is None:
            fix = "Call compile(optimizer, loss) first."
            got = f"model {self.name!r}, which is not compiled"
            raise RuntimeError(checks.message(where, got, "a compiled model", fix))
        row = data.row_shape(where, x) if self._row is None else self._row
        return resolve(self._arguments, architecture(self._layers, row), self.dtype, np.shape(y))

    def _rows(
        self,
        where: str,
        objective: Objective,
        x: Any,
        y: Any,
        sample_weight: Any,
        class_weight: Any = None,
    ) -> Rows:
        rows = data.prepare(
            where, x, y, sample_weight, objective.architecture.row, objective.target
        )
        if class_weight is None:
            return rows
        return data.weigh_classes(where, rows, class_weight, objective.target)

    def _at_work(self, objective: Objective) -> Net:
        """The network, set on `objective`."""
        net = self._network(objective.architecture.row)
        if not net.serves(objective):
            net.compile(objective)
        self._objective = objective
        return net

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        on_nonfinite: str = "raise",
    ) -> History:
        """Train on rows x (rows, …) and y, a label or a row of targets for each.

        Epochs run from `initial_epoch` to `epochs`, in batches of `batch_size` (32) rows, the last
        of which may be short, in a new order each epoch unless `shuffle` is False. `sample_weight`
        has one weight per row, `class_weight` one per class. `validation_data` is (x, y) or (x, y,
        sample_weight); `validation_split` takes the last rows instead, before any shuffling. They
        are looked at after every `validation_freq`-th epoch, or after those that it lists, from 1.
        `verbose`: 0 silent, 1 a bar on a terminal, 2 one line per epoch. RuntimeError before
        `compile`; ValueError or TypeError for wrong data, all of which is checked first.

        A NaN or an infinity in x, in the loss or in what flows back from it raises NonFiniteError
        before the update it would spoil; where an update itself was spoilt, the model returns to
        the epoch's start. With on_nonfinite="ignore" training goes on.
        """
        with self._alone("fit"):
            objective = self._resolved("fit", x, y)
            train, validation = self._parts(
                objective, x, y, sample_weight, class_weight, validation_split, validation_data
            )
            size = training.batch_size("fit", batch_size)
            options = training.FitOptions(
                epochs=checks.whole("fit", "epochs", epochs),
                initial_epoch=checks.whole("fit", "initial_epoch", initial_epoch),
                batch_size=size,
                shuffle=checks.flag("fit", "shuffle", shuffle),
                verbose=progress.level("fit", verbose),
                validation_batch_size=training.batch_size("fit", validation_batch_size, size),
                validation_epochs=training.validation_epochs(validation_freq),
                watch=checks.choice("fit", "on_nonfinite", on_nonfinite, ("ignore", "raise"))
                == "raise",
            )
            net = self._at_work(objective)
            net.require_memory(min(size, train.size), options.watch)
            history = History()
            hooks = CallbackList(
                callbacks, self, training.parameters(verbose, options.epochs, train, size)
            )
            hooks.append(history)
            self.stop_training = False
            self.history = history
            training.Fit(self, net, train, validation, options, hooks).run()
            return history

    def _parts(
        self,
        objective: Objective,
        x: Any,
        y: Any,
        sample_weight: Any,
        class_weight: Any,
        validation_split: Any,
        validation_data: Any,
    ) -> tuple[Rows, Rows | None]:
        """Rows to train on, and rows to validate on or None."""
        rows = self._rows("fit", objective, x, y, sample_weight)
        validation = None
        if validation_data is not None:
            where = "fit, validation_data"
            parts = data.unpack_validation(where, validation_data)
            validation = self._rows(where, objective, *parts)
        elif validation_split:
            rows, validation = data.split("fit", rows, validation_split)
        if class_weight is not None:
            rows = data.weigh_classes("fit", rows, class_weight, objective.target)
        return rows, validation

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss of all rows, or [loss, metrics…] where there are metrics; a dict on request."""
        with self._inside("evaluate"):
            objective = self._resolved("evaluate", x, y)
            rows = self._rows("evaluate", objective, x, y, sample_weight)
            size = training.batch_size("evaluate", batch_size)
            line = Progress(progress.level("evaluate", verbose), training.batches(rows.size, size))
            hooks = CallbackList(callbacks, self, training.parameters(verbose, 1, rows, size))
            means = training.evaluate(self._at_work(objective), rows, size, hooks, line)
            return _result(objective, means, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        callbacks: Any = None,
    ) -> Array:
        """Outputs for x (rows, …), of shape (rows, units) and the model's dtype."""
        with self._inside("predict"):
            row, values = self._inputs("predict", x)
            size = training.batch_size("predict", batch_size)
            level = progress.level("predict", verbose)
            if not level and callbacks is None and len(values) <= training.AT_ONCE:
                return self._network(row).predict_batch(values)
            steps = training.batches(len(values), size)
            line = Progress(level, steps)
            hooks = CallbackList(callbacks, self, {"verbose": verbose, "epochs": 1, "steps": steps})
            return training.predict(self._network(row), values, size, hooks, line)

    def _inputs(self, where: str, x: Any) -> tuple[Shape, Array]:
        row = self._row
        if row is None:
            row = data.row_shape(where, x)
            architecture(self._layers, row)
        return row, data.features(where, x, row)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One update on all rows of x; gives loss and metrics from before it as `evaluate` does."""
        with self._alone("train_on_batch"):
            objective = self._resolved("train_on_batch", x, y)
            rows = self._rows("train_on_batch", objective, x, y, sample_weight, class_weight)
            return _result(objective, self._at_work(objective).train_batch(rows), return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of the rows of x as `evaluate` gives them, without text and hooks."""
        with self._inside("test_on_batch"):
            objective = self._resolved("test_on_batch", x, y)
            rows = self._rows("test_on_batch", objective, x, y, sample_weight)
            return _result(objective, self._at_work(objective).test_batch(rows), return_dict)

    def predict_on_batch(self, x: Any) -> Array:
        """Outputs for the rows of x, without text and hooks."""
        with self._inside("predict_on_batch"):
            row, values = self._inputs("predict_on_batch", x)
            return self._network(row).predict_batch(values)

    def __call__(self, x: Any, training: bool = False) -> Array:
        """Outputs for the rows of x. Dropout acts in `fit` and `train_on_batch` alone."""
        if checks.flag("Sequential", "training", training):
            fix = "Leave it out; dropout acts in fit and train_on_batch."
            raise ValueError(checks.message("Sequential", "training=True", "training=False", fix))
        return self.predict_on_batch(x)

    def __reduce_ex__(self, protocol: Any) -> Any:
        fix = "Build a second model of the same layers, then set_weights(model.get_weights())."
        wanted = "something that can be copied or pickled"
        raise TypeError(checks.message("copy", f"model {self.name!r}", wanted, fix))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if isinstance(getattr(Sequential, name, None), property):
                return object.__getattribute__(self, name)  # raises the property's own error
            wanted = "a method or attribute of Sequential"
            raise checks.absent("Sequential", name, wanted, dir(type(self)), lacking.METHODS)

    def __repr__(self) -> str:
        return f"<Sequential name={self.name}, built={self.built}>"


def _result(objective: Objective, means: list[float], return_dict: bool) -> Any:
    """Values as Keras returns them: a float where there is only the loss."""
    if return_dict:
        return objective.logs(means)
    return means if len(means) > 1 else means[0]


checks.only(
    __name__,
    ("Sequential",),
    {"Model": lacking.FUNCTIONAL, "load_model": lacking.SAVING, "save_model": lacking.SAVING},
)
