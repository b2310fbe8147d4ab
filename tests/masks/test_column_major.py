import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.masks._column_major import down_columns
from tests.strategies import masks


@given(masks(max_side=40), st.booleans())
def test_pixels_come_in_the_order_of_the_columns(mask, other_layout):
    stored = np.asfortranarray(mask) if other_layout else mask
    found = down_columns(stored)
    assert found.dtype == np.bool_
    np.testing.assert_array_equal(found, mask.ravel(order="F"))


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (7, 9), (64, 1), (1, 64), (257, 130)])
def test_incomplete_blocks_of_bits_lose_no_pixel(shape):
    mask = np.random.default_rng(0).random(shape) < 0.5
    np.testing.assert_array_equal(down_columns(mask[::-1])[: shape[0]], mask[::-1, 0])
    np.testing.assert_array_equal(down_columns(mask), mask.T.ravel())
