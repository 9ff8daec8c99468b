"""What `fit`, `evaluate` and `predict` print: Keras's bar on a terminal, one line elsewhere."""

import sys
import time
from collections.abc import Hashable, Mapping

from kudari import checks

WIDTH = 20
_LEVELS: dict[Hashable, int] = {"auto": 1, 0: 0, 1: 1, 2: 2}
INTERVAL = 0.05  # seconds between two drawings of the bar

_BOLD, _GREEN, _WHITE, _PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


def level(where: str, verbose: object) -> int:
    """0 (silent), 1 (a bar) or 2 (a line per epoch); "auto" is 1, and 1 is 2 without a terminal."""
    wanted = _LEVELS.get(verbose) if isinstance(verbose, Hashable) else None
    if wanted is None:
        fix = "Use one of them."
        raise ValueError(checks.message(where, repr(verbose), "verbose of 'auto', 0, 1 or 2", fix))
    return 2 if wanted == 1 and not _on_terminal() else wanted


def _on_terminal() -> bool:
    return bool(sys.stdout is not None and sys.stdout.isatty())


def write(text: str) -> None:
    """Print without a line break; what the terminal's encoding lacks becomes `?`."""
    stream = sys.stdout
    if stream is None:
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding))
    stream.flush()


class Progress:
    """The line of one pass over `steps` batches, at level 0, 1 or 2 (see `level`)."""

    def __init__(self, verbose: int, steps: int) -> None:
        self.verbose = verbose
        self.steps = steps
        self._start = time.perf_counter()
        self._drawn_at = 0.0
        self._drawn_width = 0

    def update(self, done: int, logs: Mapping[str, float]) -> None:
        """Draw the bar after `done` batches, unless that was just done."""
        now = time.perf_counter()
        if self.verbose == 1 and now - self._drawn_at >= INTERVAL:
            self._drawn_at = now
            left = (now - self._start) / max(done, 1) * (self.steps - done)
            self._draw(done, remaining(left), now, logs)

    def end(self, logs: Mapping[str, float]) -> None:
        """Print the finished line, with all values."""
        now = time.perf_counter()
        elapsed = f"{now - self._start:.0f}s"
        if self.verbose == 1:
            self._draw(self.steps, elapsed, now, logs)
            write("\n")
        elif self.verbose == 2:
            count = f"{self.steps}/{self.steps}"
            write(f"{count} - {elapsed} - {self._pace(self.steps, now)}{values(logs)}\n")

    def _draw(self, done: int, clock: str, now: float, logs: Mapping[str, float]) -> None:
        count = f"{done:{len(str(self.steps))}d}/{self.steps}"
        info = f" {self._pace(done, now)}{values(logs)}"
        width = len(count) + WIDTH + len(clock) + len(info) + 2
        blank = " " * max(self._drawn_width - width, 0)
        back = "\b" * self._drawn_width + "\r"
        line = f"{_BOLD}{count}{_PLAIN} {bar(done, self.steps)} {_BOLD}{clock}{_PLAIN}{info}"
        write(back + line + blank)
        self._drawn_width = width

    def _pace(self, done: int, now: float) -> str:
        return pace((now - self._start) / max(done, 1))


def bar(done: int, steps: int) -> str:
    """The coloured part: green for what is done, white for the rest."""
    filled = WIDTH * done // steps
    green = f"{_GREEN}{'━' * filled}{_PLAIN}" if filled else ""
    return f"{green}{_WHITE}{'━' * (WIDTH - filled)}{_PLAIN}"


def pace(seconds: float) -> str:
    """Time per step: `2s/step`, `15ms/step`, `677us/step`."""
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/step"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms/step"
    return f"{seconds * 1e6:.0f}us/step"


def remaining(seconds: float) -> str:
    """Time left: `12s`, `3:05`, `1:02:40`."""
    whole = int(seconds)
    if whole > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if whole > 60 else f"{whole}s"


def values(logs: Mapping[str, float]) -> str:
    """` - loss: 0.8084` for each value; small ones as 1.2345e-05."""
    forms = ((name, value, ".4f" if abs(value) > 1e-3 else ".4e") for name, value in logs.items())
    return "".join(f" - {name}: {value:{form}}" for name, value, form in forms)
