"""Image files as raw arrays, with the file named in every error."""

import math
import os
import struct
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from resunet_kit.data._nifti import SUFFIXES, read_nifti
from resunet_kit.data._plain_tiff import read_plain_tiff

PathLike = str | os.PathLike[str]

# Pillow's modes that hold what the file holds. Others (YCbCr, LAB, ...) are colour spaces: shown as RGB.
_PLAIN_MODES = {"1", "L", "LA", "RGB", "RGBA", "RGBX", "CMYK", "F", "I", "I;16", "I;16B", "I;16L"}


def unreadable(path: PathLike, why: object) -> ValueError:
    """Return the error for a file that cannot be used, naming it."""
    return ValueError(f"Cannot read {os.fspath(path)!r}: {why}")


def decode(path: PathLike, *, palette: bool) -> np.ndarray:
    """Decode a file to `(height, width, channels)` or `(depth, height, width, channels)` in the file's own type.

    Args:
        path: PNG, JPEG, TIFF or whatever else Pillow reads; `.npy`; `.nii` or `.nii.gz`.
        palette: Whether colours of a palette file are looked up (an image) or its indices kept (a mask).

    Raises:
        ValueError: If the file is absent, damaged, or not one image or volume.
    """
    try:
        array = _decode(path, palette=palette)
    except FileNotFoundError:
        raise unreadable(path, "there is no such file; check the path.") from None
    except UnidentifiedImageError:
        raise unreadable(path, "expected PNG, JPEG, TIFF, .npy or NIfTI; received another format.") from None
    # Pillow's plugins raise nearly anything on damaged bytes, and NumPy parses headers as Python; none names the file.
    except (
        OSError,
        ValueError,
        SyntaxError,
        TokenError,
        EOFError,
        MemoryError,
        OverflowError,
        KeyError,
        TypeError,
        Image.DecompressionBombError,
    ) as error:
        raise unreadable(
            path, f"{str(error) or type(error).__name__} (if it is damaged, fetch the file again)."
        ) from error
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim not in (3, 4) or 0 in array.shape:
        expected = "one image (height, width[, channels]) or volume (depth, height, width, channels)"
        raise unreadable(path, f"expected {expected}, received {array.shape}.")
    return array


def _decode(path: PathLike, *, palette: bool) -> np.ndarray:
    name = os.fspath(path).lower()
    if name.endswith(".npy"):
        return _decode_npy(path)
    return read_nifti(path) if name.endswith(SUFFIXES) else _decode_image(path, palette=palette)


def _decode_npy(path: PathLike) -> np.ndarray:
    array = np.load(path, allow_pickle=False)
    return array.astype(array.dtype.newbyteorder("="), copy=False)  # TensorFlow lacks the other order


def _decode_image(path: PathLike, *, palette: bool) -> np.ndarray:
    if Path(path).suffix.lower() in {".tif", ".tiff"}:
        plain = read_plain_tiff(path)
        if plain is not None:
            return plain
    try:
        with Image.open(path) as image:
            pages = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
            if pages > 1:
                raise ValueError(f"expected one image, received {pages} pages; save one file for each")
            if image.format == "PNG" and _deep_colours(image):
                return _decode_png(path)
            if image.format != "TIFF" or not _beyond_pillow(image):
                return _pillow_array(image, palette=palette)
    except UnidentifiedImageError:
        if Path(path).suffix.lower() not in {".tif", ".tiff"}:
            raise
    return _decode_tiff(path)


def _deep_colours(image: Image.Image) -> bool:
    """Tell whether Pillow would drop half the bits of this PNG: of 16-bit colours."""
    return any(";16" in str(tile[3]) for tile in image.tile) and len(image.getbands()) > 1  # type: ignore[attr-defined]


def _decode_png(path: PathLike) -> np.ndarray:
    import imagecodecs

    try:
        return imagecodecs.png_decode(Path(path).read_bytes())
    except imagecodecs.PngError as error:
        raise ValueError(str(error)) from error


def _beyond_pillow(image: Image.Image) -> bool:
    """Tell whether Pillow would drop channels of this TIFF, or half the bits of its colours."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    bits, samples = tags.get(258, (8,)), tags.get(277, 1)
    return samples > 1 and (max(bits) > 8 or samples != len(image.getbands()))


def _decode_tiff(path: PathLike) -> np.ndarray:
    import tifffile  # slow to import, seldom needed: above 4 channels, or 2, or 16-bit colour

    try:
        with tifffile.TiffFile(os.fspath(path)) as file:
            if _has_page(file, 1):  # not counted: in a damaged file pages may go round in a circle
                raise ValueError("expected one image, received several pages; save one file for each")
            page = file.pages[0]
            if len(page.tags) != _number_of_tags(file, page):
                raise ValueError("tags are damaged")  # tifffile goes on without them, and takes floats for integers
            if math.prod(page.chunked) != len(page.dataoffsets):
                raise ValueError("pieces are missing")  # which tifffile fills with zeros, one by one
            array = page.asarray()
            channels_first = array.ndim == 3 and page.planarconfig == tifffile.PLANARCONFIG.SEPARATE
    except Exception as error:  # tifffile's own, and its codecs'
        raise ValueError(str(error) or type(error).__name__) from error
    return np.ascontiguousarray(np.moveaxis(array, 0, -1)) if channels_first else array


def _number_of_tags(file: Any, page: Any) -> int:
    file.filehandle.seek(page.offset)
    [number] = struct.unpack(file.tiff.tagnoformat, file.filehandle.read(file.tiff.tagnosize))
    return number


def _has_page(file: Any, number: int) -> bool:
    try:
        file.pages[number]
    except IndexError:
        return False
    return True


def _pillow_array(image: Image.Image, *, palette: bool) -> np.ndarray:
    keeps = _PLAIN_MODES if palette else _PLAIN_MODES | {"P"}
    if image.mode not in keeps:
        image = image.convert("RGB")
    array: np.ndarray[Any, Any] = np.asarray(image)
    if image.mode.startswith("I") and (image.mode != "I" or image.format == "PNG"):
        # Before Pillow 11.3 a 16-bit PNG opens as 32-bit integers; I;16B is big-endian, which TensorFlow lacks.
        array = array.astype(np.uint16)
    return array
