"""Messages in three parts (what came, what was expected, how to fix it), and checks that raise."""

import math
import numbers
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kudari import lacking


def message(where: str, received: str, expected: str, fix: str) -> str:
    """One sentence per part: `[where] expected …; received …. How to fix it.`"""
    return f"[{where}] expected {expected}; received {received}. {fix}"


def choice(where: str, what: str, value: object, options: Iterable[str]) -> str:
    """`value` if it is one of `options`; else a ValueError that suggests the closest."""
    names = sorted(options)
    if isinstance(value, str) and value in names:
        return value
    raise ValueError(
        message(
            where, repr(value), f"{what} to be one of {', '.join(names)}", closest(value, names)
        )
    )


def closest(value: object, options: Iterable[str]) -> str:
    """`Did you mean 'x'?` for the option nearest to `value`, or a plain hint without one."""
    import difflib  # slow to import, and seldom needed

    names = {name.lower(): name for name in options}
    if str(value).lower() in lacking.NAMES - names.keys():
        return f"This version of kudari has no {value!r}: use one of these names."
    near = difflib.get_close_matches(str(value).lower(), names, n=1, cutoff=0.7)
    return f"Did you mean {names[near[0]]!r}?" if near else "Use one of these names."


def absent(
    where: str, name: str, expected: str, known: Iterable[str], hints: Mapping[str, str]
) -> AttributeError:
    """The error for an attribute that is not there; `hints` say what to do without it."""
    if name.startswith("_"):
        return AttributeError(f"{where!r} has no attribute {name!r}")
    near = closest(name, known)
    other = (
        near
        if near.startswith("Did")
        else "This version of kudari has no other; it trains dense nets on the CPU."
    )
    return AttributeError(message(where, repr(name), expected, hints.get(name, other)))


def only(module: str, known: Iterable[str], hints: Mapping[str, str] | None = None) -> None:
    """Let `module` name what it has where it is asked for another public name.

    Set from here, so that type checkers still see which names there are.
    """
    where = module.removeprefix("kudari.")
    names = sorted(name for name in known if not name.startswith("_"))

    def refuse(name: str) -> Any:
        raise absent(where, name, f"one of {', '.join(names)}", names, hints or {})

    vars(sys.modules[module])["__getattr__"] = refuse


def number(
    where: str,
    name: str,
    value: Any,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
    open_high: bool = False,
) -> float:
    """`value` as a float within [low, high]; NumPy scalars and 0-d arrays count as numbers."""
    result = value if type(value) is float else _float(where, name, value)
    below = result <= low if open_low else result < low
    above = result >= high if open_high else result > high
    if math.isnan(result) or below or above:
        interval = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high else ']'}"
        raise ValueError(
            message(where, f"{result!r}", f"{name} in {interval}", f"Choose {name} in that range.")
        )
    return result


def _float(where: str, name: str, value: Any) -> float:
    """`value` as a float, if it is a number at all."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not isinstance(value, (numbers.Real, np.number, np.bool_)) or isinstance(value, complex):
        raise TypeError(
            message(where, repr(value), f"{name} to be a number", f"Pass a float for {name}.")
        )
    return float(value)


def whole(where: str, name: str, value: Any, *, low: int = 0) -> int:
    """`value` as an int of at least `low`; NumPy integers and 0-d arrays count, bools do not."""
    if type(value) is int and value >= low:
        return value
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise TypeError(
            message(where, repr(value), f"{name} to be a whole number", f"Pass an int for {name}.")
        )
    if value < low:
        raise ValueError(
            message(where, str(value), f"{name} of at least {low}", f"Choose a larger {name}.")
        )
    return int(value)


def shape(where: str, name: str, value: NDArray[Any], wanted: tuple[int, ...], fix: str) -> None:
    """ValueError unless `value.shape == wanted`."""
    if value.shape != wanted:
        raise ValueError(message(where, f"{value.shape}", f"{name} of shape {wanted}", fix))


def kind_of(value: object) -> str:
    """The type of `value` with its article: `a str`, `an ndarray`."""
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' or name == 'ndarray' else 'a'} {name}"


def as_array(where: str, name: str, value: object) -> NDArray[Any]:
    """np.asarray(value); TypeError with the reason where that fails, whatever it raises."""
    try:
        return np.asarray(value)
    except Exception as error:
        fix = f"Turn {name} into one NumPy array first; the reason was: {error}"
        wanted = f"{name} to be an array of numbers"
        raise TypeError(message(where, kind_of(value), wanted, fix)) from error


def unmasked(where: str, name: str, value: object) -> None:
    """ValueError for a masked array in which something is masked."""
    if "numpy.ma" not in sys.modules:  # NumPy loads it late, and no masked array is older
        return
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        fix = "Drop those rows, or fill the values in with filled()."
        wanted = f"every value of {name} to count"
        raise ValueError(message(where, "an array with masked values", wanted, fix))


def flag(where: str, name: str, value: object) -> bool:
    """`value` as a bool; NumPy bools count, strings and other numbers than 0 and 1 do not."""
    if value is True or value is False:
        return value
    if isinstance(value, np.bool_) or (isinstance(value, numbers.Real) and value in (0, 1)):
        return bool(value)
    raise TypeError(
        message(where, repr(value), f"{name} to be True or False", f"Pass a bool for {name}.")
    )


_FLOATS: dict[Any, str] = {
    key: name for name in ("float32", "float64") for key in (name, np.dtype(name))
}


def float_dtype(where: str, value: object) -> str:
    """The name of a dtype that kudari computes in: "float32" (also for None) or "float64"."""
    if isinstance(value, (str, np.dtype)) and value in _FLOATS:
        return _FLOATS[value]
    name = getattr(value, "__name__", None) or str(value)
    return choice(where, "dtype", "float32" if value is None else name, ("float32", "float64"))


def last_axis(where: str, axis: object) -> int:
    """-1; ValueError for any other axis."""
    if isinstance(axis, (int, np.integer)) and not isinstance(axis, bool) and axis == -1:
        return -1
    raise ValueError(
        message(where, repr(axis), "axis=-1", "Move that axis last with numpy.moveaxis.")
    )
