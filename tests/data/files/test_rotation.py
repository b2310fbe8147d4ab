import numpy as np
import pytest
from PIL import Image, ImageOps

from resunet_kit.data import image_statistics, read_image, read_mask
from resunet_kit.data.files.labels import LabelOptions
from resunet_kit.data.files.pair import read_pair
from resunet_kit.data.files.reading import ImageOptions
from tests.data.files.writers import tiff

RNG = np.random.default_rng(0)
FORMATS = ["png", "webp", "tif", "jpg"]


def _tagged(path, array, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    options = {"lossless": True} if path.suffix == ".webp" else {}
    Image.fromarray(array).save(path, exif=exif, **options)
    return path


def _shown(array, orientation):
    """Return what Pillow makes of the tag, for a PNG."""
    image = Image.fromarray(array)
    image.getexif()[274] = orientation
    return np.asarray(ImageOps.exif_transpose(image))


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_and_masks_are_shown_as_the_tag_says_if_asked_for(tmp_path, suffix, orientation):
    array = np.kron(RNG.integers(0, 2, (2, 3), dtype=np.uint8) * 255, np.ones((8, 8), np.uint8))
    path = _tagged(tmp_path / f"a.{suffix}", array, orientation)
    expected = _shown(array, orientation)
    applied = read_image(path, exif_rotation=True, channels=1)[..., 0]
    stored = read_image(path, exif_rotation=False, channels=1)[..., 0]
    assert applied.shape == expected.shape
    np.testing.assert_allclose(applied, expected / 255, atol=0.02)
    np.testing.assert_allclose(stored, array / 255, atol=0.02)
    if suffix in ("png", "tif"):
        np.testing.assert_array_equal(read_mask(path, exif_rotation=True)[..., 0], expected > 127)
        np.testing.assert_array_equal(read_mask(path, exif_rotation=False)[..., 0], array > 127)


@pytest.mark.parametrize("suffix", FORMATS)
def test_without_a_choice_the_tag_is_named(tmp_path, suffix):
    array = np.full((8, 16), 255, np.uint8)
    path = _tagged(tmp_path / f"a.{suffix}", array, 6)
    for read in (read_image, read_mask):
        with pytest.warns(UserWarning, match=rf"a\.{suffix}.*90 degrees clockwise.*exif_rotation=True"):
            assert read(path).shape[:2] == (8, 16)
    _tagged(path, array, 1)
    read_image(path)  # warnings are errors here


def test_few_bits_and_palettes_are_rotated_too(tmp_path):
    stored = RNG.integers(0, 4, (3, 5))
    for photometric, palette in ((1, None), (3, RNG.integers(1, 255, (4, 3)))):
        path = tmp_path / "a.tif"
        path.write_bytes(tiff(stored, 2, photometric=photometric, palette=palette, rotation=6))
        np.testing.assert_array_equal(read_mask(path, exif_rotation=True)[..., 0], np.rot90(stored, -1))


def test_a_pair_of_which_the_image_alone_is_tagged(tmp_path):
    image = _tagged(tmp_path / "a.png", RNG.integers(0, 255, (4, 6), dtype=np.uint8), 8)
    np.save(tmp_path / "m.npy", np.zeros((6, 4), np.uint8))
    options = LabelOptions(), str(image), str(tmp_path / "m.npy")
    with pytest.raises(ValueError, match="exif_rotation"):
        read_pair(*options[1:], ImageOptions(exif_rotation=False), options[0])
    read, mask = read_pair(*options[1:], ImageOptions(exif_rotation=True), options[0])
    assert read.shape == mask.shape == (6, 4, 1)


def test_statistics_need_no_choice_and_others_are_refused(tmp_path):
    path = _tagged(tmp_path / "a.png", RNG.integers(0, 255, (4, 6), dtype=np.uint8), 8)
    image_statistics([path])
    for read in (read_image, read_mask):
        with pytest.raises(TypeError, match="exif_rotation"):
            read(path, exif_rotation="auto")
