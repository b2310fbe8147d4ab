"""Validation of plain options: integers, numbers, strings, booleans and names from a list.

A value of a wrong type raises a `TypeError`, one out of range a `ValueError`; both read "Expected … Received …" and end
with a cure. Each function returns a built-in Python type, because JSON has no NumPy scalars.
"""

import functools
import math
import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from resunet_kit._shared.errors import unknown_name


def integer(name: str, value: Any, interval: str = "(-inf, inf)", *, cure: str = "") -> int:
    """Return `value` as an integer within `interval`.

    Args:
        name: The option's name, for the message.
        value: A Python or NumPy integer; booleans are not integers here.
        interval: In mathematical notation: `"[1, inf)"`, `"[0, 255]"`.
        cure: What to do. By default: convert a value of a wrong type, or pass one in the interval.

    Raises:
        TypeError: If it is not an integer.
        ValueError: If it is outside the interval.

    Example:
        >>> integer("filters", 0, "[1, inf)")
        Traceback (most recent call last):
        ...
        ValueError: Expected filters to be an integer of at least 1. Received filters=0. Pass one of at least 1.
    """
    single = _single(value)
    if isinstance(single, bool | np.bool_) or not isinstance(single, numbers.Integral):
        raise _wrong_type(name, value, f"an integer{_described(interval)}", cure or "Convert it with int().")
    return int(_within(name, int(single), interval, "an integer", cure))


def number(name: str, value: Any, interval: str = "(-inf, inf)", *, cure: str = "") -> float:
    """Return `value` as a finite float within `interval`.

    Args:
        name: The option's name, for the message.
        value: A Python or NumPy number; booleans are not numbers here.
        interval: In mathematical notation: `"[0, 1)"`, `"(0, inf)"`.
        cure: What to do. By default: convert a value of a wrong type, or pass one in the interval.

    Raises:
        TypeError: If it is not a single real number.
        ValueError: If it is NaN, infinite, an integer that no float can hold, or outside the interval.

    Example:
        >>> number("dropout", 1, "[0, 1)")
        Traceback (most recent call last):
        ...
        ValueError: Expected dropout to be a number in [0, 1). Received dropout=1. Pass one in [0, 1).
    """
    single = _single(value)
    if isinstance(single, bool | np.bool_) or not isinstance(single, numbers.Real):
        raise _wrong_type(name, value, f"a number{_described(interval)}", cure or "Convert it with float().")
    try:
        return float(_within(name, single, interval, "a number", cure))
    except OverflowError:
        raise ValueError(f"Expected {name} within the range of floats. Received {name}={value!r}. Scale it.") from None


def text(name: str, value: Any) -> str:
    """Return `value`, a string.

    Raises:
        TypeError: If it is anything else.
    """
    if not isinstance(value, str):
        raise _wrong_type(name, value, "a text", "Convert it with str().")
    return value


def flag(name: str, value: Any) -> bool:
    """Return `value`, True or False, as a Python boolean.

    Raises:
        TypeError: If it is anything else, including 0 and 1.
    """
    if not isinstance(value, bool | np.bool_):
        raise _wrong_type(name, value, "True or False", "Convert it with bool().")
    return bool(value)


def choice(name: str, value: Any, known: Iterable[str], *, also: str = "") -> str:
    """Return `value`, one of the names in `known`.

    Args:
        name: The option's name, for the message.
        value: A string.
        known: The names that are accepted.
        also: What else the caller accepts, as in `"or a callable"`.

    Raises:
        TypeError: If it is not a string.
        ValueError: If it is not in `known`; the message suggests the nearest name.
    """
    names = tuple(known)
    if not isinstance(value, str) or value not in names:
        raise unknown_name(name, value, names, also=also)
    return value


def integers(name: str, values: Any, interval: str = "(-inf, inf)") -> tuple[int, ...]:
    """Return a sequence of at least one integer as a tuple, each within `interval`.

    Raises:
        TypeError: If it is not a sequence, or an entry is not an integer.
        ValueError: If it is empty, or an entry is outside the interval.
    """
    if isinstance(values, str | bytes) or not isinstance(values, Sequence | np.ndarray) or _is_scalar_array(values):
        raise _wrong_type(name, values, f"a sequence of integers{_described(interval)}", "Pass a list or a tuple.")
    if len(values) == 0:
        raise ValueError(f"Expected {name} to hold at least one integer. Received {name}={values!r}. Add one.")
    return tuple(integer(f"{name}[{index}]", value, interval) for index, value in enumerate(values))


def integers_per_axis(name: str, value: Any, axes: int, interval: str = "[1, inf)") -> tuple[int, ...]:
    """Return one integer for each axis, given one for all axes or one for each.

    Raises:
        TypeError: If it is neither an integer nor a sequence of integers.
        ValueError: If the number of entries is not `axes`, or one is outside the interval.
    """
    if _is_single(value):
        return (integer(name, value, interval),) * axes
    return _of_length(name, integers(name, value, interval), axes)


def numbers_per_axis(name: str, value: Any, axes: int, interval: str = "(0, inf)") -> tuple[float, ...]:
    """Return one number for each axis, given one for all axes or one for each.

    Raises:
        TypeError: If it is neither a number nor a sequence of numbers.
        ValueError: If the number of entries is not `axes`, or one is outside the interval.
    """
    if _is_single(value):
        return (number(name, value, interval),) * axes
    found = tuple(number(f"{name}[{index}]", entry, interval) for index, entry in enumerate(value))
    return _of_length(name, found, axes)


def _single(value: Any) -> Any:
    """Return the scalar of a zero-dimensional array, and anything else unchanged; a masked value is not its 0."""
    if value is np.ma.masked:
        return None
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _is_single(value: Any) -> bool:
    return isinstance(value, str) or not isinstance(value, Sequence | np.ndarray) or np.ndim(value) == 0


def _is_scalar_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 0


def _of_length(name: str, values: tuple[Any, ...], axes: int) -> tuple[Any, ...]:
    if len(values) != axes:
        raise ValueError(
            f"Expected {name} to be one value for all axes, or one for each of {axes}. Received {name}={values}. Pass "
            "them in the order of the axes."
        )
    return values


def _within(name: str, value: Any, interval: str, kind: str, cure: str) -> Any:
    opening, low, high, closing = _parsed(interval)
    inside = (low <= value if opening == "[" else low < value) and (value <= high if closing == "]" else value < high)
    if inside and (isinstance(value, int) or math.isfinite(value)):  # integers may exceed the range of floats
        return value
    described = _described(interval) or (" that is finite" if kind == "a number" else "")
    cure = cure or (f"Pass one{described}." if described else "Pass another.")
    raise ValueError(f"Expected {name} to be {kind}{described}. Received {name}={value!r}. {cure}")


@functools.cache
def _parsed(interval: str) -> tuple[str, float, float, str]:
    low, high = interval[1:-1].split(",")
    return interval[0], float(low), float(high), interval[-1]


@functools.cache
def _described(interval: str) -> str:
    """Return the interval in words, or an empty string if it has no bounds."""
    opening, low, high, _ = _parsed(interval)
    if math.isfinite(low) and math.isfinite(high):
        return f" in {interval}"
    if math.isfinite(low):
        return f" of at least {low:g}" if opening == "[" else f" above {low:g}"
    return f" of at most {high:g}" if math.isfinite(high) else ""


def _wrong_type(name: str, value: object, expected: str, cure: str) -> TypeError:
    return TypeError(f"Expected {name} to be {expected}. Received {name}={value!r}. {cure}")
