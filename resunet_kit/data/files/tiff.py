"""TIFF files that Pillow would change: cut to 8 bits, without some channels, turned, or with other numbers."""

import math
import os
import struct
from typing import Any

import numpy as np
from PIL import Image

_BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLES, _SAMPLE_FORMAT = 258, 262, 274, 277, 339
_WHITE_IS_ZERO, _PALETTE = 0, 3


def beyond_pillow(image: Image.Image) -> bool:
    """Tell whether a TIFF must be read by `decode_tiff`.

    Raises:
        ValueError: If neither reads it: colours by a palette, with a rotation tag.
    """
    tags = image.tag_v2  # type: ignore[attr-defined]
    bits, samples = max(tags.get(_BITS, (1,))), tags.get(_SAMPLES, 1)
    turned = tags.get(_ORIENTATION, 1) != 1
    if turned and tags.get(_PHOTOMETRIC) == _PALETTE:
        raise ValueError("expected palette colours without a rotation tag; save the file as PNG")
    return (
        turned
        or set(tags.get(_SAMPLE_FORMAT, (1,))) != {1}  # Pillow drops signs, and swaps the bytes of some floats twice
        or (bits > 8 and (samples > 1 or tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO))
        or (samples > 1 and samples != len(image.getbands()))
    )


def decode_tiff(path: str | os.PathLike[str]) -> np.ndarray:
    """Return the only page of a TIFF as its file stores it, channels last; more is brighter.

    Raises:
        ValueError: If the file is damaged, or has several pages.
    """
    import tifffile  # slow to import, seldom needed

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
    except Exception as error:  # tifffile's own, and its codecs'
        raise ValueError(str(error) or type(error).__name__) from error
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
