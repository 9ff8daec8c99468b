"""JAX at its fastest: one jitted scan over the epoch, its state donated.

The order of rows is drawn by NumPy (JAX's own permutation sorts, and is slower) and batches are
gathered inside the scan. Whether unrolling it or gathering all rows first is faster depends on the
net, so all three are compiled and the fastest is what counts.
"""

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bench import tasks
from bench.peers import jax_net
from bench.runner import Job, Runner
from bench.tasks import Array, Task

_VARIANTS = (("gather in the loop", 1), ("gather in the loop", 4), ("gather before", 1))


def _epoch(task: Task, gather: str, unroll: int) -> Callable[..., Any]:
    """(state, order (steps, batch), x, y) -> (state, losses), jitted."""
    step = jax_net.step_of(task)

    def rows(array: Any, order: Any) -> Any:
        return array.at[order].get(mode="promise_in_bounds")

    def inside(state: Any, order: Any, x: Any, y: Any) -> Any:
        return jax.lax.scan(
            lambda s, i: step(s, rows(x, i), rows(y, i)), state, order, unroll=unroll
        )

    def before(state: Any, order: Any, x: Any, y: Any) -> Any:
        batches = (rows(x, order), rows(y, order))
        return jax.lax.scan(lambda s, b: step(s, *b), state, batches, unroll=unroll)

    return jax.jit(before if gather == "gather before" else inside, donate_argnums=0)


class _Variant:
    """One way to run an epoch, from the initial weights on."""

    def __init__(self, task: Task, x: Any, y: Any, gather: str, unroll: int) -> None:
        self.name = f"{gather}, unroll {unroll}"
        self.task, self.x, self.y = task, x, y
        self.run = _epoch(task, gather, unroll)
        self.state, self.rng = jax_net.start(task), np.random.default_rng(0)
        self.first = self.epoch(np.arange(len(task.x)))[: tasks.CHECKED_STEPS]

    def epoch(self, order: Array) -> Array:
        shaped = order.astype(np.int32).reshape(self.task.steps, self.task.batch)
        self.state, losses = self.run(self.state, shaped, self.x, self.y)
        return np.asarray(losses)

    def call(self) -> Array:
        return self.epoch(self.rng.permutation(len(self.task.x)))

    def seconds(self) -> float:
        start = time.perf_counter()
        self.call()
        return time.perf_counter() - start


def training(job: Job) -> Runner:
    task = tasks.load(job)
    x, y = jnp.asarray(task.x), jnp.asarray(task.y)
    variants = [_Variant(task, x, y, *variant) for variant in _VARIANTS]
    times = [[variant.seconds() for variant in variants] for _ in range(3)]
    best = variants[int(np.argmin(np.min(times, axis=0)))]
    return Runner(best.call, task.steps, [float(loss) for loss in best.first], best.name)
