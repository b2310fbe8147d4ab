import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.inference._windows import BLENDS, aligned_length, axis_windows, windows


@st.composite
def axes(draw):
    margin = draw(st.integers(0, 4))
    length = draw(st.integers(2 * margin + 1, 24))
    step = draw(st.integers(1, length - 2 * margin))
    size, blend, fixed = draw(st.integers(1, 90)), draw(st.sampled_from(BLENDS)), draw(st.booleans())
    return size, margin, axis_windows(size, length, step=step, margin=margin, blend=blend, fixed=fixed)


@given(axes())
def test_weights_sum_to_one_at_every_pixel(drawn):
    size, _, axis = drawn
    total = np.zeros(max(size, axis.starts[-1] + axis.length))
    for start, weights in zip(axis.starts, axis.weights, strict=True):
        assert weights.dtype == np.float32
        assert (weights >= 0).all()
        total[start : start + axis.length] += weights
    np.testing.assert_allclose(total[:size], 1, atol=1e-6)
    assert axis.starts[0] == 0
    assert axis.starts[-1] + axis.length == size or len(axis.starts) == 1


@given(axes())
def test_margins_have_no_weight_but_at_the_borders_of_the_image(drawn):
    size, margin, axis = drawn
    for start, weights in zip(axis.starts, axis.weights, strict=True):
        assert start == 0 or not weights[:margin].any()
        assert start + axis.length >= size or not weights[axis.length - margin :].any()
        assert start > 0 or weights[0] > 0


@given(st.integers(1, 200), st.integers(1, 6), st.integers(1, 16))
def test_aligned_windows_start_and_end_at_multiples(size, count, multiple):
    tile = count * multiple
    length = aligned_length(size, tile, multiple)
    assert tile - multiple < length <= tile
    assert (size - length) % multiple == 0


def test_windows_come_row_by_row_along_the_first_axis_given():
    one = axis_windows(6, 4, step=2, margin=0, blend="constant", fixed=True)
    starts = [window.start for window in windows([one, one], first=1)]
    assert starts == [(0, 0), (2, 0), (0, 2), (2, 2)]
