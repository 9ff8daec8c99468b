"""JAX outside of training: jitted functions on arrays that are already its own."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from bench import operands, tasks
from bench.peers import jax_net
from bench.runner import Job, Runner
from bench.tasks import BINARY, NETS, ONE_HOT, OPTIMIZERS, SPARSE, SQUARED


def update(job: Job) -> Runner:
    """The rule on one flat parameter; parameter and slots are donated, so it is in place."""
    rule, one = job["rule"], operands.update(job)
    function = partial(jax_net.update, rule, OPTIMIZERS[rule])
    run = jax.jit(function, donate_argnums=(0, 2))
    grads, state = jnp.array(one.grads), (jnp.array(one.params), tuple(map(jnp.array, one.slots)))
    count = 0.0

    def call() -> Any:
        nonlocal state, count
        count += 1
        state = run(state[0], grads, state[1], count)
        return jax.block_until_ready(state[0])

    for _ in range(operands.UPDATES):
        result = call()
    return Runner(call, answer=operands.shown(result))


_LOSSES = {
    "sparse_softmax_crossentropy": SPARSE,
    "softmax_crossentropy": ONE_HOT,
    "sigmoid_crossentropy": BINARY,
    "mean_squared_error": SQUARED,
}


def _huber(y: Any, z: Any) -> Any:
    error = jnp.abs(z - y)
    inside = jnp.minimum(error, 1.0)
    return jnp.mean(inside * (error - 0.5 * inside))


def loss(job: Job) -> Runner:
    """value_and_grad of the mean loss, jitted."""
    kind = job["loss"]
    function = _huber if kind == "huber" else partial(jax_net.loss_of, _LOSSES[kind])
    run = jax.jit(jax.value_and_grad(function, argnums=1))
    y, z = map(jnp.array, operands.loss(job))

    def call() -> Any:
        return jax.block_until_ready(run(y, z))

    value, gradient = call()
    return Runner(call, answer=operands.loss_answer(float(value), gradient, len(z)))


def predict(job: Job) -> Runner:
    """The net on the rows as NumPy has them, softmax at the end."""
    weights, x = tasks.load_rows(job)
    held = list(map(jnp.array, weights))
    run = jax.jit(lambda w, x: jax.nn.softmax(jax_net.outputs(NETS[job["net"]], w, x)))

    def call() -> Any:
        return jax.block_until_ready(run(held, x))

    return Runner(call, answer=operands.shown(call()))
