import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from resunet_kit.metrics import bootstrap_interval, by_group, patients

SCORES = st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 1)), min_size=1, max_size=20)


@given(SCORES)
def test_groups_are_those_of_a_loop(rows):
    names, values = zip(*rows, strict=True)
    expected = {name: np.median([v for n, v in rows if n == name]) for name in sorted(set(names))}
    found = by_group(values, names, statistic=np.median)
    assert list(found) == list(expected)
    assert found == pytest.approx(expected)


def test_rows_stay_together():
    found = by_group([[1, 2], [3, 4], [5, 6]], [7, 7, 3], statistic=np.sum)
    assert {name: row.tolist() for name, row in found.items()} == {3: [5, 6], 7: [4, 6]}


def test_the_interval_of_three_patients_is_that_of_all_their_resamples():
    values = [0.0, 0.5, 0.9]
    exact = np.sort([np.mean(draw) for draw in itertools.product(values, repeat=3)])
    found = bootstrap_interval(values, confidence=0.8, resamples=40_000)
    assert found.estimate == pytest.approx(np.mean(values))
    assert found.low == pytest.approx(exact[math.ceil(27 * 0.1) - 1])
    assert found.high == pytest.approx(exact[math.ceil(27 * 0.9) - 1])


def test_the_interval_is_that_of_scipy():
    values = np.random.default_rng(1).beta(5, 2, 60)
    peer = bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, confidence_level=0.9)
    found = bootstrap_interval(values, confidence=0.9, resamples=20_000)
    np.testing.assert_allclose(found[1:], peer.confidence_interval, atol=0.004)  # ten times what chance explains


def test_the_coverage_of_the_interval_is_its_confidence():
    draws = np.random.default_rng(2).normal(size=(400, 40))
    covers = [low <= 0 <= high for _, low, high in (bootstrap_interval(row, resamples=400) for row in draws)]
    assert 0.90 < np.mean(covers) < 0.98


def test_patients_are_drawn_and_never_their_slices():
    """Repeating each slice does not narrow the interval."""
    scores = np.random.default_rng(3).random(12)
    groups = np.repeat(np.arange(12), 30)
    assert bootstrap_interval(np.repeat(scores, 30), groups) == pytest.approx(bootstrap_interval(scores))
    _, low, high = bootstrap_interval(np.repeat(scores, 30))
    assert high - low < 0.25 * np.ptp(bootstrap_interval(scores)[1:])


def test_patients_weigh_the_same_whatever_the_number_of_their_slices():
    assert bootstrap_interval([1, 0, 0, 0], ["a", "b", "b", "b"]).estimate == 0.5


def test_counts_give_the_score_of_all_pixels():
    counts = np.random.default_rng(4).integers(0, 50, (20, 2))
    groups = np.sqrt(np.arange(20)).astype(int)  # of 1 to 7 slices

    def sensitivity(rows, axis):
        tp, fn = np.moveaxis(rows.sum(axis=axis), -1, 0)
        return tp / (tp + fn)

    found = bootstrap_interval(counts, groups, statistic=sensitivity, within=np.sum)
    assert found.estimate == pytest.approx(counts[:, 0].sum() / counts.sum())
    assert found.low < found.estimate < found.high


@settings(max_examples=25)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=20), st.floats(0.1, 0.95))
def test_intervals_are_ordered_nested_and_repeatable(values, confidence):
    inner, outer = (bootstrap_interval(values, confidence=c, resamples=200) for c in (confidence, 0.99))
    assert min(values) - 1e-9 <= outer.low <= inner.low <= inner.high <= outer.high <= max(values) + 1e-9
    assert inner == bootstrap_interval(values, confidence=confidence, resamples=200)


def test_another_seed_gives_another_interval():
    values = np.linspace(0, 1, 11)
    assert bootstrap_interval(values, resamples=50) != bootstrap_interval(values, resamples=50, seed=1)


def test_resamples_are_drawn_in_chunks_of_bounded_memory(monkeypatch):
    seen = []
    monkeypatch.setattr(patients, "_AT_ONCE", 30)
    bootstrap_interval(np.arange(10.0), statistic=lambda v, axis: seen.append(v.size) or v.mean(axis), resamples=8)
    assert seen == [10, 30, 30, 20]


def test_infinite_distances_do_not_spoil_the_median():
    found = bootstrap_interval([1.0, 2.0, 3.0, 4.0, math.inf], statistic=np.median)
    assert found.estimate == 3
    assert 1 <= found.low <= 2
    assert found.high == math.inf
    assert bootstrap_interval([math.inf] * 3) == (math.inf,) * 3


@pytest.mark.parametrize("summary", [by_group, bootstrap_interval])
def test_missing_groups_are_refused(summary):
    with pytest.raises(
        ValueError, match=r"Expected groups to hold a value for each sample\. Received None or NaN for 2"
    ):
        summary([1, 2, 3], [1.0, None, math.nan])
    with pytest.raises(ValueError, match=r"Expected groups .* shape \(3,\)\. Received shape \(2,\)"):
        summary([1, 2, 3], ["a", "b"])


def test_a_statistic_without_a_number_is_refused():
    """The sensitivity of patients without any foreground is 0/0 in a few of the draws."""

    def sensitivity(rows, axis):
        tp, truth = np.moveaxis(rows.sum(axis=axis), -1, 0)
        with np.errstate(invalid="ignore"):
            return tp / truth

    with pytest.raises(ValueError, match=r"for each of 100 resamples\. Received NaN for \d+\. Define the score where"):
        bootstrap_interval([[0, 0], [0, 0], [1, 2]], statistic=sensitivity, resamples=100)


def test_bad_input():
    with pytest.raises(ValueError, match=r"without NaN\. Received 1 of 2\. Leave"):
        bootstrap_interval([0.5, math.nan])
    with pytest.raises(ValueError, match=r"at least one case\. Received shape \(0,\)"):
        by_group([], [])
    with pytest.raises(ValueError, match=r"at least two patients\. Received one"):
        bootstrap_interval([1, 2, 3], ["a", "a", "a"])
    with pytest.raises(
        ValueError, match=r"Expected confidence to be a number in \(0, 1\)\. Received confidence=95\. Pass"
    ):
        bootstrap_interval([1, 2], confidence=95)
    with pytest.raises(ValueError, match=r"Expected resamples to be an integer of at least 1. Received resamples="):
        bootstrap_interval([1, 2], resamples=0)
    with pytest.raises(ValueError, match=r"one number for each of 1 resamples\. Received shape \(1, 2\)"):
        bootstrap_interval([[1, 2], [3, 4]])
