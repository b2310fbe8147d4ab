"""Fast path for uncompressed TIFF files: their pixels are one block of bytes.

Pillow reads such a file strip by strip and tag by tag, which takes several times as long; medical slices often have
this format. All other TIFF files are left to Pillow and tifffile.
"""

import os
import struct

import numpy as np

from resunet_kit.data.files.tiff_contents import announced_planes

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _DESCRIPTION, _OFFSETS = 256, 257, 258, 259, 262, 270, 273
_SAMPLES, _ROWS, _COUNTS, _PLANAR, _FORMAT = 277, 278, 279, 284, 339
# Tags that do not change the pixels: resolution, its unit, page, software, date.
_HARMLESS = {282, 283, 296, 297, 305, 306}
_SUBFILE, _ORIENTATION = 254, 274
_TEXT, _SHORT, _LONG = 2, 3, 4
_GREY, _RGB = 1, 2


def read_uncompressed_tiff(path: str | os.PathLike[str]) -> np.ndarray | None:
    """Return `(height, width, channels)` of an uncompressed grey or RGB TIFF of 8 or 16 bits, or None for all others.

    Raises:
        OSError: If the file cannot be opened.
    """
    with open(path, "rb") as file:
        data = file.read(8)
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
        if order is None or len(data) < 8:
            return None
        data += file.read()
    tags = _tags(data, order)
    return None if tags is None else _pixels(data, order, *tags)


def _tags(data: bytes, order: str) -> tuple[dict[int, tuple[int, ...]], bytes] | None:
    """Return the tags of the only page, and its description.

    None if there are more pages, or tags that may change what pixels mean.
    """
    [start] = struct.unpack_from(f"{order}L", data, 4)
    if start + 2 > len(data):
        return None
    [count] = struct.unpack_from(f"{order}H", data, start)
    end = start + 2 + 12 * count
    if end + 4 > len(data) or struct.unpack_from(f"{order}L", data, end) != (0,):
        return None
    tags, description = {}, b""
    for tag, kind, length, value in struct.iter_unpack(f"{order}HHL4s", data[start + 2 : end]):
        if tag in _HARMLESS:
            continue
        if tag == _DESCRIPTION and kind == _TEXT:
            [offset] = struct.unpack(f"{order}L", value)
            description = value[:length] if length <= 4 else data[offset : offset + length]
            continue
        if kind not in (_SHORT, _LONG) or not length:
            return None
        values = struct.Struct(f"{order}{length}{'H' if kind == _SHORT else 'L'}")
        source, offset = (value, 0) if values.size <= 4 else (data, *struct.unpack(f"{order}L", value))
        if offset + values.size > len(source):
            return None
        tags[tag] = values.unpack_from(source, offset)
    return tags, description


def _pixels(data: bytes, order: str, tags: dict[int, tuple[int, ...]], description: bytes) -> np.ndarray | None:
    """Return the pixels if they are one block of bytes and no tag changes what they mean, else None."""
    offsets, counts, bits = (np.array(tags.pop(tag, ())) for tag in (_OFFSETS, _COUNTS, _BITS))
    kinds = tags.pop(_FORMAT, (1,))
    single = {tag: values[0] for tag, values in tags.items() if len(values) == 1}
    width, height, rows = (single.pop(tag, 0) for tag in (_WIDTH, _HEIGHT, _ROWS))
    photometric, samples = single.pop(_PHOTOMETRIC, 0), single.pop(_SAMPLES, 1)
    plain = (
        (photometric, samples) in ((_GREY, 1), (_RGB, 3))
        and bits.tolist() in ([8] * samples, [16] * samples)
        and set(kinds) == {1}
        and single.pop(_COMPRESSION, 1) == single.pop(_PLANAR, 1) == single.pop(_ORIENTATION, 1) == 1
        and not single.pop(_SUBFILE, 0) & 1
        and not single
        and min(width, height, rows) > 0
        and len(offsets) == len(counts) == -(-height // rows)
        and announced_planes(description, samples, width * height * samples) == 1
    )
    if not plain:
        return None
    stored = np.dtype(np.uint8 if bits[0] == 8 else f"{order}u2")
    line, start = width * samples * stored.itemsize, int(offsets[0])
    last = line * (height - rows * (len(offsets) - 1))  # the tag of its strip may say more
    is_one_block = (np.diff(offsets) == rows * line).all() and (counts[:-1] == rows * line).all() and counts[-1] >= last
    if not is_one_block or start + height * line > len(data):
        return None
    pixels = np.frombuffer(data, stored, height * width * samples, start).reshape(height, width, samples)
    return pixels.astype(stored.newbyteorder("="))  # a copy, without the rest of the file
