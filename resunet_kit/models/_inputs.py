"""Checks of what a builder is given, made before any layer is."""

import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import keras


def check_input_shape(input_shape: Sequence[int | None], *, ranks: tuple[int, ...] = (3, 4)) -> tuple[int | None, ...]:
    """Return `input_shape` as a tuple, refusing what is not channels-last `(…sides, channels)`.

    Args:
        input_shape: Sides, each a whole number or None, and the number of channels; without the batch.
        ranks: Accepted lengths.

    Raises:
        ValueError: If the length, a side or the number of channels is not as above, or the channels stand first.
    """
    shape = tuple(input_shape) if isinstance(input_shape, Iterable) else (input_shape,)
    form = " or ".join({3: "(height, width, channels)", 4: "(depth, height, width, channels)"}[rank] for rank in ranks)
    sized = len(shape) in ranks and all(map(_is_side, shape))
    # No image has this many channels and so few rows or slices.
    looks_channels_first = sized and shape[0] in (1, 2, 3, 4) and all(n is None or n > 16 for n in shape[1:])
    if looks_channels_first or keras.config.image_data_format() == "channels_first":
        raise ValueError(
            f"Expected channels-last data, {form}. Received input_shape={shape}, image_data_format="
            f"{keras.config.image_data_format()!r}. Move the channels to the last axis, numpy.moveaxis(x, 1, -1), "
            "and leave keras.config.image_data_format at 'channels_last'."
        )
    if not sized or shape[-1] is None:
        raise ValueError(
            f"Expected input_shape {form} without the batch, sides a whole number or None, channels known. "
            f"Received input_shape={shape}."
        )
    return shape


def check_filters(filters: Sequence[int]) -> tuple[int, ...]:
    """Return `filters` as a tuple of at least one positive whole number."""
    widths = tuple(filters) if isinstance(filters, Iterable) else (filters,)
    if not widths or not all(width is not None and _is_side(width) for width in widths):
        raise ValueError(
            "Expected filters to hold one positive whole number for each level, the bridge last, as in "
            f"(64, 128, 256, 512). Received filters={filters!r}."
        )
    return tuple(map(int, widths))


def _is_side(size: Any) -> bool:
    return size is None or (not isinstance(size, bool) and isinstance(size, numbers.Integral) and int(size) > 0)
