"""Measurements of masks and of their connected regions."""

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import Spacing, as_mask, pixel_size
from resunet_kit.masks._labelling import label_components


@dataclass(frozen=True)
class Region:
    """One connected region of a mask, as `regions` measures it.

    Lengths, areas and the centroid are in the unit of `spacing`, or in pixels; the box is always in pixels.

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
        """The box as an index: `image[region.slices]` crops."""
        ndim = len(self.bbox) // 2
        return tuple(slice(low, high) for low, high in zip(self.bbox[:ndim], self.bbox[ndim:], strict=True))


def area(mask: ArrayLike, *, spacing: Spacing = None) -> float:
    """Return the area of the foreground; in 3-D its volume.

    Args:
        mask: `(height, width)` or `(depth, height, width)`, booleans, 0/1 or 0/255.
        spacing: Pixel size along each axis, or one number for all, such as millimetres; `None` counts pixels.

    Returns:
        Number of pixels times the size of one.

    Raises:
        TypeError: If the values or `spacing` are not numbers.
        ValueError: If the mask has other values or axes, or the spacing does not fit.

    Example:
        >>> area([[0, 1], [1, 1]], spacing=(0.5, 2.0))
        3.0
    """
    foreground = as_mask(mask)
    return float(np.count_nonzero(foreground) * math.prod(pixel_size(spacing, foreground.ndim)))


def bounding_box(mask: ArrayLike) -> tuple[int, ...] | None:
    """Return the smallest box that holds the foreground.

    Args:
        mask: `(height, width)` or `(depth, height, width)`, booleans, 0/1 or 0/255.

    Returns:
        `(min_row, min_col, max_row, max_col)`, in 3-D `(min_depth, min_row, min_col, max_depth, max_row, max_col)`;
        the maxima are one past the last pixel. `None` for an empty mask.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If the mask has other values or axes.

    Example:
        >>> bounding_box([[0, 0, 0], [0, 1, 1]])
        (1, 1, 2, 3)
    """
    foreground = as_mask(mask)
    axes = range(foreground.ndim)
    # For each axis, the indices at which any pixel of the slice across it is set.
    filled = [np.flatnonzero(foreground.any(axis=tuple(a for a in axes if a != axis))) for axis in axes]
    if filled[0].size == 0:
        return None
    return tuple(int(f[0]) for f in filled) + tuple(int(f[-1]) + 1 for f in filled)


def regions(mask: ArrayLike, *, spacing: Spacing = None, connectivity: int | None = None) -> list[Region]:
    """Measure the connected regions of a mask, the largest first.

    The same values as `skimage.measure.regionprops`, for all regions at once.

    Args:
        mask: `(height, width)` or `(depth, height, width)`, booleans, 0/1 or 0/255.
        spacing: Pixel size along each axis, or one number for all, such as millimetres; `None` measures in pixels.
        connectivity: 1 joins pixels across faces only; `None` across corners too.

    Returns:
        One `Region` each, those of equal area in scan order; an empty list for an empty mask.

    Raises:
        TypeError: If the values or `spacing` are not numbers, or `connectivity` is not an integer.
        ValueError: If the mask has other values or axes, or the spacing or connectivity does not fit.

    Example:
        >>> found = regions([[1, 1, 0, 0], [1, 1, 0, 1]], spacing=2)
        >>> [(region.label, region.area, region.centroid, region.bbox) for region in found]
        [(1, 16.0, (1.0, 1.0), (0, 0, 2, 2)), (2, 4.0, (2.0, 6.0), (1, 3, 2, 4))]
    """
    from scipy import ndimage

    foreground = as_mask(mask)
    sizes = np.array(pixel_size(spacing, foreground.ndim))
    labels, pixels = label_components(foreground, connectivity)
    if pixels.size == 1:
        return []
    centroids, moments = _moments(labels, pixels[1:], sizes)
    boxes = ndimage.find_objects(labels)
    order = np.argsort(-pixels[1:], kind="stable")
    return [
        _region(rank, int(pixels[i + 1]), centroids[i], moments[i], boxes[i], sizes)
        for rank, i in enumerate(order, start=1)
    ]


def _moments(
    labels: NDArray[np.int32], pixels: NDArray[np.int64], sizes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the centroids `(n, axes)` and the covariances `(n, axes, axes)` of the positions."""
    where = np.nonzero(labels)
    owner = labels[where] - 1
    positions = [index * size for index, size in zip(where, sizes, strict=True)]
    centroids = np.stack([np.bincount(owner, p) / pixels for p in positions], axis=1)
    offsets = [p - centroids[owner, axis] for axis, p in enumerate(positions)]
    products = [np.bincount(owner, a * b) / pixels for a, b in product(offsets, repeat=2)]
    return centroids, np.stack(products, axis=1).reshape(-1, labels.ndim, labels.ndim)


def _region(
    label: int,
    pixels: int,
    centroid: NDArray[np.float64],
    moments: NDArray[np.float64],
    box: tuple[slice, ...],
    sizes: NDArray[np.float64],
) -> Region:
    ndim = len(box)
    measure = float(pixels * sizes.prod())
    # A solid ellipsoid of full axis d in n dimensions has the variance (d / 2)^2 / (n + 2) along it.
    variances = np.maximum(np.linalg.eigvalsh(moments)[::-1], 0)
    return Region(
        label=label,
        area=measure,
        centroid=tuple(centroid.tolist()),
        bbox=tuple(int(s.start) for s in box) + tuple(int(s.stop) for s in box),
        extent=pixels / math.prod(s.stop - s.start for s in box),
        orientation=_orientation(moments) if ndim == 2 else None,
        axis_lengths=tuple((2 * np.sqrt((ndim + 2) * variances)).tolist()),
        equivalent_diameter=(2 * ndim * measure / math.pi) ** (1 / ndim),
    )


def _orientation(moments: NDArray[np.float64]) -> float:
    return 0.5 * math.atan2(2 * moments[0, 1], moments[0, 0] - moments[1, 1])
