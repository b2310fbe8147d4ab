"""Decoding of image files to stored numbers; every error names the file."""

import contextlib
import dataclasses
import importlib.util
import os
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from resunet_kit.data.files.errors import UnsupportedFile, file_error
from resunet_kit.data.files.nifti import SUFFIXES, read_nifti
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.pillow_image import pillow_image, refuse_several_images
from resunet_kit.data.files.pnm import is_pnm, read_pnm
from resunet_kit.data.files.stored import StoredImage
from resunet_kit.data.files.tiff import decode_tiff, needs_tifffile
from resunet_kit.data.files.tiff_contents import SAVE_AS_VOLUME, refuse_other_contents
from resunet_kit.data.files.uncompressed_tiff import read_uncompressed_tiff

_BIG_ENDIAN_BIGTIFF = b"MM\0+"  # Pillow does not know it, and warns
_TIFF_HEADS = (b"II*\0", b"MM\0*", b"II+\0", _BIG_ENDIAN_BIGTIFF)
_TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def load(path: PathLike) -> StoredImage:
    """Return what a file stores.

    Args:
        path: PNG, JPEG, TIFF, PNM or whatever else Pillow reads; `.npy`; `.nii` or `.nii.gz`.

    Raises:
        ImportError: If the file needs imagecodecs, which is not installed.
        ValueError: If the file does not exist, is damaged, or is not one image or volume.
    """
    try:
        stored = _load(path)
    except FileNotFoundError:
        raise file_error(path, "Expected an existing file. Received a path that does not exist. Check it.") from None
    except UnidentifiedImageError:
        raise file_error(
            path, "Expected PNG, JPEG, TIFF, .npy or NIfTI. Received another format. Convert the file."
        ) from None
    except UnsupportedFile as error:
        raise file_error(path, error) from None
    except _TOO_LARGE as error:
        raise file_error(path, _too_large(error)) from None
    # Pillow's plugins raise nearly anything on damaged bytes, and NumPy parses headers as Python; none names the file.
    except Exception as error:
        if _needs_missing_codec(error):
            raise ImportError(
                f"Cannot read {os.fspath(path)!r}: Expected the package imagecodecs, which decodes this kind of file. "
                'Received an installation without it. Run: pip install "resunet-kit[codecs]"'
            ) from error
        why = (str(error) or type(error).__name__).rstrip(".")
        raise file_error(path, f"Expected an undamaged file. Received the error: {why}. Replace the file.") from error
    return _one_image(path, stored)


def _one_image(path: PathLike, stored: StoredImage) -> StoredImage:
    array = stored.array
    array = array.astype(array.dtype.newbyteorder("="), copy=False)  # TensorFlow does not support the other byte order
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise file_error(
            path,
            "Expected one image (height, width[, channels]) or volume (depth, height, width, channels). "
            f"Received shape {array.shape}. Save each image or volume as one file.",
        )
    return stored if array is stored.array else dataclasses.replace(stored, array=array)


def _needs_missing_codec(error: Exception) -> bool:
    """Return whether imagecodecs is missing and was asked for: tifffile names it for what it cannot decode alone."""
    asked = isinstance(error, ImportError) or "imagecodecs" in str(error)
    return asked and importlib.util.find_spec("imagecodecs") is None


def _too_large(error: BaseException) -> str:
    """Return what to do about Pillow's limit of pixels, which protects from small files that announce large images."""
    received = str(error).split(",")[0].rstrip(".")
    return (
        f"Expected an image within Pillow's limit of pixels. Received: {received}. If you trust the file, raise the "
        "limit before reading, PIL.Image.MAX_IMAGE_PIXELS = None; or cut the image into tiles."
    )


def _load(path: PathLike) -> StoredImage:
    name = os.fspath(path).lower()
    if name.endswith(".npy"):
        return StoredImage(_read_npy(path))
    return StoredImage(read_nifti(path)) if name.endswith(SUFFIXES) else _load_image(path)


def _read_npy(path: PathLike, attempts: int = 10) -> np.ndarray:
    """Read an array, with a retry where CPython 3.11 fails to parse its header while another thread parses too.

    NumPy parses headers by `ast`, whose depth counter all threads use: where a garbage collection in the middle of one
    parse lets another thread begin its own, both end in a SystemError ("recursion depth mismatch").
    """
    with open(path, "rb") as file:
        for _ in range(attempts - 1):
            with contextlib.suppress(SystemError):
                return np.lib.format.read_array(file, allow_pickle=False)
            file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)


def _load_image(path: PathLike) -> StoredImage:
    with open(path, "rb") as file:
        head = file.read(4)
    if is_pnm(head):
        return read_pnm(Path(path).read_bytes())
    is_tiff = head in _TIFF_HEADS
    uncompressed = read_uncompressed_tiff(path) if is_tiff else None
    if uncompressed is not None:
        return StoredImage(uncompressed, "grey" if uncompressed.shape[-1] == 1 else "rgb")
    if head == _BIG_ENDIAN_BIGTIFF:
        return decode_tiff(path)
    try:
        with Image.open(path) as image:
            if image.format == "TIFF":
                refuse_other_contents(image.tag_v2)  # type: ignore[attr-defined]
            refuse_several_images(image, *[SAVE_AS_VOLUME] * is_tiff)
            if image.format == "PNG" and _has_16_bit_colours(image):
                return _decode_png(path, image)
            if image.format != "TIFF" or not needs_tifffile(image):
                return pillow_image(path, image)
    except UnidentifiedImageError:
        if not is_tiff:
            raise
    return decode_tiff(path)


def _has_16_bit_colours(image: Image.Image) -> bool:
    """Return whether Pillow would drop half the bits of this PNG."""
    return any(";16" in str(tile[3]) for tile in image.tile) and len(image.getbands()) > 1  # type: ignore[attr-defined]


def _decode_png(path: PathLike, image: Image.Image) -> StoredImage:
    import imagecodecs  # of the extra `codecs`

    array = imagecodecs.png_decode(Path(path).read_bytes())
    transparent = None
    if array.shape[-1] > len(image.getbands()):  # it turns a transparent colour into a channel
        array, transparent = array[..., :-1], array[..., -1] == 0
    return StoredImage(
        array,
        "grey" if array.shape[-1] < 3 else "rgb",
        has_opacity=array.shape[-1] in (2, 4),
        transparent=transparent,
        orientation=image.getexif().get(274, 1),
    )
