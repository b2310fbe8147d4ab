"""Normalisation of stored images by their own statistics, their volume's, or given ones."""

from collections.abc import Hashable, Iterable
from functools import reduce

import numpy as np

from resunet_kit.data.files.normalization import (
    Moments,
    Normalization,
    Row,
    checked_statistics,
    divisor,
    full_scale,
    image_moments,
    scaled,
)


class Normalizer:
    """Scale stored images to float32, with statistics that are computed once for each volume.

    Args:
        normalize: The checked option of `pairs_dataset`. For `"image"`, each image is a volume of its own.
        channels: Number of channels of the images.
    """

    def __init__(self, normalize: Normalization, channels: int) -> None:
        self._normalizes = normalize is not None
        self._given = checked_statistics(normalize, channels) if isinstance(normalize, tuple) else None
        self._fitted: dict[Hashable, tuple[Row, Row]] = {}

    def needs(self, volume: Hashable) -> bool:
        """Return whether `fit` has to come before images of this volume are transformed."""
        return self._normalizes and self._given is None and volume not in self._fitted

    def fit(self, volume: Hashable, slices: Iterable[np.ndarray]) -> None:
        """Compute the statistics of a volume from its stored slices, `([depth,] height, width, channels)` each.

        Two threads may fit the same volume: their results are equal.
        """
        self._fitted[volume] = reduce(Moments.__add__, map(image_moments, slices)).statistics()

    def transform(self, raw: np.ndarray, volume: Hashable, *, out: np.ndarray) -> None:
        """Write the normalised image, or without normalisation the image in [0, 1], to `out`."""
        unit = full_scale(raw.dtype)
        if not self._normalizes:
            scaled(raw, None, unit, out=out)
            return
        mean, std = self._given or self._fitted[volume]
        scaled(raw, mean * unit, divisor(std) * unit, out=out)
