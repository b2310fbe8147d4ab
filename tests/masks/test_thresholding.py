import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.filters import apply_hysteresis_threshold

from resunet_kit.masks import hysteresis

images = hnp.arrays("float32", hnp.array_shapes(min_dims=2, max_dims=3, max_side=7), elements=st.floats(0, 1, width=16))


@given(images, st.floats(0, 1), st.floats(0, 1))
def test_hysteresis_is_that_of_scikit_image(image, a, b):
    low, high = sorted((a, b))
    # There a pixel must exceed a threshold, here it may equal it.
    below = [np.nextafter(np.float32(value), np.float32(-1)) for value in (low, high)]
    expected = apply_hysteresis_threshold(image, *below)
    np.testing.assert_array_equal(hysteresis(image, np.float32(low), np.float32(high), connectivity=1), expected)


@pytest.mark.parametrize(
    ("low", "high", "error", "message"),
    [
        (0.5, 0.4, ValueError, "Expected high to be at least low. Received low=0.5 and high=0.4"),
        (-1, 0.5, ValueError, "Expected low to be a number"),
        (0.5, 1.5, ValueError, "Expected high to be a number"),
        ("0.5", 0.7, TypeError, "Expected low to be a number"),
    ],
)
def test_thresholds_out_of_order_or_range(low, high, error, message):
    with pytest.raises(error, match=message):
        hysteresis(np.zeros((2, 2)), low, high)


@pytest.mark.parametrize(("shape", "cure"), [((2, 2, 2, 1), "channel axis"), ((2,), "one image at a time")])
def test_shapes_with_their_cures(shape, cure):
    with pytest.raises(ValueError, match=cure):
        hysteresis(np.zeros(shape), 0.2, 0.5)
