import numpy as np
import pytest
from hypothesis import given

from resunet_kit.metrics._mask_pair import as_pair, extent
from tests.strategies import masks


@given(masks(ndims=(1, 3)))
def test_the_extent_is_the_smallest_box_in_every_memory_order(mask):
    where = np.argwhere(mask)
    starts, stops = (where.min(axis=0), where.max(axis=0) + 1) if len(where) else ([0] * mask.ndim,) * 2
    expected = tuple(slice(int(a), int(b)) for a, b in zip(starts, stops, strict=True))
    assert extent(mask) == extent(np.asfortranarray(mask)) == extent(np.repeat(mask, 2, axis=0)[::2]) == expected


def test_a_pair_is_of_one_shape():
    with pytest.raises(ValueError, match=r"one shape\. Received \(2, 3\) and \(3, 2\)\. Resample"):
        as_pair(np.zeros((2, 3)), np.zeros((3, 2)))


def test_dtypes_and_values_of_the_pair_may_differ():
    truth, prediction = as_pair([[0, 255]], np.array([[True, False]]))
    assert truth.tolist() == [[False, True]]
    assert prediction.tolist() == [[True, False]]


def test_errors_name_the_mask():
    with pytest.raises(ValueError, match=r"Expected prediction of booleans, 0/1 or 0/255\. Received the values 0, 2\."):
        as_pair([[0, 1]], [[0, 2]])
    with pytest.raises(ValueError, match=r"Expected truth to be 2-D or 3-D\. Received shape \(1, 1, 1, 1\)"):
        as_pair([[[[0]]]], [[0]])
