"""What a peer makes of a job, and how a stretch of it is timed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Job = dict[str, Any]


class UnfitError(Exception):
    """The peer has no equal for this job; the message says what it lacks."""


@dataclass
class Runner:
    """`call` does `steps` steps and returns when their results are there."""

    call: Callable[[], object]
    steps: float = 1
    answer: list[float] = field(default_factory=list)  # checked before anything is timed
    note: str = ""


def stretch(runner: Runner, seconds: float) -> float:
    """Seconds of a step, over whole calls that take at least `seconds` together.

    The clock is read after groups of calls that double, so that it costs nothing beside them.
    """
    done, group, call = 0, 1, runner.call
    start = time.perf_counter()
    while True:
        for _ in range(group):
            call()
        done += group
        passed = time.perf_counter() - start
        if passed >= seconds:
            return passed / (done * runner.steps)
        if passed < seconds / 8:
            group *= 2
