import numpy as np
import pytest
import tifffile
from PIL import Image

from resunet_kit.data import read_image, read_mask
from tests.data.files.writers import tiff
from tests.decoding import decode


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


POLARITIES = pytest.mark.parametrize("photometric", [0, 1], ids=["white is zero", "black is zero"])


@POLARITIES
@pytest.mark.parametrize("fill_order", [1, 2])
@pytest.mark.parametrize("rotation", [None, 1, 3, 6])
@pytest.mark.parametrize("compression", [1, 8, 32773])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_numbers_are_brightness_whatever_bits_polarity_fill_order_and_rotation(
    tmp_path, bits, compression, rotation, fill_order, photometric
):
    stored = np.random.default_rng(bits).integers(0, 2**bits, (7, 12))
    path, white = tmp_path / "a.tif", 2**bits - 1
    path.write_bytes(
        tiff(stored, bits, photometric=photometric, fill_order=fill_order, compression=compression, rotation=rotation)
    )
    bright = stored if photometric else white - stored
    np.testing.assert_allclose(read_image(path, exif_rotation=False)[..., 0], bright / white, atol=1e-7)
    if bits <= 4:
        np.testing.assert_array_equal(read_mask(path, exif_rotation=False, num_classes=16)[..., 0], bright)


@POLARITIES
@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt", "tiff_lzw", "packbits", "tiff_deflate"])
@pytest.mark.parametrize("rotation", [1, 6])
def test_bitmaps_of_every_compression_are_brightness(tmp_path, compression, rotation, photometric):
    bright = np.random.default_rng(0).integers(0, 2, (16, 24)).astype(bool)
    path = tmp_path / "a.tif"
    Image.fromarray(bright).save(path, compression=compression, tiffinfo={262: photometric, 274: rotation})
    with tifffile.TiffFile(path) as file:
        assert file.pages[0].photometric == photometric
        bright = file.pages[0].asarray() ^ (photometric == 0)
    np.testing.assert_array_equal(read_image(path, exif_rotation=False)[..., 0], bright)
    np.testing.assert_array_equal(read_mask(path, exif_rotation=False)[..., 0], bright)


@pytest.mark.parametrize("bits", [3, 6, 10, 12, 14])
def test_other_bits_have_their_own_white(tmp_path, bits):
    white = 2**bits - 1
    (tmp_path / "a.tif").write_bytes(tiff(np.array([[0, 1, white // 2, white]]), bits))
    np.testing.assert_allclose(
        read_image(tmp_path / "a.tif").ravel(), [0, 1 / white, (white // 2) / white, 1], atol=1e-7
    )
    (tmp_path / "m.tif").write_bytes(tiff(np.array([[0, white, white, 0]]), bits))
    expected = [0, 1, 1, 0] if bits > 4 else [0, white, white, 0]
    assert read_mask(tmp_path / "m.tif").ravel().tolist() == expected
    assert read_mask(tmp_path / "m.tif", num_classes=2).ravel().tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_white_as_zero_without_a_black_is_refused(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, 4), dtype), photometric="miniswhite")
    for read in (read_image, read_mask):
        with pytest.raises(ValueError, match=r"a\.tif.*unsigned integers where white is zero"):
            read(tmp_path / "a.tif")


def test_opacity_keeps_its_polarity_where_white_is_zero(tmp_path):
    stored = np.array([[[0, 255], [255, 255]]], np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="miniswhite", extrasamples=["unassalpha"])
    assert read_image(tmp_path / "a.tif")[0].tolist() == [[1, 1], [0, 1]]


def test_a_mask_of_imagej_with_an_inverting_table_is_refused_with_the_cure(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", np.uint8([[0, 255]]), photometric="miniswhite", metadata=None,
        description="ImageJ=1.54f\n",
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"inverting lookup table.*Invert LUT"):
        read_mask(tmp_path / "a.tif")
    assert read_image(tmp_path / "a.tif").ravel().tolist() == [1, 0]


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_mask_of_booleans_by_tifffile_is_read_as_viewers_show_it_with_a_warning(tmp_path, compression):
    path, mask = tmp_path / "a.tif", np.array([[False, True, True]])
    tifffile.imwrite(path, mask, compression=compression)
    assert np.asarray(Image.open(path)).tolist() == [[True, False, False]]
    for options in ({}, {"foreground": True}, {"channel": 0}, {"classes": {(0, 0, 0): 0, (255, 255, 255): 1}}):
        with pytest.warns(UserWarning, match=r"a\.tif.*tifffile, which writes True as black.*astype\('uint8'\)"):
            assert read_mask(path, **options).ravel().tolist() == [1, 0, 0]
    assert read_image(path).ravel().tolist() == [1, 0, 0]
    tifffile.imwrite(path, tifffile.imread(path).astype("uint8"))
    assert read_mask(path)[..., 0].tolist() == [[0, 1, 1]]


@pytest.mark.parametrize("rotation", range(1, 9))
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes_are_looked_up_whatever_the_rotation(tmp_path, bits, rotation):
    generator = np.random.default_rng(bits)
    stored = generator.integers(0, 2**bits, (5, 9))
    palette = generator.integers(1, 256, (2**bits, 3))
    (tmp_path / "a.tif").write_bytes(tiff(stored, bits, photometric=3, rotation=rotation, palette=palette))
    image = read_image(tmp_path / "a.tif", exif_rotation=False)
    np.testing.assert_array_equal(np.rint(image * 255), palette[stored])
    np.testing.assert_array_equal(read_mask(tmp_path / "a.tif", exif_rotation=False, num_classes=256)[..., 0], stored)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_colours_are_divided_by_the_opacity_that_they_were_multiplied_by(tmp_path, dtype):
    white = np.iinfo(dtype).max if dtype != np.float32 else 1
    pixels = np.array([[[0.25, 0.5, 0, 0.5], [0.5, 0.25, 0, 1], [0, 0, 0, 0]]]) * white
    tifffile.imwrite(tmp_path / "a.tif", pixels.astype(dtype), photometric="rgb", extrasamples=["assocalpha"])
    expected = [[[0.5, 1, 0, 0.5], [0.5, 0.25, 0, 1], [0, 0, 0, 0]]]
    np.testing.assert_allclose(read_image(tmp_path / "a.tif"), expected, atol=0.01)


def test_large_unsigned_numbers_stay_positive(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.uint32([[0, 2**31, 2**32 - 1]]), photometric="minisblack")
    image = read_image(tmp_path / "a.tif", full_scale=2**32 - 1)
    np.testing.assert_allclose(image.ravel(), [0, 0.5, 1], atol=1e-7)


@pytest.mark.parametrize("photometric", [8, 32844, 32803])
def test_other_colour_spaces_are_refused(tmp_path, photometric):
    (tmp_path / "a.tif").write_bytes(tiff(np.zeros((3, 4), np.uint8), 8, photometric=photometric))
    with pytest.raises(ValueError, match=r"a\.tif.*Convert the file to RGB"):
        read_image(tmp_path / "a.tif")
