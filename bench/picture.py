"""The ratios as a picture: a line a row on a logarithmic axis, readable without colour."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.protocol import Outcome
from kudari import benchmark

_MARKERS = ("o", "s", "^", "D")


def _panel(axis: Any, group: str, outcomes: Sequence[Outcome], threads: Sequence[int]) -> None:
    """The rows of a group, the first at the top; a marker for each number of threads."""
    names = list(dict.fromkeys(outcome.name for outcome in outcomes))
    for index, count in enumerate(threads):
        points = [
            (outcome.ratio, names.index(outcome.name))
            for outcome in outcomes
            if outcome.threads == count
        ]
        axis.plot(
            *zip(*points, strict=True),
            _MARKERS[index % len(_MARKERS)],
            color="black",
            fillstyle="none" if index == 0 else "full",
            markersize=5,
            label=f"{count} thread{'s' * (count > 1)}",
        )
    axis.axvline(1, color="black", linewidth=1)
    axis.set_yticks(range(len(names)), names, fontsize=8)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_title(group, fontsize=9, loc="left")
    axis.grid(axis="both", color="0.85", linewidth=0.5)
    axis.set_axisbelow(True)


def draw(outcomes: Sequence[Outcome], title: str, path: Path) -> None:
    """A panel a group. Rows without a ratio are left out."""
    pyplot = benchmark.plotting("bench")
    shown = [outcome for outcome in outcomes if outcome.ratio is not None]
    threads = sorted({outcome.threads for outcome in shown})
    groups = {o.group: [one for one in shown if one.group == o.group] for o in shown}
    heights = [len({o.name for o in rows}) + 1.5 for rows in groups.values()]
    figure, axes = pyplot.subplots(
        len(groups),
        1,
        sharex=True,
        squeeze=False,
        figsize=(8, 1.5 + 0.2 * sum(heights)),
        height_ratios=heights,
        layout="constrained",
    )
    for axis, (group, rows) in zip(axes[:, 0], groups.items(), strict=True):
        _panel(axis, group, rows, threads)
    low = axes[-1, 0]
    low.set_xscale("log")
    _ticks(low, [outcome.ratio or 1.0 for outcome in shown])
    low.set_xlabel("best peer's time over kudari's (right of the line kudari is faster)")
    axes[0, 0].legend(loc="best", fontsize=8)
    figure.suptitle(title, fontsize=9)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _ticks(axis: Any, ratios: Sequence[float]) -> None:
    """Plain numbers on the axis."""
    values = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
    low, high = min(0.8, *ratios) / 1.1, max(2.0, *ratios) * 1.1
    inside = [value for value in values if low <= value <= high]
    axis.set_xlim(low, high)
    axis.set_xticks(inside, [f"{value:g}" for value in inside])
    axis.minorticks_off()
