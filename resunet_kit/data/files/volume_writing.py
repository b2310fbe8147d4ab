"""Writing of masks and probabilities as NIfTI, with the geometry of their source."""

from __future__ import annotations

import gzip
import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit._shared.writing import atomic_write
from resunet_kit.data.files.geometry import Geometry, read_geometry
from resunet_kit.data.files.nifti import is_nifti
from resunet_kit.data.files.paths import PathLike

# The fields for the position of voxels: all others in a header describe the source's values.
_FIELDS = (
    "qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z",
    "srow_x", "srow_y", "srow_z",
)  # fmt: skip


def write_volume(path: PathLike, array: ArrayLike, *, like: PathLike | Geometry) -> None:
    """Write a mask, label map or map of probabilities as a NIfTI file with the geometry of its source.

    Shape, affine, spacing, unit and the codes of sform and qform are those of the source, so that viewers can show one
    over the other. The file is written whole or not at all.

    Args:
        path: `.nii` or `.nii.gz`; replaced if it exists.
        array: A mask or prediction of the spatial shape of `read_image` and `read_mask`, with or without channels:
            `([depth,] height, width[, channels])`. Booleans and integers from 0 to 255 are written as uint8, other
            integers as int32, floating-point numbers as float32. Several channels become the file's fourth axis.
        like: The source, such as the image that was predicted from, or its geometry.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If the shape is not that of the source, a value is not finite or does not fit, or a path is not
            NIfTI or the source itself.

    Example:
        >>> import nibabel, pathlib, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> scan, mask = (pathlib.Path(folder.name, name) for name in ("scan.nii.gz", "mask.nii.gz"))
        >>> volume = nibabel.Nifti1Image(np.zeros((4, 5, 6), "int16"), np.diag([0.5, 0.5, 3, 1]))
        >>> nibabel.save(volume, scan)
        >>> write_volume(mask, np.ones((4, 5, 6, 1), "uint8"), like=scan)
        >>> read_geometry(mask)
        Geometry(shape=(4, 5, 6), spacing=(0.5, 0.5, 3.0), orientation='RAS', form='sform')
        >>> folder.cleanup()
    """
    if not is_nifti(path):
        raise ValueError(
            f"Expected path to end in .nii or .nii.gz. Received path={os.fspath(path)!r}. Name a NIfTI file."
        )
    geometry = like if isinstance(like, Geometry) else _source(path, like)
    values = np.asarray(array)
    _check_shape(values.shape, geometry.shape)
    _save(path, _stored(values).reshape(_file_shape(values.shape, geometry)), geometry.header)


def _source(path: PathLike, like: PathLike) -> Geometry:
    geometry = read_geometry(like)
    if os.path.exists(path) and os.path.samefile(path, like):
        raise ValueError(
            f"Expected path and like to be two files. Received {os.fspath(path)!r} for both. Name another path."
        )
    return geometry


def _check_shape(shape: tuple[int, ...], spatial: tuple[int, ...]) -> None:
    axes = len(spatial)
    if shape[:axes] != spatial or len(shape) not in (axes, axes + 1) or 0 in shape:
        raise ValueError(
            f"Expected an array of its source's shape {spatial}, with or without channels. Received shape {shape}. "
            f"{_cure(shape, spatial)}"
        )


def _cure(shape: tuple[int, ...], spatial: tuple[int, ...]) -> str:
    axes = len(spatial)
    if shape[:1] == (1,) and shape[1 : axes + 1] == spatial:
        return "Leave out the batch axis: array[0]."
    if len(shape) not in (axes, axes + 1) or 0 in shape:
        return "Pass one image or volume, and the source that it was predicted from."
    return (
        "A prediction at another image_size is resized back first: skimage.transform.resize(array, "
        f"{spatial + shape[axes:]}, order=1, preserve_range=True), or with order=0 and anti_aliasing=False for labels."
    )


def _stored(values: np.ndarray) -> np.ndarray:
    """Return the values in the type of the file."""
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        if low < -(2**31) or high >= 2**31:
            raise ValueError(f"Expected integers that fit into 32 bits. Received {low} to {high}. Renumber the labels.")
        return values.astype(np.uint8 if low >= 0 and high <= 255 else np.int32)
    if values.dtype.kind != "f":
        raise TypeError(
            f"Expected an array of numbers. Received dtype {values.dtype}. Convert it, as with astype('float32')."
        )
    with np.errstate(over="ignore"):  # refused below
        stored = values.astype(np.float32)
    wrong = np.count_nonzero(~np.isfinite(stored))
    if wrong:
        raise ValueError(
            f"Expected finite values. Received {wrong} of {stored.size} that are NaN or infinite in float32. Look for "
            "NaN in the model's input or weights."
        )
    return stored


def _file_shape(shape: tuple[int, ...], geometry: Geometry) -> tuple[int, ...]:
    """Return the array's shape in the file, where channels are the fourth axis; one channel has none."""
    spatial = len(geometry.shape)
    channels = shape[spatial:] if shape[spatial:] != (1,) else ()
    grid = geometry.file_shape[:3]
    return (*(*grid, 1)[:3], *channels) if channels else grid


def _save(path: PathLike, stored: np.ndarray, source: Any) -> None:
    import nibabel

    header = type(source)()
    for field in _FIELDS:
        header[field] = source[field]
    header["pixdim"][:4] = source["pixdim"][:4]
    header["xyzt_units"] = int(source["xyzt_units"]) & 7  # not that of time
    header.set_data_dtype(stored.dtype)
    kind = nibabel.Nifti2Image if isinstance(source, nibabel.Nifti2Header) else nibabel.Nifti1Image
    image = kind(stored, None, header)
    compressed = os.fspath(path).lower().endswith(".gz")
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        if compressed:  # without time and name, so that equal masks give equal files
            with gzip.GzipFile(filename="", mode="wb", compresslevel=4, fileobj=file, mtime=0) as stream:
                image.to_stream(stream)
        else:
            image.to_stream(file)
