"""The compiled extension. Arrays are C-contiguous and of the dtype stated: callers see to it."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32] | NDArray[np.float64]

def isa_available() -> list[str]: ...
def isa_active() -> str: ...
def isa_use(name: str) -> None: ...
def get_thread_limit() -> int: ...
def set_thread_limit(threads: int) -> None: ...
def hold_to(by_layers: bool | None) -> None: ...
def build_info() -> dict[str, str]: ...
def loss_names() -> list[str]: ...
def metric_names() -> list[str]: ...
def optimizer_names() -> list[str]: ...
def run_loss(
    name: str,
    y_true: NDArray[Any],
    y_pred: Floats,
    sample_weight: Floats | None,
    parameter: float,
    scale: float,
    loss: Floats | None,
    grad: Floats | None,
) -> None: ...
def run_metric(
    name: str, y_true: NDArray[Any], y_pred: Floats, parameter: float, out: Floats
) -> None: ...
def run_forward(name: str, x: Floats, out: Floats) -> None: ...
def run_backward(name: str, y: Floats, grad: Floats, out: Floats) -> None: ...
def run_update(
    name: str, params: Floats, grads: Floats, slots: Sequence[Floats], scalars: Sequence[float]
) -> None: ...
def run_math(name: str, x: Floats, out: Floats) -> None: ...
def matmul(a: Floats, b: Floats, bias: Floats | None, out: Floats) -> None: ...
def sum(x: Floats) -> float: ...
def power(x: NDArray[np.float64], y: NDArray[np.float64], out: NDArray[np.float64]) -> None: ...
def within(values: NDArray[Any], low: float, high: float) -> bool: ...
def random_uniform(seed: int, stream: int, out: NDArray[np.float64]) -> None: ...
def permutation(seed: int, epoch: int, out: NDArray[np.int64]) -> None: ...
def dropout_mask(seed: int, stream: int, step: int, rate: float, out: Floats) -> None: ...

@final
class LockEntry:
    """A `with` block that is, while it runs, in a model."""

    def __enter__(self) -> None: ...
    def __exit__(self, *args: object) -> None: ...

@final
class ModelLock:
    """Who may be in a model. RuntimeError where a call may not enter."""

    def __init__(self) -> None: ...
    def inside(self, where: str) -> LockEntry:
        """For what callbacks may do in `fit`: in one thread, calls may stand within others."""

    def alone(self, where: str) -> LockEntry:
        """For the rest: no other call may be in the model."""

@final
class Dataset:
    """Rows for the engine: x (rows, features) of any real dtype, y (rows, columns) of the model's
    dtype or (rows,) int32 labels or None, sample_weight (rows,) of the model's dtype or None."""

    def __init__(
        self, x: NDArray[Any], y: NDArray[Any] | None, sample_weight: Floats | None
    ) -> None: ...
    @property
    def rows(self) -> int: ...

@final
class Totals:
    """Sums over rows of the loss and of each metric, in fixed chunks of 4096 rows, in double."""

    def __init__(self, count: int) -> None: ...
    @property
    def rows(self) -> int: ...
    def means(self) -> list[float]: ...
    def state(self) -> list[list[float]]:
        """For each sum its open chunk and the sums of the others; for `restore`."""
    def restore(self, rows: int, state: Sequence[Sequence[float]]) -> None:
        """Go on from where the sums of as many `rows` stood; ValueError for anything else."""

@final
class Network:
    """One net: parameters, slots and the plan of a step. Layers are dicts:
    {"kind": "dense", "units": int, "use_bias": bool, "trainable": bool},
    {"kind": "activation", "name": "relu" | "sigmoid" | "tanh" | "softmax"},
    {"kind": "dropout", "rate": float, "stream": int, "seed": int | None};
    a seed takes the place of train's."""

    def __init__(self, dtype: str, input_size: int, layers: Sequence[dict[str, Any]]) -> None: ...
    @property
    def output_size(self) -> int: ...
    @property
    def weight_shapes(self) -> list[tuple[int, ...]]: ...
    def get_weight(self, index: int) -> Floats: ...
    def set_weight(self, index: int, value: Floats) -> None: ...
    def compile(
        self,
        loss: str,
        loss_parameter: float,
        from_logits: bool,
        reduction: str,
        metrics: Sequence[tuple[str, float]],
        optimizer: str,
    ) -> None:
        """`loss` is a kernel name; `from_logits` skips the last activation layer for the loss,
        metrics still see its output. Slots are kept if `optimizer` needs as many as there are;
        `reset_slots` starts them afresh."""
    @property
    def slot_count(self) -> int: ...
    def reset_slots(self) -> None: ...
    def get_slot(self, index: int, slot: int) -> Floats: ...
    def set_slot(self, index: int, slot: int, value: Floats) -> None: ...
    def train(
        self,
        data: Dataset,
        order: NDArray[np.int64] | None,
        position: int,
        batch_size: int,
        steps: int,
        scalars: Floats,
        seed: int,
        step: int,
        totals: Totals,
        seconds: float,
        watch: bool,
    ) -> int:
        """Run up to `steps` steps from row `position` of `order` (None: as stored); step i of this
        call uses scalars[i] (shape (steps, n)) and dropout step `step + i`. Returns the steps done:
        fewer when `seconds` have passed. A batch ends at the last row of `order`. With `watch` a
        step in which a number is not finite is not taken, and ends the call."""
    def fault(self) -> tuple[str, int, list[int]] | None:
        """Of the step that the last training refused: "weights", "input", "output", "loss" or
        "gradient", the layer's place in the list, and the rows of x; None without one."""
    def finite(self) -> bool:
        """Whether all weights and slots are finite."""
    def keep(self) -> None:
        """Copy weights and slots, for `put_back`."""
    def put_back(self) -> None:
        """Return to the last `keep`; RuntimeError without one."""
    def evaluate(
        self,
        data: Dataset,
        position: int,
        rows: int,
        batch_size: int,
        totals: Totals,
        seconds: float,
    ) -> int:
        """Add loss and metrics of rows [position, position + rows) to totals; returns rows done."""
    def predict(self, data: Dataset, position: int, rows: int, out: Floats, seconds: float) -> int:
        """Write outputs of these rows to out (rows, output_size); returns the rows done."""
    def predict_batch(self, x: NDArray[Any]) -> Floats:
        """Outputs (rows, output_size) for x (rows, features) of any real dtype."""
