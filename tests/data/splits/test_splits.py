import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.data import cross_validation_by_group, split_by_group

GROUPS = st.lists(st.integers(0, 12), min_size=4, max_size=120).filter(lambda groups: len(set(groups)) >= 4)
WEIGHTS = st.lists(st.integers(0, 9), min_size=1, max_size=4).filter(any)


@settings(max_examples=80, deadline=None)
@given(GROUPS, WEIGHTS, st.booleans(), st.integers(0, 99))
def test_a_partition_of_whole_groups_with_no_empty_part(groups, weights, stratified, seed):
    groups = np.array(groups)
    labels = groups * 7 % 3 if stratified else None
    fractions = np.array(weights) / sum(weights)
    parts = split_by_group(groups, fractions, stratify=labels, seed=seed)
    assert sorted(np.concatenate(parts)) == list(range(len(groups)))
    assert [len(part) > 0 for part in parts] == [weight > 0 for weight in weights]
    assert all((np.diff(part) > 0).all() for part in parts)
    held = [set(groups[part]) for part in parts]
    assert sum(map(len, held)) == len(set(groups))


@settings(max_examples=30, deadline=None)
@given(GROUPS, st.integers(0, 99), st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_matter(groups, seed, random):
    order = list(range(len(groups)))
    random.shuffle(order)
    groups = np.array(groups)
    before = [set(groups[part]) for part in split_by_group(groups, [0.5, 0.5], seed=seed)]
    after = [set(groups[order][part]) for part in split_by_group(groups[order], [0.5, 0.5], seed=seed)]
    assert before == after


@settings(max_examples=40, deadline=None)
@given(GROUPS, st.integers(2, 4), st.integers(0, 99))
def test_each_sample_is_validated_once_and_never_by_its_own_group(groups, folds, seed):
    groups = np.array(groups)
    validated = []
    for train, validation in cross_validation_by_group(groups, folds, seed=seed):
        assert not set(groups[train]) & set(groups[validation])
        assert len(train) + len(validation) == len(groups)
        validated.extend(validation)
    assert sorted(validated) == list(range(len(groups)))


def _cohort(seed, patients=60):
    """Like the MRI cohort: 20-88 slices, up to 70 % of them with a tumour."""
    generator = np.random.default_rng(seed)
    sizes = generator.integers(20, 89, patients)
    groups = np.repeat([f"p{number}" for number in range(patients)], sizes)
    labels = np.concatenate([np.arange(size) < size * generator.uniform(0, 0.7) for size in sizes])
    return groups, labels


def _imbalance(validations, labels):
    sizes = [abs(len(part) / len(labels) - 1 / len(validations)) for part in validations]
    differences = [abs(labels[part].mean() - labels.mean()) for part in validations]
    return max(sizes), max(differences)


@pytest.mark.parametrize("seed", range(4))
def test_better_balanced_than_scikit_learn(seed):
    sklearn = pytest.importorskip("sklearn.model_selection", reason="compares with scikit-learn, of the examples extra")
    groups, labels = _cohort(seed)
    ours = [part for _, part in cross_validation_by_group(groups, 4, stratify=labels, seed=seed)]
    splitter = sklearn.StratifiedGroupKFold(4, shuffle=True, random_state=seed)
    theirs = [part for _, part in splitter.split(labels, labels, groups)]
    assert np.less(_imbalance(ours, labels), _imbalance(theirs, labels)).all()


def test_parts_have_the_fractions_asked_for_of_samples_and_labels():
    groups, labels = _cohort(0, patients=110)
    for part, fraction in zip(split_by_group(groups, [0.7, 0.2, 0.1], stratify=labels), [0.7, 0.2, 0.1], strict=True):
        assert len(part) / len(labels) == pytest.approx(fraction, abs=0.005)
        assert labels[part].mean() == pytest.approx(labels.mean(), abs=0.01)


def test_many_groups_are_assigned_quickly_and_well():
    groups = np.arange(5000)
    parts = split_by_group(groups, [0.8, 0.2], stratify=groups % 2)
    assert [len(part) for part in parts] == [4000, 1000]
    assert sum(parts[1] % 2) == 500


def test_seeds_differ_and_each_is_the_same_in_another_process():
    groups, labels = _cohort(1, patients=20)
    ours = [split_by_group(groups, [0.5, 0.5], stratify=labels, seed=seed)[0].tolist() for seed in range(4)]
    assert len({tuple(part) for part in ours}) == 4
    code = (
        "import json, sys; from resunet_kit.data import split_by_group; groups, labels = json.load(sys.stdin);"
        "print([split_by_group(groups, [.5, .5], stratify=labels, seed=s)[0].tolist() for s in range(4)])"
    )
    text = json.dumps([groups.tolist(), labels.tolist()])
    other = subprocess.run([sys.executable, "-c", code], input=text, capture_output=True, text=True, check=True)
    assert json.loads(other.stdout) == ours


def test_a_tiny_fraction_still_gets_a_group():
    assert [len(part) > 0 for part in split_by_group([0, 0, 0, 1, 1, 1], [0.999, 0.001])] == [True, True]


@pytest.mark.parametrize(
    ("groups", "fractions", "options", "expected"),
    [
        ([1, 2, 3], [0.5, 0.6], {}, "add up to 1"),
        ([1, 2, 3], [1.5, -0.5], {}, "fractions.* of at least 0"),
        ([1, 2, 3], [], {}, "add up to 1"),
        ([1, 2, 3], [np.nan, 1], {}, "fractions.* of at least 0"),
        ([], [1.0], {}, "at least one value"),
        ([1, 1, 1], [0.5, 0.5], {}, "at least 2 groups.* Received 1"),
        (["a", None], [0.5, 0.5], {}, "None or NaN"),
        ([1, 2], [0.5, 0.5], {"seed": -1}, r"Expected seed to be an integer of at least 0. Received seed="),
        ([1, 2], [0.5, 0.5], {"stratify": [1]}, r"stratify .*\(2,\)\. Received shape \(1,\)"),
    ],
)
def test_bad_input_is_refused(groups, fractions, options, expected):
    with pytest.raises(ValueError, match=expected):
        split_by_group(groups, fractions, **options)


def test_wrong_types_are_refused():
    with pytest.raises(TypeError, match="Expected seed"):  # the split could not be repeated
        split_by_group([1, 2], [0.5, 0.5], seed=None)
    with pytest.raises(TypeError, match="Expected fractions"):
        split_by_group([1, 2], ["a", 1])
    with pytest.raises(TypeError, match="groups to hold values of one type"):
        split_by_group(np.array([1, "a"], object), [0.5, 0.5])


def test_bad_folds_are_refused():
    for folds, error, expected in [
        (1, ValueError, "folds .* of at least 2"),
        (2.0, TypeError, "folds"),
        (4, ValueError, "at least 4 groups"),
    ]:
        with pytest.raises(error, match=expected):
            cross_validation_by_group([1, 2, 3], folds)
