"""Two class weights of one channel: those of a softmax of two channels; and what else weighs a rare foreground."""

import dataclasses
import json
import re

import keras
import numpy as np
import pytest

from resunet_kit import losses
from resunet_kit.losses import CrossEntropy, Dice, Focal, FocalTversky, SegmentationLoss, Tversky, UnifiedFocal
from resunet_kit.losses.class_weights import of_two_classes
from tests.gradients import value_and_gradient

WEIGHING = [
    CrossEntropy(),
    CrossEntropy(label_smoothing=0.1),
    Focal(),
    Focal(gamma=0.5),
    UnifiedFocal(),
    UnifiedFocal(form="symmetric", delta=0.8, gamma=0.3),
    UnifiedFocal(cross_entropy_weight=1.0),
]
KINDS = [kind for kind in vars(losses).values() if isinstance(kind, type) and issubclass(kind, SegmentationLoss)]
OTHERS = [kind for kind in KINDS if not kind.weighs_background and kind is not SegmentationLoss]


def rare(seed=0, shape=(3, 8, 9)):
    """Logits, and a mask with a foreground of a tenth; the second image is healthy."""
    rng = np.random.default_rng(seed)
    mask = (rng.random((*shape, 1)) < 0.1) * 1.0
    mask[1] = 0
    return mask, rng.normal(size=(*shape, 1))


def two_channels(mask, logits):
    return np.concatenate([1 - mask, mask], -1), np.concatenate([0 * logits, logits], -1)


@pytest.mark.parametrize("loss", WEIGHING, ids=repr)
@pytest.mark.parametrize(
    ("weights", "reduce"), [([1, 20], "image"), (np.array([0.6, 0.2]), "batch"), ([0, 1], "image")], ids=str
)
def test_one_channel_is_a_softmax_of_two(loss, weights, reduce):
    mask, logits = rare()
    loss = dataclasses.replace(loss, class_weights=weights, reduce=reduce, from_logits=True, reduction=None)
    pixel = np.random.default_rng(1).random(mask.shape[:-1])
    for weight in (None, np.array([1.0, 0.0, 3.0]), pixel):
        expected = loss(*two_channels(mask, logits), weight)
        np.testing.assert_allclose(loss(mask, logits, weight), expected, rtol=2e-5, atol=1e-7)
    void = np.where(pixel[..., None] > 0.7, 255.0, mask)
    ignoring = dataclasses.replace(loss, ignore_class=255)
    np.testing.assert_allclose(ignoring(void, logits), loss(*two_channels(mask, logits), pixel <= 0.7), rtol=2e-5)
    of_probabilities = dataclasses.replace(loss, from_logits=False)
    found = of_probabilities(mask, 1 / (1 + np.exp(-logits)))
    np.testing.assert_allclose(found, loss(mask, logits), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("loss", "gamma"), [(CrossEntropy(class_weights=[1, 20]), 0), (Focal(class_weights=[1, 20]), 2)]
)
def test_the_weighted_mean_in_float64(loss, gamma):
    mask, logits = rare(2)
    p = 1 / (1 + np.exp(-logits))
    each = -np.where(mask == 1, (1 - p) ** gamma * np.log(p), p**gamma * np.log(1 - p))
    weights = np.where(mask == 1, 20, 1)
    expected = (each * weights).sum((1, 2, 3)) / weights.sum((1, 2, 3))
    assert float(loss(mask, p)) == pytest.approx(expected.mean(), rel=1e-5)


def test_equal_weights_are_no_weights():
    mask, logits = rare(3)
    for loss in WEIGHING:
        loss = dataclasses.replace(loss, from_logits=True)
        expected = float(loss(mask, logits))
        assert float(dataclasses.replace(loss, class_weights=[5, 5])(mask, logits)) == pytest.approx(expected, rel=1e-6)
        assert float(dataclasses.replace(loss, class_weights=[5])(mask, logits)) == pytest.approx(expected, rel=1e-6)


def test_a_heavier_foreground_pulls_more_on_its_pixels():
    mask, logits = rare(4)
    parts = []
    for weights in ([1, 1], [1, 20]):
        loss = CrossEntropy(class_weights=weights, from_logits=True)
        _, slope = value_and_gradient(lambda x: loss(mask, x), logits)  # noqa: B023
        parts.append(np.abs(slope[mask == 1]).sum() / np.abs(slope).sum())
    assert parts[1] > 3 * parts[0]


def test_soft_labels_weigh_both_classes_of_a_pixel():
    rng = np.random.default_rng(5)
    truth, logits = rng.random((2, 6, 7, 1)), rng.normal(size=(2, 6, 7, 1))
    loss = CrossEntropy(class_weights=[1, 20], from_logits=True)
    assert float(loss(truth, logits)) == pytest.approx(float(loss(*two_channels(truth, logits))), rel=1e-5)


def test_empty_skip_leaves_out_the_healthy_image():
    mask, logits = rare(6)
    loss = CrossEntropy(class_weights=[1, 20], from_logits=True, empty="skip")
    expected = float(dataclasses.replace(loss, empty="score")(mask[[0, 2]], logits[[0, 2]]))
    assert float(loss(mask, logits)) == pytest.approx(expected, rel=1e-6)


def test_the_weights_survive_json():
    loss = Focal(class_weights=np.array([1, 20]))
    again = keras.losses.deserialize(json.loads(json.dumps(keras.losses.serialize(loss))))
    assert again.class_weights == [1.0, 20.0]


@pytest.mark.parametrize("multilabel", [False, True])
def test_two_weights_of_two_channels_are_the_channels(multilabel):
    assert of_two_classes([1, 20], 2) is None
    rng = np.random.default_rng(7)
    truth, prediction = rng.random((2, 6, 7, 2)) > 0.5, rng.random((2, 6, 7, 2))
    each = [float(CrossEntropy()(truth[..., c : c + 1], prediction[..., c : c + 1])) for c in range(2)]
    if multilabel:
        found = float(CrossEntropy(class_weights=[1, 3], multilabel=True)(truth, prediction))
        assert found == pytest.approx((each[0] + 3 * each[1]) / 4, rel=1e-5)


def test_alpha_and_two_weights_are_refused():
    mask, logits = rare()
    with pytest.raises(
        ValueError, match=r"^Expected alpha or two class_weights.*Received alpha=0\.25.*Leave one out\.$"
    ):
        Focal(alpha=0.25, class_weights=[1, 20], from_logits=True)(mask, logits)


@pytest.mark.parametrize("kind", OTHERS)
def test_losses_of_the_foreground_name_what_weighs_it(kind):
    mask, logits = rare()
    with pytest.raises(ValueError, match=r"^Expected class_weights with one number for the one channel") as caught:
        kind(class_weights=[1, 20], from_logits=True)(mask, logits)
    message = str(caught.value)
    assert "Received class_weights=[1.0, 20.0]. To weigh a rare foreground, " in message
    assert ("fn_weight" in message) == hasattr(kind, "fn_weight")
    assert "np.where(mask == 1, 20, 1)" in message
    # What it names works.
    [weight] = re.findall(r"np\.where\(.*?\)", message)
    [term] = re.findall(r"CrossEntropy\(.*?\)", message)
    loss = kind(from_logits=True)
    assert np.isfinite(float(loss(mask, logits, eval(weight, {"np": np, "mask": mask}))))
    added = eval(term, vars(losses).copy())
    added.from_logits = True
    assert np.isfinite(float((loss + added)(mask, logits)))
    assert np.isfinite(float(kind(class_weights=[1, 20], from_logits=True)(*two_channels(mask, logits))))


def test_a_pixels_weight_and_fn_weight_change_the_balance():
    mask, logits = rare()
    weight = np.where(mask == 1, 20, 1)
    assert float(Dice(from_logits=True)(mask, logits, weight)) != float(Dice(from_logits=True)(mask, logits))
    shy = np.full_like(logits, -3.0)
    heavier, lighter = (FocalTversky(fn_weight=w, fp_weight=0.3, from_logits=True) for w in (0.9, 0.3))
    assert float(heavier(mask, shy)) > float(lighter(mask, shy))
    assert isinstance(heavier, Tversky)


@pytest.mark.parametrize("weights", [[1, 2, 3], [1, 2, 3, 4]])
@pytest.mark.parametrize("kind", [CrossEntropy, Dice])
def test_other_numbers_of_weights_are_refused(kind, weights):
    mask, logits = rare()
    with pytest.raises(ValueError, match=r"Expected class_weights with one entry for each .* Received "):
        kind(class_weights=weights, from_logits=True)(mask, logits)
