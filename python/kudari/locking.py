"""Who may be in a model: one thread at a time, and nothing that changes it while `fit` runs."""

import threading
from typing import Self

from kudari import checks


class ModelLock:
    """`with lock.inside(call)` for what callbacks may do in `fit`, `lock.alone(call)` for the rest.

    Both raise RuntimeError where they may not enter.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0

    def inside(self, where: str) -> Self:
        """Enter, perhaps from within another call in the same thread."""
        if not self._lock.acquire(blocking=False):
            fix = "Wait for it, or build a second model."
            self._refuse(where, "a call while another thread uses the model", fix)
        self._depth += 1
        return self

    def alone(self, where: str) -> Self:
        """Enter a model in which no other call runs."""
        self.inside(where)
        if self._depth > 1:
            self._leave()
            fix = "Call it after fit has returned."
            self._refuse(where, "a call from within another call of the same model", fix)
        return self

    def _refuse(self, where: str, received: str, fix: str) -> None:
        raise RuntimeError(checks.message(where, received, "a model that is at rest", fix))

    def _leave(self) -> None:
        self._depth -= 1
        self._lock.release()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        self._leave()
