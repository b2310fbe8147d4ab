"""Options of `Augment`: strengths and the ranges that they stand for, flips, fill values, limits and probabilities."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np

from resunet_kit._shared.numbers import choice, integer, number
from resunet_kit.data.augmentation.resampling import FillMode

Range = tuple[float, float]
Strength = float | Range
FlipAxis = Literal["depth", "vertical", "horizontal"]
Flip = bool | float | FlipAxis | tuple[FlipAxis, ...]
Clip = Range | Literal["auto"] | None

# What a number s stands for: the range from -s to s, from 1 - s to 1 + s, or from 0 to s.
AROUND_ZERO = ("rotation", "shift", "shear", "brightness")
AROUND_ONE = ("zoom", "contrast", "gamma")
FROM_ZERO = ("elastic", "bias_field", "noise", "blur", "cutout")
STRENGTHS = (*AROUND_ZERO, *AROUND_ONE, *FROM_ZERO)
SWITCHES = ("flip", "rotate90")

# The interval of a single number, and that of both ends of a range.
_INTERVALS = {
    **dict.fromkeys(AROUND_ZERO, ("[0, inf)", "(-inf, inf)")),
    **dict.fromkeys(AROUND_ONE, ("[0, 1)", "(0, inf)")),
    **dict.fromkeys(FROM_ZERO, ("[0, inf)", "[0, inf)")),
    **dict.fromkeys(("elastic", "cutout"), ("[0, 1]", "[0, 1]")),
    "shift": ("[0, 1)", "(-1, 1)"),
}
# The cure for a number outside, which was probably given in another unit.
_UNITS = {"shift": " Divide pixels by the image's size."}


def plain(value: Any) -> Any:
    """Return Python's own numbers and tuples, which survive JSON and compare equal after it."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value


def strength_range(option: str, strength: object) -> Range | None:
    """Return the range of one option of `STRENGTHS`; None if it leaves everything unchanged.

    Raises:
        TypeError: If the strength is neither a number nor a pair of numbers.
        ValueError: If it is out of bounds, or the range is not a rising pair.
    """
    of_number, of_range = _INTERVALS[option]
    if isinstance(strength, tuple | list):
        low, high = _rising_pair(option, strength, of_range)
    else:
        cure = f"Pass one in {of_number}, or a range (low, high).{_UNITS.get(option, '')}"
        low, high = _range_of(option, number(option, strength, of_number, cure=cure))
    if option == "rotation" and 0 < max(-low, high) < 1:
        turn = max(-low, high)
        raise ValueError(
            f"Expected rotation in degrees, up to at least 1. Received rotation={strength!r}. If these are radians "
            f"pass rotation={math.degrees(turn):.3g}; if fractions of a turn, as in Keras, rotation={360 * turn:.3g}."
        )
    identity = 1.0 if option in AROUND_ONE else 0.0
    return None if low == high == identity else (low, high)


def _rising_pair(option: str, values: Sequence[Any], interval: str) -> Range:
    if len(values) != 2:
        raise ValueError(
            f"Expected {option} to be a number or a range (low, high). Received {option}={values}. Pass two numbers."
        )
    cure = f"Pass one in {interval}.{_UNITS[option]}" if option in _UNITS else ""
    for index, value in enumerate(values):
        number(f"{option}[{index}]", value)  # check both types before either range
    low, high = (number(f"{option}[{index}]", value, interval, cure=cure) for index, value in enumerate(values))
    if low > high:
        raise ValueError(f"Expected {option} with low <= high. Received {option}={values}. Swap the two.")
    return low, high


def _range_of(option: str, strength: float) -> Range:
    if option in AROUND_ZERO:
        return -strength, strength
    return (1 - strength, 1 + strength) if option in AROUND_ONE else (0.0, strength)


def checked_probabilities(probabilities: object) -> dict[str, float]:
    """Return a copy of the probabilities by option.

    Raises:
        TypeError: If it is not a mapping of names to numbers.
        ValueError: If a name is not an option, or a probability is not in [0, 1].
    """
    if not isinstance(probabilities, Mapping):
        raise TypeError(
            "Expected probabilities to be a mapping of options to numbers. "
            f"Received probabilities={probabilities!r}. Pass a dict such as {{'noise': 0.3}}."
        )
    return {
        choice("key of probabilities", option, (*STRENGTHS, *SWITCHES)): number(
            f"probabilities[{option!r}]", probability, "[0, 1]"
        )
        for option, probability in probabilities.items()
    }


def flip_axes(flip: Any, ndim: int, axes: Sequence[int]) -> tuple[int, ...]:
    """Return the spatial axes to mirror: those that `flip` names, or else all of `axes`."""
    if not isinstance(flip, str | tuple):
        return tuple(axes) if flip else ()
    names, known = (flip,) if isinstance(flip, str) else flip, get_args(FlipAxis)[-ndim:]
    return tuple(known.index(choice("flip", name, known, also="True, False or a probability")) for name in names)


def check_flip(flip: Any, ndim: int, probabilities: Mapping[str, float]) -> None:
    """Raise a `TypeError` or `ValueError` unless `flip` is a boolean, the only probability given, or names of axes."""
    if isinstance(flip, str | tuple):
        flip_axes(flip, ndim, ())
    elif not isinstance(flip, bool):
        number("flip", flip, "[0, 1]")
        if "flip" in probabilities:
            raise ValueError(
                f"Expected one probability of flips. Received flip={flip} and "
                f"probabilities['flip']={probabilities['flip']}. Pass flip=True with the latter."
            )


def check_fill(fill: object, mask_fill: object) -> None:
    """Raise a `TypeError` or `ValueError` unless `fill` is a number or a mode, and `mask_fill` fits it."""
    integer("mask_fill", mask_fill, f"[{-(2**63)}, {2**64})")
    if not isinstance(fill, str):
        number("fill", fill)
        return
    choice("fill", fill, get_args(FillMode), also="or a number")
    if mask_fill:
        raise ValueError(
            f"Expected mask_fill=0 with fill={fill!r}, which continues masks as it does images. "
            f"Received mask_fill={mask_fill}. Pass a number as fill, or leave mask_fill out."
        )


def check_clip(clip: object) -> None:
    """Raise a `TypeError` or `ValueError` unless `clip` is `"auto"`, None or rising limits; these may be infinite."""
    if clip is None:
        return
    if not isinstance(clip, tuple):
        choice("clip", clip, ("auto",), also="None or limits (low, high)")
        return
    for index, limit in enumerate(clip):
        if limit not in (-math.inf, math.inf):
            number(f"clip[{index}]", limit)
    if len(clip) != 2 or clip[0] >= clip[1]:
        raise ValueError(
            f"Expected clip=(low, high) with low < high. Received clip={clip}. Pass the lower limit first."
        )
