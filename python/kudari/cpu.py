"""Which instruction set the kernels run on, and how many threads.

Results are the same bits on every instruction set; only the speed differs. `KUDARI_ISA` forces one
from the start: a name that this machine does not have raises ValueError at the first kernel.
"""

import contextlib
import os
import sys
from collections.abc import Iterable

from kudari import _core, checks, memory

_VARIABLES = ("KUDARI_NUM_THREADS", "OMP_NUM_THREADS")


def available() -> list[str]:
    """Instruction sets that this build has and this machine can run, the slowest first."""
    return _core.isa_available()


def active() -> str:
    """The instruction set in use."""
    return _core.isa_active()


def use(name: str) -> None:
    """Run every kernel on the instruction set `name`, one of `available()`; else ValueError."""
    _core.isa_use(checks.choice("cpu.use", "the instruction set", name, available()))


def get_num_threads() -> int:
    """The most threads a call may use: from `set_num_threads`, else variable KUDARI_NUM_THREADS,
    else OMP_NUM_THREADS, else as many as the process may run on and its container's quota allows.

    A phase of a step uses as many of them as its work is worth. No result depends on the number.
    ValueError for a variable that is no whole number of at least 1.
    """
    if not _core.get_thread_limit():
        _core.set_thread_limit(_initial_threads())
    return _core.get_thread_limit()


def set_num_threads(n: int) -> None:
    """Use at most `n` threads, at least 1 (else TypeError or ValueError); see `get_num_threads`."""
    _core.set_thread_limit(checks.whole("set_num_threads", "n", n, low=1))


def _initial_threads() -> int:
    for variable in _VARIABLES:
        text = os.environ.get(variable, "").strip()
        if text:
            return _parsed(variable, text)
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(processors, _quota(memory.groups())))


def _quota(folders: Iterable[str]) -> int:
    """Whole processors that the control groups of this process allow, rounded up."""
    allowed = sys.maxsize
    for folder in folders:
        with contextlib.suppress(OSError, ValueError), open(f"{folder}/cpu.max") as file:
            limit, period = file.read().split()
            if limit != "max":
                allowed = min(allowed, -(-int(limit) // int(period)))
    return allowed


def _parsed(variable: str, text: str) -> int:
    """The number in an environment variable; of OpenMP's lists (one per level) the first."""
    first = text.split(",")[0].strip() if variable.startswith("OMP") else text
    if not (first.isascii() and first.isdigit() and int(first) > 0):
        fix = f"Set {variable} to a number such as 4, or unset it."
        wanted = "a whole number of threads, at least 1"
        raise ValueError(checks.message(variable, repr(text), wanted, fix))
    return int(first)
