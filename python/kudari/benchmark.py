"""Every kernel against vectorised NumPy and the machine's own copy, at sizes from 1e3 to 1e7.

A size is a number of elements: losses and accuracies of classes take (size / 10, 10), the others
one column. At each size kernel, NumPy (`vectorised.py`, results and temporaries allocated before)
and a copy of as many bytes run in turn, and the fastest of each counts. Bytes are those of every
array read and every array written. The answers are compared before anything is timed. An update in
place may beat the copy: a copy also fetches the memory it overwrites, which is not counted.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kudari import cpu, kernels, samples, validation, vectorised
from kudari.samples import Sample

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
SECONDS = 0.2  # at each size, for kernel, NumPy and copy together
RANDOM = {"random_uniform", "permutation", "dropout_mask"}  # other numbers than NumPy's
STEADY = {"rho": 1.0, "beta_1": 1.0, "beta_2": 1.0}  # slots stay where they are, call after call


@dataclass(frozen=True)
class Timing:
    """Seconds of the fastest call of each, and the bytes that the kernel reads and writes."""

    kernel: str
    size: int
    kudari: float
    numpy: float
    copy: float
    moved: int

    @property
    def ratio(self) -> float:
        """How many times faster than NumPy."""
        return self.numpy / self.kudari

    @property
    def gigabytes(self) -> float:
        return self.moved / self.kudari / 1e9

    @property
    def copy_gigabytes(self) -> float:
        return self.moved / self.copy / 1e9


def shape(kernel: str, size: int) -> tuple[int, int]:
    """Rows and columns of about `size` elements."""
    if kernel == "matmul":
        return max(1, size // 256), 64
    columns = 10 if "categorical" in kernel or "softmax" in kernel else 1
    return max(1, size // columns), columns


def make(kernel: str, size: int) -> Sample:
    """A sample of `size`; a large one repeats the rows of a smaller."""
    dtype = next(row.dtypes[0] for row in validation.TABLE if row.kernel == kernel)
    rows, columns = shape(kernel, size)
    few = min(rows, 20_000)
    sample = samples.make(kernel, dtype, few, columns, extremes=False)
    sample.kwargs = {name: STEADY.get(name, value) for name, value in sample.kwargs.items()}
    if few == rows:
        return sample

    def repeated(value: Any) -> Any:
        if isinstance(value, np.ndarray) and len(value) == few:
            return np.resize(value, (rows, *value.shape[1:]))
        if kernel in RANDOM:
            lengths = {(few, columns): (rows, columns), few * columns: rows * columns}
            return lengths.get(value, value)
        return value

    arrays = tuple(repeated(value) for value in sample.args)
    return Sample(arrays, {name: repeated(value) for name, value in sample.kwargs.items()})


def moved(kernel: str, sample: Sample, outputs: Sequence[NDArray[Any]]) -> int:
    """Bytes of all arrays read and all written (an array updated in place counts twice)."""
    given = (*sample.args, *sample.kwargs.values())
    read = sum(value.nbytes for value in given if isinstance(value, np.ndarray))
    return read + sum(output.nbytes for output in outputs)


def assert_agree(kernel: str, size: int, got: Sequence[Any], wanted: Sequence[Any]) -> None:
    """RuntimeError unless kernel and NumPy give one answer; random numbers agree in shape alone."""
    for ours, theirs in zip(got, wanted, strict=True):
        precise = ours.dtype == np.float64 and kernel != "sum"
        tolerance = 1e-9 if precise else 1e-4
        scale = np.max(np.abs(theirs), initial=1e-30, where=np.isfinite(theirs))
        near = np.allclose(ours, theirs, rtol=tolerance, atol=tolerance * float(scale))
        if ours.shape != theirs.shape or not (kernel in RANDOM or near):
            raise RuntimeError(f"[bench] {kernel} at {size} elements differs from NumPy's answer.")


def _compiled(kernel: str, work: vectorised.Work) -> Callable[[], Any]:
    """The kernel on operands of its own, with `out=` where it takes one."""
    function = getattr(kernels, kernel)
    kwargs = dict(work.kwargs)
    if kernel.endswith("_update") or kernel in RANDOM | {"sum", "power"}:
        return partial(function, *work.args, **kwargs)
    out = tuple(np.empty_like(output, order="C") for output in work.outputs())
    kwargs["out"] = out if kernel.endswith("_loss_grad") else out[0]
    return partial(function, *work.args, **kwargs)


def fastest(calls: Sequence[Callable[[], Any]], seconds: float) -> list[float]:
    """The least time of each call, in turn, for about `seconds` and at least three rounds."""
    best = [float("inf")] * len(calls)
    end, rounds = time.perf_counter() + seconds, 0
    while rounds < 3 or (time.perf_counter() < end and rounds < 2000):
        for i, call in enumerate(calls):
            start = time.perf_counter()
            call()
            best[i] = min(best[i], time.perf_counter() - start)
        rounds += 1
    return best


def measure(kernel: str, size: int, seconds: float) -> Timing:
    """Check the answers, then time kernel, NumPy and a copy of as many bytes."""
    sample = make(kernel, size)
    work = vectorised.Work(kernel, sample)
    run_numpy = partial(vectorised.FUNCTIONS[kernel], work)
    run_numpy()
    outputs = validation.call(getattr(kernels, kernel), sample)
    assert_agree(kernel, size, outputs, work.outputs())
    count = moved(kernel, sample, outputs)
    source = np.ones(max(1, count // 8), np.float32)
    copy = partial(np.copyto, np.zeros_like(source), source)
    ours = vectorised.Work(kernel, sample)
    if not kernel.endswith("_update") and kernel not in RANDOM:
        vectorised.FUNCTIONS[kernel](ours)
    times = fastest((_compiled(kernel, ours), run_numpy, copy), seconds)
    return Timing(kernel, size, times[0], times[1], times[2], count)


HEADER = f"{'kernel':<42}{'elements':>10}{'us':>13}{'GB/s':>10}{'copy GB/s':>12}{'x NumPy':>10}"
LEGEND = """\
x NumPy: NumPy's time over kudari's; below 1 kudari is slower.
GB/s: arrays read and written. An update in place may exceed the copy: a copy also fetches the
memory it overwrites, and that is not counted."""


def line(timing: Timing) -> str:
    return (
        f"{timing.kernel:<42}{timing.size:>10}{timing.kudari * 1e6:>13.2f}"
        f"{timing.gigabytes:>10.2f}{timing.copy_gigabytes:>12.2f}{timing.ratio:>10.2f}"
    )


def conditions() -> dict[str, str]:
    """What a reader needs to know beside the numbers."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "isa": cpu.active(),
        "threads": "1",
        "seed": "0",
    }


def run(sizes: Sequence[int] = SIZES) -> list[Timing]:
    """Measure every kernel at every size, printing as it goes."""
    print(", ".join(f"{name} {value}" for name, value in conditions().items()))
    print(LEGEND)
    print(f"\n{HEADER}")
    timings = []
    for kernel in samples.MAKERS:
        for size in sizes:
            timings.append(measure(kernel, size, SECONDS))
            print(line(timings[-1]), flush=True)
    return timings


def save(timings: Sequence[Timing], path: str) -> None:
    """Conditions and timings as JSON; times in seconds."""
    rows = [asdict(timing) for timing in timings]
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"conditions": conditions(), "timings": rows}, file, indent=1)


def plot(timings: Sequence[Timing], path: str) -> None:
    """Two tables in colour, a row per kernel and a column per size: the ratio to NumPy, and the
    kernel's memory traffic as a share of a copy's."""
    pyplot = plotting("plot")
    names = list(dict.fromkeys(timing.kernel for timing in timings))
    sizes = sorted({timing.size for timing in timings})
    ratio, share = (np.full((len(names), len(sizes)), np.nan) for _ in range(2))
    for t in timings:
        place = names.index(t.kernel), sizes.index(t.size)
        ratio[place], share[place] = t.ratio, t.copy / t.kudari
    height = 2.6 + 0.21 * len(names)
    figure, axes = pyplot.subplots(
        1, 2, figsize=(5 + 1.1 * len(sizes), height), sharey=True, layout="constrained"
    )
    _table(axes[0], ratio, "NumPy's time over kudari's", "RdBu")
    _table(axes[1], share, "share of copy bandwidth", "PuOr")
    for axis in axes:
        axis.set_xticks(range(len(sizes)), [f"{size:.0e}".replace("e+0", "e") for size in sizes])
        axis.set_xlabel("elements")
    axes[0].set_yticks(range(len(names)), names, fontsize=8)
    figure.suptitle(f"kudari kernels, one thread, {cpu.active()}")
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _table(axis: Any, values: NDArray[np.float64], title: str, colours: str) -> None:
    """Numbers in cells, coloured by their logarithm: white at 1, which the colour bar marks."""
    limit = max(2.0, float(np.max(np.maximum(values, 1 / values))))
    image = axis.imshow(
        values, cmap=colours, norm="log", vmin=1 / limit, vmax=limit, aspect="auto", alpha=0.7
    )
    bar = axis.figure.colorbar(image, ax=axis, location="bottom", fraction=0.02, pad=0.01)
    bar.ax.axvline(1, color="black", linewidth=2)
    axis.set_title(title, fontsize=10)
    for (i, j), value in np.ndenumerate(values):
        text = f"{value:.2g}" if value < 10 else f"{value:.0f}"
        axis.text(j, i, text, ha="center", va="center", fontsize=7)


def not_installed(extra: str, package: str) -> ImportError:
    """The error of a command that needs `package`, which the extra `extra` installs."""
    return ImportError(
        f"[{extra}] expected {package}; it is not installed. Install it with "
        f"pip install \".[{extra}]\" in the clone, or pip install 'kudari[{extra}]' from an index."
    )


def plotting(extra: str) -> Any:
    """matplotlib.pyplot, drawing to files; ImportError naming the extra when it is missing."""
    try:
        import matplotlib
    except ImportError as error:
        raise not_installed(extra, "matplotlib") from error
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def picture(extra: str, text: str) -> str:
    """The path of a picture among a command's words, refused where none could be written."""
    kinds = plotting(extra).figure().canvas.get_supported_filetypes()
    plotting(extra).close()
    if Path(text).suffix.lower().lstrip(".") not in kinds:
        wanted = f"a file name that ends in one of .{', .'.join(sorted(kinds))}"
        raise argparse.ArgumentTypeError(f"expected {wanted}; received {text}")
    return file(text)


def file(text: str) -> str:
    """The path of a file among a command's words, refused where its folder does not exist."""
    if not Path(text).absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(
            f"expected a path in a folder that exists; received {text}"
        )
    return text
