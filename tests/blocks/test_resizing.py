import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from resunet_kit.blocks._resizing import grid_means, resize_like

SIZES = st.lists(st.integers(1, 9), min_size=2, max_size=3)


def features(size, seed=0):
    return np.random.default_rng(seed).normal(size=(2, *size, 2)).astype("float32")


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


def means_over_cells(x, cells):
    """Average with loops: cell i of n pixels holds the pixels from floor(i n / cells) to ceil((i + 1) n / cells)."""
    for axis in range(1, x.ndim - 1):
        n = x.shape[axis]
        bounds = [(i * n // cells, -(-(i + 1) * n // cells)) for i in range(cells)]
        x = np.stack([np.take(x, range(*pair), axis).mean(axis) for pair in bounds], axis)
    return x


@settings(max_examples=20)
@given(size=SIZES, cells=st.integers(1, 6))
def test_grid_means_are_the_means_of_the_cells(size, cells):
    x = features(size)
    np.testing.assert_allclose(numpy_of(grid_means(x, cells)), means_over_cells(x, cells), atol=1e-5)


@settings(max_examples=20)
@given(data=st.data(), size=SIZES)
def test_resizing_interpolates_between_pixel_centres(data, size):
    wanted = data.draw(st.lists(st.integers(1, 9), min_size=len(size), max_size=len(size)))
    x = features(size)
    centres = [(np.arange(new) + 0.5) * old / new - 0.5 for old, new in zip(size, wanted, strict=True)]
    grid = np.meshgrid(*centres, indexing="ij")
    expected = np.empty((2, *wanted, 2))
    for image in range(2):
        for channel in range(2):
            expected[image, ..., channel] = map_coordinates(x[image, ..., channel], grid, order=1, mode="nearest")
    reference = np.zeros((2, *wanted, 1), "float32")
    np.testing.assert_allclose(numpy_of(resize_like(x, reference)), expected, atol=1e-5)


@pytest.mark.parametrize("size", [(7, 5), (6, 4, 5)])
def test_models_of_variable_shape_compute_the_same_as_those_of_a_static_one(size):
    def model(shape):
        x = keras.Input((*shape, 2))
        return keras.Model(x, resize_like(grid_means(x, 3), x))

    static, variable = model(size), model((None,) * len(size))
    assert static.output_shape == (None, *size, 2)
    assert variable.output_shape == (None, *(None,) * len(size), 2)
    x = features(size)
    np.testing.assert_allclose(numpy_of(variable(x)), numpy_of(static(x)), atol=1e-6)
