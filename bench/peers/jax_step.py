"""JAX as it is mostly written: a jitted step, called for each batch."""

import jax
import numpy as np

from bench import tasks
from bench.peers import jax_net
from bench.runner import Job, Runner


def training(job: Job) -> Runner:
    task = tasks.load(job)
    step = jax.jit(jax_net.step_of(task), donate_argnums=0)
    state, rng, losses = jax_net.start(task), np.random.default_rng(0), []
    for x, y in task.first:
        state, loss = step(state, x, y)
        losses.append(float(loss))

    def epoch() -> float:
        nonlocal state
        total = []
        for rows in rng.permutation(len(task.x)).reshape(task.steps, task.batch):
            state, loss = step(state, task.x[rows], task.y[rows])
            total.append(loss)
        jax.block_until_ready(state)
        return float(total[-1])

    return Runner(epoch, task.steps, losses)
