import numpy as np
import pytest
import tifffile
from PIL import Image

from resunet_kit.data import image_statistics, read_image
from tests.data.files.writers import png, tiff

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (6, 9), dtype=np.uint8)
RGB = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)
OPACITY = RNG.integers(0, 256, (6, 9, 1), dtype=np.uint8)
FULL = np.full_like(OPACITY, 255)
CMYK = RNG.integers(0, 256, (6, 9, 4), dtype=np.uint8)


def _luma(rgb):
    return np.asarray(Image.fromarray(rgb).convert("L"))[..., None]


def _check(path, rgb, *, opacity=FULL, tolerance=1e-6, **options):
    """Compare every number of channels with 8-bit colours."""
    rgb = np.repeat(rgb[..., None], 3, axis=-1) if rgb.ndim == 2 else rgb
    for channels, expected in ((1, _luma(rgb)), (3, rgb), (4, np.concatenate([rgb, opacity], axis=-1))):
        image = read_image(path, channels=channels, **options)
        assert (image.dtype, image.shape) == (np.float32, expected.shape)
        np.testing.assert_allclose(image, expected / 255, atol=tolerance)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "webp"])
def test_grey_rgb_and_opacity(tmp_path, suffix):
    path, options = tmp_path / f"a.{suffix}", {"lossless": True, "exact": True} if suffix == "webp" else {}
    for array, colours, opacity in (
        (GREY, GREY, FULL),
        (RGB, RGB, FULL),
        (np.concatenate([RGB, OPACITY], -1), RGB, OPACITY),
    ):
        if not (suffix == "bmp" and array.shape[-1] == 4):
            Image.fromarray(array).save(path, **options)
            _check(path, colours, opacity=opacity)


def test_grey_with_opacity(tmp_path):
    Image.fromarray(np.concatenate([GREY[..., None], OPACITY], -1), "LA").save(tmp_path / "a.png")
    _check(tmp_path / "a.png", GREY, opacity=OPACITY)
    assert read_image(tmp_path / "a.png").shape == (6, 9, 2)


@pytest.mark.parametrize("bits", [1, 2, 4, 16])
def test_other_bits(tmp_path, bits):
    stored = RNG.integers(0, 2**bits, (6, 9))
    (tmp_path / "a.png").write_bytes(png(stored, bits))
    (tmp_path / "a.tif").write_bytes(tiff(stored, bits, photometric=0))
    for channels in (1, 3, 4):
        expected = np.repeat(stored[..., None], min(channels, 3), axis=-1) / (2**bits - 1)
        expected = np.concatenate([expected, np.ones((6, 9, channels - min(channels, 3)))], axis=-1)
        np.testing.assert_allclose(read_image(tmp_path / "a.png", channels=channels), expected, atol=1e-6)
        inverted = read_image(tmp_path / "a.tif", channels=channels)
        np.testing.assert_allclose(inverted[..., :3], 1 - expected[..., :3], atol=1e-6)


def test_palettes_with_and_without_opacity(tmp_path):
    indices, palette = RNG.integers(0, 4, (6, 9)), RNG.integers(0, 256, (4, 3)).astype(np.uint8)
    (tmp_path / "a.png").write_bytes(png(indices, 2, colour=3, palette=palette))
    _check(tmp_path / "a.png", palette[indices])
    (tmp_path / "a.png").write_bytes(png(indices, 2, colour=3, palette=palette, transparent=b"\0\x80"))
    _check(tmp_path / "a.png", palette[indices], opacity=np.uint8([0, 128, 255, 255])[indices][..., None])
    assert read_image(tmp_path / "a.png").shape == (6, 9, 3)


def test_a_transparent_colour_becomes_an_opacity_of_four_channels(tmp_path):
    stored = RGB.copy()
    stored[0, 0] = (1, 2, 3)
    opacity = FULL.copy()
    opacity[0, 0] = 0
    (tmp_path / "a.png").write_bytes(png(stored, 8, colour=2, transparent=bytes([0, 1, 0, 2, 0, 3])))
    _check(tmp_path / "a.png", stored, opacity=opacity)


def test_inks_of_tiff_and_of_jpeg_which_adobe_turned_over(tmp_path):
    expected = np.asarray(Image.fromarray(CMYK, "CMYK").convert("RGB"))
    tifffile.imwrite(tmp_path / "a.tif", CMYK, photometric="separated")
    _check(tmp_path / "a.tif", expected)
    flat = np.full((16, 16, 4), (0, 255, 255, 0), np.uint8)  # red
    Image.fromarray(flat, "CMYK").save(tmp_path / "a.jpg")
    assert b"Adobe" in (tmp_path / "a.jpg").read_bytes()
    np.testing.assert_allclose(read_image(tmp_path / "a.jpg", channels=3)[0, 0], [1, 0, 0], atol=0.03)
    deep = CMYK.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "b.tif", deep, photometric="separated")
    _check(tmp_path / "b.tif", expected, tolerance=0.01)


def test_deep_colours_keep_their_bits(tmp_path):
    deep = RNG.integers(0, 65536, (6, 9, 3), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb")
    np.testing.assert_allclose(read_image(tmp_path / "a.tif", channels=4)[..., :3], deep / 65535, atol=1e-7)
    grey = deep @ np.array([0.299, 0.587, 0.114]) / 65535
    np.testing.assert_allclose(read_image(tmp_path / "a.tif", channels=1)[..., 0], grey, atol=1e-4)
    np.save(tmp_path / "a.npy", (deep / 65535).astype(np.float32))
    np.testing.assert_allclose(read_image(tmp_path / "a.npy", channels=1)[..., 0], grey, atol=1e-4)


def test_with_full_scale(tmp_path):
    stored = RNG.integers(0, 4096, (6, 9), dtype=np.uint16)
    np.save(tmp_path / "a.npy", stored)
    image = read_image(tmp_path / "a.npy", channels=3, full_scale=4095)
    np.testing.assert_allclose(image, np.repeat(stored[..., None], 3, axis=-1) / 4095, atol=1e-7)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("shape", [(4, 5, 2), (4, 5, 5), (4, 5, 6, 1), (4, 5, 6, 2)])
def test_channels_that_nobody_names_are_refused(tmp_path, channels, shape):
    np.save(tmp_path / "a.npy", np.zeros(shape, np.uint8))
    if shape[-1] == channels:
        assert read_image(tmp_path / "a.npy", channels=channels).shape == shape
        return
    with pytest.raises(ValueError, match=r"a\.npy.*does not say what they are.*leave channels out"):
        read_image(tmp_path / "a.npy", channels=channels)


def test_four_modalities_are_not_rgb_and_opacity(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((4, 5, 4), np.uint8))
    assert read_image(tmp_path / "a.npy", channels=4).shape == (4, 5, 4)
    with pytest.raises(ValueError, match="does not say"):
        read_image(tmp_path / "a.npy", channels=3)


@pytest.mark.parametrize(
    ("channels", "error"), [(2, ValueError), (0, ValueError), (True, TypeError), ("rgb", TypeError)]
)
def test_other_options_are_refused(tmp_path, channels, error):
    np.save(tmp_path / "a.npy", GREY)
    for read in (lambda: read_image(tmp_path / "a.npy", channels=channels),
                 lambda: image_statistics([tmp_path / "a.npy"], channels=channels)):  # fmt: skip
        with pytest.raises(error, match="channels"):
            read()


def test_statistics_of_mixed_files_name_the_option_and_take_it(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.png")
    Image.fromarray(RGB).save(tmp_path / "b.png")
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    with pytest.raises(ValueError, match=r"b\.png.*channels=1"):
        image_statistics(paths)
    mean, _ = image_statistics(paths, channels=1)
    expected = np.mean([read_image(path, channels=1) for path in paths])
    np.testing.assert_allclose(mean, [expected], atol=1e-6)
