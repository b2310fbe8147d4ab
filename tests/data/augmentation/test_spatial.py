import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.data.augmentation.random_streams import RandomStreams
from resunet_kit.data.augmentation.spatial import random_field


def streams(seed=0, **ranges):
    return RandomStreams(ranges=ranges, probabilities=dict.fromkeys(ranges, 1.0), seed=seed, index=0)


@pytest.mark.parametrize("shape", [(32, 20), (12, 16, 14)])
@settings(max_examples=15)
@given(st.integers(0, 2**31))
def test_the_strongest_field_never_folds(shape, seed):
    """The determinant of the field's derivative keeps its sign, under any matrix."""
    ndim = len(shape)
    strongest = streams(seed, elastic=(1.0, 1.0), zoom=(0.5, 2.0), shear=(-0.5, 0.5), rotation=(-90, 90))
    field = random_field(shape, range(ndim), (1,) * ndim, strongest)
    positions = np.stack(list(field.coordinates(shape, slice(None))))
    derivative = np.stack([np.stack(np.gradient(position), axis=-1) for position in positions], axis=-2)
    assert np.linalg.det(derivative).min() > 0


def test_elastic_displaces_by_up_to_a_tenth_of_the_size():
    shape = (60, 40)
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"))
    largest = np.zeros(2)
    for seed in range(20):
        field = random_field(shape, (0, 1), (1, 1), streams(seed, elastic=(1.0, 1.0)))
        positions = np.stack(list(field.coordinates(shape, slice(None))))
        largest = np.maximum(largest, np.abs(positions - grid).max(axis=(1, 2)))
    assert (largest <= [6, 4]).all()
    assert (largest > [3, 2]).all()


def test_rotations_keep_distances_in_space():
    spacing = np.array([3.0, 0.5, 1.0])
    field = random_field((5, 6, 7), (0, 1, 2), spacing, streams(rotation=(-180, 180)))
    in_space = spacing[:, None] * field.matrix / spacing
    np.testing.assert_allclose(in_space @ in_space.T, np.eye(3), atol=1e-5)
    assert np.linalg.det(in_space) > 0
    assert np.abs(in_space - np.eye(3)).max() > 0.1


@pytest.mark.parametrize("options", [*itertools.combinations(["zoom", "shear", "rotation"], 1), ("zoom", "rotation")])
def test_the_centre_stays_without_a_shift(options):
    ranges = {"zoom": (0.5, 2), "shear": (-1, 1), "rotation": (-90, 90)}
    field = random_field((8, 11), (0, 1), (2, 1), streams(**{name: ranges[name] for name in options}))
    np.testing.assert_allclose(field.matrix @ [3.5, 5] + field.offset, [3.5, 5], atol=1e-5)


def test_nothing_drawn_is_no_field():
    assert random_field((8, 8), (0, 1), (1, 1), streams()) is None
    never = RandomStreams(ranges={"rotation": (5, 5)}, probabilities={"rotation": 0.0}, seed=0, index=0)
    assert random_field((8, 8), (0, 1), (1, 1), never) is None
