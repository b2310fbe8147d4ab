"""PBM, PGM, PPM and PAM: the numbers as stored. Pillow stretches those whose maximum is not that of a type.

Specifications: https://netpbm.sourceforge.net/doc/ (pbm, pgm, ppm and pam).
"""

import re
from typing import NamedTuple

import numpy as np

from resunet_kit.data.files.errors import UnsupportedFile
from resunet_kit.data.files.stored import Meaning, StoredImage

_GAP = rb"(?:[ \t\r\n\v\f]|#[^\r\n]*[\r\n])+"  # a comment ends with its line
_BLANK = b" \t\r\n\v\f"
_MEANINGS: dict[int, tuple[Meaning, bool]] = {
    1: ("grey", False),
    2: ("grey", True),
    3: ("rgb", False),
    4: ("rgb", True),
}


class _Header(NamedTuple):
    width: int
    height: int
    channels: int
    white: int
    end: int  # position of the first pixel


def is_pnm(head: bytes) -> bool:
    """Return whether a file that begins with these bytes is one of these formats."""
    return re.match(rb"P[1-7][ \t\r\n#]", head) is not None


def read_pnm(data: bytes) -> StoredImage:
    """Return the only image of a file.

    Raises:
        ValueError: If it is damaged.
        UnsupportedFile: If there are several.
    """
    kind = data[1:2]
    header = _pam_header(data) if kind == b"7" else _header(data, kind)
    if min(header[:4]) < 1 or header.white > 65535 or header.channels not in _MEANINGS:
        raise ValueError("the header is damaged")
    array = _plain(data, header, kind) if kind in b"123" else _binary(data, header, kind)
    if array.max() > header.white:
        raise ValueError(f"a pixel exceeds the file's maximum of {header.white}")
    meaning, has_opacity = _MEANINGS[header.channels]
    return StoredImage(array, meaning, header.white, has_opacity)


def _header(data: bytes, kind: bytes) -> _Header:
    numbers = 2 if kind in b"14" else 3
    found = re.compile(rb"P." + (_GAP + rb"(\d{1,9})") * numbers + rb"(?:#[^\r\n]*)?[ \t\r\n\v\f]").match(data)
    if found is None:
        raise ValueError("the header is damaged")
    width, height, white = (*map(int, found.groups()), 1)[:3]
    return _Header(width, height, 3 if kind in b"36" else 1, white, found.end())


def _pam_header(data: bytes) -> _Header:
    text, found, _ = data.partition(b"ENDHDR\n")
    lines = [line.split() for line in text.splitlines()[1:] if not line.startswith(b"#")]
    fields = {line[0]: line[1] for line in lines if len(line) > 1}
    try:
        width, height, depth, white = (int(fields[name]) for name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"))
    except (KeyError, ValueError):
        raise ValueError("the header is damaged") from None
    return _Header(width, height, depth, white, len(text) + len(found))


def _plain(data: bytes, header: _Header, kind: bytes) -> np.ndarray:
    """Return the pixels of a file that writes them as text; in bitmaps the digits may touch each other."""
    text = re.sub(rb"#[^\r\n]*", b"", data[header.end :])
    words = re.findall(rb"[01]", text) if kind == b"1" else text.split()
    count = header.width * header.height * header.channels
    if len(words) > count:
        raise UnsupportedFile("Expected one image. Received more numbers than one has. Save each image as one file.")
    if len(words) < count or re.sub(rb"[\d \t\r\n\v\f]", b"", text):
        raise ValueError("the pixels are damaged")
    values = np.array([min(int(word), 2**17) for word in words]).reshape(header.height, header.width, header.channels)
    return values == 0 if kind == b"1" else values.astype(_stored_type(header, values.max()))


def _stored_type(header: _Header, highest: int = 0) -> type:
    return np.uint8 if max(header.white, highest) < 256 else np.uint16 if highest < 65536 else np.int64


def _binary(data: bytes, header: _Header, kind: bytes) -> np.ndarray:
    bits = kind == b"4"
    stored = np.dtype(">u2" if header.white > 255 else np.uint8)
    line = -(-header.width // 8) if bits else header.width * header.channels * stored.itemsize
    end = header.end + header.height * line
    if end > len(data):
        raise ValueError("pixels are missing")
    if data[end:].strip(_BLANK):
        raise UnsupportedFile("Expected one image. Received more data than one has. Save each image as one file.")
    if not bits:
        pixels = np.frombuffer(data, stored, header.height * line // stored.itemsize, header.end)
        return pixels.reshape(header.height, header.width, header.channels).astype(stored.newbyteorder("="))
    rows = np.frombuffer(data, np.uint8, header.height * line, header.end).reshape(header.height, line)
    return np.unpackbits(rows, axis=1, count=header.width)[..., None] == 0  # a 1 is black
