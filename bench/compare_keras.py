"""kudari beside Keras: single steps, learning curves on real data, held-out metrics over 20 seeds.

    python bench/compare_keras.py [--write docs/keras-comparison.md]

Needs kudari[compat,demo] and takes some minutes, nearly all of them Keras's. Ends with 1 where a
distance is beyond its tolerance or an interval leaves out 0.
"""

import argparse
import platform
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import numpy as np

import kudari
from kudari import demo

ROOT = Path(__file__).parents[1]
COMPAT = ROOT / "tests" / "compat"
sys.path.insert(0, str(COMPAT))  # cases, back ends and tolerances are those of the tests

import agreement  # noqa: E402
import backends  # noqa: E402
import cases  # noqa: E402
import kinks  # noqa: E402
from backends import Results  # noqa: E402

import keras_runs  # noqa: E402
from page import markdown, replace  # noqa: E402

BEGIN, END = "<!-- begin: bench/compare_keras.py -->\n", "<!-- end -->\n"
T_19 = 2.093024  # 97.5 % point of Student's t with 19 degrees of freedom, for 20 seeds


def verdict(good: bool) -> str:
    return "yes" if good else "**no**"


def steps(folder: Path) -> tuple[str, bool]:
    """Fifty steps of every case of tests/compat."""
    rows = kinks.all_rows()
    np.savez(folder / "rows.npz", **rows)
    keras = backends.run(COMPAT / "run_keras.py", folder, str(folder / "rows.npz"))
    found = cases.train_all(kudari, rows)
    table, good = [], True
    for case in rows:
        between = agreement.between_backends(keras, case)
        reached = agreement.from_keras(keras, case, agreement.weights(found, case))
        allowed = agreement.weight_tolerance(keras, case)
        distances = zip(between, reached, allowed, strict=True)
        shown = [f"{value:.1e}" for three in distances for value in three]
        table.append([case, *shown, verdict(reached.within(allowed))])
        good &= reached.within(allowed)
    kinds = ("back ends", "kudari", "tolerance")
    head = ["case", *(f"{what}, {kind}" for what in ("mean", "largest") for kind in kinds)]
    return markdown([*head, "within"], table), good


def curves(keras: dict[str, Results], found: Results) -> tuple[str, bool]:
    """Learning curves of the demo's tasks, from the same weights on the same rows."""
    table, good = [], True
    for task in demo.TASKS:
        key = f"{task.loader}/curve"
        names = ("loss", task.metric, "held-out loss", f"held-out {task.metric}")
        for index, name in enumerate(names):
            first, second = (keras[backend][key][:, index] for backend in backends.BACKENDS)
            value = found[key][:, index]
            between = agreement.distance(first, second).largest
            reached = max(agreement.distance(value, one).largest for one in (first, second))
            allowed = agreement.value_tolerance(first, second)
            shown = [f"{between:.1e}", f"{reached:.1e}", f"{allowed:.1e}"]
            last = f"{value[-1]:.4f}"
            table.append([task.title, name, last, *shown, verdict(reached <= allowed)])
            good &= reached <= allowed
    head = ["task", "curve", "last value", "back ends", "kudari", "tolerance", "within"]
    return markdown(head, table), good


def interval(difference: keras_runs.Array) -> tuple[float, float]:
    """95 % of the mean, by Student's t."""
    half = T_19 * difference.std(ddof=1) / np.sqrt(len(difference))
    return float(difference.mean() - half), float(difference.mean() + half)


def seeds(keras: dict[str, Results], found: Results) -> tuple[str, bool]:
    """Held-out metrics with each library's own initial weights and order of rows."""
    table, good = [], True
    for task in demo.TASKS:
        key = f"{task.loader}/metric"
        jax, tensorflow = (keras[backend][key] for backend in backends.BACKENDS)
        low, high = interval(found[key] - jax)
        control = interval(tensorflow - jax)
        digits = 2 if task.regression else 4
        means = [f"{run.mean():.{digits}f}" for run in (found[key], jax, tensorflow)]
        spans = [f"{a:+.{digits}f} … {b:+.{digits}f}" for a, b in ((low, high), control)]
        table.append([task.title, task.metric, *means, *spans, verdict(low <= 0 <= high)])
        good &= low <= 0 <= high
    head = ["task", "metric", "kudari", "Keras, JAX", "Keras, TensorFlow"]
    head += ["kudari minus JAX, 95 %", "TensorFlow minus JAX, 95 %", "contains 0"]
    return markdown(head, table), good


def conditions() -> str:
    packages = ("keras", "jax", "tensorflow-cpu", "numpy", "scikit-learn")
    versions = ", ".join(f"{name} {_version(name)}" for name in packages)
    isa = kudari.cpu.active()
    return f"kudari {kudari.__version__} ({isa}), {versions}, {platform.machine()}.\n"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return metadata.version(name.removesuffix("-cpu"))


def compare() -> tuple[str, bool]:
    """The three tables with their headings, and whether everything holds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = [("Fifty steps", *steps(folder))]
        start = keras_runs.starts()
        np.savez(folder / "starts.npz", **start)
        script = Path(keras_runs.__file__)
        keras = backends.run(script, folder, str(folder / "starts.npz"))
    found = keras_runs.everything(kudari, start)
    parts.append(("Learning curves", *curves(keras, found)))
    parts.append(("Twenty seeds", *seeds(keras, found)))
    text = "".join(f"\n### {title}\n\n{table}" for title, table, _ in parts)
    return f"{conditions()}{text}", all(good for *_, good in parts)


def main() -> int:
    parser = argparse.ArgumentParser(description="kudari beside Keras")
    parser.add_argument("--write", type=Path, metavar="PAGE.md", help="put the tables there")
    page = parser.parse_args().write
    if absent := backends.missing():
        parser.error(f"{', '.join(absent)} not installed; pip install 'kudari[compat,demo]'")
    text, good = compare()
    print(text)
    if page:
        replace(page, BEGIN, END, text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
