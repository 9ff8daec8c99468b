"""Training rows: microseconds of a step, over whole epochs."""

from pathlib import Path

from bench import tasks
from bench.numpy_net import right_losses
from bench.peers import kudari
from bench.protocol import Check, Row
from bench.runner import Job
from bench.tasks import NETS, Training

PEERS = (
    "kudari",
    "kudari-avx2",
    "kudari-baseline",
    "kudari-reordered",
    "jax-scan",
    "jax-step",
    "torch",
    "torch-compile",
    "keras",
    "sklearn",
    "numpy",
)
TOLERANCE = 3e-5  # losses of five steps in float32; right ones have been seen 7e-6 apart


def _row(training: Training) -> Row:
    def prepare(folder: Path) -> tuple[Job, Check]:
        path = folder / "training.npz"
        tasks.save(training, kudari.initial_weights(NETS[training.net]), path)
        job: Job = {
            "kind": "training",
            "net": training.net,
            "batch": training.batch,
            "optimizer": training.optimizer,
            "arrays": str(path),
        }
        task = tasks.load(job)
        torch = dict.fromkeys(("torch", "torch-compile"), right_losses(task, outside=True))
        return job, Check(right_losses(task), TOLERANCE, torch)

    peers = PEERS[:3] if training.alone else PEERS
    limits = ("limit", "limit-avx2")
    return Row("training", training.name, peers, prepare, limits, frozenset({"sklearn"}))


ROWS = [_row(training) for training in tasks.ROWS]
