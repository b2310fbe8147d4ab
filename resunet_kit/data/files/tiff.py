"""TIFF files that Pillow would change: cut to 8 bits, without some channels, or with other numbers."""

import math
import os
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from resunet_kit.data.files.compressions import lossy_tiff, may_be_lossy_tiff
from resunet_kit.data.files.errors import UnsupportedFile
from resunet_kit.data.files.opacity import unpremultiplied
from resunet_kit.data.files.stored import Meaning, StoredImage
from resunet_kit.data.files.tiff_contents import SAVE_AS_VOLUME, refuse_other_contents

_BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 258, 259, 262, 266
_DESCRIPTION, _ORIENTATION, _SAMPLES, _PLANES, _SOFTWARE, _SAMPLE_FORMAT = 270, 274, 277, 284, 305, 339
_WHITE_IS_ZERO, _PALETTE, _CMYK, _YCBCR = 0, 3, 5, 6
_JPEG, _WEBP = (6, 7), 50001
_MEANINGS: dict[int, Meaning] = {0: "grey", 1: "grey", 2: "rgb", 3: "palette", 4: "grey", 5: "cmyk", 6: "rgb"}
_ASSOCIATED, _UNASSOCIATED = 1, 2
_BOOLEANS_OF_TIFFFILE = (
    "holds booleans written by tifffile, which writes True as black, and bright pixels are the foreground here. If "
    "True was foreground, write the mask as numbers: tifffile.imwrite(path, tifffile.imread(path).astype('uint8'))."
)
_IMAGEJ_INVERTED = (
    "Expected a mask whose bright pixels are the foreground. Received a file of ImageJ with an inverting lookup table, "
    "which shows the number 255 as black. Apply Image > Lookup Tables > Invert LUT in ImageJ and save the file again."
)


def needs_tifffile(image: Image.Image) -> bool:
    """Return whether a TIFF must be read by `decode_tiff`."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    bits, samples = max(tags.get(_BITS, (1,))), tags.get(_SAMPLES, 1)
    return (
        set(tags.get(_SAMPLE_FORMAT, (1,))) != {1}  # Pillow drops signs, and swaps the bytes of some floats twice
        or (tags.get(_FILL_ORDER, 1) == 2 and tags.get(_COMPRESSION, 1) == 1)  # it knows few of them
        or (samples not in (1, 3) and tags.get(_PLANES, 1) == 2)  # it mixes the planes
        or tags.get(_COMPRESSION, 1) == _WEBP  # most builds of Pillow lack it
        or bits > 16  # it makes large numbers negative
        or (bits > 8 and (samples > 1 or tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO))
        or (samples > 1 and samples != len(image.getbands()))
    )


def decode_tiff(path: str | os.PathLike[str]) -> StoredImage:
    """Return the only page of a TIFF as its file stores it, channels last; larger numbers are brighter.

    Raises:
        Exception: tifffile's or its codecs', if the file is damaged or its codec is not installed.
        UnsupportedFile: If there are several pages, or its colours cannot be read.
    """
    import tifffile  # slow to import, seldom needed

    with tifffile.TiffFile(os.fspath(path)) as file:
        if _has_page(file, 1):  # not counted: in a damaged file the pages may form a circle
            raise UnsupportedFile(f"Expected one image. Received several pages. {SAVE_AS_VOLUME}")
        page = file.pages[0]
        if len(page.tags) != _number_of_tags(file, page):
            raise ValueError("tags are damaged")  # tifffile continues without them, and takes floats for integers
        refuse_other_contents({tag.code: tag.value for tag in page.tags.values()})
        _check_colours(page)
        if math.prod(page.chunked) != len(page.dataoffsets):
            raise ValueError("pieces are missing")  # which tifffile fills with zeros, one by one
        array = page.asarray()
        lossy = _lossy(file, page)
    if array.ndim == 3 and page.planarconfig == tifffile.PLANARCONFIG.SEPARATE:
        array = np.ascontiguousarray(np.moveaxis(array, 0, -1))
    return _stored(page, array if array.ndim > 2 else array[..., None], lossy)


def _stored(page: Any, array: np.ndarray, lossy: str | None) -> StoredImage:
    meaning, extra = _MEANINGS[page.photometric], tuple(page.extrasamples)
    colours = {"rgb": 3, "cmyk": 4}.get(meaning, 1)
    has_opacity = array.shape[-1] == colours + 1 and extra[:1] in ((_ASSOCIATED,), (_UNASSOCIATED,))
    if meaning == "palette" and array.dtype.kind == "b":
        array = array.astype(np.uint8)
    if meaning in ("grey", "palette") and array.shape[-1] > colours + has_opacity:
        meaning = "unknown"
    white = 2**page.bitspersample - 1 if array.dtype.kind in "bu" else 1
    if page.photometric == _WHITE_IS_ZERO:
        array = _brighter_is_larger(array, white)
    if has_opacity and extra[0] == _ASSOCIATED:
        array = unpremultiplied(array, white)
    tags = {tag.code: tag.value for tag in page.tags.values()}
    return StoredImage(
        array,
        meaning,
        white,
        has_opacity,
        palette=_palette(page) if meaning == "palette" else None,
        lossy=lossy,
        orientation=int(page.tags.valueof(_ORIENTATION, 1)),
        no_mask=no_mask(tags),
        doubt=doubt(tags),
    )


def without_rotation(data: bytes) -> bytes:
    """Return a TIFF file whose rotation tag is 1, and whose metadata by Adobe (XMP) no longer has one."""
    order = "<" if data[:2] == b"II" else ">"
    big = 43 in data[2:4]
    entries, offset, step = ("Q", 8, 20) if big else ("H", 4, 12)
    [start] = struct.unpack_from(f"{order}{'Q' if big else 'L'}", data, offset)
    [count] = struct.unpack_from(order + entries, data, start)
    first = start + struct.calcsize(entries)
    changed = bytearray(data)
    for entry in range(first, first + count * step, step):
        tag, kind = struct.unpack_from(f"{order}HH", data, entry)
        if tag == _ORIENTATION:
            struct.pack_into(order + ("H" if kind == 3 else "L"), changed, entry + step - (8 if big else 4), 1)
    return bytes(changed).replace(b"tiff:Orientation", b"tiff:orientation")


def no_mask(tags: Mapping[int, Any]) -> str:
    """Return why a file with these tags cannot be a mask; empty for all others.

    ImageJ's own masks hold 255 for foreground, and show it as black. Pillow and this package take bright pixels for
    foreground.
    """
    is_inverted = tags.get(_PHOTOMETRIC, 1) == _WHITE_IS_ZERO
    return _IMAGEJ_INVERTED if is_inverted and str(tags.get(_DESCRIPTION, "")).startswith("ImageJ=") else ""


def doubt(tags: Mapping[int, Any]) -> str:
    """Return why a mask with these tags may be meant as its complement; empty for all others."""
    is_inverted = tags.get(_PHOTOMETRIC, 1) == _WHITE_IS_ZERO
    is_boolean = tags.get(_BITS, 1) in (1, (1,))
    return _BOOLEANS_OF_TIFFFILE if is_inverted and is_boolean and tags.get(_SOFTWARE) == "tifffile.py" else ""


def _brighter_is_larger(array: np.ndarray, white: int) -> np.ndarray:
    """Invert the first channel; opacity stays."""
    if array.dtype.kind not in "bu":
        raise UnsupportedFile(
            f"Expected unsigned integers where white is zero. Received {array.dtype}, for which nobody says what black "
            "is. Save the file with black as zero."
        )
    grey = array[..., :1]
    inverted = ~grey if array.dtype.kind == "b" else (white - grey).astype(array.dtype)
    return np.concatenate([inverted, array[..., 1:]], axis=-1)


def _palette(page: Any) -> np.ndarray:
    """Return the colours in 8 bits; some writers fill only the lower 8 of the 16."""
    colours = np.asarray(page.colormap).T
    return (colours if colours.max() < 256 else colours >> 8).astype(np.uint8)


def _check_colours(page: Any) -> None:
    known = page.photometric in _MEANINGS and (page.photometric != _YCBCR or page.compression in _JPEG)
    if not known:
        raise UnsupportedFile(
            f"Expected grey, RGB, CMYK or palette colours. Received TIFF's colour space {int(page.photometric)}. "
            "Convert the file to RGB."
        )


def _lossy(file: Any, page: Any) -> str | None:
    piece = b""
    if may_be_lossy_tiff(page.compression):
        file.filehandle.seek(page.dataoffsets[0])
        piece = file.filehandle.read(page.databytecounts[0])
    return lossy_tiff(page.compression, piece)


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
