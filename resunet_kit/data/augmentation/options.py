"""Checks of the options that are no strengths: axes of flips, switches, what lies outside, limits."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from resunet_kit._shared.errors import unknown_name
from resunet_kit._shared.numbers import integer
from resunet_kit.data.augmentation.ranges import check_probability

AXES = {"depth": -3, "vertical": -2, "horizontal": -1}


def plain(value: Any) -> Any:
    """Return Python's own numbers and tuples, which survive JSON and compare equal after it."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value


def flip_axes(flip: object, ndim: int, axes: Sequence[int]) -> tuple[int, ...]:
    """Return the axes to mirror: those that `flip` names, or else all of `axes`."""
    if isinstance(flip, str | tuple):
        return tuple(ndim + AXES[name] for name in _names(flip))
    return tuple(axes) if flip else ()


def check_flip(flip: object, ndim: int, probabilities: Mapping[str, float]) -> None:
    """Raise unless `flip` is a switch, one probability, or names of axes."""
    if isinstance(flip, str | tuple):
        known = list(AXES)[-ndim:]
        for name in _names(flip):
            if name not in known:
                raise unknown_name(f"axis of {ndim}-D flips", name, known)
    elif not isinstance(flip, bool):
        check_probability("flip", flip)
        if "flip" in probabilities:
            raise ValueError(f"flip={flip!r} is a probability, and probabilities has another. Pass flip=True.")


def check_switch(name: str, value: object) -> None:
    """Raise unless `value` is a boolean."""
    if not isinstance(value, bool):
        raise TypeError(f"Expected `{name}` as True or False, received {value!r}.")


def check_fill(fill: object, mask_fill: object) -> None:
    """Raise unless `fill` is a finite number or a rule, and `mask_fill` an integer that it leaves in force."""
    if not -(2**63) <= integer("mask_fill", mask_fill) < 2**64:
        raise ValueError(f"Expected `mask_fill` below 2**64, received {mask_fill}: no mask holds it.")
    if isinstance(fill, str):
        if fill not in ("edge", "reflect"):
            raise unknown_name("fill", fill, ("edge", "reflect"))
        if mask_fill:
            raise ValueError(f"With fill={fill!r} masks follow their images: mask_fill needs a number as fill.")
    elif isinstance(fill, bool) or not isinstance(fill, int | float) or not math.isfinite(fill):
        raise TypeError(f"Expected `fill` as a finite number, 'edge' or 'reflect', received {fill!r}.")


def check_clip(clip: object) -> None:
    """Raise unless `clip` is `"auto"`, None or two rising numbers."""
    if clip is None or clip == "auto":
        return
    numbers = isinstance(clip, tuple) and len(clip) == 2 and all(isinstance(limit, int | float) for limit in clip)
    if not numbers or not clip[0] < clip[1]:  # type: ignore[index]
        raise ValueError(f"Expected `clip` as (low, high) with low < high, 'auto' or None, received {clip!r}.")


def _names(flip: str | tuple[Any, ...]) -> tuple[Any, ...]:
    return (flip,) if isinstance(flip, str) else flip
