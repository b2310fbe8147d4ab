import numpy as np
import pytest
from PIL import Image

from resunet_kit.data import read_image, read_mask


def _save(path, array):
    array = np.asarray(array)
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        Image.fromarray(array).save(path)
    return path


@pytest.mark.parametrize(
    ("name", "stored", "expected"),
    [
        ("a.png", np.array([[0, 51, 255]], np.uint8), [0, 0.2, 1]),
        ("a.tif", np.array([[0, 13107, 65535]], np.uint16), [0, 0.2, 1]),
        ("a.png", np.array([[0, 13107, 65535]], np.uint16), [0, 0.2, 1]),
        ("a.png", np.array([[False, True, True]]), [0, 1, 1]),
        ("a.npy", np.array([[0, 0.25, 1]]), [0, 0.25, 1]),
        ("a.tif", np.array([[0, 0.25, 1]], np.float32), [0, 0.25, 1]),
    ],
)
def test_images_are_scaled_to_the_unit_range(tmp_path, name, stored, expected):
    image = read_image(_save(tmp_path / name, stored))
    assert (image.dtype, image.shape) == (np.float32, (1, 3, 1))
    np.testing.assert_array_equal(image.ravel(), np.float32(expected))


def test_jpeg_is_near_what_was_written(tmp_path):
    ramp = np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))
    Image.fromarray(ramp).save(tmp_path / "a.jpg", quality=95)
    np.testing.assert_allclose(read_image(tmp_path / "a.jpg")[..., 0], ramp / 255, atol=0.03)


@pytest.mark.parametrize("values", [[0.0, 1.5], [-0.1, 1.0], np.int16([0, 800])])
def test_values_outside_the_unit_range_are_refused_unless_normalised(tmp_path, values):
    path = _save(tmp_path / "bad.npy", [values])
    with pytest.raises(ValueError, match=r"\[0, 1\].*full_scale.*normalize='image'") as error:
        read_image(path)
    assert "bad.npy" in str(error.value)
    np.testing.assert_allclose(read_image(path, normalize="image").ravel(), [-1, 1])


@pytest.mark.parametrize("normalize", [None, "image"])
@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (np.float32([[np.nan, 0.5]]), "finite"),
        (np.float64([[1e300, 0.5]]), "finite"),
        (np.array([[1j]]), "numbers"),
        (np.array([["a"]]), "numbers"),
    ],
)
def test_values_that_are_not_finite_numbers_are_refused(tmp_path, stored, expected, normalize):
    with pytest.raises(ValueError, match=f"bad.npy.*{expected}"):
        read_image(_save(tmp_path / "bad.npy", stored), normalize=normalize)


def test_normalised_by_own_and_by_given_statistics(tmp_path):
    stored = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    stored[..., 1] = 77
    path = _save(tmp_path / "a.png", stored)
    own = read_image(path, normalize="image")
    np.testing.assert_allclose(own.mean(axis=(0, 1)), 0, atol=1e-6)
    np.testing.assert_allclose(own.std(axis=(0, 1)), [1, 0, 1], atol=1e-6)
    mean, std = np.array([0.1, 0.2, 0.3]), np.array([0.5, 0.0, 2.0])
    given = read_image(path, normalize=(mean, std))
    np.testing.assert_allclose(given, (stored / 255 - mean) / [0.5, 1, 2], atol=1e-6)
    with pytest.raises(ValueError, match="z_score"):
        read_image(path, normalize="volume")


def test_big_endian_files_are_read(tmp_path):
    stored = np.array([[0, 13107, 65535]], ">u2")
    np.testing.assert_array_equal(read_image(_save(tmp_path / "a.npy", stored)).ravel(), np.float32([0, 0.2, 1]))
    assert read_mask(_save(tmp_path / "m.npy", np.array([[0, 3]], ">i4"))).ravel().tolist() == [0, 3]


def test_volumes_keep_their_depth(tmp_path):
    stored = np.random.default_rng(1).integers(0, 2, (4, 5, 6, 1), dtype=np.uint8) * 255
    path = _save(tmp_path / "volume.npy", stored)
    np.testing.assert_array_equal(read_image(path), np.float32(stored / 255))
    np.testing.assert_array_equal(read_mask(path), stored // 255)
    assert read_image(path, image_size=(2, 3, 4)).shape == read_mask(path, image_size=(2, 3, 4)).shape == (2, 3, 4, 1)
    assert read_mask(path, image_size=3).shape == (3, 3, 3, 1)
    with pytest.raises(ValueError, match="one for each of 3"):
        read_image(path, image_size=(2, 3))


def test_image_size_resizes_both(tmp_path):
    stored = np.kron(np.array([[0, 255], [255, 0]], np.uint8), np.ones((4, 4), np.uint8))
    path = _save(tmp_path / "a.png", stored)
    assert read_image(path, image_size=(4, 6)).shape == (4, 6, 1)
    np.testing.assert_array_equal(read_mask(path, image_size=2)[..., 0], [[0, 1], [1, 0]])
