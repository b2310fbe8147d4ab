import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.masks import signed_distance_map
from tests.strategies import masks


def nearest(mask, spacing):
    """Return the distances, pixel by pixel, from the definition."""
    distances = np.zeros(mask.shape)
    for index in np.ndindex(mask.shape):
        steps = [np.subtract(index, other) * spacing for other in np.ndindex(mask.shape) if mask[other] != mask[index]]
        if steps:
            distances[index] = min(map(np.linalg.norm, steps)) * (-1 if mask[index] else 1)
    return distances


@settings(max_examples=30)
@given(masks(ndims=(2, 3), max_side=5), st.tuples(*[st.floats(0.5, 3)] * 3))
def test_distances_are_those_of_the_definition(mask, spacing):
    spacing = spacing[: mask.ndim]
    found = signed_distance_map(mask, spacing=spacing)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, nearest(mask, spacing), rtol=1e-5)


def test_the_input_stays_and_bad_input_is_refused():
    mask = np.eye(4, dtype="uint8") * 255
    before = mask.copy()
    signed_distance_map(mask)
    np.testing.assert_array_equal(mask, before)
    for bad, spacing in itertools.product([np.full((3, 3), 0.5), np.zeros(3)], [None, 1]):
        with pytest.raises(ValueError, match="Expected mask"):
            signed_distance_map(bad, spacing=spacing)
    with pytest.raises(ValueError, match="spacing"):
        signed_distance_map(mask, spacing=(1, 1, 1))
