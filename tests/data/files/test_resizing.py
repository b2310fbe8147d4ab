from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.data.files.resizing import check_size, resize_image, resize_mask, target_shape

LENGTHS = st.integers(1, 24)


@settings(max_examples=40, deadline=None)
@given(LENGTHS, LENGTHS, LENGTHS, LENGTHS, st.integers(0, 2**31))
def test_agrees_with_tensorflow_in_geometry_and_antialiasing(height, width, new_height, new_width, seed):
    image = np.random.default_rng(seed).random((height, width, 2), dtype=np.float32)
    expected = tf.image.resize(image, (new_height, new_width), "bilinear", antialias=True)
    np.testing.assert_allclose(resize_image(image, (new_height, new_width)), expected, atol=2e-5)


@settings(max_examples=40, deadline=None)
@given(LENGTHS, LENGTHS, LENGTHS, LENGTHS, st.integers(0, 2**31))
def test_masks_take_the_nearest_pixel_centre(height, width, new_height, new_width, seed):
    mask = np.random.default_rng(seed).integers(0, 9, (height, width, 1), dtype=np.uint8)
    resized = resize_mask(mask, (new_height, new_width))
    for row, column in product(range(new_height), range(new_width)):
        centre = Fraction(2 * row + 1, 2) * height / new_height, Fraction(2 * column + 1, 2) * width / new_width
        assert resized[row, column] == mask[int(centre[0]), int(centre[1])]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integer_images_are_rounded_to_their_own_type(dtype):
    image = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (20, 30, 3), dtype=dtype)
    resized = resize_image(image, (7, 11))
    expected = tf.image.resize(image.astype(np.float32), (7, 11), "bilinear", antialias=True)
    assert resized.dtype == dtype
    np.testing.assert_allclose(resized, expected, atol=1.01)


def test_four_channels_are_independent():
    image = np.random.default_rng(2).integers(0, 256, (8, 8, 4), dtype=np.uint8)
    without = resize_image(image[..., :3], (4, 4))
    np.testing.assert_array_equal(resize_image(image, (4, 4))[..., :3], without)


def test_volumes_are_resized_axis_by_axis_with_the_filter_of_images():
    volume = np.random.default_rng(3).random((6, 9, 8, 2), dtype=np.float32)
    slices = np.stack([resize_image(part, (4, 5)) for part in volume])
    columns = resize_image(slices.reshape(6, 20, 2), (3, 20))
    np.testing.assert_allclose(resize_image(volume, (3, 4, 5)), columns.reshape(3, 4, 5, 2), atol=1e-6)
    flat = np.broadcast_to(volume[:1], volume.shape)  # equal along the depth: as each slice is
    np.testing.assert_allclose(resize_image(flat, (6, 4, 5))[3], slices[0], atol=1e-6)


def test_volume_masks_take_the_nearest_pixel_centre():
    mask = np.random.default_rng(4).integers(0, 9, (5, 4, 3, 1), dtype=np.uint8)
    resized = resize_mask(mask, (3, 8, 2))
    for position in np.ndindex(3, 8, 2):
        source = tuple(
            int(Fraction(2 * index + 1, 2) * old / new)
            for index, old, new in zip(position, (5, 4, 3), (3, 8, 2), strict=True)
        )
        assert resized[position] == mask[source]


def test_size_forms():
    assert target_shape(None, (2, 2)) is None
    assert target_shape(8, (2, 3)) == (8, 8)
    assert target_shape(np.int64(8), (2, 3, 4)) == (8, 8, 8)
    assert target_shape([4, np.int64(6)], (2, 3)) == (4, 6)
    with pytest.raises(ValueError, match="one for each of 2"):
        target_shape((1, 2, 3), (4, 4))


@pytest.mark.parametrize(
    ("size", "error"),
    [(0, ValueError), ((4,), ValueError), ((4, -1), ValueError), ((4.0, 4), TypeError), ((1, 2, 3, 4), ValueError)],
)
def test_bad_sizes_are_refused(size, error):
    with pytest.raises(error, match="image_size"):
        check_size(size)
