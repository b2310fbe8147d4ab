import numpy as np
import pytest

from examples.brain_mri.preparation import prepare


def volume(slices=3, size=(60, 50), scale=1.0):
    """A bright square head of 30 x 24 pixels with noise, in air."""
    images = np.zeros((slices, *size, 3), "float32")
    images[:, 10:40, 8:32] = np.random.default_rng(0).uniform(0.4, 1.0, (slices, 30, 24, 3))
    return images * scale


def test_the_head_fills_the_image_and_the_scale_of_the_files_does_not_matter():
    prepared = prepare(volume(), 32)
    assert prepared.images.shape == (3, 32, 32, 3)
    assert prepared.images.dtype == np.float32
    assert 0 <= prepared.images.min() < prepared.images.max() <= 1
    top, left, side = prepared.window
    assert (top, side) == (6, 38)
    assert left <= 8
    for scale in (1 / 255, 1000.0):
        np.testing.assert_allclose(prepare(volume(scale=scale), 32).images, prepared.images, atol=1e-4)
    np.testing.assert_allclose(prepare(volume() * [1, 2, 3] - 5, 32).images, prepared.images, atol=1e-4)


def test_masks_come_back_to_their_pixels():
    masks = np.zeros((3, 60, 50), "uint8")
    masks[1, 15:30, 12:25] = 1
    prepared = prepare(volume(), 64)
    restored = prepared.restore(prepared.masks(masks))
    assert restored.shape == masks.shape
    overlap = ((restored >= 0.5) & (masks > 0)).sum() / masks.sum()
    assert overlap > 0.95
    assert not restored[0].any()


@pytest.mark.parametrize("missing", [0, 2])
def test_a_missing_sequence_is_replaced_by_flair(missing):
    images = volume()
    images[..., missing] = 0.3
    prepared = prepare(images, 32).images
    np.testing.assert_array_equal(prepared[..., missing], prepared[..., 1])


def test_without_flair_another_sequence_stands_in():
    images = volume()
    images[..., 1] = 0
    prepared = prepare(images, 32).images
    np.testing.assert_array_equal(prepared[..., 1], prepared[..., 0])


def test_flair_alone_is_repeated():
    alone = prepare(volume()[..., 1:2], 32).images
    np.testing.assert_array_equal(alone[..., 0], alone[..., 2])
    assert alone.shape[-1] == 3


def test_black_slices_and_volumes_and_single_slices():
    images = volume()
    images[0] = 0
    assert not prepare(images, 32).images[0].any()
    black = prepare(np.zeros((2, 40, 30, 3)), 32)
    assert not black.images.any()
    assert black.restore(np.zeros((2, 32, 32))).shape == (2, 40, 30)
    assert prepare(volume(1), 32).images.shape == (1, 32, 32, 3)


def test_noise_in_the_air_is_no_head():
    images = volume()
    images[:, 50, ::7] = images[:, ::7, 45] = 0.9
    assert prepare(images, 32).window == prepare(volume(), 32).window


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((4, 4, 3)), "3 channels"),
        (np.zeros((0, 4, 4, 3)), "3 channels"),
        (np.zeros((1, 4, 4, 2)), "FLAIR alone"),
        (np.full((1, 4, 4, 3), np.nan), "finite"),
    ],
)
def test_what_is_not_a_volume_is_refused(images, message):
    with pytest.raises(ValueError, match=message):
        prepare(images, 32)
