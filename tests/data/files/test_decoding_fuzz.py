"""Damaged files are refused by name or read as images, without other errors, hangs, memory peaks or invented rows."""

import io
import json
import re
import signal
import struct
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image
from tifffile import imwrite

from resunet_kit.data import read_image, read_mask

pytestmark = pytest.mark.slow
SHAPE = (24, 18)
CASES = 60  # damaged files of each kind
RNG = np.random.default_rng(0)
# No pixel is 0: rows that a reader filled with zeros stand out.
GREY, RGB = RNG.integers(1, 256, SHAPE, np.uint8), RNG.integers(1, 256, (*SHAPE, 3), np.uint8)
DEEP, DEEP_RGB = (RNG.integers(1, 2**16, shape, np.uint16) for shape in (SHAPE, (*SHAPE, 3)))
MASK = np.where(GREY > 128, 255, 0).astype(np.uint8)
TILES = {"tile": (16, 16)}
TIFFS = {
    "plain": (RGB, {"rowsperstrip": 5}),
    "plain16": (DEEP, {"rowsperstrip": 5}),
    "lzw": (GREY, {"compression": "tiff_lzw"}),
    "lzw_rgb": (RGB, {"compression": "tiff_lzw"}),
    "deflate": (GREY, {"compression": "zlib", "rowsperstrip": 5}),
    "deflate16": (DEEP, {"compression": "zlib", "rowsperstrip": 5}),
    "deflate16_rgb": (DEEP_RGB, {"compression": "zlib"}),
    "tiles": (GREY, TILES),
    "tiles_rgb": (RGB, TILES | {"compression": "zlib"}),
    "mask": (MASK, {"compression": "zlib"}),
}


def tiff(array, options):
    """Return the bytes of a TIFF file; Pillow writes LZW, which tifffile leaves to another package."""
    file = io.BytesIO()
    if options.get("compression") == "tiff_lzw":
        Image.fromarray(array).save(file, "TIFF", **options)
    else:
        imwrite(file, array, photometric="rgb" if array.ndim == 3 else "minisblack", metadata=None, **options)
    return file.getvalue()


def pillow(array, kind):
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


FILES = {f"{name}.tif": tiff(*kind) for name, kind in TIFFS.items()}
FILES |= {"grey.png": pillow(GREY, "PNG"), "rgb.png": pillow(RGB, "PNG"), "deep.png": pillow(DEEP, "PNG")}
FILES |= {"mask.png": pillow(MASK, "PNG"), "rgb.jpg": pillow(RGB, "JPEG"), "grey.jpg": pillow(GREY, "JPEG")}
FILES |= {"grey.npy": npy(GREY), "deep.npy": npy(DEEP), "rgb.npy": npy(RGB), "mask.npy": npy(MASK)}


def damaged(data, generator):
    """Return the bytes after one or two kinds of damage."""
    for _ in range(generator.integers(1, 3)):
        if len(data) > 8:
            data = DAMAGES[generator.integers(len(DAMAGES))](data, generator)
    return data


def flip(data, generator):
    changed = bytearray(data)
    changed[generator.integers(len(data))] ^= 1 << int(generator.integers(8))
    return bytes(changed)


def flip_in_the_header(data, generator):
    changed = bytearray(data)
    changed[generator.integers(min(len(data), 64))] = generator.integers(256)
    return bytes(changed)


def cut(data, generator):
    return data[: generator.integers(1, len(data))]


def insert(data, generator):
    start = generator.integers(len(data))
    return data[:start] + generator.bytes(int(generator.integers(1, 40))) + data[start:]


def drop(data, generator):
    start = generator.integers(len(data))
    return data[:start] + data[start + generator.integers(1, 40) :]


def change_a_tag(data, generator):
    """Change one number of the TIFF directory, or of the PNG header with its checksum made to fit."""
    changed = bytearray(data)
    if data[:4] == b"II*\0":
        [start] = struct.unpack_from("<L", data, 4)
        if start + 2 > len(data):
            return data
        [count] = struct.unpack_from("<H", data, start)
        entry = start + 2 + 12 * int(generator.integers(min(count, 40) + 1)) + int(generator.choice([0, 2, 4, 8, 10]))
        changed[entry : entry + 2] = generator.choice([b"\0\0", b"\1\0", b"\xff\xff", b"\x20\0", generator.bytes(2)])
    elif data[:4] == b"\x89PNG" and len(data) > 33:
        changed[16 + generator.integers(13)] = generator.integers(256)
        changed[29:33] = struct.pack(">L", zlib.crc32(changed[12:29]))
    return bytes(changed)


DAMAGES = (flip, flip_in_the_header, cut, insert, drop, change_a_tag)


class TooSlow(BaseException):
    """An exception that no reader can take for a damaged file."""


@pytest.fixture(autouse=True)
def alarm():
    """End a reader that hangs."""

    def ring(*_):
        raise TooSlow

    before = signal.signal(signal.SIGALRM, ring)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def read(path, data, reader):
    """Return what a reader reads from the bytes; None if it refuses them by name."""
    path.write_bytes(data)
    signal.setitimer(signal.ITIMER_REAL, 20)
    with warnings.catch_warnings():  # of tags that Pillow leaves out, and of sizes that damage has made large
        warnings.simplefilter("ignore")
        try:
            return reader(path)
        except ValueError as error:
            assert path.name in str(error), error  # noqa: PT017 - any other error is shown
            return None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.mark.parametrize("name", FILES)
def test_damaged_files_are_refused_by_name_or_read_as_images(tmp_path, name):
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    path = tmp_path / name
    for _ in range(CASES):
        data = damaged(FILES[name], generator)
        image, mask = (read(path, data, reader) for reader in (read_image, read_mask))
        if image is not None:
            assert image.dtype == np.float32
            assert image.ndim == 3
            assert 0 <= image.min() <= image.max() <= 1
        if mask is not None:
            assert mask.dtype == np.uint8
            assert mask.ndim == 3
            assert mask.shape[2] == 1


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".jpg")])
def test_a_truncated_file_is_never_filled_up(tmp_path, name):
    """A lossless file that ends too early is refused, unless it holds all pixels."""
    data, path = FILES[name], tmp_path / name
    reader = read_mask if name.startswith("mask") else read_image
    whole = read(path, data, reader)
    for end in [*range(0, len(data), max(1, len(data) // 60)), *range(len(data) - 12, len(data))]:
        found = read(path, data[:end], reader)
        assert found is None or np.array_equal(found, whole), end


def test_pages_in_a_circle_are_refused(tmp_path):
    """The second directory names itself as the next; the first has an unknown type of number."""

    def directory(*entries, following):
        return struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<L", following)

    width, height, bits = (struct.pack("<HHLL", *entry) for entry in ((256, 4, 1, 4), (257, 4, 1, 4), (258, 16, 1, 0)))
    first, second = directory(width, height, bits, following=50), directory(width, following=50)
    assert read(tmp_path / "circle.tif", struct.pack("<2sHL", b"II", 42, 8) + first + second, read_image) is None


def test_an_npy_header_that_is_not_python_is_refused(tmp_path):
    data = FILES["grey.npy"].replace(b"(24, 18)", b"((24, 18")
    assert read(tmp_path / "header.npy", data, read_image) is None


def with_large_header(kind, side):
    """Return a small file whose header announces `side` × `side` pixels."""
    if kind == "npy":
        header = {"descr": "|u1", "fortran_order": False, "shape": (side, side)}
        file = io.BytesIO()
        np.lib.format.write_array_header_1_0(file, header)
        return file.getvalue() + b"\1" * 100
    if kind == "png":
        data = bytearray(FILES["grey.png"])
        data[16:24] = struct.pack(">LL", side, side)
        data[29:33] = struct.pack(">L", zlib.crc32(data[12:29]))
        return bytes(data)
    if kind == "jpg":
        data = FILES["grey.jpg"]
        return re.sub(rb"(\xff\xc0..\x08)....", rb"\1" + struct.pack(">HH", *[min(side, 65500)] * 2), data, flags=re.S)
    data = bytearray(FILES[f"{kind}.tif"])
    [start] = struct.unpack_from("<L", data, 4)
    for entry in range(start + 2, start + 2 + 12 * struct.unpack_from("<H", data, start)[0], 12):
        if struct.unpack_from("<H", data, entry)[0] in (256, 257, 278):  # width, height, rows of a strip
            data[entry + 2 : entry + 12] = struct.pack("<HLL", 4, 1, side)
    return bytes(data)


MEMORY_OF_EACH = """
import json, resource, sys, warnings
from resunet_kit.data import read_image
import skimage.io, tifffile
warnings.simplefilter("ignore")
used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
found = {}
for path in sys.argv[1:]:
    before = used()
    try:
        outcome = str(read_image(path).shape)
    except ValueError as error:
        outcome = "refused" if path in str(error) else str(error)
    found[path] = [outcome, used() - before]
print(json.dumps(found))
"""


def test_headers_that_announce_a_billion_pixels_take_no_memory(tmp_path):
    paths = []
    for kind in ("npy", "png", "jpg", "plain", "lzw", "deflate", "deflate16_rgb", "tiles", "tiles_rgb"):
        paths.append(str(tmp_path / f"{kind}.{kind if kind in ('npy', 'png', 'jpg') else 'tif'}"))
        with open(paths[-1], "wb") as file:
            file.write(with_large_header(kind, 40000))
    process = subprocess.run(
        [sys.executable, "-c", MEMORY_OF_EACH, *paths], capture_output=True, text=True, check=True, timeout=60
    )
    for path, (outcome, megabytes) in json.loads(process.stdout).items():
        assert outcome == "refused", path
        assert megabytes < 200, path
