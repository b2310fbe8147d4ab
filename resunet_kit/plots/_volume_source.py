"""Volumes as stacks of slices: from arrays, or from NIfTI files in the orientation of a radiological viewer."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_array, pixel_size
from resunet_kit._shared.numbers import choice

Plane = Literal["axial", "coronal", "sagittal"]
PathLike: TypeAlias = str | os.PathLike[str]

# The directions in which slices, rows and columns are counted, in radiological convention: the patient's right is on
# the left of the picture, anterior or superior at its top.
_DIRECTIONS: dict[str, tuple[str, str, str]] = {
    "axial": ("S", "P", "L"),
    "coronal": ("A", "I", "L"),
    "sagittal": ("R", "I", "P"),
}
_OPPOSITE = {"R": "L", "L": "R", "A": "P", "P": "A", "S": "I", "I": "S"}
_UNKNOWN = ("L", "P", "S")  # of files that do not say: slices along the last axis


@dataclasses.dataclass(frozen=True)
class Orientation:
    """Order and direction of a file's axes, so that slices, rows and columns follow the radiological convention.

    Attributes:
        axes: The file's axes of slices, rows and columns.
        flipped: Which of these are counted backwards.
    """

    axes: tuple[int, int, int] = (0, 1, 2)
    flipped: tuple[bool, bool, bool] = (False, False, False)

    def __call__(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return `(slices, rows, columns[, channels])` of an array with the file's axes."""
        moved = np.moveaxis(array, self.axes, (0, 1, 2))
        return np.flip(moved, tuple(axis for axis in range(3) if self.flipped[axis]))

    def spacing(self, of_file: tuple[float, ...]) -> tuple[float, float, float]:
        """Return the spacing of slices, rows and columns."""
        slices, rows, columns = (of_file[axis] for axis in self.axes)
        return slices, rows, columns


@dataclasses.dataclass(frozen=True)
class Volume:
    """A stack of slices.

    Attributes:
        array: `(slices, rows, columns)` or `(slices, rows, columns, channels)`.
        spacing: Spacing of slices, rows and columns.
        orientation: How it was derived from the axes that it was given with.
        path: The file that it was read from; None for an array.
    """

    array: NDArray[Any]
    spacing: tuple[float, float, float]
    orientation: Orientation
    path: PathLike | None = None

    @property
    def from_file(self) -> bool:
        """Whether it was read from a file."""
        return self.path is not None


def is_path(source: object) -> bool:
    """Return whether a volume is given by its file."""
    return isinstance(source, str | os.PathLike)


def read_volume(source: PathLike | ArrayLike, name: str, *, plane: str | None = None, spacing: Any = None) -> Volume:
    """Return a volume from an array or a NIfTI file.

    Args:
        source: `(slices, rows, columns[, channels])`, or a path.
        name: The argument's name, for the message.
        plane: Plane of the slices of a file; None for axial ones. An array has its slices along the first axis.
        spacing: Spacing of an array's axes; None for 1 along each. A file has its own.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If it is not a volume, or an option does not fit an array or a file.
    """
    if plane is not None:
        choice("plane", plane, get_args(Plane))
    if isinstance(source, str | os.PathLike):
        return _from_file(source, plane or "axial", spacing)
    if plane is not None:
        raise ValueError(
            f"Expected plane for a file, which says where its axes point. Received plane={plane!r} and an array. Put "
            "its slices along the first axis, as numpy.moveaxis does, and leave plane out."
        )
    array = as_array(source, name)
    if array.dtype.kind not in "buif":
        raise TypeError(f"Expected {name} to be numbers. Received dtype {array.dtype}. Convert it with astype(float).")
    if array.ndim not in (3, 4) or array.size == 0:
        raise ValueError(
            f"Expected {name} of shape (slices, rows, columns) or (slices, rows, columns, channels). Received shape "
            f"{array.shape}. Stack the slices along the first axis."
        )
    steps = pixel_size(spacing, 3)
    return Volume(array, (steps[0], steps[1], steps[2]), Orientation())


def _from_file(path: PathLike, plane: str, spacing: Any) -> Volume:
    from resunet_kit.data import read_geometry  # not needed for arrays, whose figures load faster without it
    from resunet_kit.data.files.decoding import load

    if spacing is not None:
        raise ValueError(
            f"Expected spacing for arrays only. Received spacing={spacing!r} for {os.fspath(path)!r}, whose header has "
            "its own. Leave spacing out."
        )
    geometry = read_geometry(path)
    array = load(path).array
    if array.ndim != 4:
        raise ValueError(
            f"Expected the file of a volume. Received {os.fspath(path)!r}, one image of shape {array.shape}. Read it "
            "with read_image, and pass it to overlay."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        missing = int(np.count_nonzero(~np.isfinite(array)))
        raise ValueError(
            f"Expected finite values in {os.fspath(path)!r}. Received {missing} NaN or infinite of {array.size}. Read "
            "it with `read_image(path, normalize='image', nan=0.0)`, and pass the array and its spacing."
        )
    orientation = oriented(geometry.orientation, plane)
    return Volume(orientation(array), orientation.spacing(geometry.spacing), orientation, path)


def oriented(codes: str | None, plane: str) -> Orientation:
    """Return the orientation that shows a file in a plane.

    Args:
        codes: Where its axes point, as in "RAS"; None if the file does not say.
        plane: "axial", "coronal" or "sagittal".

    Example:
        >>> oriented("RAS", "axial")
        Orientation(axes=(2, 1, 0), flipped=(False, True, True))
    """
    known = tuple(codes) if codes else _UNKNOWN
    found = [_axis_of(known, direction) for direction in _DIRECTIONS[plane]]
    (slices, a), (rows, b), (columns, c) = found
    return Orientation((slices, rows, columns), (a, b, c))


def _axis_of(codes: tuple[str, ...], direction: str) -> tuple[int, bool]:
    if direction in codes:
        return codes.index(direction), False
    return codes.index(_OPPOSITE[direction]), True


def read_masks(source: PathLike | ArrayLike, name: str, volume: Volume, *, plane: str | None) -> NDArray[Any]:
    """Return a mask `(slices, rows, columns)` on the axes of a volume, its values unchecked.

    Args:
        source: A path, or an array on the axes that the volume was given with; a last axis of one channel is dropped.
        name: The argument's name, for the message.
        volume: The volume, as `read_volume` returned it.
        plane: Plane of the volume.

    Raises:
        ValueError: If both are files whose voxels lie at different positions.
    """
    if isinstance(source, str | os.PathLike):
        array = read_volume(source, name, plane=plane).array  # first, since it names files that are not NIfTI
        if volume.path is not None:
            from resunet_kit.data.files.alignment import check_alignment

            check_alignment(source, volume.path)
    else:
        array = as_array(source, name)
        array = volume.orientation(array) if volume.from_file and array.ndim in (3, 4) else array
    return array[..., 0] if array.ndim == 4 and array.shape[-1] == 1 else array
