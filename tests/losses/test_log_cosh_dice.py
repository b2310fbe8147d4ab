import numpy as np
import pytest

from resunet_kit.losses import log_cosh_dice


@pytest.mark.parametrize("squared", [False, True])
def test_the_formula_in_float64(squared):
    rng = np.random.default_rng(0)
    truth, prediction = rng.random((2, 9, 7, 3)) > 0.7, rng.random((2, 9, 7, 3))
    sizes = (truth + (prediction**2 if squared else prediction)).sum((1, 2))
    dice = 1 - (2 * (truth * prediction).sum((1, 2)) + 1) / (sizes + 1)
    found = log_cosh_dice(truth, prediction, squared=squared)
    np.testing.assert_allclose(found, np.log(np.cosh(dice)).mean(-1), rtol=2e-6)


def test_a_small_loss_keeps_its_digits():
    truth = np.ones((1, 64, 64, 1))
    prediction = truth.copy()
    prediction[0, 0, 0] = 0.5
    dice = 0.5 / (2 * 4095.5 + 0.5 + 1)
    assert float(log_cosh_dice(truth, prediction)[0]) == pytest.approx(dice**2 / 2, rel=1e-5)
