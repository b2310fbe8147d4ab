import numpy as np
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from skimage.draw import polygon2mask

from resunet_kit.plots._layers import outline


def filled(mask):
    """Fill the outlines again: a pixel is inside where an odd number of paths surround it."""
    inside = np.zeros(mask.shape, bool)
    path = []
    x, y = outline(mask)
    for point in [*zip(x, y, strict=True), (None, None)]:
        if point[0] is not None:
            path.append((point[1], point[0]))
        elif path:
            inside ^= polygon2mask(mask.shape, np.array(path))
            path = []
    return inside


@settings(max_examples=60, deadline=None)
@given(arrays(bool, (9, 7)))
def test_outlines_surround_the_mask_and_leave_out_its_holes(mask):
    np.testing.assert_array_equal(filled(mask), mask)


def test_straight_sides_have_no_points_between_their_corners():
    mask = np.zeros((40, 40), bool)
    mask[5:35, 5:35] = True
    x, _ = outline(mask)
    assert len(x) <= 10


def test_an_empty_mask_keeps_one_empty_point():
    assert outline(np.zeros((3, 3), bool)) == ([None], [None])
