"""Image files as raw arrays, with the file named in every error."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from resunet_kit.data.files.nifti import SUFFIXES, read_nifti
from resunet_kit.data.files.tiff import beyond_pillow, decode_tiff
from resunet_kit.data.files.uncompressed_tiff import read_plain_tiff

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
    except Exception as error:
        raise unreadable(
            path, f"{str(error) or type(error).__name__} (if it is damaged, fetch the file again)."
        ) from error
    array = array.astype(array.dtype.newbyteorder("="), copy=False)  # TensorFlow lacks the other order
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim not in (3, 4) or 0 in array.shape:
        expected = "one image (height, width[, channels]) or volume (depth, height, width, channels)"
        raise unreadable(path, f"expected {expected}, received {array.shape}.")
    return array


def _decode(path: PathLike, *, palette: bool) -> np.ndarray:
    name = os.fspath(path).lower()
    if name.endswith(".npy"):
        with open(path, "rb") as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    return read_nifti(path) if name.endswith(SUFFIXES) else _decode_image(path, palette=palette)


def _decode_image(path: PathLike, *, palette: bool) -> np.ndarray:
    is_tiff = Path(path).suffix.lower() in {".tif", ".tiff"}
    plain = read_plain_tiff(path) if is_tiff else None
    if plain is not None:
        return plain
    try:
        with Image.open(path) as image:
            pages = getattr(image, "n_frames", 1)
            if pages > 1 and image.format != "MPO":  # a camera's JPEG with a preview
                raise ValueError(f"expected one image, received {pages} pages; save one file for each")
            if image.format == "PNG" and _deep_colours(image):
                return _decode_png(path)
            if image.format != "TIFF" or not beyond_pillow(image):
                return _pillow_array(image, palette=palette)
    except UnidentifiedImageError:
        if not is_tiff:
            raise
    return decode_tiff(path)


def _deep_colours(image: Image.Image) -> bool:
    """Tell whether Pillow would drop half the bits of this PNG: of 16-bit colours."""
    return any(";16" in str(tile[3]) for tile in image.tile) and len(image.getbands()) > 1  # type: ignore[attr-defined]


def _decode_png(path: PathLike) -> np.ndarray:
    import imagecodecs

    try:
        return imagecodecs.png_decode(Path(path).read_bytes())
    except imagecodecs.PngError as error:
        raise ValueError(str(error)) from error


def _pillow_array(image: Image.Image, *, palette: bool) -> np.ndarray:
    keeps = _PLAIN_MODES if palette else _PLAIN_MODES | {"P"}
    if image.mode not in keeps:
        image = image.convert("RGB")
    levels = _levels_of_few_bits(image)
    array: np.ndarray[Any, Any] = np.asarray(image)
    if image.mode.startswith("I") and (image.mode != "I" or image.format == "PNG"):
        # Before Pillow 11.3 a 16-bit PNG opens as 32-bit integers.
        array = array.astype(np.uint16)
    if not palette and levels and not np.isin(array, (0, 255)).all():
        array = array // (255 // (levels - 1))  # class ids, which Pillow has stretched over 8 bits
    return array


def _levels_of_few_bits(image: Image.Image) -> int | None:
    """Return how many levels a grey file of 2 or 4 bits has; of others None."""
    modes = {str(part) for tile in getattr(image, "tile", ()) for part in np.atleast_1d(np.array(tile[3], object))}
    return 4 if "L;2" in modes else 16 if "L;4" in modes else None
