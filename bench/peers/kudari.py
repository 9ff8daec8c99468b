"""kudari itself: `fit` with verbose=0, and its kernels on arrays."""

from functools import partial
from typing import Any

import numpy as np

import kudari
from bench import operands, tasks
from bench.runner import Job, Runner
from bench.tasks import NETS, Net, Task
from kudari import kernels, optimizers

_OPTIMIZERS = {
    "adam": optimizers.Adam,
    "sgd": optimizers.SGD,
    "momentum": optimizers.SGD,
    "rmsprop": optimizers.RMSprop,
}


def model(net: Net, optimizer: str = "adam", library: Any = kudari) -> Any:
    """The net, compiled; `library` has Keras's names."""
    dense = library.layers.Dense
    chosen = getattr(library.optimizers, _OPTIMIZERS[optimizer].__name__)
    built = library.Sequential(
        [
            library.layers.Input((net.inputs,)),
            *(dense(units, activation=net.hidden) for units in net.units[:-1]),
            dense(net.units[-1], activation=net.last),
        ]
    )
    built.compile(optimizer=chosen(**tasks.OPTIMIZERS[optimizer]), loss=net.loss)
    return built


def initial_weights(net: Net) -> list[tasks.Array]:
    """kudari's own initial weights, which every peer starts from."""
    kudari.utils.set_random_seed(tasks.SEED % 2**31)
    weights: list[tasks.Array] = model(net).get_weights()
    return weights


def fitted(task: Task, library: Any = kudari) -> Runner:
    """An epoch of `fit`, shuffled, after the first steps in the order given."""
    trained = model(task.net, task.optimizer, library)
    trained.set_weights(task.weights)

    def fit(x: tasks.Array, y: tasks.Array, shuffle: bool) -> float:
        history = trained.fit(x, y, batch_size=task.batch, verbose=0, shuffle=shuffle)
        return float(history.history["loss"][0])

    losses = [fit(x, y, False) for x, y in task.first]
    return Runner(lambda: fit(task.x, task.y, True), task.steps, losses)


def training(job: Job) -> Runner:
    return fitted(tasks.load(job))


def update(job: Job) -> Runner:
    """One pass of `kernels.<rule>_update` over a flat parameter."""
    rule = job["rule"]
    one = operands.update(job)
    function = partial(getattr(kernels, f"{rule}_update"), one.params, one.grads, *one.slots)
    for step in range(1, operands.UPDATES + 1):
        call = partial(function, **operands.scalars(rule, step))
        call()
    return Runner(call, answer=operands.shown(one.params))


def loss(job: Job) -> Runner:
    """`kernels.<loss>_loss_grad`: the loss of each row, and the gradient of their mean."""
    y, z = operands.loss(job)
    function = getattr(kernels, f"{job['loss']}_loss_grad")
    out = np.empty(len(z), np.float32), np.empty_like(z)
    call = partial(function, y, z, scale=1 / len(z), out=out)
    values, gradient = call()
    return Runner(call, answer=operands.loss_answer(float(values.mean()), gradient, len(z)))


def predict(job: Job) -> Runner:
    """`predict_on_batch`, or `predict` with one large batch."""
    return predicted(job, model(NETS[job["net"]]))


def predicted(job: Job, built: Any) -> Runner:
    """The job's method of a model that has Keras's names."""
    weights, x = tasks.load_rows(job)
    built.set_weights(weights)
    call = partial(built.predict_on_batch, x)
    if job["method"] == "predict":
        call = partial(built.predict, x, batch_size=len(x), verbose=0)
    return Runner(call, answer=operands.shown(call()))


def fixed(job: Job) -> Runner:
    return fixed_cost(job, kudari)


def fixed_cost(job: Job, library: Any) -> Runner:
    """A call of the Keras API on a small net, most of which is not the engine's work."""
    net, batch, what = NETS[job["net"]], job["batch"], job["what"]
    x, y = tasks.data(net, batch * job["steps"])
    if what == "new model":
        return Runner(lambda: model(net, library=library).fit(x, y, batch_size=batch, verbose=0))
    trained = model(net, library=library)
    if what == "train_on_batch":
        return Runner(partial(trained.train_on_batch, x, y))
    return Runner(partial(trained.fit, x, y, batch_size=batch, verbose=0))
