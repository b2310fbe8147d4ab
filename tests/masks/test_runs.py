import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from resunet_kit.masks._runs import boundaries, paint

MASKS = npst.arrays(bool, npst.array_shapes(min_dims=2, max_dims=2, max_side=9))


def changes_by_loop(mask):
    before, found = False, []
    for position, value in enumerate(mask.ravel(order="F").tolist()):
        if value != before:
            found.append(position)
        before = value
    return found


@given(MASKS)
def test_boundaries_are_those_of_a_walk_down_the_columns(mask):
    assert boundaries(mask).tolist() == changes_by_loop(mask)


@given(MASKS, st.sampled_from([(1, 1), (-1, 1), (1, -1), (2, 1), (1, 2), (3, -2)]))
def test_boundaries_do_not_depend_on_the_memory_layout(mask, steps):
    view = mask[:: steps[0], :: steps[1]]
    expected = changes_by_loop(view)
    for same in (view, np.asfortranarray(view), np.ascontiguousarray(view), np.ascontiguousarray(view.T).T):
        assert boundaries(same).tolist() == expected


@given(MASKS)
def test_painting_between_the_boundaries_gives_the_mask(mask):
    counts = np.diff(boundaries(mask), prepend=0, append=mask.size)
    np.testing.assert_array_equal(paint(counts, mask.shape), mask)


def test_painting_skips_runs_of_no_length():
    assert paint(np.array([0, 1, 0, 2, 1]), (2, 2)).tolist() == [[1, 1], [1, 0]]
