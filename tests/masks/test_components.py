import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from skimage.filters import apply_hysteresis_threshold
from skimage.measure import label

from resunet_kit.masks import fill_holes, hysteresis, largest_component, remove_small
from tests.strategies import CONNECTIVITIES, UNIT, masks, probabilities

MASKS = masks(ndims=(2, 3))


@given(MASKS, st.integers(1, 4), CONNECTIVITIES)
def test_largest_components_by_scikit_image(mask, count, connectivity):
    labels = label(mask, connectivity=connectivity)
    ranked = sorted(range(1, labels.max() + 1), key=lambda one: -np.sum(labels == one))
    kept = largest_component(mask, count=count, connectivity=connectivity)
    assert kept.dtype == np.uint8
    np.testing.assert_array_equal(kept, np.isin(labels, ranked[:count]))


@given(MASKS, st.integers(0, 6), CONNECTIVITIES)
def test_small_components_by_scikit_image(mask, min_size, connectivity):
    labels = label(mask, connectivity=connectivity)
    large = [one for one in range(1, labels.max() + 1) if np.sum(labels == one) >= min_size]
    kept = remove_small(mask, min_size, connectivity=connectivity)
    assert kept.dtype == np.uint8
    np.testing.assert_array_equal(kept, np.isin(labels, large))


@given(MASKS)
def test_holes_by_scipy(mask):
    filled = fill_holes(mask)
    assert filled.dtype == np.uint8
    np.testing.assert_array_equal(filled, ndimage.binary_fill_holes(mask))


@given(MASKS, st.integers(0, 4))
def test_holes_up_to_a_size(mask, max_size):
    holes = label(ndimage.binary_fill_holes(mask) & ~mask, connectivity=1)
    small = [one for one in range(1, holes.max() + 1) if np.sum(holes == one) <= max_size]
    np.testing.assert_array_equal(fill_holes(mask, max_size=max_size), mask | np.isin(holes, small))


@given(probabilities(ndims=(2, 3), width=16), UNIT, UNIT)
def test_hysteresis_is_that_of_scikit_image(image, a, b):
    low, high = sorted((a, b))
    # There a pixel must exceed a threshold, here it may equal it.
    below = [np.nextafter(np.float32(value), np.float32(-1)) for value in (low, high)]
    expected = apply_hysteresis_threshold(image, *below)
    np.testing.assert_array_equal(hysteresis(image, np.float32(low), np.float32(high), connectivity=1), expected)


def test_components_joined_at_a_corner():
    corner = [[1, 0, 0], [0, 1, 0], [0, 1, 0]]
    assert largest_component(corner).sum() == 3
    assert largest_component(corner, connectivity=1).sum() == 2
    assert remove_small(corner, 3).sum() == 3
    assert remove_small(corner, 3, connectivity=1).sum() == 0


def test_of_equal_components_the_first_is_kept():
    np.testing.assert_array_equal(largest_component([[1, 0, 1, 0, 1]]), [[1, 0, 0, 0, 0]])
    np.testing.assert_array_equal(largest_component([[1, 0, 1, 0, 1]], count=2), [[1, 0, 1, 0, 0]])


def test_a_large_background_is_never_the_largest_component():
    mask = np.zeros((20, 20), np.uint8)
    mask[3, 4] = 255
    np.testing.assert_array_equal(largest_component(mask), mask // 255)
    assert not largest_component(np.zeros((4, 4))).any()


def test_a_tunnel_through_a_volume_is_not_a_hole():
    volume = np.ones((3, 3, 3), np.uint8)
    volume[1, 1, 1] = 0
    assert fill_holes(volume).all()
    volume[:, 1, 1] = 0
    np.testing.assert_array_equal(fill_holes(volume), volume)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: largest_component(m, count=0), ValueError, "Expected count to be an integer of at least 1"),
        (lambda m: largest_component(m, connectivity=3), ValueError, r"Expected connectivity .* in \[1, 2\]"),
        (lambda m: remove_small(m, 2.5), TypeError, "Expected min_size to be an integer of at least 0"),
        (lambda m: fill_holes(m, max_size=-1), ValueError, "Expected max_size to be an integer of at least 0"),
        (
            lambda m: hysteresis(m, 0.5, 0.4),
            ValueError,
            r"Expected high to be at least low\. Received low=0\.5 and high",
        ),
        (lambda m: hysteresis(m, -1, 0.5), ValueError, "Expected low to be a number"),
        (lambda m: hysteresis(m, 0.5, "1"), TypeError, "Expected high to be a number"),
        (lambda m: hysteresis(m[0], 0.2, 0.5), ValueError, "one image at a time"),
    ],
)
def test_bad_options(call, error, message):
    with pytest.raises(error, match=message):
        call(np.eye(3))
