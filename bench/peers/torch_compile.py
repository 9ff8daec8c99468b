"""PyTorch with forward and loss through torch.compile."""

import torch

from bench import tasks
from bench.peers.torch import trained
from bench.runner import Job, Runner


def training(job: Job) -> Runner:
    torch.compiler.reset()
    return trained(tasks.load(job), torch.compile)
