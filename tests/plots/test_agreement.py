import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from resunet_kit import plots

RNG = np.random.default_rng(8)
TRUTH = RNG.gamma(2, 10, 40)
PREDICTED = TRUTH * RNG.normal(1.05, 0.1, 40)


def lines(figure):
    return {trace.hovertemplate.split()[0]: trace for trace in figure.data[1:] if trace.hovertemplate}


def test_bias_and_limits_are_those_of_a_t_test_and_of_the_published_formulas():
    figure = plots.bland_altman(TRUTH, PREDICTED)
    difference = PREDICTED - TRUTH
    np.testing.assert_allclose(figure.data[0].y, difference)
    np.testing.assert_allclose(figure.data[0].x, (PREDICTED + TRUTH) / 2)
    found = lines(figure)
    deviation = difference.std(ddof=1)
    assert found["Bias"].y[0] == pytest.approx(difference.mean())
    assert found["Upper"].y[0] == pytest.approx(difference.mean() + 1.959964 * deviation)
    assert found["Lower"].y[0] == pytest.approx(difference.mean() - 1.959964 * deviation)
    bands = [trace.y for trace in figure.data if trace.fill == "toself"]
    interval = stats.ttest_rel(PREDICTED, TRUTH).confidence_interval(0.95)
    assert [bands[0][0], bands[0][2]] == pytest.approx(list(interval))
    error = deviation * np.sqrt(1 / 40 + 1.959964**2 / (2 * 39)) * stats.t.ppf(0.975, 39)
    assert bands[1][2] - bands[1][0] == pytest.approx(2 * error)


def test_the_published_example_of_1999_has_its_limits():
    # Table 1 of Bland and Altman (1986): peak expiratory flow in l/min by the large and the mini meter.
    large = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
    mini = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
    found = lines(plots.bland_altman(mini, large))
    assert found["Bias"].y[0] == pytest.approx(-2.1, abs=0.05)
    assert found["Lower"].y[0] == pytest.approx(-2.1 - 1.96 * 38.8, abs=0.2)
    assert found["Upper"].y[0] == pytest.approx(-2.1 + 1.96 * 38.8, abs=0.2)


def test_hover_names_the_case_and_both_volumes():
    figure = plots.bland_altman([1.0, 2.0], [3.0, 2.5], labels=["p7", "p9"], name="Volume in ml")
    assert list(figure.data[0].text) == ["p7", "p9"]
    np.testing.assert_allclose(figure.data[0].customdata, [[1, 3], [2, 2.5]])
    assert figure.layout.xaxis.title.text == "Volume in ml, mean of both"


@settings(max_examples=6, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), min_size=2, max_size=12), st.floats(0.5, 0.99))
def test_the_other_direction_is_the_mirror_image(pairs, confidence):
    truth, predicted = np.array(pairs).T
    one = lines(plots.bland_altman(truth, predicted, confidence=confidence))
    other = lines(plots.bland_altman(predicted, truth, confidence=confidence))
    for name, mirrored in (("Bias", "Bias"), ("Upper", "Lower"), ("Lower", "Upper")):
        assert one[name].y[0] == pytest.approx(-other[mirrored].y[0], rel=1e-9, abs=1e-6)


def test_equal_volumes_and_a_single_patient_are_drawn():
    figure = plots.bland_altman([5.0, 5.0], [5.0, 5.0])
    assert figure.layout.title.text == "Bias 0.00, limits of agreement 0.00 to 0.00"
    assert figure.layout.xaxis.range[0] < 5 < figure.layout.xaxis.range[1]
    single = plots.bland_altman([0.0], [0.0])
    assert single.layout.title.text == "Bias 0.00"
    assert single.layout.annotations[0].text == "One patient: no limits of agreement"
    assert set(lines(single)) == {"Bias"}


def test_the_title_of_large_volumes_is_short():
    figure = plots.bland_altman([1e12, 2e12], [2e12, 3e12])
    assert figure.layout.title.text == "Bias 1e+12, limits of agreement 1e+12 to 1e+12"


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="at least one value"):
        plots.bland_altman([], [])
    with pytest.raises(ValueError, match=r"truth_volumes: 2, predicted_volumes: 1\. Pass"):
        plots.bland_altman([1, 2], [1])
    with pytest.raises(ValueError, match="labels: 1"):
        plots.bland_altman([1, 2], [1, 2], labels=["a"])
    with pytest.raises(ValueError, match="1 NaN or infinite of 2"):
        plots.bland_altman([1, np.nan], [1, 2])
    with pytest.raises(ValueError, match="1 NaN or infinite of 2"):
        plots.bland_altman([1, 2], [1, np.inf])
    with pytest.raises(ValueError, match=r"Expected predicted_volumes of at least 0. Received -2"):
        plots.bland_altman([1, 2], [1, -2])
    with pytest.raises(ValueError, match=r"truth_volumes of at most 1e\+30\. Received 3\.4028.*e\+38\. Leave out"):
        plots.bland_altman([np.finfo("float32").max, 2], [1, 2])
    with pytest.raises(ValueError, match=r"Pass 0\.95 for 95 %"):
        plots.bland_altman([1, 2], [1, 2], confidence=95)
    with pytest.raises(TypeError, match="Expected truth_volumes to be numbers"):
        plots.bland_altman(["a"], [1])
