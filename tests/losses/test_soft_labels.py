"""Soft labels: 0 at the truth, the ordinary loss for 0/1 truth, and the formulas of Wang et al. 2023 in float64."""

import dataclasses

import numpy as np
import pytest

from resunet_kit import losses
from resunet_kit.losses import (
    Boundary,
    CenterlineDice,
    CrossEntropy,
    Dice,
    Focal,
    FocalTversky,
    GeneralizedDice,
    HausdorffDistance,
    Jaccard,
    LogCoshDice,
    Lovasz,
    MatthewsCorrelation,
    SegmentationLoss,
    Tversky,
    UnifiedFocal,
    explain,
)
from tests.gradients import value_and_gradient

SOFT = [
    Dice(),
    Dice(squared=True),
    Dice(smooth=0.0),
    Jaccard(),
    Tversky(),
    FocalTversky(),
    LogCoshDice(),
    GeneralizedDice(),
    MatthewsCorrelation(),
    CenterlineDice(),
    Focal(),
    Focal(alpha=0.25, gamma=0.5),
]
EACH = [dataclasses.replace(loss, soft_labels=True, multilabel=True) for loss in SOFT]


def soft_case(shape=(3, 9, 7, 2), seed=0):
    rng = np.random.default_rng(seed)
    return np.round(rng.random(shape), 2), rng.random(shape)


def test_every_loss_with_the_option_is_tested():
    kinds = [kind for kind in vars(losses).values() if isinstance(kind, type) and issubclass(kind, SegmentationLoss)]
    with_option = {kind for kind in kinds if "soft_labels" in {field.name for field in dataclasses.fields(kind)}}
    assert {type(loss) for loss in EACH} == with_option
    assert not any(kind.soft_labels for kind in with_option)


@pytest.mark.parametrize("loss", EACH, ids=repr)
@pytest.mark.parametrize("reduce", ["image", "batch"])
def test_the_truth_itself_costs_nothing(loss, reduce):
    truth, other = soft_case()
    loss = dataclasses.replace(loss, reduce=reduce)
    assert float(loss(truth, truth)) == pytest.approx(0, abs=1e-6)
    assert float(loss(truth, truth, np.random.default_rng(3).random((3, 9, 7)))) == pytest.approx(0, abs=1e-6)
    # Any way off it costs; a slightly wrong width costs no centreline.
    for step in (1.0,) if isinstance(loss, CenterlineDice) else (0.01, 0.3, 1.0):
        assert float(loss(truth, truth + step * (other - truth))) > 1e-6
    # Without the option the truth is not a perfect prediction.
    assert float(dataclasses.replace(loss, soft_labels=False)(truth, truth)) > 0.01


@pytest.mark.parametrize("loss", EACH, ids=repr)
def test_for_a_truth_of_0_and_1_nothing_changes(loss):
    truth, prediction = soft_case()
    truth, weight = np.round(truth), np.random.default_rng(2).random((3, 9, 7))
    plain = dataclasses.replace(loss, soft_labels=False)
    for weights in (None, weight):
        expected = float(plain(truth, prediction, weights))
        assert float(loss(truth, prediction, weights)) == pytest.approx(expected, rel=1e-6)
    classes, probabilities = np.eye(3)[np.random.default_rng(4).integers(0, 3, (2, 6, 5))], soft_case((2, 6, 5, 3))[1]
    probabilities /= probabilities.sum(-1, keepdims=True)
    for one in (loss, plain):
        one.multilabel, one.from_logits = False, isinstance(one, Focal)
        if isinstance(one, Focal):
            one.alpha = None
    prediction = np.log(probabilities) if isinstance(loss, Focal) else probabilities
    assert float(loss(classes, prediction)) == pytest.approx(float(plain(classes, prediction)), rel=1e-6)


@pytest.mark.parametrize("loss", EACH, ids=repr)
def test_gradients_are_finite_at_the_truth_and_beside_it(loss):
    truth, other = (x.astype("float32") for x in soft_case((2, 6, 5, 2)))
    truth[0, 0], truth[0, 1] = 0, 1
    for prediction in (truth, other, np.zeros_like(truth), np.ones_like(truth)):
        value, slope = value_and_gradient(lambda x: loss(truth, x), prediction)
        assert np.isfinite(value)
        assert np.isfinite(slope).all()
    loss = dataclasses.replace(loss, smooth=1e-6) if hasattr(loss, "smooth") else loss
    _, slope = value_and_gradient(lambda x: loss(0 * truth, x), 0 * truth)
    assert np.isfinite(slope).all()


def differences(truth, prediction, weights):
    """Wang's counts by norms: `TP = (|t| + |p| − |t − p|) / 2`."""
    axes = tuple(range(1, truth.ndim - 1))
    t, p, distance = (np.sum(weights * x, axes) for x in (truth, prediction, np.abs(truth - prediction)))
    tp = (t + p - distance) / 2
    return tp, p - tp, t - tp


@pytest.mark.parametrize("shape", [(3, 9, 7, 2), (2, 4, 5, 6, 2)])
def test_the_formulas_in_float64(shape):
    truth, prediction = soft_case(shape, seed=5)
    weights = np.random.default_rng(6).random(shape)
    tp, fp, fn = differences(truth, prediction, weights)
    tn = np.sum(weights, tuple(range(1, len(shape) - 1))) - tp - fp - fn
    tversky = 1 - (tp + 1) / (tp + 0.2 * fp + 0.9 * fn + 1)
    dice = 1 - (2 * tp + 1) / (2 * tp + fp + fn + 1)
    axes = tuple(range(1, len(shape) - 1))
    common, squares = (np.sum(weights * x, axes) for x in (truth * prediction, truth**2 + prediction**2))
    volume = 1 / (tp + fn) ** 2
    volume = volume / volume.sum(-1, keepdims=True)
    pooled = [np.sum(volume * count, -1, keepdims=True) for count in (tp, fp, fn)]
    matthews = 1 - ((tp + 1) * (tn + 1) - fp * fn) / np.sqrt(
        (tp + 1 + fp) * (tp + 1 + fn) * (tn + 1 + fp) * (tn + 1 + fn)
    )
    expected = {
        Tversky(fp_weight=0.2, fn_weight=0.9): tversky,
        FocalTversky(fp_weight=0.2, fn_weight=0.9, exponent=0.6): tversky**0.6,
        Dice(): dice,
        LogCoshDice(): np.log(np.cosh(dice)),
        Dice(squared=True): 1 - (2 * common + 1) / (squares + 1),
        Jaccard(): 1 - (tp + 1) / (tp + fp + fn + 1),
        GeneralizedDice(): 1 - (2 * pooled[0] + 1) / (2 * pooled[0] + pooled[1] + pooled[2] + 1),
        MatthewsCorrelation(): matthews,
    }
    for loss, values in expected.items():
        loss = dataclasses.replace(loss, soft_labels=True, multilabel=True, reduction=None)
        np.testing.assert_allclose(loss(truth, prediction, weights), values.mean(-1), rtol=5e-6)


def test_the_quality_focal_loss_in_float64():
    """Li et al. 2020: `|t − p|^γ` times the cross-entropy."""
    truth, prediction = soft_case((2, 9, 7, 1), seed=7)
    entropy = -(truth * np.log(prediction) + (1 - truth) * np.log(1 - prediction))
    expected = np.mean(np.abs(truth - prediction) ** 1.5 * entropy)
    loss = Focal(gamma=1.5, soft_labels=True)
    assert float(loss(truth, prediction)) == pytest.approx(expected, rel=5e-6)
    logits = np.log(prediction / (1 - prediction))
    assert float(dataclasses.replace(loss, from_logits=True)(truth, logits)) == pytest.approx(expected, rel=5e-6)


# The truth and the first two values are of MONAI's own test of `DiceLoss`; the others are what MONAI 1.6.1 gives.
TRUTH = np.array([[[[0.3], [0.4]], [[0.7], [0.9]]], [[[1.0], [0.1]], [[0.5], [0.3]]]])
PREDICTION = np.array([[[[0.6], [0.1]], [[0.7], [0.2]]], [[[0.8], [0.3]], [[0.0], [0.9]]]])
MONAI = [
    (Dice(smooth=1e-4, soft_labels=True), TRUTH, 0.0),
    (Dice(smooth=1e-4), TRUTH, 0.307773),
    (Dice(smooth=1e-4), PREDICTION, 0.4897311),
    (Dice(smooth=1e-4, soft_labels=True), PREDICTION, 0.3589651),
    (Dice(smooth=1e-4, soft_labels=True, reduce="batch"), PREDICTION, 0.3589697),
    (Dice(smooth=1e-4, soft_labels=True, squared=True), PREDICTION, 0.2561021),
    (Jaccard(smooth=5e-5, soft_labels=True), PREDICTION, 0.5277678),
    (Tversky(fp_weight=0.3, fn_weight=0.7, smooth=1e-4, soft_labels=True), PREDICTION, 0.3780955),
    (GeneralizedDice(smooth=0.0, soft_labels=True), PREDICTION, 0.3589743),
]


@pytest.mark.parametrize(("loss", "prediction", "expected"), MONAI)
def test_the_values_of_monai(loss, prediction, expected):
    assert float(loss(TRUTH, prediction)) == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_an_explanation_counts_what_the_loss_counts():
    found = explain(TRUTH, TRUTH, Dice(soft_labels=True))
    assert found.value == pytest.approx(0, abs=1e-7)
    np.testing.assert_allclose([found.fp, found.fn], 0, atol=1e-7)
    np.testing.assert_allclose(found.tp[:, 0], TRUTH.sum((1, 2, 3)))


# === The other losses: right, or refused with a word ===


def test_the_cross_entropy_is_smallest_at_a_soft_truth():
    truth, other = soft_case((2, 6, 5, 1), seed=8)
    truth = truth.clip(0.01, 0.99)
    best = float(CrossEntropy()(truth, truth))
    assert best == pytest.approx(np.mean(-truth * np.log(truth) - (1 - truth) * np.log(1 - truth)), rel=1e-5)
    for step in (-0.01, 0.01, 0.5):
        assert float(CrossEntropy()(truth, truth + step * (other - truth))) > best


def test_squared_errors_and_sorted_errors_are_0_at_a_soft_truth():
    truth, other = soft_case((2, 6, 5, 1), seed=9)
    for loss in (HausdorffDistance(), Lovasz()):
        assert float(loss(truth, truth)) == pytest.approx(0, abs=1e-6)
        assert float(loss(truth, other)) > 0.01


def test_the_boundary_is_that_of_one_half():
    truth, prediction = soft_case((2, 6, 5, 1), seed=10)
    expected = float(Boundary()((truth >= 0.5) * 1.0, prediction))
    assert float(Boundary()(truth, prediction)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (UnifiedFocal(), "UnifiedFocal"),
        (UnifiedFocal(form="symmetric", from_logits=True), "UnifiedFocal"),
        (Lovasz(from_logits=True), "the hinge of Lovasz"),
    ],
    ids=repr,
)
def test_losses_without_a_right_value_refuse_fractions(loss, name):
    truth, prediction = soft_case((2, 6, 5, 1))
    message = rf"^Expected y_true of 0 and 1 for {name}, which .*\. Received fractions\. .*Dice\(soft_labels=True\)\.$"
    with pytest.raises(ValueError, match=message):
        loss(truth, prediction)
    assert np.isfinite(float(loss(np.round(truth), prediction)))
    assert np.isfinite(float(loss(np.round(truth) * (1 - 1e-4), prediction)))  # what resampling leaves of a 1


def test_label_maps_with_fractions_stay_refused():
    with pytest.raises(ValueError, match=r"Received fractions\. Resize label maps with the nearest method"):
        Dice(soft_labels=True)(np.full((1, 4, 4, 1), 0.5), np.full((1, 4, 4, 3), 1 / 3))
