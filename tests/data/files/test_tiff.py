import numpy as np
import pytest
import tifffile

from resunet_kit.data import read_image
from resunet_kit.data.files.decoding import decode


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "lzw", "deflate"])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_numbers_are_those_of_the_file(tmp_path, dtype, compression, byteorder):
    stored = np.random.default_rng(0).integers(0 if np.dtype(dtype).kind == "u" else -100, 100, (9, 7)).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", stored, compression=compression, byteorder=byteorder)
    array = decode(tmp_path / "a.tif", palette=True)
    assert array.dtype == dtype
    np.testing.assert_array_equal(array[..., 0], stored)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_pixels_stay_where_they_are_stored_whatever_the_rotation_tag(tmp_path, orientation, dtype, channels):
    stored = np.random.default_rng(0).integers(0, 250, (6, 8, channels)).astype(dtype)
    extra = [(274, "H", 1, orientation, True)]
    photometric = "rgb" if channels == 3 else "minisblack"
    tifffile.imwrite(tmp_path / "a.tif", stored.squeeze(), photometric=photometric, extratags=extra)
    np.testing.assert_array_equal(decode(tmp_path / "a.tif", palette=True), stored)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_is_1_even_if_stored_as_zero(tmp_path, dtype):
    white = np.iinfo(dtype).max
    tifffile.imwrite(tmp_path / "a.tif", np.array([[0, white]], dtype), photometric="miniswhite")
    assert read_image(tmp_path / "a.tif").ravel().tolist() == [1, 0]


def test_several_pages_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((2, 5, 5), np.float32), photometric="minisblack")
    with pytest.raises(ValueError, match="Expected one image"):
        decode(tmp_path / "a.tif", palette=True)


def test_missing_pieces_are_not_filled(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, np.ones((8, 5, 2), np.uint8), photometric="minisblack", planarconfig="contig", rowsperstrip=2
    )
    data = bytearray(path.read_bytes())
    start = int.from_bytes(data[4:8], "little")
    for entry in range(start + 2, start + 2 + 12 * int.from_bytes(data[start : start + 2], "little"), 12):
        if data[entry : entry + 2] == (278).to_bytes(2, "little"):  # rows of a strip: now one, so strips are missing
            data[entry + 8 : entry + 12] = (1).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.tif"):
        decode(path, palette=True)
