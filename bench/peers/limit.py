"""The machine's limit for a job, timed like a peer.

Training: the floating-point operations of a step at the peak of fused multiply-adds, with the
registers of kudari's instruction set. The update is not among them: with SGD, which only reads and
writes each weight, the share of this limit is a lower bound for forward and backward.
Updates and losses: a pass of trivial arithmetic over as many arrays. Losses that need an
exponential or a logarithm for each element are bound by kudari's own exp and log in the first
cache, where those take longer. Fixed costs: the engine's own time for the same steps.
"""

from functools import partial

import numpy as np

from bench import operands, tasks
from bench.machine import Machine
from bench.peers.kudari import model
from bench.runner import Job, Runner, UnfitError, stretch
from bench.tasks import NETS
from kudari import kernels

_ROUNDS = 2_000_000  # of multiply-adds in a call: some milliseconds
_TOUCHED = 4_000_000  # elements in a call of passes, at least
# Arrays that a loss reads and writes, and the kernels that it applies to each element.
_LOSSES: dict[str, tuple[tuple[int, int, int], tuple[str, ...]]] = {
    "sparse_softmax_crossentropy": ((1, 0, 1), ("exp",)),
    "softmax_crossentropy": ((2, 0, 1), ("exp",)),
    "sigmoid_crossentropy": ((2, 0, 2), ("exp", "log1p")),
    "huber": ((2, 0, 2), ()),
    "mean_squared_error": ((2, 0, 2), ()),
}


def training(job: Job) -> Runner:
    machine = Machine(job["threads"])
    operations = machine.multiply_add(_ROUNDS)
    steps = operations / NETS[job["net"]].floats(job["batch"])
    return Runner(partial(machine.multiply_add, _ROUNDS), steps)


def _traffic(threads: int, arrays: tuple[int, int, int], size: int) -> Runner:
    repeats = max(1, _TOUCHED // size)
    passes = Machine(threads).traffic(*arrays, size)
    return Runner(partial(passes, repeats), repeats, note="memory traffic")


def update(job: Job) -> Runner:
    return _traffic(job["threads"], (1, 1 + operands.SLOTS[job["rule"]], 0), job["size"])


def _elementary(threads: int, names: tuple[str, ...], size: int) -> Runner:
    """The kernels over an array in the first cache, each thread having its share of `size`."""
    x = np.full(4096, 0.5, np.float32)
    out = np.empty_like(x)
    calls = [partial(getattr(kernels, name), x, out=out) for name in names]

    def call() -> None:
        for kernel in calls:
            kernel()

    return Runner(call, x.size * threads / size, note=f"{' and '.join(names)} in the first cache")


def loss(job: Job) -> Runner:
    arrays, names = _LOSSES[job["loss"]]
    size = int(np.prod(job["shape"]))
    runners = [_traffic(job["threads"], arrays, size)]
    if names:
        runners.append(_elementary(job["threads"], names, size))
    return max(runners, key=lambda runner: min(stretch(runner, 0.01) for _ in range(3)))


def fixed(job: Job) -> Runner:
    """The engine's time, as a long fit has it, for the steps of the job."""
    if job["what"] == "new model":
        raise UnfitError("has no engine's time to compare with")
    net, batch = NETS[job["net"]], job["batch"]
    x, y = tasks.data(net, net.rows // batch * batch)
    trained = model(net)
    call = partial(trained.fit, x, y, batch_size=batch, verbose=0)
    return Runner(call, len(x) // batch / job["steps"], note="the engine's step")
