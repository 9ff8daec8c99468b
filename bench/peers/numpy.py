"""Plain NumPy in float32."""

from functools import partial

import numpy as np

from bench import operands, tasks
from bench.numpy_net import NumpyNet
from bench.runner import Job, Runner
from bench.tasks import NETS, Array, Task
from kudari import vectorised
from kudari.samples import Sample


def training(job: Job) -> Runner:
    """An epoch of steps of the net by hand."""
    task = tasks.load(job)
    net, rng = NumpyNet(task, np.float32), np.random.default_rng(0)
    losses = [net.step(x, y) for x, y in task.first]

    def epoch() -> float:
        order = rng.permutation(len(task.x)).reshape(task.steps, task.batch)
        return sum(net.step(task.x[rows], task.y[rows]) for rows in order) / task.steps

    return Runner(epoch, task.steps, losses)


def update(job: Job) -> Runner:
    """Passes with out=, by the functions that `python -m kudari bench` compares with."""
    rule, one = job["rule"], operands.update(job)
    name = f"{rule}_update"
    work = vectorised.Work(name, Sample((one.params, one.grads, *one.slots)))
    for step in range(1, operands.UPDATES + 1):
        work.kwargs = operands.scalars(rule, step)
        vectorised.FUNCTIONS[name](work)
    call = partial(vectorised.FUNCTIONS[name], work)
    return Runner(call, answer=operands.shown(work.args[0]))


def loss(job: Job) -> Runner:
    """As `update`; these functions take a weight for each row, and smooth labels by 0."""
    y, z = operands.loss(job)
    name = f"{job['loss']}_loss_grad"
    ones = np.ones(len(z), np.float32)
    more = {"sample_weight": ones, "scale": 1 / len(z), "label_smoothing": 0.0, "delta": 1.0}
    work = vectorised.Work(name, Sample((y, z), more))
    call = partial(vectorised.FUNCTIONS[name], work)
    call()
    value = float(work.loss.mean())
    return Runner(call, answer=operands.loss_answer(value, work.out, len(z)))


def predict(job: Job) -> Runner:
    weights, x = tasks.load_rows(job)
    named = {f"w{index}": weight for index, weight in enumerate(weights)}
    net = NumpyNet(Task(NETS[job["net"]], len(x), "sgd", named), np.float32)

    def call() -> Array:
        z = net.forward(x)[-1]
        p: Array = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return p

    return Runner(call, answer=operands.shown(call()))
