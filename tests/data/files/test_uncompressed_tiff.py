import contextlib
import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from tifffile import imread, imwrite

from resunet_kit.data.files.uncompressed_tiff import read_uncompressed_tiff
from tests.decoding import decode


def pixels(shape, dtype, seed=0):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("rowsperstrip", [1, 3, 7])
def test_files_are_read_as_tifffile_wrote_them(tmp_path, dtype, channels, byteorder, rowsperstrip):
    array = pixels((7, 5, channels), dtype)
    imwrite(
        tmp_path / "a.tif",
        array if channels > 1 else array[..., 0],
        photometric="rgb" if channels > 1 else "minisblack",
        byteorder=byteorder,
        rowsperstrip=rowsperstrip,
    )
    found = read_uncompressed_tiff(tmp_path / "a.tif")
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, array)
    found[...] = 0  # its own memory


def test_files_that_pillow_wrote_are_read_as_pillow_reads_them(tmp_path):
    for shape in ((300, 7), (300, 7, 3)):  # of several strips
        array = pixels(shape, np.uint8)
        Image.fromarray(array).save(tmp_path / "a.tif")
        np.testing.assert_array_equal(read_uncompressed_tiff(tmp_path / "a.tif"), array.reshape(*shape[:2], -1))


def test_a_last_strip_whose_tag_says_more_is_read(tmp_path):
    """As in the LGG data: 256 rows in strips of 11, and the last has only 3."""
    array = pixels((7, 5), np.uint8)
    imwrite(tmp_path / "a.tif", array, rowsperstrip=3, photometric="minisblack")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    _entry(data, 279)[-1] = 15
    (tmp_path / "a.tif").write_bytes(data)
    np.testing.assert_array_equal(read_uncompressed_tiff(tmp_path / "a.tif")[..., 0], array)


def _entry(data, wanted):
    """Return the values of a tag of several as an array into the file's bytes."""
    [start] = struct.unpack_from("<L", data, 4)
    [count] = struct.unpack_from("<H", data, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, length, offset = struct.unpack_from("<HHLL", data, entry)
        if tag == wanted:
            return np.frombuffer(data, {3: "<u2", 4: "<u4"}[kind], length, offset)
    raise KeyError(wanted)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zlib"},
        {"photometric": "miniswhite"},
        {"planarconfig": "separate", "photometric": "rgb", "channels": 3},
        {"photometric": "rgb", "extrasamples": ["assocalpha"], "channels": 4},
        {"tile": (16, 16)},
        {"extratags": [(274, "H", 1, 6, True)]},  # rotated by 90 degrees
        {"dtype": np.float32},
        {"dtype": np.int16},
        {"pages": 2},
    ],
    ids=str,
)
def test_all_other_files_are_left_to_others(tmp_path, options):
    options = dict(options)
    dtype, channels, pages = (options.pop(*item) for item in (("dtype", np.uint8), ("channels", 0), ("pages", 0)))
    shape = (channels, 32, 32) if options.get("planarconfig") else (32, 32, *[channels] * (channels > 0))
    options.setdefault("photometric", "minisblack")
    imwrite(tmp_path / "a.tif", np.zeros((*[pages] * (pages > 0), *shape), dtype), **options)
    assert read_uncompressed_tiff(tmp_path / "a.tif") is None


def test_strips_that_are_not_one_block_are_left_to_others(tmp_path):
    imwrite(tmp_path / "a.tif", pixels((8, 4), np.uint8), rowsperstrip=4, photometric="minisblack")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    offsets = _entry(data, 273)
    offsets[:] = offsets[::-1].copy()
    (tmp_path / "a.tif").write_bytes(data)
    assert read_uncompressed_tiff(tmp_path / "a.tif") is None
    np.testing.assert_array_equal(decode(tmp_path / "a.tif", palette=False)[..., 0], imread(tmp_path / "a.tif"))


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("tiff") / "damaged.tif"
    imwrite(path, pixels((6, 4, 3), np.uint8), photometric="rgb", rowsperstrip=2, metadata=None)
    return path, path.read_bytes()


# Pillow's, of tags that it leaves out, and of sizes that damage has made large.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3), st.integers(0, 400))
@example([], 0)
@example([(33, 3)], 0)  # a height of 50 million
def test_damaged_bytes_are_refused_by_name_or_read_as_tifffile_reads_them(good, changes, cut):
    path, data = good
    damaged = bytearray(data[: max(1, len(data) - cut)])
    for position, value in changes:
        if position < len(damaged):
            damaged[position] = value
    path.write_bytes(damaged)
    found = read_uncompressed_tiff(path)
    if found is not None:
        np.testing.assert_array_equal(np.squeeze(found), np.squeeze(imread(path)))
    with contextlib.suppress(UnreadableNamed):
        named(path)


class UnreadableNamed(Exception):
    """The error that names the file."""


def named(path):
    try:
        decode(path, palette=True)
    except ValueError as error:
        if path.name in str(error):
            raise UnreadableNamed from error
        raise
