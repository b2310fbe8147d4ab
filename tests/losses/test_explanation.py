import keras
import numpy as np
import pytest

from resunet_kit.losses import (
    Boundary,
    CrossEntropy,
    Dice,
    FocalTversky,
    HausdorffDistance,
    Lovasz,
    Tversky,
    explain,
    weighted,
)
from resunet_kit.masks import signed_distance_map
from tests.gradients import value_and_gradient


def random_case(shape, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random(shape) > 0.7).astype("float32"), rng.random(shape).astype("float32")


@pytest.mark.parametrize(
    "loss",
    [
        Dice(),
        FocalTversky(reduce="batch"),
        Dice(empty="skip", class_weights=[1, 3]) + 0.5 * CrossEntropy(),
        Lovasz(),
        HausdorffDistance(),
        keras.losses.BinaryCrossentropy(),
    ],
    ids=lambda loss: loss.name,
)
@pytest.mark.parametrize("weight", [None, np.array([1.0, 0.5, 2.0])])
def test_value_and_gradient_are_those_of_the_loss(loss, weight):
    truth, prediction = random_case((3, 5, 4, 2))
    truth[1] = 0
    if weight is not None and type(loss).__module__.startswith("keras"):
        weight = weight[:, None, None]  # how Keras's own want it
    value, slope = value_and_gradient(lambda x: loss(truth, x, weight), prediction)
    found = explain(truth, prediction, loss, sample_weight=weight)
    assert found.value == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(found.gradient, abs(slope).max(axis=(1, 2)), rtol=1e-5, atol=1e-9)


def test_counts_are_sums_of_probabilities():
    truth, prediction = random_case((3, 5, 4, 2))
    weight = np.random.default_rng(1).random((3, 5, 4, 1))
    found = explain(truth, prediction, Tversky(multilabel=True), sample_weight=weight)
    np.testing.assert_allclose(found.tp, (weight * truth * prediction).sum((1, 2)), rtol=1e-5)
    np.testing.assert_allclose(found.fp, (weight * (1 - truth) * prediction).sum((1, 2)), rtol=1e-5)
    np.testing.assert_allclose(found.fn, (weight * truth * (1 - prediction)).sum((1, 2)), rtol=1e-5)
    pooled = explain(truth, prediction, Tversky(multilabel=True, reduce="batch"), sample_weight=weight)
    np.testing.assert_allclose(pooled.tp, found.tp.sum(0, keepdims=True), rtol=1e-5)


def test_the_rule_for_empty_masks_shows_in_the_class_weights():
    truth, prediction = random_case((2, 5, 4, 3))
    truth[0, ..., 1] = 0
    scored = explain(truth, prediction, Dice(include_background=False))
    np.testing.assert_allclose(scored.class_weights, [[0, 0.5, 0.5], [0, 0.5, 0.5]])
    np.testing.assert_array_equal(scored.empty_truth, [[False, True, False], [False, False, False]])
    skipped = explain(truth, prediction, Dice(include_background=False, empty="skip"))
    np.testing.assert_allclose(skipped.class_weights, [[0, 0, 1], [0, 0.5, 0.5]])
    assert not skipped.gradient[0, :2].any()
    assert (scored.empty, skipped.empty) == ("score", "skip")
    assert "its weight is 0" in str(skipped)


def test_a_sum_has_its_parts_and_a_loss_of_keras_no_counts():
    truth, prediction = random_case((2, 5, 4, 1))
    found = explain(truth, prediction, Dice() + weighted(0.5, keras.losses.BinaryCrossentropy()))
    dice, other = found.parts
    assert found.value == pytest.approx(dice.value + 0.5 * other.value, rel=1e-6)
    assert dice.tp is not None
    assert other.tp is other.empty is found.tp is None
    assert [line.split(":")[0] for line in str(found).splitlines() if ", largest gradient" in line] == [
        "loss_sum",
        "dice",
        "binary_crossentropy",
    ]


def test_logits_and_distance_maps_are_counted_as_what_they_stand_for():
    truth, _ = random_case((2, 5, 4, 1))
    logits = np.random.default_rng(2).normal(size=truth.shape)
    expected = (truth / (1 + np.exp(-logits))).sum((1, 2))
    np.testing.assert_allclose(explain(truth, logits, Lovasz(from_logits=True)).tp, expected, rtol=1e-5)
    maps = np.stack([signed_distance_map(mask[..., 0])[..., None] for mask in truth])
    for y_true in (truth, maps):
        np.testing.assert_allclose(explain(y_true, logits, Boundary(from_logits=True)).tp, expected, rtol=1e-5)


def test_many_rows_are_cut_short():
    truth, prediction = random_case((50, 2, 2, 1))
    lines = str(explain(truth, prediction, Dice())).splitlines()
    assert lines[-1] == "... and 10 more rows"
    assert len(lines) == 3 + 40 + 1


def test_a_policy_of_half_precision_changes_nothing():
    truth, prediction = random_case((2, 5, 4, 1))
    expected = explain(truth, prediction, Dice())
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        found = explain(truth, prediction, Dice())
    finally:
        keras.config.set_dtype_policy(before)
    assert found.value == expected.value
    np.testing.assert_array_equal(found.gradient, expected.gradient)


def test_bad_input_is_refused():
    truth, prediction = random_case((2, 5, 4, 1))
    with pytest.raises(TypeError, match=r"instance of keras.losses.Loss, as Dice\(\)"):
        explain(truth, prediction, "dice")
    with pytest.raises(ValueError, match="NaN"):
        explain(truth, prediction * np.nan, Dice())
    with pytest.raises(ValueError, match="Expected y_true to be masks"):
        explain(truth[:1], prediction, Dice())
