"""How a training step's time grows in batch, width and depth, on one thread and on all.

    python -m bench.growth FILE.png

Each point is the least of several epochs of `fit` (Adam, relu, one output), all points of a curve
in turn. Beside each curve on all threads stands the time of its operations at the fastest rate that
any point reached: where the two part, something else than arithmetic costs.
"""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import kudari
from kudari import benchmark, cpu

ROUNDS, SECONDS = 5, 0.05
INPUTS = 64


@dataclass(frozen=True)
class Shape:
    batch: int = 64
    width: int = 128
    depth: int = 3

    def floats(self) -> int:
        """Floating-point operations of a step, as in `tasks.Net.floats`."""
        hidden = (self.depth - 1) * self.width**2 + self.width
        return 2 * self.batch * (2 * INPUTS * self.width + 3 * hidden)

    def built(self) -> Any:
        hidden = [kudari.layers.Dense(self.width, activation="relu") for _ in range(self.depth)]
        layers = [kudari.Input((INPUTS,)), *hidden, kudari.layers.Dense(1)]
        model = kudari.Sequential(layers)
        model.compile(optimizer="adam", loss="mean_squared_error")
        return model


SWEEPS = {
    "batch": [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    "width": [8, 16, 32, 64, 128, 256, 512, 1024],
    "depth": [1, 2, 4, 8, 16, 32],
}


def least(shape: Shape, threads: int) -> float:
    """Seconds of a step."""
    cpu.set_num_threads(threads)
    rng = np.random.default_rng(0)
    steps = 64
    x = rng.standard_normal((steps * shape.batch, INPUTS), dtype=np.float32)
    y = rng.standard_normal((len(x), 1), dtype=np.float32)
    model, best = shape.built(), float("inf")
    for _ in range(ROUNDS):
        until, epochs, begun = time.perf_counter() + SECONDS, 0, time.perf_counter()
        while time.perf_counter() < until:
            model.fit(x, y, batch_size=shape.batch, verbose=0)
            epochs += 1
        best = min(best, (time.perf_counter() - begun) / epochs / steps)
    return best


def draw(path: Path) -> None:
    pyplot = benchmark.plotting("bench.growth")
    every = cpu.get_num_threads()
    figure, axes = pyplot.subplots(1, len(SWEEPS), figsize=(11, 3.6), layout="constrained")
    for axis, (name, values) in zip(axes, SWEEPS.items(), strict=True):
        shapes = [replace(Shape(), **{name: value}) for value in values]
        for threads, style in {1: "o-", every: "s-"}.items():
            seconds = [least(shape, threads) for shape in shapes]
            label = f"{threads} thread{'s' * (threads > 1)}"
            axis.plot(values, [s * 1e6 for s in seconds], style, color="black", label=label,
                      fillstyle="none" if threads == 1 else "full", markersize=4)  # fmt: skip
        rate = max(shape.floats() / s for shape, s in zip(shapes, seconds, strict=True))
        ideal = [shape.floats() / rate * 1e6 for shape in shapes]
        axis.plot(values, ideal, ":", color="black", label="its operations, at the best rate")
        axis.set(xscale="log", yscale="log", xlabel=name)
        axis.set_xticks(values[::2], [str(value) for value in values[::2]])
        axis.minorticks_off()
        axis.grid(color="0.85", linewidth=0.5)
    axes[0].set_ylabel("microseconds a step")
    axes[0].legend(fontsize=8)
    base = Shape()
    figure.suptitle(
        f"{INPUTS} inputs; else {base.depth} layers of {base.width}, {base.batch} rows a batch",
        fontsize=9,
    )
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="a training step's time in batch, width and depth")
    parser.add_argument("file", type=Path, metavar="FILE.png")
    draw(parser.parse_args().file)
