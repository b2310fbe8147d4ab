"""BMP, netpbm and GIF files byte by byte."""

import struct

import numpy as np

from tests.containers.coding import gif_lzw, pack
from tests.containers.container import Container


def bmp(stored: np.ndarray, bits: int, *, palette: np.ndarray | None = None, top_down: bool = False) -> Container:
    """Return a BMP: indices of 1, 4 or 8 bits with a palette, or RGB of 24 bits, or RGB and an unused byte of 32."""
    height, width, channels = stored.shape
    rows = stored if top_down else stored[::-1]
    if channels == 3:
        rows = rows[..., ::-1]
        rows = np.concatenate([rows, np.full((*rows.shape[:2], 1), 7, np.uint8)], axis=-1) if bits == 32 else rows
    lines = [pack(row.reshape(1, -1), min(bits, 8), "<") for row in rows]
    pixels = b"".join(line + b"\0" * (-len(line) % 4) for line in lines)
    colours = b""
    if palette is not None:
        table = np.zeros((len(palette), 4), np.uint8)
        table[:, :3] = np.rint(palette[:, ::-1] * 255)
        colours = table.tobytes()
    start = 14 + 40 + len(colours)
    used = 0 if palette is None else len(palette)
    info = struct.pack(
        "<LllHHLLllLL", 40, width, -height if top_down else height, 1, bits, 0, len(pixels), 0, 0, used, 0
    )
    data = struct.pack("<2sLHHL", b"BM", start + len(pixels), 0, 0, start) + info + colours + pixels
    kind = "palette" if palette is not None else "RGB"
    return Container(
        kind=f"BMP {kind} {bits} bit", name="top down" if top_down else "bottom up", suffix=".bmp", data=data,
        stored=stored, full_scale=255, palette=palette,
    )  # fmt: skip


def pnm(stored: np.ndarray, maxval: int, *, raw: bool) -> Container:
    """Return PBM (`maxval` 0: one bit, 1 is black), PGM or PPM."""
    height, width, channels = stored.shape
    bitmap = maxval == 0
    number = (1 if bitmap else 2 if channels == 1 else 3) + 3 * raw
    head = f"P{number}\n# made by a test\n{width} {height}\n" + ("" if bitmap else f"{maxval}\n")
    if not raw:
        body = "\n".join(" ".join(map(str, row.ravel().tolist())) for row in stored).encode() + b"\n"
    elif bitmap:
        body = pack(stored.reshape(height, -1), 1, ">")
    else:
        body = stored.astype(np.uint8 if maxval < 256 else ">u2").tobytes()
    name = {1: "PBM", 2: "PGM", 3: "PPM"}[number - 3 * raw]
    depth = "" if bitmap else " of maxval " + _maxval_class(maxval)
    return Container(
        kind=f"{name} {'raw' if raw else 'ascii'}{depth}", name=f"maxval {maxval}", suffix=f".{name.lower()}",
        data=head.encode() + body, stored=stored, full_scale=maxval or 1, white_is_zero=bitmap,
        tolerance=0.51 / 255 if 1 < maxval < 255 else 0.51 / 65535,
    )  # fmt: skip


def _maxval_class(maxval: int) -> str:
    if maxval in (255, 65535):
        return str(maxval)
    return "below 255" if maxval < 255 else "from 256 to 65534"


def gif(
    stored: np.ndarray,
    palette: np.ndarray,
    *,
    transparent: int | None = None,
    interlaced: bool = False,
    frames: int = 1,
) -> Container:
    """Return a GIF of indices; `palette` of a power of two of colours in [0, 1]."""
    height, width, _ = stored.shape
    bits = max(2, (len(palette) - 1).bit_length())
    table = np.zeros((2 ** max(1, (len(palette) - 1).bit_length()), 3), np.uint8)
    table[: len(palette)] = np.rint(palette * 255)
    size = int(np.log2(len(table))) - 1
    rows = stored[..., 0]
    if interlaced:
        rows = np.concatenate([rows[0::8], rows[4::8], rows[2::4], rows[1::2]])
    flags = 0 if transparent is None else 1
    frame = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, flags, 0, transparent or 0, 0)
    frame += struct.pack("<BHHHHB", 0x2C, 0, 0, width, height, 0x40 if interlaced else 0)
    frame += bytes([bits]) + gif_lzw(rows, bits)
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80 | 0x70 | size, 0, 0) + table.tobytes()
    return Container(
        kind="GIF palette" + (" + transparent index" if transparent is not None else ""),
        name=f"{len(palette)} colours{', interlaced' if interlaced else ''}", suffix=".gif",
        data=head + frame * frames + b";", stored=stored, full_scale=255, palette=palette, stack=frames > 1,
        transparent=None if transparent is None else stored[..., 0] == transparent,
    )  # fmt: skip
