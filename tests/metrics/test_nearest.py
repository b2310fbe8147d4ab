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


def queries_of(monkeypatch, name):
    """Return the list that will hold the number of queries in each call of a private function."""
    found, function = [], getattr(_nearest, name)
    monkeypatch.setattr(_nearest, name, lambda first, *rest: found.append(first.shape[-1]) or function(first, *rest))
    return found


@pytest.mark.parametrize("sizes", [(1.0, 1.0, 1.0), (3.0, 0.9, 1.1), (0.5, 2.0, 0.25)])
@pytest.mark.parametrize(("dense", "of_tree"), [(0, 2), (1e9, 0)], ids=["tree", "planes"])
def test_near_and_far_pixels_agree_with_all_pairs(sizes, dense, of_tree, monkeypatch):
    """Two slabs that drift apart: near pixels are found on lines, far ones by the tree or the planes."""
    z, y = np.mgrid[:12, :40].reshape(2, -1)
    queries, targets = np.stack([z, y, np.full_like(z, 45)]), np.stack([z + 3, y + 5, 45 - y])
    monkeypatch.setattr(_nearest, "_DENSE", dense)
    far, tree = queries_of(monkeypatch, "_from_afar"), queries_of(monkeypatch, "_by_tree")
    found = nearest_distances(queries, targets, sizes)
    assert all(0 < count < queries.shape[1] for count in far)
    assert len(tree) == of_tree
    compare(found, brute_force(queries, targets, sizes))


@given(st.integers(0, 99), st.integers(1, 60), SIZES)
def test_planes_alone_give_the_distances_of_all_pairs(seed, count, sizes):
    """With a search radius below one step every pixel without a target on its own line goes there."""
    queries, targets = scattered(seed, 3, 9, 30), scattered(seed + 1, 3, 12, count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_nearest, "_LINES", 0.01)
        patch.setattr(_nearest, "_DENSE", 1e9)
        found = nearest_distances(queries, targets, sizes)
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
