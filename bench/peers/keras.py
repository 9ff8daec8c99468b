"""Keras on its JAX back end."""

import keras

from bench import tasks
from bench.peers.kudari import fitted, fixed_cost, model, predicted
from bench.runner import Job, Runner
from bench.tasks import NETS


def training(job: Job) -> Runner:
    return fitted(tasks.load(job), keras)


def predict(job: Job) -> Runner:
    return predicted(job, model(NETS[job["net"]], library=keras))


def fixed(job: Job) -> Runner:
    return fixed_cost(job, keras)
