import itertools

import numpy as np
from hypothesis import given, settings

from resunet_kit.masks import polygons_to_mask
from resunet_kit.plots._layers import outline
from tests.strategies import masks


def filled(mask):
    """Fill the outlines again, split where None separates them."""
    x, y = outline(mask)
    groups = itertools.groupby(zip(y, x, strict=True), key=lambda point: point[0] is not None)
    return polygons_to_mask([list(points) for drawn, points in groups if drawn], mask.shape)


@settings(max_examples=60, deadline=None)
@given(masks(max_side=9))
def test_outlines_surround_the_mask_and_leave_out_its_holes(mask):
    np.testing.assert_array_equal(filled(mask), mask)


def test_an_empty_mask_keeps_one_empty_point():
    assert outline(np.zeros((3, 3), bool)) == ([None], [None])
