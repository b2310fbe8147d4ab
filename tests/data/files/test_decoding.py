import json
import struct
import subprocess
import sys
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.decoding import decode

RNG = np.random.default_rng(0)
GREY8 = RNG.integers(0, 256, (5, 7), dtype=np.uint8)
GREY16 = RNG.integers(0, 65536, (5, 7), dtype=np.uint16)
RGB8 = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
RGBA8 = RNG.integers(0, 256, (5, 7, 4), dtype=np.uint8)


@pytest.mark.parametrize("array", [GREY8, GREY16, RGB8, RGBA8], ids=["grey8", "grey16", "rgb8", "four8"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.tif", {}),
        ("a.tif", {"compression": "tiff_lzw"}),
        ("a.tiff", {"compression": "tiff_adobe_deflate"}),
    ],
)
def test_lossless_formats_return_what_was_written(tmp_path, array, name, options):
    Image.fromarray(array).save(tmp_path / name, **options)
    received = decode(tmp_path / name, palette=True)
    assert received.dtype == array.dtype
    np.testing.assert_array_equal(received, array if array.ndim == 3 else array[..., None])


def test_npy_holds_any_number_of_channels(tmp_path):
    np.save(tmp_path / "a.npy", np.repeat(GREY8[..., None], 6, axis=-1))
    assert decode(tmp_path / "a.npy", palette=True).shape == (5, 7, 6)


def test_palette_gives_colours_or_indices(tmp_path):
    indices = np.array([[0, 1], [2, 1]], np.uint8)
    image = Image.fromarray(indices).convert("P")
    image.putdata(indices.ravel().tolist())
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    image.save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png", palette=True).tolist()[0][1] == [255, 0, 0]
    np.testing.assert_array_equal(decode(tmp_path / "a.png", palette=False)[..., 0], indices)


def _stack(path):
    first, second = Image.fromarray(GREY8), Image.fromarray(255 - GREY8)
    first.save(path, save_all=True, append_images=[second, first])


def _truncated(path):
    Image.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:3000])


@pytest.mark.parametrize(
    ("name", "write", "expected"),
    [
        ("none.png", lambda _: None, "existing file"),
        ("text.png", lambda path: path.write_text("hello"), "another format"),
        ("empty.tif", lambda path: path.write_bytes(b""), "empty.tif"),
        ("cut.tif", _truncated, "damaged"),
        ("cut.png", _truncated, "damaged"),
        ("cut.jpg", _truncated, "damaged"),
        ("cut.npy", lambda path: path.write_bytes(b"\x93NUMPY\x01\x00"), "damaged"),
        ("objects.npy", lambda path: np.save(path, np.array([{}], dtype=object)), "damaged"),
        ("stack.tif", _stack, "3 pages"),
        ("stack.gif", _stack, "3 pages"),
        ("packed.npy", lambda path: path.write_bytes(b"PK\3\4" + b"0" * 60), "damaged"),
        ("series.npy", lambda path: np.save(path, np.zeros((2, 2, 3, 4, 5))), "one image"),
        ("void.npy", lambda path: np.save(path, np.zeros((0, 3))), "one image"),
    ],
)
def test_every_bad_file_is_named(tmp_path, name, write, expected):
    path = tmp_path / name
    write(path)
    with pytest.raises(ValueError, match=expected) as error:
        decode(path, palette=True)
    assert name in str(error.value)


def test_a_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="Cannot read"):
        decode(tmp_path, palette=True)


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize(("compression", "predictor"), [(None, None), ("lzw", None), ("lzw", True), ("deflate", True)])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_tiff_keeps_all_channels_and_bits(tmp_path, dtype, channels, compression, predictor, planar):
    stored = np.random.default_rng(0).integers(0, 250, (20, 17, channels)).astype(dtype) * (
        257 if dtype == np.uint16 else 1
    )
    written = stored[..., 0] if channels == 1 else stored if planar == "contig" else np.moveaxis(stored, -1, 0)
    colours = {"planarconfig": planar, "photometric": "rgb" if channels in (3, 4) else "minisblack"}
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, written, compression=compression, predictor=predictor, **(colours if channels > 1 else {}))
    array = decode(path, palette=True)
    assert array.dtype == dtype
    np.testing.assert_array_equal(array, stored)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bit_png_keeps_its_bits(tmp_path, channels):
    stored = np.random.default_rng(0).integers(0, 65536, (20, 17, channels), dtype=np.uint16)
    path = tmp_path / "a.png"
    path.write_bytes(imagecodecs.png_encode(stored if channels > 1 else stored[..., 0]))
    np.testing.assert_array_equal(decode(path, palette=True), stored)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValueError, match=r"a\.png"):
        decode(path, palette=True)


WITHOUT_CODECS = """
import json, sys
sys.modules["imagecodecs"] = None  # importing it is an ImportError from here on
from resunet_kit.data.files.decoding import load
found = {}
for path in sys.argv[1:]:
    try:
        found[path] = load(path).array.tolist()
    except ImportError as error:
        found[path] = str(error)
print(json.dumps(found))
"""


def test_without_imagecodecs_files_are_read_or_named_with_the_cure(tmp_path):
    deep, floats = RNG.integers(0, 2**16, (5, 7, 3), np.uint16), RNG.random((5, 7, 3), np.float32)
    options = {"photometric": "rgb", "planarconfig": "contig"}
    for name, array, compression in [
        ("plain", deep, {}),
        ("deflate", deep, {"compression": "deflate", "predictor": True}),
        ("packbits", RGB8, {"compression": "packbits"}),
        ("needs_lzw", deep, {"compression": "lzw"}),
        ("needs_predictor", floats, {"compression": "deflate", "predictor": True}),
    ]:
        tifffile.imwrite(tmp_path / f"{name}.tif", array, **options, **compression)
    Image.fromarray(RGB8).save(tmp_path / "pillow.tif", compression="tiff_lzw")
    Image.fromarray(GREY16).save(tmp_path / "grey.png")
    (tmp_path / "needs_png.png").write_bytes(imagecodecs.png_encode(deep))
    paths = sorted(map(str, tmp_path.iterdir()))
    process = subprocess.run([sys.executable, "-c", WITHOUT_CODECS, *paths], capture_output=True, text=True, check=True)
    for path, found in json.loads(process.stdout).items():
        if "needs_" in path:
            assert path in found
            assert 'pip install "resunet-kit[codecs]"' in found
        else:
            np.testing.assert_array_equal(found, decode(path, palette=True), path)


def test_damage_is_not_taken_for_a_missing_codec(tmp_path, monkeypatch):
    _truncated(tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(ValueError, match="undamaged"):
        decode(tmp_path / "a.png", palette=True)


@pytest.mark.parametrize("bits", [2, 4])
def test_masks_of_few_bits_keep_their_labels(tmp_path, bits):
    labels = np.random.default_rng(0).integers(0, 2**bits, (5, 8), dtype=np.uint8)
    path = tmp_path / "a.png"
    path.write_bytes(_png_of_few_bits(labels, bits))
    np.testing.assert_array_equal(decode(path, palette=False)[..., 0], labels)
    np.testing.assert_array_equal(decode(path, palette=True)[..., 0], labels * (255 // (2**bits - 1)))


def _png_of_few_bits(labels, bits):
    def chunk(kind, data):
        return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))

    height, width = labels.shape
    digits = (labels[..., None] >> np.arange(bits)[::-1]) & 1
    rows = np.packbits(digits.reshape(height, -1).astype(np.uint8), axis=1)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">LLBBBBB", width, height, bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def test_an_array_is_read_again_where_another_thread_disturbed_the_parser(tmp_path, monkeypatch):
    """What CPython 3.11 raises now and then while several threads parse the headers of .npy files."""
    path, array = tmp_path / "a.npy", np.arange(6, dtype=np.uint8).reshape(2, 3)
    np.save(path, array)
    original, failures = np.lib.format.read_array, [9]

    def disturbed(file, **options):
        file.read(3)  # a parser that fails has consumed some bytes
        if failures[0]:
            failures[0] -= 1
            raise SystemError("AST constructor recursion depth mismatch (before=54, after=51)")
        file.seek(0)
        return original(file, **options)

    monkeypatch.setattr(np.lib.format, "read_array", disturbed)
    np.testing.assert_array_equal(decode(path, palette=True)[..., 0], array)
    failures[0] = 10
    with pytest.raises(ValueError, match="recursion depth mismatch"):
        decode(path, palette=True)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_an_image_beyond_pillows_limit_is_not_damaged_and_the_cure_works(tmp_path, suffix, monkeypatch):
    """Pillow warns of more pixels than its limit, and refuses twice as many; warnings are errors here."""
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(np.zeros((40, 50), np.uint8)).save(path, **({"compression": "tiff_lzw"} if suffix == "tif" else {}))
    for limit in (1999, 500):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(ValueError, match=rf"a\.{suffix}.*limit of pixels.*2000 pixels.*MAX_IMAGE_PIXELS = None"):
            decode(path, palette=True)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert decode(path, palette=True).shape == (40, 50, 1)
