"""Image files as raw arrays, with the file named in every error."""

import contextlib
import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from resunet_kit.data.files.errors import UnsupportedFile, file_error
from resunet_kit.data.files.nifti import SUFFIXES, read_nifti
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.tiff import decode_tiff, needs_tifffile
from resunet_kit.data.files.uncompressed_tiff import read_uncompressed_tiff

# Pillow's modes that hold what the file holds. Others (YCbCr, LAB, ...) are colour spaces: shown as RGB.
_PLAIN_MODES = {"1", "L", "LA", "RGB", "RGBA", "RGBX", "CMYK", "F", "I", "I;16", "I;16B", "I;16L"}


def decode(path: PathLike, *, palette: bool) -> np.ndarray:
    """Decode a file to `(height, width, channels)` or `(depth, height, width, channels)` in the file's own type.

    Args:
        path: PNG, JPEG, TIFF or whatever else Pillow reads; `.npy`; `.nii` or `.nii.gz`.
        palette: Whether to look up the colours of a palette file (an image) or to return its indices (a mask).

    Raises:
        ImportError: If the file needs imagecodecs, which is not installed.
        ValueError: If the file does not exist, is damaged, or is not one image or volume.
    """
    try:
        array = _decode(path, palette=palette)
    except FileNotFoundError:
        raise file_error(path, "Expected an existing file. Received a path that does not exist. Check it.") from None
    except UnidentifiedImageError:
        raise file_error(
            path, "Expected PNG, JPEG, TIFF, .npy or NIfTI. Received another format. Convert the file."
        ) from None
    except UnsupportedFile as error:
        raise file_error(path, error) from None
    # Pillow's plugins raise nearly anything on damaged bytes, and NumPy parses headers as Python; none names the file.
    except Exception as error:
        if _needs_missing_codec(error):
            raise ImportError(
                f"Cannot read {os.fspath(path)!r}: Expected the package imagecodecs, which decodes this kind of file. "
                'Received an installation without it. Run: pip install "resunet-kit[codecs]"'
            ) from error
        why = (str(error) or type(error).__name__).rstrip(".")
        raise file_error(path, f"Expected an undamaged file. Received the error: {why}. Replace the file.") from error
    array = array.astype(array.dtype.newbyteorder("="), copy=False)  # TensorFlow lacks the other order
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise file_error(
            path,
            "Expected one image (height, width[, channels]) or volume (depth, height, width, channels). "
            f"Received shape {array.shape}. Save each image or volume as one file.",
        )
    return array


def _needs_missing_codec(error: Exception) -> bool:
    """Return whether imagecodecs is missing and was asked for: tifffile names it for what it cannot decode alone."""
    asked = isinstance(error, ImportError) or "imagecodecs" in str(error)
    return asked and importlib.util.find_spec("imagecodecs") is None


def _decode(path: PathLike, *, palette: bool) -> np.ndarray:
    name = os.fspath(path).lower()
    if name.endswith(".npy"):
        return _read_npy(path)
    return read_nifti(path) if name.endswith(SUFFIXES) else _decode_image(path, palette=palette)


def _read_npy(path: PathLike, attempts: int = 10) -> np.ndarray:
    """Read an array, again where CPython 3.11 fails to parse its header while another thread parses too.

    NumPy parses headers by `ast`, whose depth counter all threads use: where a garbage collection in the middle of one
    parse lets another thread begin its own, both end in a SystemError ("recursion depth mismatch").
    """
    with open(path, "rb") as file:
        for _ in range(attempts - 1):
            with contextlib.suppress(SystemError):
                return np.lib.format.read_array(file, allow_pickle=False)
            file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)


def _decode_image(path: PathLike, *, palette: bool) -> np.ndarray:
    is_tiff = Path(path).suffix.lower() in {".tif", ".tiff"}
    uncompressed = read_uncompressed_tiff(path) if is_tiff else None
    if uncompressed is not None:
        return uncompressed
    try:
        with Image.open(path) as image:
            pages = getattr(image, "n_frames", 1)
            if pages > 1 and image.format != "MPO":  # a camera's JPEG with a preview
                raise UnsupportedFile(f"Expected one image. Received {pages} pages. Save each as one file.")
            if image.format == "PNG" and _has_16_bit_colours(image):
                return _decode_png(path)
            if image.format != "TIFF" or not needs_tifffile(image):
                return _pillow_array(image, palette=palette)
    except UnidentifiedImageError:
        if not is_tiff:
            raise
    return decode_tiff(path)


def _has_16_bit_colours(image: Image.Image) -> bool:
    """Return whether Pillow would drop half the bits of this PNG."""
    return any(";16" in str(tile[3]) for tile in image.tile) and len(image.getbands()) > 1  # type: ignore[attr-defined]


def _decode_png(path: PathLike) -> np.ndarray:
    import imagecodecs  # of the extra `codecs`

    return imagecodecs.png_decode(Path(path).read_bytes())


def _pillow_array(image: Image.Image, *, palette: bool) -> np.ndarray:
    modes = _PLAIN_MODES if palette else _PLAIN_MODES | {"P"}
    if image.mode not in modes:
        image = image.convert("RGB")
    bits = _bits_below_8(image)
    array: np.ndarray[Any, Any] = np.asarray(image)
    if image.mode.startswith("I") and (image.mode != "I" or image.format == "PNG"):
        # Before Pillow 11.3 a 16-bit PNG opens as 32-bit integers.
        array = array.astype(np.uint16)
    if not palette and bits and not np.isin(array, (0, 255)).all():
        array = array // (255 // (2**bits - 1))  # class labels, which Pillow has stretched over 8 bits
    return array


def _bits_below_8(image: Image.Image) -> int | None:
    """Return 2 or 4 for a grey file of so many bits per pixel, and None for others."""
    modes = {str(part) for tile in getattr(image, "tile", ()) for part in np.atleast_1d(np.array(tile[3], object))}
    return 2 if "L;2" in modes else 4 if "L;4" in modes else None
