import numpy as np
import pytest

from examples.brain_mri.marking import mark
from resunet_kit.masks import PostProcess

OPTIONS = PostProcess(threshold=0.5, low_threshold=0.1, max_hole=None, connectivity=1)


@pytest.fixture
def pixels():
    return np.zeros((4, 8, 8), "float32")


def test_a_faint_part_stays_where_it_touches_a_sure_one_in_the_next_slice(pixels):
    pixels[1, 2:5, 2:5] = 0.9
    pixels[2, 3:6, 3:6] = 0.2
    pixels[3, 0, 0] = 0.2
    marked = mark(pixels, OPTIONS)
    assert marked.dtype == np.uint8
    assert [int(slice_.sum()) for slice_ in marked] == [0, 9, 9, 0]


def test_a_sure_slice_between_is_needed(pixels):
    pixels[0, 2:5, 2:5] = 0.9
    pixels[2, 2:5, 2:5] = 0.2
    assert [int(slice_.sum()) for slice_ in mark(pixels, OPTIONS)] == [9, 0, 0, 0]


def test_holes_are_filled_within_a_slice(pixels):
    pixels[1, 1:6, 1:6] = 0.9
    pixels[1, 3, 3] = 0  # open to the slices above and below
    assert mark(pixels, OPTIONS)[1].sum() == 25
    assert mark(pixels, PostProcess())[1].sum() == 24


def test_one_slice_is_enough(pixels):
    pixels[0, 2:5, 2:5] = 0.9
    assert mark(pixels[:1], OPTIONS).sum() == 9
