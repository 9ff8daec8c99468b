"""Kernel rows: one update of a flat parameter; value and gradient of a loss."""

from pathlib import Path

from bench import operands
from bench.protocol import Check, Row
from bench.runner import Job

PEERS = ("kudari", "kudari-avx2", "kudari-baseline", "jax", "torch", "numpy")
SIZES = (10_000, 100_000, 1_000_000, 10_000_000, 20_000_000)
SHAPES = ((256, 10), (4096, 10), (4096, 1000))
COLUMN = (1_000_000, 1)
SECONDS = 0.1
TOLERANCE = 1e-5  # float32 values of order 1, of few operations


def _update(rule: str, size: int) -> Row:
    job: Job = {"kind": "update", "rule": rule, "size": size}

    def prepare(folder: Path) -> tuple[Job, Check]:
        return job, Check(operands.right_update(job), TOLERANCE)

    return Row(
        "updates",
        f"{rule}/{size:.0e}".replace("e+0", "e"),
        PEERS,
        prepare,
        ("limit",),
        seconds=SECONDS,
    )


def _loss(loss: str, shape: tuple[int, int]) -> Row:
    job: Job = {"kind": "loss", "loss": loss, "shape": shape}

    def prepare(folder: Path) -> tuple[Job, Check]:
        return job, Check(operands.right_loss(job), TOLERANCE)

    name = f"{loss}/{shape[0]}x{shape[1]}"
    return Row("losses", name, PEERS, prepare, ("limit",), seconds=SECONDS)


ROWS = [_update(rule, size) for rule in operands.SLOTS for size in SIZES]
ROWS += [
    _loss(loss, shape)
    for loss in ("sparse_softmax_crossentropy", "softmax_crossentropy")
    for shape in SHAPES
]
ROWS += [_loss(loss, COLUMN) for loss in ("sigmoid_crossentropy", "huber", "mean_squared_error")]
