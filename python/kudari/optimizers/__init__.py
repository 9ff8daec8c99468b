"""Optimizers with Keras's names, defaults and updates."""

from collections.abc import Mapping
from typing import Any

from kudari import checks, identifiers
from kudari.optimizers import schedules
from kudari.optimizers.adam import Adam
from kudari.optimizers.optimizer import Optimizer
from kudari.optimizers.rmsprop import RMSprop
from kudari.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

_CLASSES: dict[str, type[Optimizer]] = {"adam": Adam, "rmsprop": RMSprop, "sgd": SGD}


def get(identifier: object) -> Optimizer:
    """The optimizer that a name (in any case), a class, a dict or an optimizer stands for.

    A name makes a new optimizer with the default arguments; ValueError for an unknown one, and for
    None, with the closest name.
    """
    if isinstance(identifier, str):
        identifier = identifier.lower()
    if isinstance(identifier, Mapping) and "class_name" in identifier:
        identifier = {**identifier, "class_name": str(identifier["class_name"]).lower()}
    return identifiers.resolve("optimizer", identifier, Optimizer, _CLASSES)


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """The dict that `deserialize` turns back into an optimizer like this one."""
    return identifiers.serialize(optimizer)


def deserialize(config: Mapping[str, Any]) -> Optimizer:
    """The optimizer in {"class_name": …, "config": …}."""
    return get(config)


checks.only(__name__, __all__)
