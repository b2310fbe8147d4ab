import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.masks._runs import boundaries, boundaries_in_image, index_type, paint, run_lengths
from tests.strategies import masks

MASKS = masks(max_side=9)


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
    counts = run_lengths(boundaries(mask), mask.size).astype(np.int64)
    np.testing.assert_array_equal(paint(counts, mask.shape), mask)


def test_painting_skips_runs_of_no_length():
    assert paint(np.array([0, 1, 0, 2, 1]), (2, 2)).tolist() == [[1, 1], [1, 0]]


@pytest.mark.parametrize("density", [0, 0.001, 0.02, 0.5, 1])
def test_masks_of_several_parts_and_every_density(density):
    mask = np.random.default_rng(0).random((301, 517)) < density
    edges = boundaries(mask)
    np.testing.assert_array_equal(edges, np.flatnonzero(np.diff(mask.T.ravel(), prepend=False)))
    np.testing.assert_array_equal(paint(run_lengths(edges, mask.size).astype(np.int64), mask.shape), mask)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=300), st.booleans())
def test_painting_short_runs_is_repeating(counts, no_empty_run):
    counts = np.array([c + no_empty_run for c in counts] + [1], np.int64)
    expected = np.repeat(np.arange(counts.size) % 2, counts)
    np.testing.assert_array_equal(paint(counts, (expected.size, 1))[:, 0], expected)


@given(MASKS, st.tuples(*[st.integers(0, 3)] * 4))
def test_boundaries_of_a_part_are_those_of_the_image(crop, margins):
    top, bottom, left, right = margins
    image = np.pad(crop, ((top, bottom), (left, right)))
    found = boundaries_in_image(crop, (top, left), image.shape)
    assert found.tolist() == boundaries(image).tolist()
    assert found.dtype == index_type(image.size)


def test_positions_are_small_integers_while_two_of_them_fit():
    assert index_type(2**30 - 1) is np.int32
    assert index_type(2**30) is np.int64
