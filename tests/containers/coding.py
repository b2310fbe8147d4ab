"""Bits into bytes, and the compressions of TIFF and GIF, each written from its specification."""

import io
import lzma
import zlib

import imagecodecs
import numpy as np
from PIL import Image

REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def pack(rows: np.ndarray, bits: int, order: str) -> bytes:
    """Return rows `(height, samples)` as bytes: below 8 bits each row is filled up to a byte, above in `order`."""
    if bits % 8 or bits == 24:
        digits = (rows.astype(np.uint64)[..., None] >> np.arange(bits, dtype=np.uint64)[::-1]) & np.uint64(1)
        return np.packbits(digits.reshape(len(rows), -1).astype(np.uint8), axis=1).tobytes()
    return rows.astype(rows.dtype.newbyteorder(order)).tobytes()


def packbits(data: bytes) -> bytes:
    """Return PackBits: runs of one byte, and literals."""
    out, start = bytearray(), 0
    while start < len(data):
        end = start + 1
        while end < len(data) and data[end] == data[start] and end - start < 128:
            end += 1
        if end - start > 1:
            out += bytes([257 - (end - start), data[start]])
        else:
            while end < len(data) and end - start < 128 and data[end] != data[end - 1]:
                end += 1
            out += bytes([end - start - 1]) + data[start:end]
        start = end
    return bytes(out)


def lzw(data: bytes) -> bytes:
    """Return TIFF's LZW: codes of 9 to 12 bits, the most significant bit first, one code early."""
    clear, end = 256, 257
    codes, table, width = [(clear, 9)], {bytes([byte]): byte for byte in range(256)}, 9
    word, following = b"", 258
    for byte in data:
        longer = word + bytes([byte])
        if longer in table:
            word = longer
            continue
        codes.append((table[word], width))
        table[longer] = following
        following += 1
        width = _width(following)
        word = bytes([byte])
        if following == 4094:
            codes.append((clear, 12))
            table, width, following = {bytes([byte]): byte for byte in range(256)}, 9, 258
    if word:
        codes.append((table[word], width))
        following += 1
        width = _width(following)
    codes.append((end, width))
    text = "".join(f"{code:0{bits}b}" for code, bits in codes)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def _width(following: int) -> int:
    return 9 if following < 512 else 10 if following < 1024 else 11 if following < 2048 else 12


def gif_lzw(indices: np.ndarray, bits: int) -> bytes:
    """Return GIF's LZW without a table: a clear code before codes would grow; in blocks of 255 bytes."""
    clear = 1 << bits
    digits: list[str] = []
    for position, index in enumerate(indices.ravel().tolist()):
        if position % (clear - 2) == 0:
            digits.append(f"{clear:0{bits + 1}b}"[::-1])
        digits.append(f"{index:0{bits + 1}b}"[::-1])
    digits.append(f"{clear + 1:0{bits + 1}b}"[::-1])
    text = "".join(digits)
    text += "0" * (-len(text) % 8)
    data = bytes(int(text[start : start + 8][::-1], 2) for start in range(0, len(text), 8))
    blocks = (data[start : start + 255] for start in range(0, len(data), 255))
    return b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def ccitt(rows: np.ndarray, compression: int) -> bytes:
    """Return bits, rows of 0 and 1, in CCITT's coding, which Pillow's libtiff writes; 1 is a black run."""
    names = {2: "tiff_ccitt", 3: "group3", 4: "group4"}
    file = io.BytesIO()
    # In one strip. Pillow stores white as 1, so its bits are these.
    Image.fromarray(rows.astype(bool)).save(file, "TIFF", compression=names[compression], strip_size=1 << 20)
    with Image.open(file) as image:
        [offset], [count] = image.tag_v2[273], image.tag_v2[279]
    return file.getvalue()[offset : offset + count]


def jpeg(pixels: np.ndarray, quality: int = 95) -> bytes:
    """Return a JPEG of grey or RGB pixels, without subsampling of colours."""
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, "JPEG", quality=quality, subsampling=0)
    return file.getvalue()


COMPRESSIONS = {
    1: bytes,
    5: lzw,
    8: zlib.compress,
    32946: zlib.compress,
    32773: packbits,
    34925: lambda data: lzma.compress(data, format=lzma.FORMAT_XZ),
    50000: imagecodecs.zstd_encode,
}
