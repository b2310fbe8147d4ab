"""The sweep over thresholds against the plain computation for each."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.inference._gate_sweep import ROUNDING, Outcomes, choose, exact, rates, sweep, thresholds
from resunet_kit.inference._tuning_score import tuning_score

PROBABILITIES = st.lists(st.sampled_from(np.float32([0, 0.1, 0.1000001, 0.5, 0.9, 1])), min_size=2, max_size=12)


@st.composite
def outcomes(draw, classes=2, candidates=3):
    """Return random counts, which need not come from masks."""
    probability = np.float32(draw(PROBABILITIES))
    count = len(probability)
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    passed = rng.integers(0, 4, (count, candidates, 3 * (classes - 1)))
    stopped = rng.integers(0, 3, (count, 3 * (classes - 1)))
    groups = np.unique(rng.integers(0, 4, count), return_inverse=True)[1]
    positive = np.arange(count) % 2 == 0
    return Outcomes(probability, positive, passed, stopped, groups if draw(st.booleans()) else np.arange(count))


@given(outcomes(), outcomes(classes=4), st.sampled_from(["dice", "iou"]))
def test_the_sweep_equals_each_threshold_by_itself(one, several, name):
    for found, classes in ((one, 2), (several, 4)):
        score = tuning_score(name, classes)
        at = thresholds(found.probability)
        scores = sweep(found, score, at)
        for row, threshold in enumerate(at):
            for column in range(found.passed.shape[1]):
                assert scores[row, column] == pytest.approx(exact(found, score, threshold, column), abs=1e-12)


def test_exact_is_the_mean_over_the_patients_of_the_score_of_all_their_pixels():
    counts = np.array([[4, 1, 0], [0, 0, 0], [1, 0, 3], [0, 2, 0]])  # TP, FP, FN
    closed = np.array([[0, 0, 4], [0, 0, 0], [0, 0, 4], [0, 0, 0]])
    found = Outcomes(
        np.float32([0.9, 0.2, 0.8, 0.1]), np.bool_([1, 0, 1, 0]), counts[:, None], closed, np.array([0, 0, 1, 1])
    )
    score = tuning_score("dice", 1)
    assert exact(found, score, np.float32(0), 0) == pytest.approx((8 / 9 + 2 / 7) / 2)
    assert exact(found, score, np.float32(0.5), 0) == pytest.approx((8 / 9 + 2 / 5) / 2)
    alone = found._replace(groups=np.arange(4))
    assert exact(alone, score, np.float32(0), 0) == pytest.approx((8 / 9 + 1 + 2 / 5 + 0) / 4)
    assert exact(alone, tuning_score("iou", 1), np.float32(0.5), 0) == pytest.approx((4 / 5 + 1 + 1 / 4 + 1) / 4)


@given(PROBABILITIES)
def test_a_threshold_separates_each_probability_from_the_next_lower(values):
    probability = np.float32(values)
    at = thresholds(probability)
    assert at.dtype == np.float32
    assert at[-1] == 0
    assert (np.diff(at) < 0).all()
    passing = {frozenset(np.flatnonzero(probability >= threshold)) for threshold in at}
    assert passing == {frozenset(np.flatnonzero(probability >= value)) for value in probability} | {
        frozenset(range(len(probability)))
    }


def test_a_threshold_bears_rounding_in_batches_of_another_size():
    at = thresholds(np.float32([0.9, 0.5, 0.499999]))
    assert at[0] == pytest.approx(0.9 - ROUNDING, abs=1e-7)
    assert 0.499999 < at[1] < 0.5
    # Neighbouring float32 have nothing between them.
    one = np.float32(0.5)
    assert thresholds(np.array([one, np.nextafter(one, np.float32(0))])).tolist()[0] == 0.5


def test_rates_are_those_of_positive_and_negative_images():
    found = Outcomes(np.float32([0.9, 0.6, 0.4, 0.2]), np.bool_([1, 0, 1, 0]), None, None, None)
    sensitivity, specificity = rates(found, np.float32([0.9, 0.5, 0.3, 0]))
    assert sensitivity.tolist() == [0.5, 0.5, 1, 1]
    assert specificity.tolist() == [1, 0.5, 0.5, 0]


SENSITIVITY = np.array([0.3, 0.7, 0.7, 1.0, 1.0])


@pytest.mark.parametrize(
    ("scores", "wanted", "row", "column"),
    [
        ([[0.9, 0.1], [0.2, 0.2], [0.1, 0.3], [0.4, 0.1], [0.1, 0.1]], None, 0, 0),
        ([[0.4, 0.1], [0.2, 0.4], [0.1, 0.4], [0.4, 0.1], [0.1, 0.1]], None, 3, 0),  # equal: the most sensitive
        ([[0.1, 0.1], [0.2, 0.4], [0.1, 0.4], [0.3, 0.1], [0.1, 0.1]], None, 1, 1),  # then the largest threshold
        ([[0.9, 0.1], [0.1, 0.2], [0.1, 0.3], [0.4, 0.1], [0.1, 0.1]], 0.7, 1, 1),
        ([[0.9, 0.1], [0.1, 0.2], [0.1, 0.3], [0.4, 0.1], [0.3, 0.1]], 0.7, 2, 1),  # below the segmenter alone
        ([[0.9, 0.1], [0.1, 0.2], [0.1, 0.3], [0.3, 0.1], [0.3, 0.4]], 0.5, 4, 1),
        ([[0.9, 0.1], [0.9, 0.2], [0.1, 0.3], [0.4, 0.1], [0.1, 0.1]], 1.0, 3, 0),
    ],
)
def test_the_choice(scores, wanted, row, column):
    assert choose(np.array(scores), SENSITIVITY, wanted) == (row, column)


def test_seven_of_ten_reach_a_sensitivity_of_seven_tenths():
    found = Outcomes(np.float32(np.arange(11) / 10), np.bool_([0] + [1] * 10), None, None, None)
    at = thresholds(found.probability)
    sensitivity, _ = rates(found, at)
    for wanted in np.arange(1, 11) / 10:
        row, _ = choose(np.ones((len(at), 1)), sensitivity, float(wanted))
        assert sensitivity[row] == pytest.approx(wanted)


@settings(max_examples=30)
@given(outcomes(), st.sampled_from([None, 0.2, 0.5, 1.0]))
def test_no_choice_scores_below_the_last_row(found, wanted):
    score = tuning_score("dice", 2)
    at = thresholds(found.probability)
    scores = sweep(found, score, at)
    row, column = choose(scores, rates(found, at)[0], wanted)
    assert scores[row, column] >= scores[-1].max() - 1e-12
