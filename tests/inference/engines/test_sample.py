import keras
import numpy as np
import pytest

from resunet_kit.inference._engines.sample import check_shape, checked_images, random_images


def test_random_images_are_the_same_each_time_and_in_the_models_range(model):
    first = random_images(model, 3)
    assert first.shape == (3, 16, 16, 1)
    assert 0 <= first.min() < 0.1 < 0.9 < first.max() <= 1
    np.testing.assert_array_equal(first, random_images(model, 3))
    raw = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Rescaling(1 / 255)])
    assert random_images(raw, 1).max() > 200


def test_the_axis_of_one_channel_may_be_absent():
    assert check_shape("images", np.zeros((2, 8, 8)), (None, 8, 8, 1)).shape == (2, 8, 8, 1)


@pytest.mark.parametrize("shape", [(8, 8, 3), (2, 8, 9, 3), (0, 8, 8, 3), (2, 8, 8), (2, 1, 8, 8, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"Expected images of shape \(n, 8, 8, 3\), at least one"):
        check_shape("images", np.zeros(shape), (None, 8, 8, 3))


def test_images_are_numbers(model):
    with pytest.raises(TypeError, match="Stack them"):
        checked_images("images", ["a.png"], model)
