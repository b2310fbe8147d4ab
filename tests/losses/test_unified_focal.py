import numpy as np
import pytest

from resunet_kit.losses import Focal, FocalTversky, UnifiedFocal, unified_focal


def by_definition(truth, prediction, *, weight, delta, gamma, asymmetric, smooth):
    """The loss of one image of classes along the last axis, class 0 the background, in float64."""
    entropy, region = 0.0, []
    for index in range(truth.shape[-1]):
        t, p = truth[..., index], prediction[..., index]
        foreground = index > 0
        focused = (1 - p) ** (0 if asymmetric and foreground else gamma)
        entropy += (delta if foreground else 1 - delta) * np.mean(-t * focused * np.log(p))
        tp, fp, fn = (t * p).sum(), ((1 - t) * p).sum(), (t * (1 - p)).sum()
        score = (tp + smooth) / (tp + delta * fn + (1 - delta) * fp + smooth)
        region.append((1 - score) ** (1 if asymmetric and not foreground else 1 - gamma))
    return weight * entropy + (1 - weight) * np.mean(region)


@pytest.mark.parametrize("shape", [(2, 7, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("form", ["asymmetric", "symmetric"])
@pytest.mark.parametrize(("weight", "delta", "gamma"), [(0.5, 0.6, 0.5), (0.3, 0.8, 0.2), (1, 0.5, 0), (0, 1, 0.9)])
def test_the_papers_formulas(shape, form, weight, delta, gamma):
    rng = np.random.default_rng(0)
    truth, prediction = np.eye(3)[rng.integers(0, 3, shape)], rng.dirichlet([1, 1, 1], shape)
    options = {"delta": delta, "gamma": gamma, "smooth": 0.5}
    given = {"cross_entropy_weight": weight, "form": form, **options}
    formula = {"weight": weight, "asymmetric": form == "asymmetric", **options}
    expected = [by_definition(t, p, **formula) for t, p in zip(truth, prediction, strict=True)]
    np.testing.assert_allclose(unified_focal(truth, prediction, **given), expected, rtol=5e-6)
    logits = np.log(prediction) + 3
    np.testing.assert_allclose(unified_focal(truth, logits, from_logits=True, **given), expected, rtol=1e-5)
    # One channel is two classes, and independent channels are such pairs.
    pairs = (np.stack([1 - x[..., 1], x[..., 1]], -1) for x in (truth, prediction))
    expected = [by_definition(t, p, **formula) for t, p in zip(*pairs, strict=True)]
    found = unified_focal(truth[..., 1:2], prediction[..., 1:2], **given)
    np.testing.assert_allclose(found, expected, rtol=5e-6)
    each = [unified_focal(truth[..., c : c + 1], prediction[..., c : c + 1], **given) for c in range(3)]
    found = unified_focal(truth, prediction, multilabel=True, **given)
    np.testing.assert_allclose(found, np.mean(each, axis=0), rtol=5e-6)


def test_a_value_worked_out_by_hand():
    # Two rows of eight are tumour, at 0.8; the rest at 0.2. F: 16 pixels of 0.6·log 0.8, 48 of 0.4·√0.2·log 0.8.
    truth = np.zeros((1, 8, 8, 1))
    truth[:, :2] = 1
    entropy = -np.log(0.8) * (16 * 0.6 + 48 * 0.4 * np.sqrt(0.2)) / 64
    foreground = 1 - 13.8 / (13.8 + 0.6 * 3.2 + 0.4 * 9.6)
    background = 1 - 39.4 / (39.4 + 0.6 * 9.6 + 0.4 * 3.2)
    expected = 0.5 * entropy + 0.5 * (np.sqrt(foreground) + background) / 2
    assert float(UnifiedFocal()(truth, 0.2 + 0.6 * truth)) == pytest.approx(expected, rel=1e-5)


def test_its_ends_are_a_focal_loss_and_a_focal_tversky_loss():
    rng = np.random.default_rng(1)
    truth, prediction = np.eye(2)[rng.integers(0, 2, (2, 6, 6))], rng.dirichlet([1, 1], (2, 6, 6))
    options = {"form": "symmetric", "delta": 0.5, "class_weights": [1, 3]}
    found = UnifiedFocal(cross_entropy_weight=1, gamma=0.4, **options)(truth, prediction)
    expected = 0.5 * Focal(gamma=0.4, class_weights=[1, 3])(truth, prediction)
    assert float(found) == pytest.approx(float(expected), rel=3e-6)
    found = UnifiedFocal(cross_entropy_weight=0, gamma=0.25, **options)(truth, prediction)
    expected = FocalTversky(fp_weight=0.5, fn_weight=0.5, exponent=0.75, class_weights=[1, 3])(truth, prediction)
    assert float(found) == pytest.approx(float(expected), rel=3e-6)
