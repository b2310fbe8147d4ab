"""One region of a mask and its measurements: those that `regions` takes, and others computed on demand."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from resunet_kit.masks._shape_measures import feret_diameter, perimeter, solidity


class Pixels(NamedTuple):
    """Pixels of a region, kept for later measurements.

    Attributes:
        mask: The region in its box.
        spacing: Pixel size along each axis.
        values: The image's values in the region, `(pixels,)` or `(pixels, channels)`; `None` without an image.
    """

    mask: NDArray[np.bool_]
    spacing: tuple[float, ...]
    values: NDArray[Any] | None


Intensity = float | tuple[float, ...]


@dataclass(frozen=True)
class Region:
    """One connected region of a mask, as `regions` measures it.

    Lengths, areas and the centroid are in the unit of `spacing`, or in pixels; the box is always in pixels. All numbers
    are plain Python numbers, which JSON accepts. Besides the arguments below, a region has its `mask` and further
    measurements, which are computed on first access. If the image has NaN in the region, intensities are NaN.

    Args:
        label: 1 for the largest region, 2 for the next, ...
        area: Area in 2-D, volume in 3-D.
        centroid: Mean position along each axis, from the centre of the first pixel.
        bbox: First and past-the-last index, `(min_row, min_col, max_row, max_col)`; six numbers in 3-D.
        extent: Fraction of the box that the region fills, above 0 and up to 1.
        orientation: Angle from the row axis to the longest axis, in radians from -pi/2 to pi/2; 0 for a region of
            equal axes, `None` in 3-D.
        axis_lengths: Full axes of the ellipse or ellipsoid with the same second moments, longest first.
        equivalent_diameter: Diameter of the disc or ball of the same area.

    Example:
        >>> Region(1, 2.0, (0.0, 0.5), (0, 0, 1, 2), 1.0, 1.57, (2.0, 0.0), 1.6).slices
        (slice(0, 1, None), slice(0, 2, None))
    """

    _pixels: ClassVar[Pixels | None] = None  # set by `with_pixels`; not a field, which asdict would copy

    label: int
    area: float
    centroid: tuple[float, ...]
    bbox: tuple[int, ...]
    extent: float
    orientation: float | None
    axis_lengths: tuple[float, ...]
    equivalent_diameter: float

    @property
    def slices(self) -> tuple[slice, ...]:
        """The bounding box as an index: `image[region.slices]` crops the image to it."""
        ndim = len(self.bbox) // 2
        return tuple(slice(low, high) for low, high in zip(self.bbox[:ndim], self.bbox[ndim:], strict=True))

    @property
    def mask(self) -> NDArray[np.bool_]:
        """The region in its box, as read-only booleans: `image[region.slices][region.mask]` are its pixels.

        For a mask of the whole image: `whole = np.zeros(image.shape[:2], bool); whole[region.slices] = region.mask`.
        """
        return self._measured.mask

    @cached_property
    def perimeter(self) -> float | None:
        """Length of the boundary, including that of holes; `None` in 3-D.

        The estimate of `skimage.measure.perimeter` by Benkrid and Crookes (2000): the line through the centres of the
        boundary pixels, and so 0 for a single pixel. Where the axes differ in spacing, which scikit-image refuses,
        each step counts with its own length.
        """
        mask, spacing, _ = self._measured
        return perimeter(mask, spacing) if mask.ndim == 2 else None

    @cached_property
    def eccentricity(self) -> float | None:
        """Eccentricity of the ellipse with the same second moments: 0 for a circle, 1 for a line; `None` in 3-D."""
        if len(self.axis_lengths) != 2:
            return None
        long, short = self.axis_lengths
        return math.sqrt(1 - (short / long) ** 2) if long > 0 else 0.0

    @cached_property
    def solidity(self) -> float:
        """Pixels of the region divided by those of its convex hull, above 0 and up to 1."""
        return solidity(self._measured.mask)

    @cached_property
    def feret_diameter(self) -> float:
        """Maximum Feret diameter: the largest distance between two corners of the region's pixels.

        For a single pixel, it is the diagonal. `feret_diameter_max` of scikit-image measures between the middles of the
        pixels' edges instead, and is shorter by up to about a pixel.
        """
        mask, spacing, _ = self._measured
        return feret_diameter(mask, spacing)

    @cached_property
    def intensity_mean(self) -> Intensity:
        """Mean of the image in the region; one number per channel if the image has channels."""
        return self._intensity(np.mean)

    @cached_property
    def intensity_min(self) -> Intensity:
        """Minimum of the image in the region; one number per channel if the image has channels."""
        return self._intensity(np.min)

    @cached_property
    def intensity_max(self) -> Intensity:
        """Maximum of the image in the region; one number per channel if the image has channels."""
        return self._intensity(np.max)

    @cached_property
    def intensity_std(self) -> Intensity:
        """Standard deviation of the image in the region; one number per channel if the image has channels."""
        return self._intensity(np.std)

    @property
    def _measured(self) -> Pixels:
        if self._pixels is None:
            raise ValueError(
                "Expected a region that was measured on a mask. Received one without pixels. Use those that "
                "`regions(mask)` returns."
            )
        return self._pixels

    def _intensity(self, statistic: Callable[..., Any]) -> Intensity:
        values = self._measured.values
        if values is None:
            raise ValueError(
                "Expected a region that was measured on an image. Received one without intensities. Pass the image: "
                "`regions(mask, image=image)`."
            )
        with np.errstate(invalid="ignore"):  # infinite values have the standard deviation NaN
            found = statistic(values.astype(np.float64), axis=0)
        return float(found) if values.ndim == 1 else tuple(found.tolist())


def with_pixels(region: Region, pixels: Pixels) -> Region:
    """Give a region what its later measurements need."""
    pixels.mask.flags.writeable = False
    object.__setattr__(region, "_pixels", pixels)
    return region
