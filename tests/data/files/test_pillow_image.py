import struct

import numpy as np
import pytest
from PIL import Image

from resunet_kit.data import read_image, read_mask
from tests.data.files.writers import packed, png, tiff


def bmp(stored, bits, palette):
    """Return a BMP of `(height, width)` indices, whose palette has as many colours as are given."""
    rows = b"".join(row.ljust(-(-len(row) // 4) * 4, b"\0") for row in packed(stored[::-1], bits))
    table = b"".join(bytes([blue, green, red, 0]) for red, green, blue in np.asarray(palette).tolist())
    height, width = stored.shape
    start = 54 + len(table)
    info = struct.pack("<LLLHHLLLLLL", 40, width, height, 1, bits, 0, len(rows), 0, 0, len(palette), 0)
    return b"BM" + struct.pack("<LLL", start + len(rows), 0, start) + info + table + rows


@pytest.mark.parametrize("bits", [1, 4, 8])
@pytest.mark.parametrize("greys", [[0, 255], [255, 0], [0, 1], [0, 90], "ramp"])
def test_palettes_of_bmp_that_pillow_takes_for_grey(tmp_path, bits, greys):
    greys = list(range(2**bits)) if greys == "ramp" else greys
    palette = np.repeat(np.array(greys)[:, None], 3, axis=1)
    stored = np.random.default_rng(0).integers(0, len(greys), (5, 13))
    (tmp_path / "a.bmp").write_bytes(bmp(stored, bits, palette))
    image = read_image(tmp_path / "a.bmp", channels=3)
    np.testing.assert_allclose(image, palette[stored] / 255, atol=1e-6)
    mask = read_mask(tmp_path / "a.bmp", num_classes=256 if len(greys) > 2 else None)[..., 0]
    bright = np.array(greys)[stored] > min(greys)
    np.testing.assert_array_equal(mask, stored if len(greys) > 2 else bright)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_labels_of_few_bits_are_the_stored_numbers(tmp_path, bits):
    stored = np.random.default_rng(0).integers(0, 2**bits, (5, 13))
    for name, data in (
        ("a.png", png(stored, bits)),
        ("a.tif", tiff(stored, bits)),
        ("b.tif", tiff(stored, bits, fill_order=2)),
    ):
        (tmp_path / name).write_bytes(data)
        np.testing.assert_array_equal(read_mask(tmp_path / name)[..., 0], stored)
        np.testing.assert_array_equal(read_mask(tmp_path / name, num_classes=2**bits)[..., 0], stored)


@pytest.mark.parametrize("bits", [2, 4])
def test_white_and_black_of_few_bits_are_labels_unless_two_classes_are_asked_for(tmp_path, bits):
    white = 2**bits - 1
    (tmp_path / "a.png").write_bytes(png(np.array([[0, white]]), bits))
    assert read_mask(tmp_path / "a.png").ravel().tolist() == [0, white]
    assert read_mask(tmp_path / "a.png", num_classes=2**bits).ravel().tolist() == [0, white]
    assert read_mask(tmp_path / "a.png", num_classes=1).ravel().tolist() == [0, 1]


def test_other_colour_spaces_are_refused_by_name(tmp_path):
    Image.new("LAB", (4, 4)).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match=r"a\.tif.*LAB.*Convert the file to RGB"):
        read_image(tmp_path / "a.tif")
