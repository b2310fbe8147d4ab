"""Measurements of masks and of their connected regions."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import Spacing, as_array, as_mask, pixel_size
from resunet_kit.masks._labelling import label_components
from resunet_kit.masks.region import Pixels, Region, with_pixels


def area(mask: ArrayLike, *, spacing: Spacing = None) -> float:
    """Return the area of the foreground; in 3-D its volume.

    Args:
        mask: `(height, width)` or `(depth, height, width)`, booleans, 0/1 or 0/255.
        spacing: Pixel size along each axis, or one number for all, as in millimetres; `None` counts pixels.

    Returns:
        Number of pixels times the size of one.

    Raises:
        TypeError: If the values or `spacing` are not numbers.
        ValueError: If the mask has other values or is not 2-D or 3-D, or the spacing does not fit.

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
        the maxima are one past the last pixel. `None` for an empty mask. COCO's box `[x, y, width, height]` of it is
        `[min_col, min_row, max_col - min_col, max_row - min_row]`.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If the mask has other values or is not 2-D or 3-D.

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


def regions(
    mask: ArrayLike,
    *,
    image: ArrayLike | None = None,
    spacing: Spacing = None,
    connectivity: int | None = None,
) -> list[Region]:
    """Measure the connected regions of a mask, the largest first.

    The values are those of `skimage.measure.regionprops`, computed for all regions at once.

    Args:
        mask: `(height, width)` or `(depth, height, width)`, booleans, 0/1 or 0/255.
        image: Image for the intensity statistics: real numbers of the mask's shape, with or without a channel axis at
            the end.
        spacing: Pixel size along each axis, or one number for all, as in millimetres; `None` measures in pixels.
        connectivity: 1 joins pixels across faces only; `None` across corners too.

    Returns:
        One `Region` per connected region, those of equal area in scan order; an empty list for an empty mask.

    Raises:
        TypeError: If the values or `spacing` are not numbers, or `connectivity` is not an integer.
        ValueError: If the mask has other values or is not 2-D or 3-D, or the image, the spacing or connectivity does
            not fit.

    Example:
        >>> found = regions([[1, 1, 0, 0], [1, 1, 0, 1]], spacing=2)
        >>> [(region.label, region.area, region.centroid, region.bbox) for region in found]
        [(1, 16.0, (1.0, 1.0), (0, 0, 2, 2)), (2, 4.0, (2.0, 6.0), (1, 3, 2, 4))]
        >>> found[0].perimeter, found[0].solidity
        (8.0, 1.0)
        >>> regions([[0, 1, 1]], image=[[9, 2, 3]])[0].intensity_mean
        2.5
    """
    from scipy import ndimage

    foreground = as_mask(mask)
    spacing = pixel_size(spacing, foreground.ndim)
    sizes, values = np.array(spacing), None if image is None else _as_image(image, foreground.shape)
    labels, pixels = label_components(foreground, connectivity)
    if pixels.size == 1:
        return []
    centroids, moments = _moments(labels, pixels[1:], sizes)
    boxes = ndimage.find_objects(labels)
    order = np.argsort(-pixels[1:], kind="stable")
    # A solid ellipsoid of full axis d in n dimensions has the variance (d / 2)^2 / (n + 2) along it.
    variances = np.maximum(np.linalg.eigvalsh(moments)[:, ::-1], 0)
    axis_lengths = 2 * np.sqrt((foreground.ndim + 2) * variances)
    found = []
    for rank, i in enumerate(order.tolist(), start=1):
        region = _region(rank, int(pixels[i + 1]), centroids[i], moments[i], axis_lengths[i], boxes[i], spacing)
        inside = labels[boxes[i]] == i + 1
        found.append(with_pixels(region, Pixels(inside, spacing, None if values is None else values[boxes[i]][inside])))
    return found


def _as_image(image: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    array = as_array(image, "image")
    if array.dtype.kind not in "buif":
        raise TypeError(f"Expected an image of real numbers. Received dtype {array.dtype}. Convert it first.")
    if array.shape[: len(shape)] != shape or array.ndim > len(shape) + 1 or 0 in array.shape:
        raise ValueError(
            f"Expected an image of the mask's shape {shape}, or {shape} and channels. Received shape {array.shape}. "
            "Pass the image of this mask, with channels last, and resize one of them if need be."
        )
    return array


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
    axis_lengths: NDArray[np.float64],
    box: tuple[slice, ...],
    spacing: tuple[float, ...],
) -> Region:
    ndim = len(box)
    measure = pixels * math.prod(spacing)
    return Region(
        label=label,
        area=measure,
        centroid=tuple(centroid.tolist()),
        bbox=tuple(int(s.start) for s in box) + tuple(int(s.stop) for s in box),
        extent=pixels / math.prod(s.stop - s.start for s in box),
        orientation=_orientation(moments) if ndim == 2 else None,
        axis_lengths=tuple(axis_lengths.tolist()),
        equivalent_diameter=(2 * ndim * measure / math.pi) ** (1 / ndim),
    )


def _orientation(moments: NDArray[np.float64]) -> float:
    return 0.5 * math.atan2(2 * moments[0, 1], moments[0, 0] - moments[1, 1])
