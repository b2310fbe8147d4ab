"""Checks of input shapes and channels per level, before a builder creates its first layer."""

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np

from resunet_kit._shared.numbers import integer, integers

FORMS = {3: "(height, width, channels)", 4: "(depth, height, width, channels)"}


def check_input_shape(input_shape: Sequence[int | None], *, ranks: tuple[int, ...] = (3, 4)) -> tuple[int | None, ...]:
    """Return `input_shape` as a tuple, refusing shapes that are not channels-last.

    Args:
        input_shape: `(height, width, channels)` or `(depth, height, width, channels)`, without the batch axis; the
            spatial shape may be variable (None).
        ranks: Accepted lengths.

    Raises:
        TypeError: If it is not a sequence, or an entry is neither an integer nor None.
        ValueError: If the length, a size or the number of channels is not as above, or the channels come first.
    """
    form = " or ".join(FORMS[rank] for rank in ranks)
    if not isinstance(input_shape, Iterable):
        raise TypeError(f"Expected input_shape {form}. Received {input_shape=}. Pass a tuple.")
    shape = tuple(
        size if size is None else integer(f"input_shape[{axis}]", size, "[1, inf)")
        for axis, size in enumerate(input_shape)
    )
    has_rank = len(shape) in ranks
    # No image has this many channels and so few rows or slices.
    looks_channels_first = has_rank and shape[0] in (1, 2, 3, 4) and all(n is None or n > 16 for n in shape[1:])
    if looks_channels_first or keras.config.image_data_format() == "channels_first":
        raise ValueError(
            f"Expected channels-last data, {form}. Received input_shape={shape}, image_data_format="
            f"{keras.config.image_data_format()!r}. Move the channels to the last axis, numpy.moveaxis(x, 1, -1), "
            "and leave keras.config.image_data_format at 'channels_last'."
        )
    if not has_rank or shape[-1] is None:
        raise ValueError(
            f"Expected input_shape {form} without the batch axis. Received input_shape={shape}. Pass None for a "
            "variable size, and the number of channels last."
        )
    return shape


def check_filters(filters: Sequence[int]) -> tuple[int, ...]:
    """Return `filters`, the channels of each level, as a tuple.

    Raises:
        TypeError: If it is not a sequence of integers.
        ValueError: If it is empty, or a number of channels is less than 1.
    """
    if not _is_sequence(filters):
        raise TypeError(
            f"Expected filters to be a sequence of integers, one for each level. Received {filters=}. Pass a sequence "
            "such as (64, 128, 256, 512), the bridge last."
        )
    return integers("filters", filters, "[1, inf)")


def _is_sequence(values: Any) -> bool:
    if isinstance(values, np.ndarray):
        return values.ndim > 0
    return isinstance(values, Sequence) and not isinstance(values, str | bytes)
