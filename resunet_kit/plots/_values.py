"""Values shown on hover, as invisible pictures whose red, green and blue are the digits of a number.

Plotly reads a picture's pixel under the pointer, so that values take the bytes of a PNG, a fifth of a heatmap's
numbers. A channel holds integers from 0 to 255 without sign, hence one picture for the part above zero and one for the
part below.
"""

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from resunet_kit.plots._png import png_uri
from resunet_kit.plots._style import literal

_TRACE = 400  # bytes of JSON around the picture
_UNITS = (1, 10, 20)  # of the last digit: coarser ones take fewer bytes


def picture_template(levels: int, channels: int, *, exact: bool = True) -> str:
    """Return the hover template of a picture: the numbers from 0 to 255 that it holds.

    Args:
        levels: How many values the picture has; "≈" says that they are fewer than 256.
        channels: 1 or 3.
        exact: Whether they are the image's own values; "of 255" says that they are not.
    """
    about = "" if levels == 256 else "≈ "
    numbers = "%{z[0]}" if channels == 1 else "%{z[0]}, %{z[1]}, %{z[2]}"
    return f"Value {about}{numbers}{'' if exact else ' of 255'}<extra></extra>"


def number_traces(values: NDArray[Any], name: str = "Value", *, room: int | None = None) -> list[Any]:
    """Return the invisible traces that show each pixel's number on hover; empty if there is no room for them.

    Args:
        values: `(height, width)`, finite.
        name: Text before the number.
        room: The bytes of JSON that they may take; more digits take more, and "≈" says that some were left out. None
            for no limit.
    """
    numbers = np.asarray(values, np.float64)
    largest = float(np.abs(numbers).max())
    for unit in _UNITS if room is not None else (1,):
        about = "" if unit == 1 else "≈ "
        traces = [_trace(part, f"{name}{words} {about}{sign}", largest, unit) for part, words, sign in _parts(numbers)]
        if room is None or sum(len(trace.source) + _TRACE for trace in traces) <= room:
            return traces
    return []


def _parts(numbers: NDArray[np.float64]) -> list[tuple[NDArray[np.float64], str, str]]:
    low, high = np.maximum(-numbers, 0), np.maximum(numbers, 0)
    if not low.any():
        return [(high, "", "")]
    return [(high, ", part above 0:", ""), (low, ", part below 0:", "")] if high.any() else [(low, "", "−")]


def _trace(values: NDArray[np.float64], before: str, largest: float, unit: int) -> Any:
    codes, template = _digits(values, largest, unit)
    hover = f"{literal(before)}{template}<extra></extra>"
    return go.Image(source=png_uri(codes.astype(np.uint8)), opacity=0, name="Value", hovertemplate=hover)


def _digits(values: NDArray[np.float64], largest: float, unit: int) -> tuple[NDArray[np.float64], str]:
    """Return the digits of values as three channels, and the template that puts them together.

    Args:
        values: At least 0, at most `largest`.
        largest: Of all parts of the image.
        unit: What the last digit is rounded to a multiple of.
    """
    integral = np.array_equal(values, np.round(values))
    if largest < 256 and integral:
        return _channels(values, 0, 0), "%{z[0]}"
    if 10 <= largest < 256:
        return _split(values * 100, unit, 100, 1), "%{z[0]}.%{z[1]:02d}"
    if 0.1 <= largest < 10:
        return _split(values * 1000, unit, 1000, 10), "%{z[0]}.%{z[1]:02d}%{z[2]}"
    if 256 <= largest < (256_000 if integral else 25_600):
        return _split(values, unit, 1000, 100), "%{z[0]}%{z[1]}%{z[2]:02d}"
    exponent = max(-300, math.floor(math.log10(largest)))  # of smaller ones the power would be 0
    scaled = values / 10.0**exponent * 1000
    return _split(scaled, unit, 1000, 10), f"%{{z[0]}}.%{{z[1]:02d}}%{{z[2]}} × 10<sup>{exponent}</sup>"


def _split(numbers: NDArray[np.float64], unit: int, first: int, second: int) -> NDArray[np.float64]:
    """Return how often `first` is in each rounded number, how often `second` in what is left, and what is left then."""
    rounded = np.minimum(np.round(numbers / unit) * unit, 256 * first - unit)  # a channel ends with 255
    return _channels(rounded // first, rounded % first // second, rounded % second)


def _channels(red: Any, green: Any, blue: Any) -> NDArray[np.float64]:
    return np.stack(np.broadcast_arrays(red, green, blue), axis=-1)
