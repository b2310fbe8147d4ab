"""Resampling of an image and its mask along one field: linear for the image, nearest neighbour for the mask.

All channels share indices and weights, which `scipy.ndimage.map_coordinates` computes anew for each.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from resunet_kit.data.augmentation.bspline_field import Array, dense

FillMode = Literal["edge", "reflect"]
Fill = float | FillMode

POINTS = 16384  # at once: their arrays stay in the processor's cache, and a volume does not need eight copies


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """Where each output pixel `x` comes from: `matrix @ x + offset + displacement(x)`, in pixels.

    Args:
        matrix: `(n, n)` for `n` axes.
        offset: `(n,)`.
        displacement: `(n, *grid)`, control points of the displacement along each axis, or None.
    """

    matrix: Array
    offset: Array
    displacement: Array | None = None

    def coordinates(self, shape: Sequence[int], rows: slice) -> Iterator[Array]:
        """Yield for each axis the coordinates that the output's `rows` come from, `(rows, *shape[1:])`."""
        grid = [axis.astype(np.float32) for axis in np.ogrid[tuple(map(slice, shape))]]
        grid[0] = grid[0][rows]
        for axis, weights in enumerate(self.matrix):
            # Smallest arrays first: one addition alone is of full size.
            total = self.offset[axis] + weights[0] * grid[0]
            for weight, positions in zip(weights[1:], grid[1:], strict=True):
                total = total + weight * positions
            if self.displacement is not None:
                total += dense(self.displacement[axis], shape, rows)
            yield total


def resample(
    image: Array, mask: NDArray[Any], field: Field, *, fill: Fill, mask_fill: int
) -> tuple[Array, NDArray[Any]]:
    """Resample an image and its mask along `field`.

    Args:
        image: `(channels, *spatial_shape)`.
        mask: `(channels, *spatial_shape)`, of any dtype and with any number of channels.
        field: Where each pixel comes from.
        fill: The value of images outside: a number, or `"edge"` or `"reflect"` for both.
        mask_fill: The value of masks outside if `fill` is a number.
    """
    shape = image.shape[1:]
    moved = np.empty_like(image), np.empty_like(mask)
    flat_image = _bordered(image, fill)
    flat_mask = _bordered(mask, fill if isinstance(fill, str) else mask_fill)
    strides = [math.prod(size + 2 for size in shape[axis + 1 :]) for axis in range(len(shape))]
    dtype = np.int32 if flat_image.shape[1] < 2**31 else np.int64  # the narrower type is twice as fast
    step = max(1, POINTS // math.prod(shape[1:]))
    for start in range(0, shape[0], step):
        rows = slice(start, start + step)
        positions = [
            _inside(position, size, mirrored=fill == "reflect")
            for position, size in zip(field.coordinates(shape, rows), shape, strict=True)
        ]
        corner = _index(positions, strides, dtype)
        fractions = [position - np.floor(position) for position in positions]
        for plane, out in zip(flat_image, moved[0], strict=True):
            out[rows] = _linear(plane, corner, fractions, strides)
        nearest = _index([position + np.float32(0.5) for position in positions], strides, dtype)
        for plane, out in zip(flat_mask, moved[1], strict=True):
            out[rows] = plane.take(nearest, mode="clip")
    return moved


def _bordered(planes: NDArray[Any], fill: Fill) -> NDArray[Any]:
    """Return flattened planes with a border of one pixel, whose values all positions outside get."""
    if isinstance(fill, str):
        bordered = np.pad(planes, [(0, 0), *[(1, 1)] * (planes.ndim - 1)], mode="edge")
    else:
        bordered = np.full((len(planes), *[size + 2 for size in planes.shape[1:]]), fill, planes.dtype)
        bordered[(slice(None), *[slice(1, -1)] * (planes.ndim - 1))] = planes
    return bordered.reshape(len(planes), -1)


def _inside(position: Array, size: int, *, mirrored: bool) -> Array:
    """Bring coordinates into the bordered image, where the first pixel of the image is at 1."""
    if mirrored:
        # A mirror through the border pixels' centres: 2 1 0 1 2 ... repeats after 2 * (size - 1).
        position = np.abs(np.mod(position + (size - 1), max(2 * (size - 1), 1)) - (size - 1))
    position += 1
    # Just below the last: the corner after it must exist too.
    np.maximum(position, np.float32(0), out=position)  # with the next line half the time of np.clip
    return np.minimum(position, np.nextafter(np.float32(size + 1), np.float32(0)), out=position)


def _index(positions: list[Array], strides: list[int], dtype: type[np.int32] | type[np.int64]) -> NDArray[np.intp]:
    """Return flat indices of the pixels at or below coordinates that are not negative."""
    index: NDArray[Any] = positions[-1].astype(dtype)  # its stride is 1
    for position, stride in zip(positions[:-1], strides[:-1], strict=True):
        index = index + position.astype(dtype) * stride
    return np.asarray(index, np.intp)


def _linear(plane: Array, corner: NDArray[np.intp], fractions: list[Array], strides: list[int]) -> Array:
    """Interpolate along the first axis between two interpolations along the others."""
    if not fractions:
        return plane.take(corner, mode="clip")  # all corners exist; the other modes copy or check
    low = _linear(plane, corner, fractions[1:], strides[1:])
    high = _linear(plane[strides[0] :], corner, fractions[1:], strides[1:])
    high -= low
    high *= fractions[0]
    low += high
    return low
