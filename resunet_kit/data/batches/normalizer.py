"""What to subtract from the stored levels of each image, and what to divide them by."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from functools import reduce

import numpy as np

from resunet_kit.data.files.normalization import Moments, Normalization, Row, checked_statistics, divisor
from resunet_kit.data.files.reading import white


class Levels:
    """Shift and scale of each image, by number; statistics of images and volumes are taken once and kept.

    Args:
        normalize: Checked, as in `pairs_dataset`.
        volumes: For `"volume"`, the volume of each image.
        channels: Of the images.
        read: From an image's number to its levels `(*sides, channels)`, or None if it is left out.
    """

    def __init__(
        self,
        normalize: Normalization,
        volumes: Sequence[Hashable] | None,
        channels: int,
        read: Callable[[int], np.ndarray | None],
    ) -> None:
        self._normalize = normalize
        self._given = checked_statistics(normalize, channels) if isinstance(normalize, tuple) else None
        self._volumes = volumes
        self._members: dict[Hashable, list[int]] = defaultdict(list)
        for number, volume in enumerate(volumes or ()):
            self._members[volume].append(number)
        self._read = read
        self._kept: dict[Hashable, tuple[Row, Row]] = {}

    def __call__(self, number: int, raw: np.ndarray) -> tuple[Row | None, Row | float]:
        """Return shift and scale for `(raw - shift) / scale`."""
        unit = white(raw.dtype)
        if self._normalize is None:
            return None, unit
        mean, std = self._given or self._own(number, raw)
        return mean * unit, divisor(std) * unit

    def _own(self, number: int, raw: np.ndarray) -> tuple[Row, Row]:
        volume = number if self._volumes is None else self._volumes[number]
        if volume not in self._kept:  # two threads may both compute: their results are equal
            slices = [raw] if self._volumes is None else [self._read(member) for member in self._members[volume]]
            moments = [Moments.of(part).divided(white(part.dtype)) for part in slices if part is not None]
            self._kept[volume] = reduce(Moments.__add__, moments).statistics()
        return self._kept[volume]
