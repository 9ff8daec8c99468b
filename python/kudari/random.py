"""Where seeds come from when nobody gives one: a single counted sequence for the whole process."""

import os
from threading import Lock

from kudari import checks

_MASK = 2**64 - 1
_lock = Lock()
_state = int.from_bytes(os.urandom(8), "little")


def set_seed(seed: int) -> None:
    """Start the sequence again: the same seed (a whole number from 0) gives the same seeds."""
    global _state
    value = checks.whole("set_seed", "seed", seed)
    with _lock:
        _state = value & _MASK


def next_seed() -> int:
    """The next seed, in [0, 2**63); without `set_seed` the sequence starts from system entropy."""
    global _state
    with _lock:
        _state = (_state + 0x9E3779B97F4A7C15) & _MASK
        return _mixed(_state) >> 1


def _mixed(value: int) -> int:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): a bijection of 64 bits."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
