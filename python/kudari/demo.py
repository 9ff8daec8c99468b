"""`python -m kudari demo`: three models on real data, from the sets that scikit-learn brings."""

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import kudari
from kudari import checks
from kudari.callbacks import History

Array = NDArray[Any]

HELD_OUT = 0.25  # share of the rows that the model never trains on

# Blue and vermilion of Okabe and Ito, told apart by every eye; the dashes serve a grey print.
_CURVES = (("", "training rows", "#0072B2", "-"), ("val_", "held-out rows", "#D55E00", "--"))


@dataclass(frozen=True)
class Task:
    """A set of `sklearn.datasets`, the net for it, and how the net is trained.

    Hidden layers are relu. `optimizer` makes one from the library it is given.
    """

    title: str
    loader: str
    hidden: tuple[int, ...]
    units: int
    activation: str
    loss: str
    metric: str
    optimizer: Callable[[Any], Any]
    epochs: int
    batch_size: int = 32

    @property
    def regression(self) -> bool:
        """Whether the targets are quantities rather than classes."""
        return self.activation == "linear"


TASKS = (
    Task(
        title="breast cancer, 2 classes",
        loader="load_breast_cancer",
        hidden=(64, 32),
        units=1,
        activation="sigmoid",
        loss="binary_crossentropy",
        metric="accuracy",
        optimizer=lambda keras: keras.optimizers.Adam(),
        epochs=20,
    ),
    Task(
        title="handwritten digits, 10 classes",
        loader="load_digits",
        hidden=(128, 64),
        units=10,
        activation="softmax",
        loss="sparse_categorical_crossentropy",
        metric="accuracy",
        optimizer=lambda keras: keras.optimizers.RMSprop(),
        epochs=15,
    ),
    Task(
        title="diabetes, regression",
        loader="load_diabetes",
        hidden=(64, 32),
        units=1,
        activation="linear",
        loss="mse",
        metric="mae",
        optimizer=lambda keras: keras.optimizers.SGD(learning_rate=0.003, momentum=0.9),
        epochs=20,
    ),
)


class Split(NamedTuple):
    """Standardised float32 rows (n, features), their labels or targets, and those held out.

    `unit` is what one unit of y is worth in the data: 1 for classes, the targets' spread otherwise.
    """

    x: Array
    y: Array
    held_x: Array
    held_y: Array
    unit: float


class Outcome(NamedTuple):
    """What became of a task: epochs, and loss and metric on the held-out rows."""

    task: Task
    history: History
    optimizer: str
    loss: float
    metric: float
    seconds: float


def split(task: Task, seed: int) -> Split:
    """The task's data: a quarter is held out, which quarter `seed` says.

    Columns, and the targets of a regression, are standardised by the means and spreads of the
    training rows. ImportError without scikit-learn.
    """
    try:
        datasets = importlib.import_module("sklearn.datasets")
    except ImportError as error:
        fix = "Install it with pip install 'kudari[demo]'."
        wanted = "scikit-learn and its data sets"
        raise ImportError(checks.message("demo", "no such module", wanted, fix)) from error
    bunch = getattr(datasets, task.loader)()
    order = np.random.default_rng(seed).permutation(len(bunch.target))
    x, y = bunch.data[order], bunch.target[order]
    rows = len(y) - round(len(y) * HELD_OUT)
    x, _ = _standardised(x, rows)
    unit = 1.0
    if task.regression:
        y, unit = _standardised(y, rows)
    return Split(x[:rows], y[:rows], x[rows:], y[rows:], float(unit))


def _standardised(values: Array, rows: int) -> tuple[Array, Any]:
    """`values` with mean 0 and spread 1 over the first `rows`, and that spread."""
    spread = values[:rows].std(axis=0)
    spread = np.where(spread == 0, 1.0, spread)
    return ((values - values[:rows].mean(axis=0)) / spread).astype(np.float32), spread


def build(task: Task, features: int, keras: Any = kudari) -> Any:
    """The task's compiled net for rows of `features` columns, made by the library `keras`."""
    layers = [keras.layers.Dense(units, activation="relu") for units in task.hidden]
    layers.append(keras.layers.Dense(task.units, activation=task.activation))
    model = keras.Sequential([keras.Input((features,)), *layers])
    model.compile(optimizer=task.optimizer(keras), loss=task.loss, metrics=[task.metric])
    return model


def run(task: Task, seed: int, epochs: int | None, verbose: int) -> Outcome:
    """Train the task's net from `seed`, for its own number of epochs where `epochs` is None."""
    data = split(task, seed)
    kudari.utils.set_random_seed(seed)
    model = build(task, data.x.shape[1])
    start = time.perf_counter()
    history = model.fit(
        data.x,
        data.y,
        batch_size=task.batch_size,
        epochs=epochs or task.epochs,
        verbose=verbose,
        validation_data=(data.held_x, data.held_y),
    )
    seconds = time.perf_counter() - start
    loss, metric = model.evaluate(data.held_x, data.held_y, verbose=0)
    name = type(model.optimizer).__name__
    return Outcome(task, history, name, loss, metric * data.unit, seconds)


def table(outcomes: Sequence[Outcome]) -> str:
    """A line per task: loss, optimizer, loss and metric on held-out rows, seconds of `fit`."""
    line = "{:<32}{:<33}{:<11}{:>13}  {:<17}{:>7}".format
    lines = [line("task", "loss", "optimizer", "held-out loss", "held-out metric", "seconds")]
    for task, _, optimizer, loss, metric, seconds in outcomes:
        shown = f"{task.metric} {metric:.{2 if task.regression else 4}f}"
        lines.append(line(task.title, task.loss, optimizer, f"{loss:.4f}", shown, f"{seconds:.3f}"))
    return "\n".join(lines)


def plot(outcomes: Sequence[Outcome], path: str) -> None:
    """Draw the learning curves into `path`: loss above, metric below, a column per task."""
    from kudari.benchmark import plotting

    pyplot = plotting()
    size = (4 * len(outcomes), 6)
    figure, axes = pyplot.subplots(2, len(outcomes), figsize=size, sharex="col", squeeze=False)
    for column, outcome in zip(axes.T, outcomes, strict=True):
        for axis, name in zip(column, ("loss", outcome.task.metric), strict=True):
            _curves(axis, outcome.history, name)
            axis.set_ylabel(f"{name} (standardised)" if outcome.task.regression else name)
        column[0].set_title(outcome.task.title)
        column[1].set_xlabel("epoch")
    axes[0, 0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _curves(axis: Any, history: History, name: str) -> None:
    epochs = np.array(history.epoch) + 1
    marker = "o" if len(epochs) == 1 else None
    for prefix, label, colour, style in _CURVES:
        values = history.history[prefix + name]
        axis.plot(epochs, values, style, color=colour, label=label, linewidth=2, marker=marker)
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.grid(alpha=0.3)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    text = "Train three models on real data and print how they do on held-out rows."
    parser = argparse.ArgumentParser(prog="python -m kudari demo", description=text)
    parser.add_argument("--plot", metavar="FILE.png", help="draw the learning curves")
    parser.add_argument("--epochs", type=int, help="default: 20, 15 and 20")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument("--verbose", type=int, choices=(0, 1, 2), default=1, help="as in fit")
    arguments = parser.parse_args(argv)
    if arguments.epochs is not None and arguments.epochs < 1:
        parser.error(f"expected --epochs of at least 1; received {arguments.epochs}")
    if not 0 <= arguments.seed < 2**32:
        parser.error(f"expected --seed from 0 to 2**32 - 1; received {arguments.seed}")
    if arguments.plot and not Path(arguments.plot).absolute().parent.is_dir():
        parser.error(f"expected --plot in a folder that exists; received {arguments.plot}")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; its exit code, 1 where a package of the extra is missing."""
    arguments = _arguments(argv)
    outcomes = []
    try:
        if arguments.plot:
            from kudari.benchmark import plotting

            plotting()  # a missing matplotlib is said before the training
        for task in TASKS:
            print(f"\n{task.title}", flush=True)
            outcomes.append(run(task, arguments.seed, arguments.epochs, arguments.verbose))
    except ImportError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{table(outcomes)}")
    if arguments.plot:
        plot(outcomes, arguments.plot)
    return 0
