"""scikit-learn's MLPClassifier and MLPRegressor, an epoch by partial_fit."""

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from bench import tasks
from bench.runner import Job, Runner, UnfitError
from bench.tasks import ONE_HOT, SQUARED, Task


def _estimator(task: Task) -> Any:
    s = task.settings
    rules: dict[str, dict[str, Any]] = {
        "sgd": {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False},
        "momentum": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False},
        "adam": {"solver": "adam", "beta_1": 0.9, "beta_2": 0.999},
    }
    if task.optimizer not in rules:
        raise UnfitError(f"has no {task.optimizer}")
    kind = MLPRegressor if task.net.loss == SQUARED else MLPClassifier
    return kind(
        hidden_layer_sizes=task.net.units[:-1],
        activation=task.net.hidden,
        alpha=0.0,
        batch_size=task.batch,
        learning_rate_init=s["learning_rate"],
        random_state=0,
        **rules[task.optimizer],
    )


def training(job: Job) -> Runner:
    """An epoch; it starts from weights of its own, so the answer is that the loss falls."""
    task = tasks.load(job)
    net = _estimator(task)
    y = task.y.argmax(axis=1) if task.net.loss == ONE_HOT else task.y
    y = y.ravel()
    more = {} if task.net.loss == SQUARED else {"classes": np.unique(y)}

    def epoch() -> None:
        net.partial_fit(task.x, y, **more)

    epoch()
    epoch()
    if not net.loss_curve_[-1] < net.loss_curve_[0]:
        raise ArithmeticError(f"its loss does not fall: {net.loss_curve_}")
    return Runner(epoch, task.steps, note="starts from weights of its own")
