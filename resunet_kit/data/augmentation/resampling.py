"""One resampling for an image and its mask: linear for the image, nearest for the mask, along the same field.

All channels share indices and weights, which `scipy.ndimage.map_coordinates` computes anew for each.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from resunet_kit.data.augmentation.bspline_field import Array, dense

Fill = float | Literal["edge", "reflect"]

POINTS = 16384  # at once: their arrays stay in the processor's cache, and a volume needs no eight copies of itself


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

    def coordinates(self, sides: Sequence[int], rows: slice) -> Iterator[Array]:
        """Yield for each axis the coordinates that the output's `rows` come from, `(rows, *sides[1:])`."""
        grid = [axis.astype(np.float32) for axis in np.ogrid[tuple(map(slice, sides))]]
        grid[0] = grid[0][rows]
        for axis, weights in enumerate(self.matrix):
            # Smallest arrays first: one addition alone is of full size.
            total = self.offset[axis] + weights[0] * grid[0]
            for weight, positions in zip(weights[1:], grid[1:], strict=True):
                total = total + weight * positions
            if self.displacement is not None:
                total += dense(self.displacement[axis], sides, rows)
            yield total


def resample(
    image: Array, mask: NDArray[Any], field: Field, *, fill: Fill, mask_fill: int
) -> tuple[Array, NDArray[Any]]:
    """Move an image `(c, *sides)` and its mask `(k, *sides)` of any dtype along `field`.

    Args:
        image: Channels first.
        mask: Channels first.
        field: Where each pixel comes from.
        fill: What images hold outside: a number, or `"edge"` or `"reflect"` for both.
        mask_fill: What masks hold outside if `fill` is a number.
    """
    sides = image.shape[1:]
    moved = np.empty_like(image), np.empty_like(mask)
    flat_image = _bordered(image, fill)
    flat_mask = _bordered(mask, fill if isinstance(fill, str) else mask_fill)
    strides = [math.prod(side + 2 for side in sides[axis + 1 :]) for axis in range(len(sides))]
    whole = np.int32 if flat_image.shape[1] < 2**31 else np.int64  # the narrow one is twice as fast
    step = max(1, POINTS // math.prod(sides[1:]))
    for start in range(0, sides[0], step):
        rows = slice(start, start + step)
        places = [
            _inside(place, side, mirrored=fill == "reflect")
            for place, side in zip(field.coordinates(sides, rows), sides, strict=True)
        ]
        corner = _index(places, strides, whole)
        fractions = [place - np.floor(place) for place in places]
        for plane, out in zip(flat_image, moved[0], strict=True):
            out[rows] = _linear(plane, corner, fractions, strides)
        nearest = _index([place + np.float32(0.5) for place in places], strides, whole)
        for plane, out in zip(flat_mask, moved[1], strict=True):
            out[rows] = plane.take(nearest, mode="clip")
    return moved


def _bordered(planes: NDArray[Any], fill: Fill) -> NDArray[Any]:
    """Return flat planes with a border of one pixel, which is what all pixels outside hold."""
    if isinstance(fill, str):
        bordered = np.pad(planes, [(0, 0), *[(1, 1)] * (planes.ndim - 1)], mode="edge")
    else:
        bordered = np.full((len(planes), *[side + 2 for side in planes.shape[1:]]), fill, planes.dtype)
        bordered[(slice(None), *[slice(1, -1)] * (planes.ndim - 1))] = planes
    return bordered.reshape(len(planes), -1)


def _inside(place: Array, side: int, *, mirrored: bool) -> Array:
    """Bring coordinates into the bordered image, where the first pixel of the image is at 1."""
    if mirrored:
        # A mirror through the border pixels' centres: 2 1 0 1 2 ... repeats after 2 * (side - 1).
        place = np.abs(np.mod(place + (side - 1), max(2 * (side - 1), 1)) - (side - 1))
    place += 1
    # Just below the last: the corner after it must exist too.
    np.maximum(place, np.float32(0), out=place)  # with the next line half the time of np.clip
    return np.minimum(place, np.nextafter(np.float32(side + 1), np.float32(0)), out=place)


def _index(places: list[Array], strides: list[int], whole: type[np.int32] | type[np.int64]) -> NDArray[np.intp]:
    """Return flat indices of the pixels at or below coordinates that are not negative."""
    index: NDArray[Any] = places[-1].astype(whole)  # its stride is 1
    for place, stride in zip(places[:-1], strides[:-1], strict=True):
        index = index + place.astype(whole) * stride
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
