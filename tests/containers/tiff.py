"""TIFF files byte by byte: any bit depth, polarity, fill order, palette, opacity, rotation, compression and layout."""

import struct
from dataclasses import dataclass, replace

import numpy as np

from tests.containers.coding import COMPRESSIONS, REVERSED, ccitt, jpeg, pack
from tests.containers.container import Container

GREY_WHITE_IS_ZERO, GREY, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
NAMES = {0: "grey, white is 0", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr"}
COMPRESSION_NAMES = {1: "none", 2: "CCITT RLE", 3: "CCITT G3", 4: "CCITT G4", 5: "LZW", 7: "JPEG", 8: "deflate"}
COMPRESSION_NAMES |= {32946: "old deflate", 32773: "PackBits", 34925: "LZMA", 50000: "zstd"}
EXTRA = {None: None, "unspecified": 0, "associated": 1, "unassociated": 2}
TILE = 16
_SIZES = {"B": 1, "H": 2, "L": 4, "Q": 8, "s": 1}
_TYPES = {"B": 1, "s": 2, "H": 3, "L": 4, "Q": 16}


@dataclass(frozen=True)
class Layout:
    """How the pixels of a TIFF are laid out, which does not change what they mean."""

    compression: int = 1
    predictor: int = 1
    fill_order: int = 1
    tiled: bool = False
    rows: int | None = None  # of a strip; None is one strip
    planar: bool = False
    order: str = "<"
    big: bool = False

    def __str__(self) -> str:
        parts = [COMPRESSION_NAMES[self.compression], {"<": "little", ">": "big"}[self.order] + " endian"]
        parts.append("tiles" if self.tiled else f"strips of {self.rows}" if self.rows else "one strip")
        parts += [text for text, said in (("planes", self.planar), ("BigTIFF", self.big)) if said]
        parts += [f"fill order {self.fill_order}"] + ([f"predictor {self.predictor}"] if self.predictor > 1 else [])
        return ", ".join(parts)


def tiff(
    stored: np.ndarray,
    bits: int,
    *,
    photometric: int = GREY,
    layout: Layout = Layout(),
    extra: str | None = None,
    rotation: int = 1,
    palette: np.ndarray | None = None,
    tags: dict | None = None,
    pages: int = 1,
) -> Container:
    """Return a TIFF of `stored`, `(height, width, channels)`, whose type says whether numbers have a sign.

    Args:
        stored: The numbers.
        bits: Of a sample.
        photometric: What the numbers mean, by TIFF's code.
        layout: How the pixels are laid out.
        extra: What the last channel is, if it is no colour.
        rotation: TIFF's orientation tag.
        palette: Colours in [0, 1].
        tags: Others, `{number: (type, values)}`.
        pages: How often the page is repeated.
    """
    sample_format = {"u": UNSIGNED, "i": SIGNED, "f": FLOAT}[stored.dtype.kind]
    height, width, channels = stored.shape
    pieces = _pieces(stored, bits, layout)
    entries = {
        256: ("L", [width]), 257: ("L", [height]), 258: ("H", [bits] * channels), 259: ("H", [layout.compression]),
        262: ("H", [photometric]), 277: ("H", [channels]), 284: ("H", [2 if layout.planar else 1]),
    }  # fmt: skip
    if layout.tiled:
        entries |= {322: ("L", [TILE]), 323: ("L", [TILE])}
    else:
        entries[278] = ("L", [layout.rows or height])
    optional = {
        266: ("H", [layout.fill_order], 1), 274: ("H", [rotation], 1), 317: ("H", [layout.predictor], 1),
        339: ("H", [sample_format] * channels, UNSIGNED), 338: ("H", [EXTRA[extra]], None),
    }  # fmt: skip
    entries |= {tag: (kind, values) for tag, (kind, values, default) in optional.items() if values[0] != default}
    if palette is not None:
        entries[320] = ("H", np.rint(_filled(palette, 2**bits).T * 65535).astype(int).ravel().tolist())
    data = assemble(entries | (tags or {}), pieces, layout, pages)
    kind = {"u": "", "i": " signed", "f": " float"}[stored.dtype.kind]
    unsigned = stored.dtype.kind == "u"
    return Container(
        kind=f"TIFF {NAMES[photometric]}{'' if extra is None else f' + {extra}'} {bits} bit{kind}",
        name=f"rotation {rotation}, {layout}",
        suffix=".tif",
        data=data,
        stored=stored,
        full_scale=2**bits - 1 if unsigned else None,
        white_is_zero=photometric == GREY_WHITE_IS_ZERO,
        palette=palette,
        opacity=extra,
        inks=photometric == CMYK,
        lossy=layout.compression == 7,
        tolerance=8 / 255
        if layout.compression == 7
        else 1.01 / (2**bits - 1)
        if extra == "associated" and unsigned
        else 0,
        stack=pages > 1,
        rotation=rotation,
    )


def _filled(palette: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate([palette, np.zeros((size - len(palette), 3))])


def _pieces(stored: np.ndarray, bits: int, layout: Layout) -> list[bytes]:
    """Return strips or tiles, plane after plane."""
    planes = [stored[..., channel : channel + 1] for channel in range(stored.shape[2])] if layout.planar else [stored]
    return [_piece(part, bits, layout) for plane in planes for part in _parts(plane, layout)]


def _parts(plane: np.ndarray, layout: Layout) -> list[np.ndarray]:
    height, width, _ = plane.shape
    if not layout.tiled:
        rows = layout.rows or height
        return [plane[top : top + rows] for top in range(0, height, rows)]
    parts = []
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            part = plane[top : top + TILE, left : left + TILE]
            padding = [(0, TILE - part.shape[0]), (0, TILE - part.shape[1]), (0, 0)]
            parts.append(np.pad(part, padding, mode="edge"))
    return parts


def _piece(part: np.ndarray, bits: int, layout: Layout) -> bytes:
    if layout.compression == 7:
        return jpeg(part)
    if layout.compression in (2, 3, 4):
        data = ccitt(part[..., 0], layout.compression)
    else:
        data = COMPRESSIONS[layout.compression](_bytes(part, bits, layout))
    return data.translate(REVERSED) if layout.fill_order == 2 else data


def _bytes(part: np.ndarray, bits: int, layout: Layout) -> bytes:
    rows = part.reshape(len(part), -1)
    if layout.predictor == 1:
        return pack(rows, bits, layout.order)
    channels = part.shape[2]
    if layout.predictor == 2:
        differences = part.copy()
        with np.errstate(over="ignore"):
            differences[:, 1:] -= part[:, :-1]
        return pack(differences.reshape(len(part), -1), bits, layout.order)
    # Floats: the bytes of a row by significance, then differences of bytes `channels` apart.
    size = part.dtype.itemsize
    planes = rows.astype(part.dtype.newbyteorder(">")).view(np.uint8).reshape(len(part), -1, size)
    planes = np.ascontiguousarray(planes.transpose(0, 2, 1)).reshape(len(part), -1)
    differences = planes.copy()
    differences[:, channels:] -= planes[:, :-channels]
    return differences.tobytes()


def assemble(entries: dict, pieces: list[bytes], layout: Layout, pages: int = 1) -> bytes:
    """Return the file: header, then for each page its pieces, its directory and the values that it points to."""
    order, big = layout.order, layout.big
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}H", 43 if big else 42)
    head += struct.pack(f"{order}HH", 8, 0) if big else b""
    word, number = ("Q", "Q") if big else ("L", "H")
    out = bytearray(head) + bytes(8 if big else 4)
    pointer = len(head)  # to the next directory
    for _ in range(pages):
        offsets = []
        for piece in pieces:
            offsets.append(len(out))
            out += piece + b"\0" * (len(piece) % 2)
        keys = (324, 325) if layout.tiled else (273, 279)
        all_entries = entries | {keys[0]: ("L", offsets), keys[1]: ("L", [len(piece) for piece in pieces])}
        struct.pack_into(f"{order}{word}", out, pointer, len(out))
        start, size, inline = len(out), 20 if big else 12, 8 if big else 4
        directory = bytearray(struct.pack(f"{order}{number}", len(all_entries)))
        free = start + len(directory) + size * len(all_entries) + (8 if big else 4)
        values_of_others = bytearray()
        for tag in sorted(all_entries):
            kind, values = all_entries[tag]
            raw = bytes(values) if kind == "s" else struct.pack(f"{order}{len(values)}{kind}", *values)
            entry = struct.pack(f"{order}HH{word}", tag, _TYPES[kind], len(values))
            if len(raw) <= inline:
                directory += entry + raw.ljust(inline, b"\0")
            else:
                directory += entry + struct.pack(f"{order}{word}", free + len(values_of_others))
                values_of_others += raw + b"\0" * (len(raw) % 2)
        pointer = start + len(directory)
        out += directory + bytes(8 if big else 4) + values_of_others
    return bytes(out)


def ycbcr(pixels: np.ndarray, layout: Layout, rotation: int = 1) -> Container:
    """Return a TIFF of RGB pixels in JPEG's colours, as cameras and scanners of slides write it."""
    layout = replace(layout, compression=7)
    made = tiff(pixels, 8, photometric=YCBCR, layout=layout, rotation=rotation, tags={530: ("H", [1, 1])})
    return replace(made, tolerance=16 / 255)
