import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from resunet_kit import plots
from tests.strategies import labelled_probabilities

RNG = np.random.default_rng(2)
PROBABILITIES = RNG.random(500)
TRUTH = RNG.random(500) < PROBABILITIES**2


def test_points_are_those_of_scikit_learn():
    figure = plots.reliability_diagram(TRUTH, PROBABILITIES, bins=10)
    frequency, confidence = calibration_curve(TRUTH, PROBABILITIES, n_bins=10)
    np.testing.assert_allclose(figure.data[0].x, confidence)
    np.testing.assert_allclose(figure.data[0].y, frequency)


def test_error_and_counts_against_a_plain_loop():
    figure = plots.reliability_diagram(TRUTH.reshape(50, 10), PROBABILITIES.reshape(50, 10), bins=7)
    error, counts = 0.0, []
    for low in range(7):
        inside = (low <= PROBABILITIES * 7) & (low + 1 > PROBABILITIES * 7)
        counts.append(int(inside.sum()))
        if inside.any():
            gap = abs(TRUTH[inside].mean() - PROBABILITIES[inside].mean())
            error += inside.mean() * gap
    np.testing.assert_array_equal(figure.data[-1].y, counts)
    assert figure.layout.title.text == f"Reliability · expected calibration error {error:.3f}"


@settings(max_examples=15, deadline=None)
@given(labelled_probabilities(), st.integers(1, 20))
def test_every_case_is_counted_and_points_stay_in_the_unit_square(cases, bins):
    figure = plots.reliability_diagram(*cases, bins=bins)
    assert sum(figure.data[-1].y) == len(cases[0])
    points = np.array([figure.data[0].x, figure.data[0].y])
    assert np.all((points >= 0) & (points <= 1 + 1e-9))
    assert 0 <= float(figure.layout.title.text.split()[-1]) <= 1


def test_one_dwarfing_bin_makes_the_count_axis_logarithmic():
    probabilities = np.concatenate([np.full(5000, 0.01), np.linspace(0.1, 0.9, 9)])
    figure = plots.reliability_diagram(probabilities > 0.5, probabilities)
    assert figure.layout.yaxis2.type == "log"
    assert plots.reliability_diagram(TRUTH, PROBABILITIES).layout.yaxis2.type is None


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"in \[0, 1\].*sigmoid"):
        plots.reliability_diagram([0, 1], [-1.0, 2.0])
    with pytest.raises(ValueError, match="one shape"):
        plots.reliability_diagram([0, 1], [0.5])
    with pytest.raises(ValueError, match="Expected bins to be an integer of at least 1"):
        plots.reliability_diagram([0, 1], [0.1, 0.9], bins=0)
    with pytest.raises(ValueError, match="NaN"):
        plots.reliability_diagram([0, 1], [0.1, np.nan])


@pytest.mark.parametrize(("truth", "words"), [([0, 0], "no positive"), ([1, 1], "positives alone"), ([0, 1], None)])
def test_a_truth_of_one_class_is_said(truth, words):
    notes = [note.text for note in plots.reliability_diagram(truth, [0.2, 0.7]).layout.annotations]
    assert notes == ([] if words is None else [f"The truth holds {words}"])
