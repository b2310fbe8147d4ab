"""Checks of what a builder is given, made before any layer is."""

import numbers
from collections.abc import Sequence
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
    shape = tuple(input_shape)
    form = " or ".join({3: "(height, width, channels)", 4: "(depth, height, width, channels)"}[rank] for rank in ranks)
    if len(shape) not in ranks or not all(_is_side(side) for side in shape[:-1]) or not _is_side(shape[-1] or 0):
        raise ValueError(
            f"Expected input_shape {form} without the batch, sides a whole number or None, channels known. "
            f"Received input_shape={shape}."
        )
    # A thin volume of many channels looks the same: only images are told by their shape.
    channels_first = (
        len(shape) == 3 and shape[0] in (1, 2, 3, 4) and all(size is None or size > 16 for size in shape[1:])
    )
    if channels_first or keras.config.image_data_format() == "channels_first":
        raise ValueError(
            f"Expected channels-last data, {form}. Received input_shape={shape}, image_data_format="
            f"{keras.config.image_data_format()!r}. Move the channels to the last axis, numpy.moveaxis(x, 1, -1), "
            "and leave keras.config.image_data_format at 'channels_last'."
        )
    return shape


def check_filters(filters: Sequence[int]) -> tuple[int, ...]:
    """Return `filters` as a tuple of at least one positive whole number."""
    widths = tuple(filters) if isinstance(filters, Sequence) else (filters,)
    if not widths or not all(width is not None and _is_side(width) for width in widths):
        raise ValueError(
            "Expected filters to hold one positive whole number for each level, the bridge last, as in "
            f"(64, 128, 256, 512). Received filters={filters!r}."
        )
    return widths


def _is_side(size: Any) -> bool:
    return size is None or (not isinstance(size, bool) and isinstance(size, numbers.Integral) and int(size) > 0)
