"""Operands of the kernel rows, drawn from a seed, and what the right answers are."""

from typing import Any, NamedTuple

import numpy as np

from bench.runner import Job
from bench.tasks import OPTIMIZERS, SEED, Array
from kudari import reference

SLOTS = {"momentum": 1, "rmsprop": 1, "adam": 2}  # arrays that a rule keeps beside the parameters
UPDATES = 2  # steps before the answer is taken
SPARSE = "sparse_softmax_crossentropy"
_SHOWN = 997  # values of a large array that an answer has


class Update(NamedTuple):
    """One flat parameter, its gradient and its slots."""

    params: Array
    grads: Array
    slots: list[Array]


def update(job: Job) -> Update:
    """(size,) float32 each. No gradient is near 0, where the rules' epsilons differ."""
    rng = np.random.default_rng(SEED)
    shape = (int(job["size"]),)
    params = rng.standard_normal(shape, dtype=np.float32)
    grads = rng.standard_normal(shape, dtype=np.float32)
    grads += np.copysign(np.float32(0.5), grads)
    return Update(params, grads, [np.zeros_like(params) for _ in range(SLOTS[job["rule"]])])


def scalars(rule: str, step: int) -> dict[str, float]:
    """Keyword arguments of `kernels.<rule>_update` at a step, from 1."""
    s = dict(OPTIMIZERS[rule])
    if rule == "adam":
        corrections = (1 - s["beta_2"] ** step) ** 0.5 / (1 - s["beta_1"] ** step)
        s["alpha"] = s.pop("learning_rate") * corrections
    return s


def shown(values: Any) -> list[float]:
    """A few of an array's values, from all over it."""
    flat = np.asarray(values).reshape(-1)
    return [float(value) for value in flat[:: max(1, flat.size // _SHOWN)]]


def right_update(job: Job) -> list[float]:
    """The parameters after the first steps, by kudari's reference."""
    few = [np.array(shown(array), np.float64) for array in update(job)[:2]]
    slots = [np.zeros_like(few[0]) for _ in range(SLOTS[job["rule"]])]
    rule = getattr(reference, f"{job['rule']}_update")
    for step in range(1, UPDATES + 1):
        rule(*few, *slots, **scalars(job["rule"], step))
    return [float(value) for value in few[0]]


def loss(job: Job) -> tuple[Array, Array]:
    """(y_true, y_pred); logits where the loss takes them."""
    rng = np.random.default_rng(SEED)
    shape = tuple(job["shape"])
    pred = 2 * rng.standard_normal(shape, dtype=np.float32)
    name = job["loss"]
    if name == SPARSE:
        return rng.integers(0, shape[1], shape[0]).astype(np.int32), pred
    if name == "softmax_crossentropy":
        return np.eye(shape[1], dtype=np.float32)[rng.integers(0, shape[1], shape[0])], pred
    if name == "sigmoid_crossentropy":
        return rng.integers(0, 2, shape).astype(np.float32), pred
    return rng.standard_normal(shape, dtype=np.float32), pred


def loss_answer(value: float, gradient: Any, rows: int) -> list[float]:
    """The mean loss, and some of the mean's gradient, times `rows` to be as large."""
    return [value, *(rows * part for part in shown(gradient))]


def right_loss(job: Job) -> list[float]:
    y, z = loss(job)
    rows = len(z)
    wide = y if job["loss"] == SPARSE else y.astype(np.float64)
    function = getattr(reference, f"{job['loss']}_loss_grad")
    values, gradient = function(wide, z.astype(np.float64), scale=1 / rows)
    return loss_answer(float(np.mean(values)), gradient, rows)
