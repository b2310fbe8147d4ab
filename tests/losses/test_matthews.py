import numpy as np
import pytest

from resunet_kit.losses import MatthewsCorrelation, matthews_correlation


@pytest.mark.parametrize("shape", [(4, 9, 7), (3, 4, 5, 6)])
def test_hard_masks_score_as_scikit_learn(shape):
    matthews_corrcoef = pytest.importorskip("sklearn.metrics").matthews_corrcoef
    rng = np.random.default_rng(0)
    truth = rng.random(shape) > 0.7
    prediction = np.where(rng.random(shape) > 0.5, truth, rng.random(shape) > 0.5)
    prediction[0] = ~prediction[0]  # a negative correlation
    weight = rng.random(shape)
    found = matthews_correlation(truth, prediction[..., None], smooth=1e-6)
    flat = [(t.ravel(), p.ravel(), w.ravel()) for t, p, w in zip(truth, prediction, weight, strict=True)]
    np.testing.assert_allclose(found, [1 - matthews_corrcoef(t, p) for t, p, _ in flat], rtol=1e-5)
    found = matthews_correlation(truth, prediction[..., None], smooth=1e-6, sample_weight=weight)
    expected = [1 - matthews_corrcoef(t, p, sample_weight=w) for t, p, w in flat]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_soft_counts_are_the_correlation_coefficient_of_0_1_truth_with_itself_spread():
    # Of soft predictions p for 0/1 truth the counts are those of a hard prediction drawn with probability p.
    rng = np.random.default_rng(1)
    truth, prediction = rng.random(2000) > 0.7, rng.random(2000)
    hard = np.concatenate([np.repeat([[0], [1]], 2000, axis=1)]).ravel()
    weight = np.concatenate([1 - prediction, prediction])
    t = np.tile(truth, 2).astype(float)
    mean_t, mean_h = np.average(t, weights=weight), np.average(hard, weights=weight)
    covariance = np.average((t - mean_t) * (hard - mean_h), weights=weight)
    expected = 1 - covariance / np.sqrt(mean_t * (1 - mean_t) * mean_h * (1 - mean_h))
    shape = (1, 40, 50, 1)
    found = matthews_correlation(truth.reshape(shape), prediction.reshape(shape), smooth=1e-6)
    assert float(found[0]) == pytest.approx(expected, rel=1e-5)


def test_smoothing_adds_pixels_to_true_positives_and_true_negatives():
    truth, prediction = np.zeros((1, 8, 8, 1)), np.zeros((1, 8, 8, 1))
    prediction[:, 0, :4] = 1
    # An empty truth, four false positives of 64 pixels, two smoothing pixels: TP 2, FP 4, TN 62, FN 0.
    expected = 1 - 2 * 62 / np.sqrt((2 + 4) * 2 * (62 + 4) * 62)
    assert float(matthews_correlation(truth, prediction, smooth=2.0)[0]) == pytest.approx(expected, rel=1e-5)
    # The same with foreground and background exchanged.
    found = matthews_correlation(1 - truth, 1 - prediction, smooth=2.0)
    assert float(found[0]) == pytest.approx(expected, rel=1e-5)


def test_large_volumes_stay_finite():
    loss = MatthewsCorrelation()
    truth, prediction = np.zeros((1, 160, 160, 160, 1), "float32"), np.ones((1, 160, 160, 160, 1), "float32")
    assert 0.99 < float(loss(truth, prediction)) <= 1 + 1e-6
    truth[:, :80] = 1
    assert float(loss(truth, 1 - truth)) == pytest.approx(2, abs=1e-5)


def test_the_smallest_smoothing_keeps_its_fourth_power():
    empty = np.zeros((1, 4, 4, 1))
    assert float(MatthewsCorrelation(smooth=1e-7)(empty, empty)) == pytest.approx(0, abs=1e-6)
