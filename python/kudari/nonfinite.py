"""What stops a training run: a NaN or an infinity, and where it came from."""

from typing import NamedTuple

from kudari import checks

# What only an update can have spoilt.
OVERFLOW = ("weights", "optimizer state")
_LISTED = 10  # rows that a message names


class Fault(NamedTuple):
    """A tensor that is not finite: "input", the "loss", or a layer's "weights", "optimizer state",
    "output" or "gradient". `rows` are those of x at fault; none for the first two of a layer."""

    tensor: str
    layer: str
    rows: list[int]


class NonFiniteError(FloatingPointError):
    """A NaN or an infinity stopped training.

    `epoch` and `step` are counted from 0 (None where there are no epochs); `tensor` is "input",
    "output", "loss", "gradient", "weights" or "optimizer state", `layer` the name of the layer it
    belongs to ("" for the input), and `rows` are the rows of x at fault, none for the last two.
    """

    def __init__(self, message: str, fault: Fault, epoch: int | None, step: int | None) -> None:
        super().__init__(message)
        self.epoch, self.step = epoch, step
        self.tensor, self.layer, self.rows = fault.tensor, fault.layer, fault.rows


def refused(where: str, fault: Fault, epoch: int | None, step: int | None, after: str) -> Exception:
    """The error for a step that was not taken; `after` says which weights the model has now."""
    place = "" if epoch is None else f" in epoch {epoch + 1}"
    place += "" if step is None else f", step {step + 1}"
    got = f"a NaN or an infinity in {_tensor(fault)}{place}{_rows(fault.rows)}"
    return NonFiniteError(
        checks.message(where, got, "finite numbers", f"{_fix(fault)} {after}"), fault, epoch, step
    )


def _tensor(fault: Fault) -> str:
    if fault.tensor == "input":
        return "x"
    if fault.tensor == "loss":
        return "the loss"
    if fault.tensor == "gradient":
        return f"the gradient by the output of layer {fault.layer!r}"
    return f"the {fault.tensor} of layer {fault.layer!r}"


def _rows(rows: list[int]) -> str:
    if not rows:
        return ""
    more = f" and {len(rows) - _LISTED} more" if len(rows) > _LISTED else ""
    named = ", ".join(str(row) for row in rows[:_LISTED])
    return f", {'row' if len(rows) == 1 else 'rows'} {named}{more} of x"


def _fix(fault: Fault) -> str:
    if fault.tensor == "input":
        return "Drop these rows or fill them in; see np.isfinite(x).all(axis=1)."
    if fault.tensor in OVERFLOW:
        return "An update has overflowed: use a smaller learning_rate, or scale x and y."
    return "Scale x and y to a range near 1, or use a smaller learning_rate."
