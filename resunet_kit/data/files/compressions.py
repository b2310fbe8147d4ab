"""Lossy compressions, which change numbers: an image survives that, a mask of small numbers does not."""

import re

# TIFF's numbers for compressions that lose information, or may.
_LOSSY_TIFF = {6: "JPEG", 7: "JPEG", 22610: "JPEG XR", 34892: "JPEG", 34934: "JPEG XR", 50002: "JPEG XL"}
_JPEG_2000_TIFF, _WEBP_TIFF = (33003, 33004, 33005, 34712), 50001
# Pillow's names of formats that lose information.
_LOSSY_FORMATS = {"JPEG": "JPEG", "MPO": "JPEG", "AVIF": "AVIF", "DDS": "DDS", "FTEX": "FTEX", "BLP": "BLP"}


def lossy_format(name: str, data: bytes) -> str | None:
    """Return the lossy compression of a file, None if it has none.

    Args:
        name: Pillow's name of the format.
        data: The file, or its beginning; only WebP and JPEG 2000 need it.
    """
    if name == "WEBP":
        return _lossy_webp(data)
    return _lossy_jpeg_2000(data) if name == "JPEG2000" else _LOSSY_FORMATS.get(name)


def lossy_tiff(compression: int, first_piece: bytes) -> str | None:
    """Return the lossy compression of a TIFF, None if it has none.

    Args:
        compression: The tag's number.
        first_piece: The first strip or tile; only WebP and JPEG 2000 need it.
    """
    if compression == _WEBP_TIFF:
        return _lossy_webp(first_piece)
    return _lossy_jpeg_2000(first_piece) if compression in _JPEG_2000_TIFF else _LOSSY_TIFF.get(compression)


def may_be_lossy_tiff(compression: int) -> bool:
    """Return whether `lossy_tiff` has to see the first piece."""
    return compression in (*_JPEG_2000_TIFF, _WEBP_TIFF)


def _lossy_webp(data: bytes) -> str | None:
    """Look for a chunk of lossy pixels; the chunks follow each other after 12 bytes."""
    position = 12
    while position + 8 <= len(data):
        if data[position : position + 4] == b"VP8 ":
            return "lossy WebP"
        position += 8 + int.from_bytes(data[position + 4 : position + 8], "little") + 1 & ~1
    return None


def _lossy_jpeg_2000(data: bytes) -> str | None:
    """Look into the coding style, whose last byte is 1 for the integer wavelet, which is lossless."""
    found = re.search(rb"\xff\x52.{11}(.)", data, re.DOTALL)
    return "JPEG 2000" if found is None or found[1] != b"\1" else None
