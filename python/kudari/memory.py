"""What memory the process may still take: a size beyond it is refused before it is touched."""

import contextlib
import sys
from collections.abc import Iterator

from kudari import checks

# Below this a look at the system would cost more than it is worth.
_WORTH_A_LOOK = 2**26


def require(where: str, what: str, size: int) -> None:
    """MemoryError where `size` bytes, for `what`, are more than the process may still take."""
    if size < _WORTH_A_LOOK:
        return
    free, limit = min(_limits())
    if size > free:
        got = f"{what}, {size / 1e9:.1f} GB"
        wanted = f"at most {max(free, 0) / 1e9:.1f} GB, which {limit}"
        fix = "Use fewer units, a smaller batch_size, or a machine with more memory."
        raise MemoryError(checks.message(where, got, wanted, fix))


def groups(root: str = "/sys/fs/cgroup", own: str = "/proc/self/cgroup") -> Iterator[str]:
    """The folders of the control groups (version 2) that the process is in, the innermost first."""
    try:
        with open(own) as file:
            path = next(line for line in file if line.startswith("0::"))[3:].strip()
    except (OSError, StopIteration):
        return
    while True:
        yield root + path
        if path in ("", "/"):
            return
        path = path.rpartition("/")[0]


def _limits() -> Iterator[tuple[int, str]]:
    """Bytes that may still be taken, and by what they are limited."""
    yield sys.maxsize, "Python can count"
    with contextlib.suppress(OSError, KeyError, ValueError):
        memory = _fields("/proc/meminfo", 1024)
        yield memory["MemAvailable:"] + memory["SwapFree:"], "the machine has left"
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most != resource.RLIM_INFINITY:
            with open("/proc/self/statm") as file:
                taken = int(file.read().split()[0]) * resource.getpagesize()
            yield most - taken, "ulimit -v leaves"
    for folder in groups():
        with contextlib.suppress(OSError, KeyError, ValueError):
            yield _left(folder), "the container has left"


def _left(folder: str) -> int:
    """Of a control group's memory; the pages of files that it holds can be given back."""
    with open(f"{folder}/memory.max") as most, open(f"{folder}/memory.current") as taken:
        return int(most.read()) - int(taken.read()) + _fields(f"{folder}/memory.stat", 1)["file"]


def _fields(path: str, unit: int) -> dict[str, int]:
    """Of lines that begin with a name and a number."""
    with open(path) as file:
        return {name: int(value) * unit for name, value, *_ in map(str.split, file)}
