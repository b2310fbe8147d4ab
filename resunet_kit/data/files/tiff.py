"""TIFF files that Pillow would change: cut to 8 bits, without some channels, rotated, or with other numbers."""

import math
import os
import struct
from typing import Any

import numpy as np
from PIL import Image

from resunet_kit.data.files.errors import UnsupportedFile

_BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLES, _SAMPLE_FORMAT = 258, 262, 274, 277, 339
_WHITE_IS_ZERO, _PALETTE = 0, 3


def needs_tifffile(image: Image.Image) -> bool:
    """Return whether a TIFF must be read by `decode_tiff`.

    Raises:
        UnsupportedFile: If neither reads it: colours by a palette, with a rotation tag.
    """
    tags = image.tag_v2  # type: ignore[attr-defined]
    bits, samples = max(tags.get(_BITS, (1,))), tags.get(_SAMPLES, 1)
    rotated = tags.get(_ORIENTATION, 1) != 1
    if rotated and tags.get(_PHOTOMETRIC) == _PALETTE:
        raise UnsupportedFile("Expected palette colours without a rotation tag. Received both. Save the file as PNG.")
    return (
        rotated
        or set(tags.get(_SAMPLE_FORMAT, (1,))) != {1}  # Pillow drops signs, and swaps the bytes of some floats twice
        or (bits > 8 and (samples > 1 or tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO))
        or (samples > 1 and samples != len(image.getbands()))
    )


def decode_tiff(path: str | os.PathLike[str]) -> np.ndarray:
    """Return the only page of a TIFF as its file stores it, channels last; larger values are brighter.

    Raises:
        Exception: tifffile's or its codecs', if the file is damaged or its codec is not installed.
        UnsupportedFile: If there are several pages.
    """
    import tifffile  # slow to import, seldom needed

    with tifffile.TiffFile(os.fspath(path)) as file:
        if _has_page(file, 1):  # not counted: in a damaged file the pages may form a circle
            raise UnsupportedFile("Expected one image. Received several pages. Save each as one file.")
        page = file.pages[0]
        if len(page.tags) != _number_of_tags(file, page):
            raise ValueError("tags are damaged")  # tifffile continues without them, and takes floats for integers
        if math.prod(page.chunked) != len(page.dataoffsets):
            raise ValueError("pieces are missing")  # which tifffile fills with zeros, one by one
        array = page.asarray()
    if page.photometric == _WHITE_IS_ZERO and array.dtype.kind == "u":
        array = (2**page.bitspersample - 1 - array).astype(array.dtype)
    if array.ndim == 3 and page.planarconfig == tifffile.PLANARCONFIG.SEPARATE:
        return np.ascontiguousarray(np.moveaxis(array, 0, -1))
    return array


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
