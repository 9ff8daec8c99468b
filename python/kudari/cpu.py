"""Which instruction set the kernels run on, and how many threads.

Results are the same bits on every instruction set; only the speed differs. `KUDARI_ISA` forces one
from the start: a name that this machine does not have raises ValueError at the first kernel.
"""

import os

from kudari import _core, checks

_VARIABLES = ("KUDARI_NUM_THREADS", "OMP_NUM_THREADS")
_threads: int | None = None


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
    """Number of threads asked for: by `set_num_threads`, else by the variable KUDARI_NUM_THREADS,
    else by OMP_NUM_THREADS, else as many as the process may run on.

    The engine runs on one thread so far: the number is kept and reported, and changes no result.
    """
    return _threads if _threads is not None else _initial_threads()


def set_num_threads(n: int) -> None:
    """Ask for `n` threads, at least 1 (else TypeError or ValueError); see `get_num_threads`."""
    global _threads
    _threads = checks.whole("set_num_threads", "n", n, low=1)


def _initial_threads() -> int:
    for variable in _VARIABLES:
        text = os.environ.get(variable, "").strip()
        if text:
            return _parsed(variable, text)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _parsed(variable: str, text: str) -> int:
    """The number in an environment variable; of OpenMP's lists (one per level) the first."""
    first = text.split(",")[0].strip() if variable.startswith("OMP") else text
    if not (first.isascii() and first.isdigit() and int(first) > 0):
        fix = f"Set {variable} to a number such as 4, or unset it."
        wanted = "a whole number of threads, at least 1"
        raise ValueError(checks.message(variable, repr(text), wanted, fix))
    return int(first)
