import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from resunet_kit.metrics import _nearest
from resunet_kit.metrics._nearest import nearest_distances

SIZES = st.tuples(*[st.floats(0.05, 20)] * 3)


def scattered(seed: int, ndim: int, side: int, count: int) -> np.ndarray:
    """Return indices `(axes, pixels)` in scan order."""
    mask = np.zeros((side,) * ndim, bool)
    mask.flat[np.random.default_rng(seed).choice(mask.size, min(count, mask.size), replace=False)] = True
    return np.array(np.nonzero(mask))


def brute_force(ours: np.ndarray, theirs: np.ndarray, sizes: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    between = cdist(ours.T * np.array(sizes), theirs.T * np.array(sizes))
    return between.min(axis=1), between.min(axis=0)


def compare(found, expected, rtol=1e-6):
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol)


@given(st.integers(0, 99), st.sampled_from([2, 3]), st.integers(1, 14), st.integers(1, 60), st.integers(1, 60), SIZES)
def test_distances_are_those_of_all_pairs(seed, ndim, side, some, others, sizes):
    queries, targets = scattered(seed, ndim, side, some), scattered(seed + 1, ndim, side, others)
    found = nearest_distances(queries, targets, sizes[:ndim])
    compare(found, brute_force(queries, targets, sizes[:ndim]))


@pytest.mark.parametrize("sizes", [(1.0, 1.0, 1.0), (3.0, 0.9, 1.1), (0.5, 2.0, 0.25)])
def test_lines_tree_and_their_border_agree(sizes, monkeypatch):
    """Two slabs that drift apart: near pixels are settled by lines, far ones by the tree."""
    z, y = np.mgrid[:12, :40].reshape(2, -1)
    queries, targets = np.stack([z, y, np.full_like(z, 45)]), np.stack([z, y, 45 - y])
    asked = []
    tree = _nearest._by_tree
    monkeypatch.setattr(_nearest, "_by_tree", lambda q, *rest: asked.append(q.shape[1]) or tree(q, *rest))
    found = nearest_distances(queries, targets, sizes)
    assert 0 < asked[0] < queries.shape[1]
    compare(found, brute_force(queries, targets, sizes))


def test_scattered_pixels_do_not_fill_their_box(monkeypatch):
    monkeypatch.setattr(_nearest, "_squared_along_first", None)  # calling it would raise
    corners = np.array([[0, 5000], [0, 5000], [0, 5000]])
    there, back = nearest_distances(corners, corners[:, :1], (1.0, 1.0, 1.0))
    assert (there.tolist(), back.tolist()) == ([0, 5000 * 3**0.5], [0])


@given(st.integers(0, 99), st.sampled_from([2, 3]), st.sampled_from([1, 0.3, 1e-30, 1e30]))
def test_equal_sizes_give_exact_distances_in_any_unit(seed, ndim, size):
    ours, theirs = scattered(seed, ndim, 9, 40), scattered(seed + 1, ndim, 9, 20)
    expected = [size * whole for whole in brute_force(ours, theirs, (1.0,) * ndim)]
    compare(nearest_distances(ours, theirs, (size,) * ndim), expected, rtol=0)
