"""How a name, a class, a dict or an object stands for one of kudari's objects."""

from collections.abc import Mapping
from typing import Any, TypeVar

from kudari import checks

T = TypeVar("T")


def resolve(what: str, identifier: object, kind: type[T], table: Mapping[str, type[T]]) -> T:
    """An instance of `kind`: `identifier` itself, or what it names.

    A class is called without arguments, a string is looked up in `table`, and a dict
    {"class_name": name, "config": arguments} is looked up and called with its arguments.
    ValueError with the closest name for anything else.
    """
    if isinstance(identifier, kind):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, kind):
        return identifier()
    config: Mapping[str, Any] = {}
    received = identifier
    if isinstance(identifier, Mapping):
        config = identifier.get("config") or {}
        identifier = identifier.get("class_name")
    if not isinstance(identifier, str):
        fix = f"Pass one {what} alone, in no list or dict, such as {next(iter(table))!r}."
        wanted = f"one {what}: an object of kudari, or one of {', '.join(sorted(table))}"
        raise ValueError(checks.message(what, repr(received), wanted, fix))
    return table[checks.choice(what, f"the {what}", identifier, table)](**config)


def serialize(value: Any) -> dict[str, Any]:
    """The dict that `resolve` turns back into an object like `value`."""
    return {"class_name": type(value).__name__, "config": value.get_config()}
