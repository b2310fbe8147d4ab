import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from resunet_kit.blocks._resizing import grid_means, resize_like

SIDES = st.lists(st.integers(1, 9), min_size=2, max_size=3)


def features(sides, seed=0):
    return np.random.default_rng(seed).normal(size=(2, *sides, 2)).astype("float32")


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


def means_over_cells(x, cells):
    """Average with loops: cell i of a side of n holds the pixels from floor(i n / cells) to ceil((i + 1) n / cells)."""
    for axis in range(1, x.ndim - 1):
        n = x.shape[axis]
        bounds = [(i * n // cells, -(-(i + 1) * n // cells)) for i in range(cells)]
        x = np.stack([np.take(x, range(*pair), axis).mean(axis) for pair in bounds], axis)
    return x


@settings(max_examples=20)
@given(sides=SIDES, cells=st.integers(1, 6))
def test_grid_means_are_the_means_of_the_cells(sides, cells):
    x = features(sides)
    np.testing.assert_allclose(numpy_of(grid_means(x, cells)), means_over_cells(x, cells), atol=1e-5)


@settings(max_examples=20)
@given(data=st.data(), sides=SIDES)
def test_resizing_interpolates_between_pixel_centres(data, sides):
    wanted = data.draw(st.lists(st.integers(1, 9), min_size=len(sides), max_size=len(sides)))
    x = features(sides)
    places = [(np.arange(new) + 0.5) * old / new - 0.5 for old, new in zip(sides, wanted, strict=True)]
    grid = np.meshgrid(*places, indexing="ij")
    expected = np.empty((2, *wanted, 2))
    for image in range(2):
        for channel in range(2):
            expected[image, ..., channel] = map_coordinates(x[image, ..., channel], grid, order=1, mode="nearest")
    reference = np.zeros((2, *wanted, 1), "float32")
    np.testing.assert_allclose(numpy_of(resize_like(x, reference)), expected, atol=1e-5)


@pytest.mark.parametrize("sides", [(7, 5), (6, 4, 5)])
def test_models_with_unknown_sides_compute_what_those_with_known_ones_do(sides):
    def model(shape):
        x = keras.Input((*shape, 2))
        return keras.Model(x, resize_like(grid_means(x, 3), x))

    known, unknown = model(sides), model((None,) * len(sides))
    assert known.output_shape == (None, *sides, 2)
    assert unknown.output_shape == (None, *(None,) * len(sides), 2)
    x = features(sides)
    np.testing.assert_allclose(numpy_of(unknown(x)), numpy_of(known(x)), atol=1e-6)
