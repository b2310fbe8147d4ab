import numpy as np
import pytest

from resunet_kit.inference._slabs import Slabs
from resunet_kit.inference._windows import axis_windows, windows


def blended(image, axis, out=None, finish=lambda slab: slab):
    """Return the slabs of windows cut from an image."""
    cut = [axis_windows(size, 4, step=2, margin=0, blend="gaussian", fixed=True) for size in image.shape[:-1]]
    ordered = list(windows(cut, axis))
    slabs = Slabs(image.shape[:-1], axis, ordered, image.shape[-1], finish, out)
    longest = 0
    for window in ordered:
        slabs.add(window, image[tuple(slice(start, start + 4) for start in window.start)])
        slabs.write()
        longest = max(longest, slabs.sums.shape[axis])
    return slabs.out, longest


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_windows_of_an_image_give_it_back_and_few_rows_wait(axis):
    image = np.random.default_rng(0).random((9, 10, 11, 2)).astype("float32")
    result, longest = blended(image, axis)
    np.testing.assert_allclose(result, image, atol=1e-6)
    assert longest <= 4 + 2


def test_each_row_is_finished_once():
    image = np.random.default_rng(0).random((20, 6, 1)).astype("float32")
    seen = []

    def finish(slab):
        seen.append(len(slab))
        return slab

    blended(image, 0, finish=finish)
    assert sum(seen) == 20
    assert len(seen) > 5
