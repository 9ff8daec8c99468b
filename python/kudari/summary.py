"""The table of a model's layers and parameters, drawn as Keras draws it on a plain terminal."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from kudari import checks
from kudari.layers import Layer
from kudari.optimizers import Optimizer

LINE_LENGTH = 88  # at most; four columns less than the terminal otherwise
POSITIONS = (0.45, 0.80, 1.0)


class Row(NamedTuple):
    """One layer: what stands in its cells, and whether it trains (None: nothing to train)."""

    name: str
    kind: str
    output_shape: tuple[int | None, ...] | None
    params: int | None
    trainable: bool | None


class Count(NamedTuple):
    """A number of parameters and their size in bytes."""

    params: int
    size: int

    def plus(self, other: "Count") -> "Count":
        """Both together."""
        return Count(self.params + other.params, self.size + other.size)


def row(layer: Layer) -> Row:
    """What the table says of a layer."""
    mark = layer.trainable if layer.weight_names() else None
    shape = layer.output_shape if layer.built else None
    params = None if mark is not None and not layer.built else layer.count_params()
    return Row(layer.name, type(layer).__name__, shape, params, mark)


def render(
    name: str,
    rows: Sequence[Row],
    dtype: str,
    optimizer: Optimizer | None = None,
    line_length: int | None = None,
    show_trainable: bool = False,
) -> str:
    """The whole text, ending in a line break. `optimizer` is given once the model was fitted."""
    header = ["Layer (type)", "Output Shape", "Param #"] + ["Trainable"] * show_trainable
    widths = _widths(line_length, show_trainable)
    lines = [f'Model: "{name}"', *_table(header, [_cells(row) for row in rows], widths)]
    for title, count in _counts(rows, np.dtype(dtype).itemsize, optimizer).items():
        lines.append(f" {title}: {count.params:,} ({_size(count.size)})")
    return "\n".join(lines) + "\n"


def _counts(rows: Sequence[Row], itemsize: int, optimizer: Optimizer | None) -> dict[str, Count]:
    """Parameters by kind. An optimizer has its slots, its count of updates and a constant rate."""
    params = [sum(row.params or 0 for row in rows if bool(row.trainable) == on) for on in (1, 0)]
    trainable, frozen = (Count(number, number * itemsize) for number in params)
    counts = {
        "Total params": trainable.plus(frozen),
        "Trainable params": trainable,
        "Non-trainable params": frozen,
    }
    if optimizer:
        constant = not optimizer.scheduled
        values = len(optimizer.slot_names) * trainable.params + constant
        counts["Optimizer params"] = Count(values + 1, values * itemsize + 4)
        counts["Total params"] = counts["Total params"].plus(counts["Optimizer params"])
    return counts


def _cells(row: Row) -> list[str]:
    """The words of each cell of a row; a cell breaks between words."""
    params = "0 (unbuilt)" if row.params is None else f"{row.params:,}"
    mark = "-" if row.trainable is None else "Y" if row.trainable else "N"
    shape = "?" if row.output_shape is None else f"({', '.join(map(str, row.output_shape))})"
    return [f"{row.name} ({row.kind})", shape, params, mark]


def _widths(line_length: int | None, show_trainable: bool) -> list[int]:
    """Width of each column, its two blanks included, so that the lines are `line_length` long."""
    import shutil  # only here: it costs the import of kudari two milliseconds

    positions = [p * 0.9 for p in POSITIONS] + [1.0] if show_trainable else list(POSITIONS)
    longest = LINE_LENGTH + 12 * show_trainable
    length = line_length or min(longest, shutil.get_terminal_size().columns - 4)
    edges = [0, *(int(p * length) for p in positions)]
    widths = [right - left for left, right in pairwise(edges)]
    if min(widths) < 4:
        raise ValueError(
            checks.message(
                "summary", f"{length}", "a line_length that holds four columns", "Widen it to 40."
            )
        )
    return _less_borders(widths)


def _less_borders(widths: list[int]) -> list[int]:
    """Each column with its two blanks, narrowed by its equal share of the room that they take."""
    room = 2 * len(widths) + len(widths) + 1
    result = []
    for left, width in zip(range(len(widths), 0, -1), widths, strict=True):
        share = round(room / left)
        result.append(width + 2 - share)
        room -= share
    return result


def _table(header: list[str], rows: Sequence[list[str]], widths: list[int]) -> list[str]:
    lines = [_rule("┏━┳┓", widths), *_row(header, widths, "┃"), _rule("┡━╇┩", widths)]
    for index, cells in enumerate(rows):
        if index:
            lines.append(_rule("├─┼┤", widths))
        lines += _row(cells, widths, "│")
    return [*lines, _rule("└─┴┘", widths)]


def _rule(marks: str, widths: list[int]) -> str:
    left, line, middle, right = tuple(marks)
    return left + middle.join(line * width for width in widths) + right


def _row(cells: list[str], widths: list[int], edge: str) -> list[str]:
    """The lines of one row: numbers stand right, the mark of a trainable layer in the middle."""
    columns = [_wrap(cell, width - 2) for cell, width in zip(cells, widths, strict=False)]
    lines = []
    for index in range(max(map(len, columns))):
        texts = [column[index] if index < len(column) else "" for column in columns]
        parts = zip(texts, widths, "<<>^", strict=False)
        padded = [f" {text:{align}{width - 2}} " for text, width, align in parts]
        lines.append(edge + edge.join(padded) + edge)
    return lines


def _wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` characters; a longer word is cut, with an ellipsis."""
    lines = [""]
    for word in text.split(" "):
        together = f"{lines[-1]} {word}".strip()
        if len(together) <= width or not lines[-1]:
            lines[-1] = together
        else:
            lines.append(word)
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]


def _size(count: float) -> str:
    """Bytes as Keras writes them: 596.00 B, 25.50 KB."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1024:
            return f"{count:.2f} {unit}"
        count /= 1024
    return f"{count:.2f} TB"
