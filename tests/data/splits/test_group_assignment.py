from itertools import product

import numpy as np
import pytest

from resunet_kit.data.splits.group_assignment import assign


def _objective(part_of, counts, fractions):
    weights = counts / counts.sum(axis=0)
    held = np.stack([weights[part_of == part].sum(axis=0) for part in range(len(fractions))])
    return (((held - fractions[:, None]) ** 2) / fractions[:, None]).sum()


@pytest.mark.parametrize("seed", range(6))
def test_near_the_best_of_all_assignments(seed):
    generator = np.random.default_rng(seed)
    counts, fractions = generator.integers(1, 40, (8, 2)), np.array([0.6, 0.4])
    scores = [_objective(np.array(parts), counts, fractions) for parts in product(range(2), repeat=8)]
    found = _objective(assign(counts, fractions, generator), counts, fractions)
    assert np.mean(np.array(scores) < found - 1e-12) < 0.03  # among the best 3 % of all 256


def test_equal_groups_are_assigned_exactly():
    parts = assign(np.ones((30, 1)), np.array([0.5, 0.3, 0.2]), np.random.default_rng(0))
    assert np.bincount(parts).tolist() == [15, 9, 6]


def test_as_many_parts_as_groups():
    counts = np.array([[1000], [1], [1]])
    assert sorted(assign(counts, np.array([0.98, 0.01, 0.01]), np.random.default_rng(0))) == [0, 1, 2]
