"""One process a peer; answers checked before anything is timed; all timed in turn, in rounds."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any, Self

import numpy as np

from bench.peers import LIMITS, OURS, PEERS
from bench.runner import Job

ROOT = Path(__file__).parents[1]
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "KUDARI_NUM_THREADS")


@dataclass(frozen=True)
class Check:
    """The right answer, and how far from it a float32 one may be: `tolerance` times its largest
    magnitude. `by_peer` has that of peers whose formula is another."""

    right: Sequence[float]
    tolerance: float
    by_peer: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def refusal(self, answer: Sequence[float], peer: str = "") -> str:
        """Why the answer is wrong; empty where it is right."""
        wanted = self.by_peer.get(peer, self.right)
        if len(answer) != len(wanted):
            return f"refused: {len(answer)} values, expected {len(wanted)}"
        got, right = np.asarray(answer), np.asarray(wanted)
        distance = float(np.max(np.abs(got - right)) / np.max(np.abs(right)))
        if distance <= self.tolerance:  # not so for a NaN
            return ""
        return f"refused: off by {distance:.1e}, allowed are {self.tolerance:.0e}"


@dataclass(frozen=True)
class Row:
    """A row of a table; `prepare` writes its arrays to a folder, and gives job and check."""

    group: str
    name: str
    peers: tuple[str, ...]
    prepare: Callable[[Path], tuple[Job, Check]]
    limits: tuple[str, ...] = ()
    unchecked: frozenset[str] = frozenset()  # peers that check their own answer
    seconds: float = 0.2  # of a timed stretch


@dataclass
class Outcome:
    """What a row has given: seconds a step by peer and round, and what there is to say."""

    group: str
    name: str
    threads: int
    times: dict[str, list[float]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def best(self, peer: str) -> float:
        return min(self.times[peer])

    def middle(self, peer: str) -> float:
        return median(self.times[peer])

    @property
    def rival(self) -> str | None:
        """The fastest of the peers that are not kudari."""
        others = [name for name in self.times if name not in OURS and name not in LIMITS]
        return min(others, key=self.best, default=None)

    @property
    def ratio(self) -> float | None:
        """The best peer's time over kudari's; below 1 the peer is ahead."""
        if self.rival is None or "kudari" not in self.times:
            return None
        return self.best(self.rival) / self.best("kudari")

    def share(self, peer: str) -> float | None:
        """The time at the machine's limit over the peer's."""
        limit = "limit-avx2" if peer == "kudari-avx2" else "limit"
        if limit not in self.times or peer not in self.times:
            return None
        return self.best(limit) / self.best(peer)


class Worker:
    """A peer's process."""

    def __init__(self, name: str, cores: Iterable[int]) -> None:
        held = [str(core) for core in cores]
        environment = {key: value for key, value in os.environ.items() if key != "KUDARI_ISA"}
        environment |= dict.fromkeys(_THREADS, str(len(held)))
        environment |= (PEERS | LIMITS)[name].environment
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", name, *held],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=environment,
        )

    def ask(self, **message: Any) -> dict[str, Any]:
        """Its answer; {"failed": …} where the process is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps(message), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        reply: dict[str, Any] = json.loads(line) if line else {"failed": "its process ended"}
        return reply

    def close(self) -> None:
        """End the process, and wait for it."""
        self._process.communicate()


class Pool:
    """The workers at one number of threads; each starts when first asked for."""

    def __init__(self, threads: int) -> None:
        cores = sorted(os.sched_getaffinity(0))
        if not 1 <= threads <= len(cores):
            raise ValueError(f"expected 1 to {len(cores)} threads; received {threads}")
        self.threads = threads
        self._cores = cores[-threads:]
        self._workers: dict[str, Worker] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for worker in self._workers.values():
            worker.close()

    def __getitem__(self, name: str) -> Worker:
        if name not in self._workers:
            self._workers[name] = Worker(name, self._cores)
        return self._workers[name]

    def drop(self, name: str) -> None:
        """End a worker that failed; the next row gets a new one."""
        self._workers.pop(name).close()


def _prepared(pool: Pool, row: Row, outcome: Outcome, names: Iterable[str], folder: Path) -> None:
    """Make every peer ready; those whose answer is right get an empty list of times."""
    job, check = row.prepare(folder)
    for name in names:
        if not (PEERS | LIMITS)[name].installed:
            outcome.notes[name] = "not installed"
            continue
        reply = pool[name].ask(do="prepare", **job, threads=pool.threads)
        note = reply.get("unfit") or reply.get("failed") or reply.get("note")
        if "failed" in reply:
            pool.drop(name)
        if "answer" in reply and name not in row.unchecked | set(LIMITS):
            refusal = check.refusal(reply["answer"], name)
            outcome.refused += [name] * bool(refusal)
            note = refusal or note
        if "answer" in reply and name not in outcome.refused:
            outcome.times[name] = []
        if note:
            outcome.notes[name] = note


def _round(pool: Pool, outcome: Outcome, seconds: float, counts: bool) -> None:
    """Every peer in turn, once."""
    for name in tuple(outcome.times):
        reply = pool[name].ask(do="time", seconds=seconds)
        if "failed" in reply:
            outcome.notes[name] = reply["failed"]
            del outcome.times[name]
            pool.drop(name)
        elif counts:
            outcome.times[name].append(reply["seconds"])


def measure(
    pool: Pool, row: Row, peers: Sequence[str], rounds: int, folder: Path, quick: bool = False
) -> Outcome:
    """Check and time one row: a round to warm up, then `rounds` that count."""
    outcome = Outcome(row.group, row.name, pool.threads)
    names = [name for name in row.peers if name in peers]
    _prepared(pool, row, outcome, [*names, *row.limits], folder)
    seconds = row.seconds / (4 if quick else 1)
    _round(pool, outcome, seconds / 4, counts=False)
    for _ in range(rounds):
        _round(pool, outcome, seconds, counts=True)
    return outcome
