"""PNG files byte by byte: every colour type and bit depth, interlaced or not, with every filter and kind of opacity."""

import struct
import zlib

import numpy as np

from tests.containers.coding import pack
from tests.containers.container import Container

NAMES = {0: "grey", 2: "RGB", 3: "palette", 4: "grey + unassociated", 6: "RGB + unassociated"}
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return one chunk with its checksum."""
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def png(
    stored: np.ndarray,
    bits: int,
    colour_type: int,
    *,
    interlaced: bool = False,
    palette: np.ndarray | None = None,
    transparent: np.ndarray | tuple[int, ...] | None = None,
    rotation: int = 1,
    seed: int = 0,
) -> Container:
    """Return a PNG of `stored`, `(height, width, channels)`.

    Args:
        stored: The numbers; of a palette file the indices.
        bits: Of a sample.
        colour_type: By PNG's code.
        interlaced: By Adam7.
        palette: Colours in [0, 1].
        transparent: The colour that is transparent, or for a palette the opacity of each index, 0 to 255.
        rotation: EXIF's orientation.
        seed: Of the filters of rows.
    """
    height, width, _ = stored.shape
    generator = np.random.default_rng(seed)
    passes = [stored[top::down, left::right] for top, left, down, right in ADAM7] if interlaced else [stored]
    lines = b"".join(_filtered(part, bits, generator) for part in passes if part.size)
    chunks = [chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, bits, colour_type, 0, 0, interlaced))]
    if palette is not None:
        chunks.append(chunk(b"PLTE", np.rint(palette * 255).astype(np.uint8).tobytes()))
    hidden = None
    if transparent is not None:
        is_palette = colour_type == 3
        data = bytes(transparent) if is_palette else struct.pack(f">{len(transparent)}H", *transparent)
        chunks.append(chunk(b"tRNS", data))
        if is_palette:
            opacity = np.concatenate([np.asarray(transparent), np.full(256, 255)])[stored[..., 0]]
            hidden = opacity < 255
        else:
            hidden = (stored == np.array(transparent)).all(axis=-1)
    if rotation != 1:
        exif = struct.pack(">2sHLHHHLHHL", b"MM", 42, 8, 1, 274, 3, 1, rotation, 0, 0)
        chunks.append(chunk(b"eXIf", exif))
    chunks += [chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")]
    kind = NAMES[colour_type] + (" + tRNS" if transparent is not None else "")
    return Container(
        kind=f"PNG {kind} {bits} bit",
        name=f"{'interlaced, ' if interlaced else ''}rotation {rotation}",
        suffix=".png",
        data=b"\x89PNG\r\n\x1a\n" + b"".join(chunks),
        stored=stored,
        full_scale=2**bits - 1,
        palette=palette,
        opacity="unassociated" if colour_type in (4, 6) else None,
        transparent=hidden,
        rotation=rotation,
    )


def _filtered(part: np.ndarray, bits: int, generator: np.random.Generator) -> bytes:
    rows = np.stack([np.frombuffer(pack(row.reshape(1, -1), bits, ">"), np.uint8) for row in part])
    step = max(1, part.shape[2] * bits // 8)
    above = np.zeros(rows.shape[1], np.uint8)
    out = b""
    for row in rows:
        kind = int(generator.integers(5))
        out += bytes([kind]) + (row - _prediction(kind, row, above, step)).astype(np.uint8).tobytes()
        above = row
    return out


def _prediction(kind: int, row: np.ndarray, above: np.ndarray, step: int) -> np.ndarray:
    left = np.concatenate([np.zeros(step, np.uint8), row[:-step]])[: len(row)].astype(int)
    corner = np.concatenate([np.zeros(step, np.uint8), above[:-step]])[: len(row)].astype(int)
    up = above.astype(int)
    if kind == 4:
        guess = left + up - corner
        distances = np.abs(np.stack([guess - left, guess - up, guess - corner]))
        return np.choose(distances.argmin(axis=0), [left, up, corner])
    return [np.zeros_like(left), left, up, (left + up) // 2][kind]
