import numpy as np
import pytest

from resunet_kit.losses import FocalTversky, Tversky, focal_tversky, tversky
from tests.gradients import value_and_gradient

EACH = [Tversky(), FocalTversky(), FocalTversky(exponent=2)]


def counts(truth, prediction):
    truth, prediction = np.float64(truth), np.float64(prediction)
    axes = tuple(range(1, truth.ndim - 1))
    both = np.minimum(truth, prediction)  # of 0/1 truth the minimum is the product
    return both.sum(axes), (prediction - both).sum(axes), (truth - both).sum(axes)


@pytest.mark.parametrize("shape", [(3, 9, 7, 1), (2, 9, 7, 3), (2, 4, 5, 6, 2)])
def test_formulas_in_float64(shape):
    rng = np.random.default_rng(0)
    truth, prediction = (rng.random(shape) > 0.7) * 1.0, rng.random(shape)
    tp, fp, fn = counts(truth, prediction)
    index = (tp + 2.5) / (tp + 0.2 * fp + 0.9 * fn + 2.5)
    options = {"fp_weight": 0.2, "fn_weight": 0.9, "smooth": 2.5}
    np.testing.assert_allclose(tversky(truth, prediction, **options), (1 - index).mean(-1), rtol=2e-6)
    found = focal_tversky(truth, prediction, **options, exponent=0.6)
    np.testing.assert_allclose(found, ((1 - index) ** 0.6).mean(-1), rtol=2e-6)


@pytest.mark.parametrize("loss", EACH, ids=repr)
@pytest.mark.parametrize("foreground", [0, 1, 17, 4096])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_perfect_prediction_is_exactly_zero(loss, foreground, channels):
    mask = np.zeros((2, 64, 64, channels))
    mask.reshape(2, -1)[:, :foreground] = 1
    assert float(loss(mask, mask)) == 0


def slope(loss, truth, prediction):
    return value_and_gradient(lambda prediction: loss(truth, prediction), prediction)[1]


def test_focal_power_follows_its_chord_near_0():
    # One false negative among n pixels: the Tversky loss is about fn_weight / n.
    for size in (8, 64, 1024):
        truth = np.ones((1, size, size, 1), "float32")
        prediction = truth.copy()
        prediction[0, 0, 0] = 0.5
        loss = float(tversky(truth, prediction)[0])
        expected = loss**0.75 if loss > 1e-6 else loss * 1e-6**-0.25
        assert float(focal_tversky(truth, prediction)[0]) == pytest.approx(expected, rel=1e-5)
    assert loss < 1e-6  # so the chord was reached


def test_a_healthy_image_of_tiny_probabilities_still_learns():
    healthy = np.zeros((1, 256, 256, 1))
    tiny = np.full_like(healthy, 1e-4)
    assert float(tversky(healthy, tiny)[0]) < 0.7
    steep, flat = slope(Tversky(), healthy, tiny), slope(Tversky(smooth=1e-6), healthy, tiny)
    assert steep.min() > 1e3 * flat.max()
