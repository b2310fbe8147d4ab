"""Reorientation of a mask to the axes of its image, where flips and permutations of axes suffice."""

import itertools
import os

import numpy as np
from numpy.typing import NDArray

from resunet_kit.data.files.geometry import Geometry, geometry_of, header_geometry, read_geometry
from resunet_kit.data.files.paths import PathLike

# Programs round what they write to headers. By how much two equal grids may differ: in their corners, in voxels; and in
# their steps from voxel to voxel, relative to the length of a step.
_CORNER_TOLERANCE = 0.1
_STEP_TOLERANCE = 1e-3

Axes = tuple[tuple[int, ...], tuple[int, ...]]  # the mask's axis for each of the image's, and its direction, 1 or -1
_UNCHANGED = (0, 1, 2), (1, 1, 1)


def aligned_mask(mask: np.ndarray, mask_source: PathLike | Geometry, image_source: PathLike | Geometry) -> np.ndarray:
    """Return the mask with its axes in the image's order and direction, according to their affines.

    Where nothing has to be moved, sizes are left to the caller. Headers with neither sform nor qform have a spacing at
    most, and nothing is known about files that are not NIfTI.

    Args:
        mask: `([depth,] height, width, 1)` in the order of the mask's file.
        mask_source: Its file, or its geometry.
        image_source: The image's file, or its geometry.

    Raises:
        ValueError: If the voxels of the two do not lie at the same positions; the message has both affines. Without an
            affine, if their spacings differ.
    """
    own, image = geometry_of(mask_source), geometry_of(image_source)
    if own is None or image is None:
        return mask
    axes = _checked_axes(own, image, _name("the mask", mask_source), _name("the image", image_source))
    if axes == _UNCHANGED:
        return mask
    order, directions = axes
    moved = mask.reshape(_grid(own)).transpose(order)[tuple(slice(None, None, step) for step in directions)]
    return np.ascontiguousarray(moved.reshape(*image.shape, 1))


def check_alignment(mask_path: PathLike, image_path: PathLike) -> None:
    """Refuse two NIfTI files that `aligned_mask` cannot align.

    Raises:
        ValueError: As in `aligned_mask`.
    """
    own, image = header_geometry(mask_path), header_geometry(image_path)
    _checked_axes(own, image, _name("the mask", mask_path), _name("the image", image_path))


def _checked_axes(own: Geometry, image: Geometry, mask_name: str, image_name: str) -> Axes:
    """Return how the mask's axes become the image's; without an affine, nothing moves."""
    if not own.form or not image.form:
        _check_spacing(own, image, mask_name, image_name)
        return _UNCHANGED
    axes = _axes(own, image)
    if axes is None:
        raise ValueError(_apart(own, image, mask_name, image_name))
    return axes


def mask_like(mask: np.ndarray, path: PathLike, like: PathLike | Geometry) -> np.ndarray:
    """Return `aligned_mask(mask, path, like)`, which has the size of `like`.

    Raises:
        ValueError: If `like` has no geometry, sizes differ, or voxels do not lie at the same positions.
    """
    geometry = like if isinstance(like, Geometry) else read_geometry(like)
    mask = aligned_mask(mask, path, like)
    if mask.shape[:-1] != geometry.shape:
        raise ValueError(
            f"Expected a mask of the size of {_name('the image', like)}, {_size(geometry.shape)}. Received "
            f"{os.fspath(path)!r} of {_size(mask.shape[:-1])}. Check that they are one pair."
        )
    return mask


def _check_spacing(mask: Geometry, image: Geometry, mask_name: str, image_name: str) -> None:
    """Compare all that is known without an affine. A spacing of 1 along all axes may be merely a default."""
    one, other = np.array(mask.spacing), np.array(image.spacing)
    if len(one) != len(other) or (one == 1).all() or (other == 1).all():
        return
    if not np.allclose(one, other, rtol=_STEP_TOLERANCE, atol=0):
        raise ValueError(
            f"Expected image and mask of one spacing. Received {image_name} of {image.spacing} and {mask_name} of "
            f"{mask.spacing} in millimetres. Check that they are one pair, and their axes in one order. If so, give "
            "the mask the image's affine with nibabel: nibabel.Nifti1Image(mask.dataobj, image.affine)."
        )


def _axes(mask: Geometry, image: Geometry) -> Axes | None:
    """Return how the mask's axes become the image's; None if flips and permutations do not suffice."""
    size, target = _grid(mask), _grid(image)
    if _same_grid(mask.affine, image.affine, target):
        return _UNCHANGED
    for order in itertools.permutations(range(3)):
        if tuple(size[axis] for axis in order) != target:
            continue
        for directions in itertools.product((1, -1), repeat=3):
            if _same_grid(_moved(mask.affine, size, (order, directions)), image.affine, target):
                return order, directions
    return None


def _moved(affine: NDArray[np.float64], size: tuple[int, ...], axes: Axes) -> NDArray[np.float64]:
    """Return the affine of a grid whose axes are permuted and flipped."""
    order, directions = axes
    moved = affine.copy()
    moved[:3, :3] = affine[:3, list(order)] * directions
    for axis, direction in zip(order, directions, strict=True):
        if direction < 0:  # the last voxel along this axis is now the first
            moved[:3, 3] += affine[:3, axis] * (size[axis] - 1)
    return moved


def _same_grid(one: NDArray[np.float64], other: NDArray[np.float64], size: tuple[int, ...]) -> bool:
    """Return whether the voxels of two grids of one size lie at the same positions, up to rounding.

    An axis of one voxel has no step, so that slices of different thickness may be the same.
    """
    several = np.array(size) > 1
    steps = other[:3, :3][:, several]
    lengths = np.linalg.norm(steps, axis=0)
    turned = np.linalg.norm(one[:3, :3][:, several] - steps, axis=0)
    corners = np.array([(*corner, 1) for corner in itertools.product(*((0, length - 1) for length in size))]).T
    shifted = np.linalg.norm(((one - other) @ corners)[:3], axis=0)
    closest = lengths.min() if len(lengths) else 1.0
    return bool((turned <= _STEP_TOLERANCE * lengths).all() and (shifted <= _CORNER_TOLERANCE * closest).all())


def _grid(geometry: Geometry) -> tuple[int, ...]:
    """Return the size along the file's three spatial axes."""
    return (*geometry.shape, 1)[:3]


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _name(kind: str, source: PathLike | Geometry) -> str:
    return kind if isinstance(source, Geometry) else repr(os.fspath(source))


def _apart(mask: Geometry, image: Geometry, mask_name: str, image_name: str) -> str:
    return (
        "Expected image and mask whose voxels lie at the same positions, but for flipped or permuted axes. Received "
        f"{_described(image, image_name)}\nand {_described(mask, mask_name)}\nCheck that they are one pair. If so, "
        "resample the mask to the image with nibabel: nibabel.processing.resample_from_to(mask, (image.shape[:3], "
        "image.affine), order=0, mode='grid-constant')."
    )


def _described(geometry: Geometry, name: str) -> str:
    """Return name, size and affine for a message."""
    affine = np.array2string(geometry.affine, precision=5, suppress_small=True)
    note = " Its qform differs from its sform, which is used." if geometry.form_contradicted else ""
    return f"{name} of {_size(geometry.shape)}, whose {geometry.form} in millimetres is\n{affine}.{note}"
