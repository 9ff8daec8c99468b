"""Names for layers and models, numbered as Keras numbers them: dense, dense_1, dense_2, …"""

import re
from collections import Counter

_used: Counter[str] = Counter()


def snake_case(name: str) -> str:
    """`InputLayer` as `input_layer`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def auto_name(kind: str) -> str:
    """The next free name of a class: its snake_case name, then with _1, _2, …"""
    stem = snake_case(kind)
    number = _used[stem]
    _used[stem] += 1
    return f"{stem}_{number}" if number else stem


def reset() -> None:
    """Start numbering again, as in a fresh process."""
    _used.clear()
