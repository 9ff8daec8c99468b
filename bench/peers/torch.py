"""PyTorch, eager, with its fused optimizers."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as f
from torch import nn

from bench import operands, tasks
from bench.runner import Job, Runner
from bench.tasks import BINARY, NETS, SQUARED, Net, Task


def model(net: Net, weights: list[Any] | None = None) -> nn.Sequential:
    """The net up to the last layer's sums; its losses are from logits."""
    hidden = nn.ReLU if net.hidden == "relu" else nn.Tanh
    layers: list[nn.Module] = []
    for inputs, units in net.shapes:
        layers += [nn.Linear(inputs, units), hidden()]
    built = nn.Sequential(*layers[:-1])
    if weights is not None:
        with torch.no_grad():
            for parameter, weight in zip(built.parameters(), weights, strict=True):
                parameter.copy_(torch.from_numpy(weight.T))
    return built


def loss_of(net: Net) -> Callable[[Any, Any], Any]:
    """(logits, y) -> mean loss of the batch."""
    if net.loss == SQUARED:
        return f.mse_loss
    return f.binary_cross_entropy_with_logits if net.loss == BINARY else f.cross_entropy


def optimizer(name: str, parameters: Any) -> torch.optim.Optimizer:
    """The optimizer, fused where PyTorch has that (it has no fused RMSprop)."""
    s = tasks.OPTIMIZERS[name]
    if name == "adam":
        betas = (s["beta_1"], s["beta_2"])
        return torch.optim.Adam(
            parameters, s["learning_rate"], betas=betas, eps=s["epsilon"], fused=True
        )
    if name == "rmsprop":
        return torch.optim.RMSprop(
            parameters, s["learning_rate"], alpha=s["rho"], eps=s["epsilon"], foreach=True
        )
    return torch.optim.SGD(
        parameters, s["learning_rate"], momentum=s.get("momentum", 0.0), fused=True
    )


def labels(y: tasks.Array) -> Any:
    """Targets, or classes as the integers that PyTorch wants."""
    tensor = torch.from_numpy(y)
    return tensor.long() if y.ndim == 1 else tensor


def tensors(task: Task) -> tuple[Any, Any]:
    """x and y; labels as PyTorch wants them."""
    return torch.from_numpy(task.x), labels(task.y)


Function = Callable[..., Any]


def stepper(
    built: nn.Module, loss: Function, rule: torch.optim.Optimizer, wrap: Function = lambda f: f
) -> Function:
    """One training step, (x, y) -> loss; `wrap` may compile forward and loss."""
    forward = wrap(lambda x, y: loss(built(x), y))

    def step(x: Any, y: Any) -> Any:
        rule.zero_grad(set_to_none=True)
        value = forward(x, y)
        value.backward()
        rule.step()
        return value.detach()

    return step


def trained(task: Task, wrap: Function = lambda f: f) -> Runner:
    """An epoch of steps."""
    built = model(task.net, task.weights)
    rule = optimizer(task.optimizer, built.parameters())
    step = stepper(built, loss_of(task.net), rule, wrap)
    x, y = tensors(task)
    starts = range(0, tasks.CHECKED_STEPS * task.batch, task.batch)
    losses = [float(step(x[i : i + task.batch], y[i : i + task.batch])) for i in starts]

    def epoch() -> float:
        total = torch.zeros(())
        for rows in torch.randperm(len(x)).view(task.steps, task.batch):
            total += step(x[rows], y[rows])
        return float(total) / task.steps

    return Runner(epoch, task.steps, losses)


def training(job: Job) -> Runner:
    return trained(tasks.load(job))


def update(job: Job) -> Runner:
    """A step of the optimizer on one flat parameter whose gradient is set."""
    one = operands.update(job)
    parameter = nn.Parameter(torch.from_numpy(one.params))
    parameter.grad = torch.from_numpy(one.grads)
    rule = optimizer(job["rule"], [parameter])
    for _ in range(operands.UPDATES):
        rule.step()
    return Runner(rule.step, answer=operands.shown(parameter.detach().numpy()))


_LOSSES: dict[str, Callable[..., Any]] = {
    "sparse_softmax_crossentropy": f.cross_entropy,
    "softmax_crossentropy": f.cross_entropy,
    "sigmoid_crossentropy": f.binary_cross_entropy_with_logits,
    "huber": f.huber_loss,
    "mean_squared_error": f.mse_loss,
}


def loss(job: Job) -> Runner:
    """Forward and backward of the mean loss."""
    true, pred = operands.loss(job)
    y, z, function = labels(true), torch.from_numpy(pred).requires_grad_(), _LOSSES[job["loss"]]

    def call() -> Any:
        z.grad = None
        value = function(z, y)
        value.backward()
        return value

    value = float(call())
    return Runner(call, answer=operands.loss_answer(value, z.grad, len(pred)))


def predict(job: Job) -> Runner:
    """Forward in inference mode, softmax at the end."""
    weights, x = tasks.load_rows(job)
    built = nn.Sequential(*model(NETS[job["net"]], weights), nn.Softmax(dim=1)).eval()
    call = torch.inference_mode()(partial(built, torch.from_numpy(x)))
    return Runner(call, answer=operands.shown(call().numpy()))


def fixed(job: Job) -> Runner:
    """The same steps by hand; each loss is read."""
    net, batch, count = NETS[job["net"]], job["batch"], job["steps"]
    x, y = map(torch.from_numpy, tasks.data(net, batch * count))

    def begin() -> Function:
        built = model(net)
        step = stepper(built, loss_of(net), optimizer("adam", built.parameters()))

        def steps() -> None:
            for rows in torch.randperm(len(x)).view(count, batch):
                float(step(x[rows], y[rows]))

        return (lambda: float(step(x, y))) if job["what"] == "train_on_batch" else steps

    return Runner((lambda: begin()()) if job["what"] == "new model" else begin())
