"""Values for hovering, as invisible pictures whose red, green and blue are the digits of a number.

Plotly reads a picture's pixel under the pointer, so that values cost what a PNG costs, a fifth of a heatmap's numbers.
A channel holds integers from 0 to 255 without sign, hence one picture for the part above zero and one for that below.
"""

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from resunet_kit.plots._png import png_uri

_Codes = tuple[NDArray[Any], str]


def picture_template(levels: int, channels: int, *, exact: bool = True) -> str:
    """Return what hovering over a picture says: the numbers from 0 to 255 that it holds.

    Args:
        levels: How many values the picture has; "≈" says that they are fewer than 256.
        channels: 1 or 3.
        exact: Whether they are the image's own values; "of 255" says that they are not.
    """
    about = "" if levels == 256 else "≈ "
    numbers = "%{z[0]}" if channels == 1 else "%{z[0]}, %{z[1]}, %{z[2]}"
    return f"Value {about}{numbers}{'' if exact else ' of 255'}<extra></extra>"


def number_traces(values: NDArray[Any], name: str = "Value", **options: Any) -> list[Any]:
    """Return the invisible traces that say a number for each pixel.

    Args:
        values: `(height, width)`, finite.
        name: Before the number.
        **options: More properties of the traces, such as their axes.
    """
    numbers = np.asarray(values, np.float64)
    if numbers.min() >= 0:
        return [_trace(numbers, f"{name} ", options)]
    low, high = np.maximum(-numbers, 0), np.maximum(numbers, 0)
    if not high.any():
        return [_trace(low, f"{name} −", options)]
    largest = float(np.abs(numbers).max())
    return [
        _trace(high, f"{name}, part above 0: ", options, largest),
        _trace(low, f"{name}, part below 0: ", options, largest),
    ]


def _trace(values: NDArray[np.float64], before: str, options: dict[str, Any], largest: float | None = None) -> Any:
    codes, template = _digits(values, float(values.max()) if largest is None else largest)
    hover = f"{before}{template}<extra></extra>"
    return go.Image(source=png_uri(codes.astype(np.uint8)), opacity=0, name="Value", hovertemplate=hover, **options)


def _digits(values: NDArray[np.float64], largest: float) -> _Codes:
    """Return the digits of values as three channels, and the template that puts them together."""
    if largest < 256 and np.array_equal(values, np.round(values)):
        return _channels(values, 0, 0), "%{z[0]}"
    if 10 <= largest < 256:
        return _split(np.round(values * 100), 100, 1), "%{z[0]}.%{z[1]:02d}"
    if 0.1 <= largest < 10:
        return _split(np.round(values * 1000), 1000, 10), "%{z[0]}.%{z[1]:02d}%{z[2]}"
    if 256 <= largest < 25_600 or largest < 256_000 and np.array_equal(values, np.round(values)):
        return _split(np.round(values), 1000, 100), "%{z[0]}%{z[1]}%{z[2]:02d}"
    exponent = math.floor(math.log10(largest))
    scaled = np.round(values / 10.0**exponent * 1000)
    return _split(scaled, 1000, 10), f"%{{z[0]}}.%{{z[1]:02d}}%{{z[2]}} × 10<sup>{exponent}</sup>"


def _split(numbers: NDArray[np.float64], first: int, second: int) -> NDArray[np.float64]:
    """Return how often `first` is in each number, how often `second` in what is left, and what is left then."""
    return _channels(numbers // first, numbers % first // second, numbers % second)


def _channels(red: Any, green: Any, blue: Any) -> NDArray[np.float64]:
    return np.stack(np.broadcast_arrays(red, green, blue), axis=-1)
