import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.data import neighbouring_slices, slices_to_volumes, volumes_to_slices


def scattered(count, groups, channels, seed):
    """Return slices with their groups and positions, in any order."""
    generator = np.random.default_rng(seed)
    names = generator.integers(0, groups, count)
    shape = (3, 2, channels) if channels else (3, 2)
    return generator.random((count, *shape)), names, generator.permutation(count) * 0.5


@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 2), st.integers(0, 99))
def test_volumes_are_slices_in_order_and_the_inverse_restores_them(count, groups, channels, seed):
    slices, names, positions = scattered(count, groups, channels, seed)
    volumes = slices_to_volumes(slices, names, positions=positions)
    assert list(volumes) == list(dict.fromkeys(names.tolist()))
    for name, volume in volumes.items():
        expected = [slices[i] for i in sorted(np.flatnonzero(names == name), key=lambda i: positions[i])]
        np.testing.assert_array_equal(volume, expected)
    np.testing.assert_array_equal(volumes_to_slices(volumes, names, positions=positions), slices)


@given(st.integers(1, 10), st.integers(1, 3), st.integers(0, 2), st.integers(0, 3), st.integers(0, 99))
def test_neighbours_come_from_the_same_volume_in_order(count, groups, channels, radius, seed):
    slices, names, positions = scattered(count, groups, channels, seed)
    found = neighbouring_slices(slices, names, radius=radius, positions=positions)
    wide = max(1, channels)
    assert found.shape == (count, 3, 2, (2 * radius + 1) * wide)
    for i in range(count):
        line = sorted(np.flatnonzero(names == names[i]), key=lambda j: positions[j])
        at = line.index(i)
        for step in range(-radius, radius + 1):
            neighbour = slices[line[min(max(at + step, 0), len(line) - 1)]].reshape(3, 2, wide)
            start = (step + radius) * wide
            np.testing.assert_array_equal(found[i, ..., start : start + wide], neighbour)


def test_without_positions_the_given_order_counts():
    slices = np.arange(4.0).reshape(4, 1, 1)
    assert slices_to_volumes(slices, list("abab"))["b"].ravel().tolist() == [1, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slices": np.zeros((3, 2))}, "height, width"),
        ({"groups": ["a"]}, r"groups .* shape \(3,\)"),
        ({"positions": [0, 0, 1]}, "position of its own"),
        ({"positions": [0, float("nan"), 1]}, "None or NaN"),
        ({"groups": ["a", None, None]}, "None or NaN"),
    ],
)
def test_bad_slices_are_refused(change, message):
    given = {"slices": np.zeros((3, 2, 2)), "groups": ["a", "a", "b"], "positions": None} | change
    for function in (slices_to_volumes, neighbouring_slices):
        with pytest.raises(ValueError, match=message):
            function(given["slices"], given["groups"], positions=given["positions"])


def test_positions_as_text_are_refused():
    """As text, slice 10 comes before slice 9."""
    for function in (slices_to_volumes, neighbouring_slices):
        with pytest.raises(TypeError, match="positions to be numbers"):
            function(np.zeros((2, 2, 2)), ["a", "a"], positions=["9", "10"])


def test_no_slices_have_no_neighbours():
    assert neighbouring_slices(np.zeros((0, 2, 2, 3)), []).shape == (0, 2, 2, 9)


def test_volumes_that_do_not_fit_the_groups_are_refused():
    groups = ["a", "a", "b"]
    for volumes, message in [
        ({"a": np.zeros((2, 4, 4))}, "Expected the volumes of"),
        ({"a": np.zeros((3, 4, 4)), "b": np.zeros((1, 4, 4))}, "2 slices for 'a'"),
        ({"a": np.zeros((2, 4, 4)), "b": np.zeros((1, 4, 5))}, "same shape"),
    ]:
        with pytest.raises(ValueError, match=message):
            volumes_to_slices(volumes, groups)
    for radius, error in ((-1, ValueError), (0.5, TypeError)):
        with pytest.raises(error, match="radius"):
            neighbouring_slices(np.zeros((3, 2, 2)), groups, radius=radius)
