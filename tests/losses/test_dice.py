import numpy as np
import pytest

from resunet_kit.losses import Dice, Tversky, dice


@pytest.mark.parametrize("shape", [(3, 9, 7, 1), (2, 9, 7, 3), (2, 4, 5, 6, 2)])
def test_formulas_in_float64(shape):
    rng = np.random.default_rng(0)
    truth, prediction = (rng.random(shape) > 0.7) * 1.0, rng.random(shape)
    axes = tuple(range(1, len(shape) - 1))
    twice = 2 * (truth * prediction).sum(axes)
    score = (twice + 2.5) / ((truth + prediction).sum(axes) + 2.5)
    np.testing.assert_allclose(dice(truth, prediction, smooth=2.5), (1 - score).mean(-1), rtol=2e-6)
    score = (twice + 2.5) / ((truth**2 + prediction**2).sum(axes) + 2.5)
    np.testing.assert_allclose(dice(truth, prediction, smooth=2.5, squared=True), (1 - score).mean(-1), rtol=2e-6)


@pytest.mark.parametrize("loss", [Dice(), Dice(squared=True), Dice(smooth=0)], ids=repr)
@pytest.mark.parametrize("foreground", [0, 1, 17, 4096])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_perfect_prediction_is_exactly_zero(loss, foreground, channels):
    mask = np.zeros((2, 64, 64, channels))
    mask.reshape(2, -1)[:, :foreground] = 1
    assert float(loss(mask, mask)) == 0


def test_dice_is_tversky_with_one_half_for_both_weights():
    rng = np.random.default_rng(1)
    truth, prediction = rng.random((2, 9, 7, 3)) > 0.7, rng.random((2, 9, 7, 3))
    half = Tversky(fp_weight=0.5, fn_weight=0.5, smooth=0.5)
    assert float(Dice(smooth=1.0)(truth, prediction)) == pytest.approx(float(half(truth, prediction)), rel=1e-6)
