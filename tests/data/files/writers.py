"""TIFF and PNG files byte by byte, for what no package writes."""

import struct
import zlib

import numpy as np

_KINDS = {"H": (3, "H"), "L": (4, "L"), "s": (2, "s")}


def packed(stored, bits):
    """Return `(height, width)` numbers as rows of whole bytes."""
    if bits % 8 == 0:
        return [row.astype(f"<u{bits // 8}").tobytes() for row in stored]
    digits = (stored[..., None] >> np.arange(bits)[::-1]) & 1
    rows = np.packbits(digits.reshape(len(stored), -1).astype(np.uint8), axis=1)
    return [row.tobytes() for row in rows]


def tiff(stored, bits, *, photometric=1, fill_order=1, compression=1, rotation=None, palette=None, tags=()):
    """Return a little-endian TIFF of one strip of grey or palette numbers.

    Args:
        stored: `(height, width)`, as stored.
        bits: Of a pixel.
        photometric: 0 where white is zero, 1 where black is, 3 for a palette.
        fill_order: Of bits in bytes; 2 turns the bits of each byte of the file over.
        compression: 1 for none, 8 for deflate, 32773 for PackBits without repetition.
        rotation: The tag of orientation.
        palette: `(2 ** bits, 3)` of 8 bits.
        tags: Others, `(number, kind, values)` with the kind "H", "L" or "s".
    """
    rows = packed(stored, bits)
    pixels = {
        1: b"".join(rows),
        8: zlib.compress(b"".join(rows)),
        32773: b"".join(bytes([len(row) - 1]) + row for row in rows),
    }[compression]
    if fill_order == 2:
        pixels = bytes(int(f"{byte:08b}"[::-1], 2) for byte in pixels)
    height, width = stored.shape
    entries = [(256, "L", [width]), (257, "L", [height]), (258, "H", [bits]), (259, "H", [compression]),
               (262, "H", [photometric]), (266, "H", [fill_order]), (273, "L", [8]), (277, "H", [1]),
               (278, "L", [height]), (279, "L", [len(pixels)]), *tags]  # fmt: skip
    if rotation is not None:
        entries.append((274, "H", [rotation]))
    if palette is not None:
        entries.append((320, "H", (np.asarray(palette, int).T.ravel() * 257).tolist()))
    return _with_directory(pixels, sorted(entries))


def _with_directory(pixels, entries):
    data = bytearray(b"II*\0" + struct.pack("<L", 8 + len(pixels)) + pixels)
    start = len(data)
    data += struct.pack("<H", len(entries)) + bytes(12 * len(entries)) + struct.pack("<L", 0)
    for index, (tag, kind, values) in enumerate(entries):
        code, letter = _KINDS[kind]
        raw = values if kind == "s" else struct.pack(f"<{len(values)}{letter}", *values)
        if len(raw) > 4:
            offset, data = len(data), data + raw
            raw = struct.pack("<L", offset)
        struct.pack_into("<HHL4s", data, start + 2 + 12 * index, tag, code, len(values), raw.ljust(4, b"\0"))
    return bytes(data)


def png(stored, bits, *, colour=0, palette=None, transparent=None):
    """Return a PNG of `(height, width)` numbers, or `(height, width, channels)` of 8 or 16 bits.

    Args:
        stored: As stored.
        bits: Of a sample.
        colour: 0 grey, 2 RGB, 3 palette, 4 grey and opacity, 6 RGB and opacity.
        palette: `(colours, 3)` of 8 bits.
        transparent: Bytes of the chunk tRNS.
    """
    rows = [row.astype(f">u{bits // 8}").tobytes() for row in stored] if bits >= 8 else packed(stored, bits)
    height, width = stored.shape[:2]
    chunks = [(b"IHDR", struct.pack(">LLBBBBB", width, height, bits, colour, 0, 0, 0))]
    if palette is not None:
        chunks.append((b"PLTE", np.asarray(palette, np.uint8).tobytes()))
    if transparent is not None:
        chunks.append((b"tRNS", transparent))
    chunks += [(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), (b"IEND", b"")]
    whole = b"".join(struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))
                     for kind, data in chunks)  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + whole
