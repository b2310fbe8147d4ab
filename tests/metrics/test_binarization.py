"""Soft labels: refused unless it is said how they are to be scored."""

import keras
import numpy as np
import pytest

from resunet_kit.metrics import DiceScore, IoU, overlap_scores, reliability_bins

BACKEND = keras.backend.backend()


def result(metric, *batch):
    metric.update_state(*batch)
    return float(metric.result())


def soft_mask():
    return np.array([0.0, 0.2, 0.5, 0.8, 1.0, 0.4]).reshape(1, 2, 3, 1)


def test_soft_labels_are_refused_with_two_cures_that_work():
    truth, prediction = soft_mask(), np.ones((1, 2, 3, 1))
    with pytest.raises(ValueError, match=r'Received fractions such as 0\.8\. Pass soft_labels="threshold".*"count"'):
        DiceScore().update_state(truth, prediction)
    assert result(DiceScore(soft_labels="threshold"), truth, prediction) == pytest.approx(2 * 3 / (3 + 6))
    # As parts of pixels: TP 2.9, FP 3.1.
    assert result(DiceScore(soft_labels="count"), truth, prediction) == pytest.approx(2 * 2.9 / (2.9 + 6))
    without_channel = result(DiceScore(soft_labels="threshold"), truth[..., 0], prediction)
    assert without_channel == pytest.approx(2 * 3 / (3 + 6))


def test_soft_classes_are_that_of_the_largest():
    truth = np.array([[[[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [0.0, 1.0, 0.0]]]])
    hard = truth.argmax(axis=-1)
    prediction = np.eye(3)[[[[1, 1, 2, 2]]]]
    with pytest.raises(ValueError, match="the class of the largest"):
        IoU().update_state(truth, prediction)
    expected = result(IoU(), hard, prediction)
    assert result(IoU(soft_labels="threshold"), truth, prediction) == expected == pytest.approx((1 / 3 + 1 / 2) / 2)
    # Independent masks have a threshold each.
    multilabel = IoU(multilabel=True, soft_labels="threshold")
    assert result(multilabel, truth, prediction) == result(IoU(multilabel=True), truth >= 0.5, prediction)


def test_smoothed_one_hot_classes_score_as_the_classes():
    labels = np.random.default_rng(0).integers(0, 3, (2, 4, 4))
    smoothed, prediction = 0.9 * np.eye(3)[labels] + 0.1 / 3, np.eye(3)[np.roll(labels, 1, axis=2)]
    assert result(DiceScore(soft_labels="threshold"), smoothed, prediction) == result(DiceScore(), labels, prediction)


@pytest.mark.parametrize("rule", ["refuse", "threshold"])
def test_rounding_errors_are_not_soft_labels(rule):
    truth = (np.random.default_rng(0).random((1, 8, 8, 1)) > 0.5).astype("float32")
    rounded = truth * (1 - 1e-4) + 1e-5
    assert result(DiceScore(soft_labels=rule), rounded, truth) == 1


@pytest.mark.parametrize("rule", ["refuse", "threshold", "count"])
def test_ignored_labels_stay_and_wrong_values_are_refused_under_each_rule(rule):
    truth = np.array([1.0, 0.0, 255.0, 255.0]).reshape(1, 2, 2, 1)
    prediction = np.array([1.0, 0.0, 1.0, 0.0]).reshape(1, 2, 2, 1)
    assert result(DiceScore(soft_labels=rule, ignore_class=255), truth, prediction) == 1
    with pytest.raises(ValueError, match=r"a mask in \[0, 1\]"):
        DiceScore(soft_labels=rule).update_state(truth, prediction)
    with pytest.raises(ValueError, match="finite"):
        DiceScore(soft_labels=rule).update_state(truth * np.nan, prediction)
    labels = np.array([[[0.0, 1.5]]])
    with pytest.raises(ValueError, match="integer labels"):
        DiceScore(soft_labels=rule).update_state(labels, np.eye(3)[[[[0, 1]]]])


@pytest.mark.parametrize(
    "xla", [False, pytest.param(True, marks=pytest.mark.skipif(BACKEND == "torch", reason="PyTorch has no XLA"))]
)
@pytest.mark.filterwarnings("ignore:The result is NaN:RuntimeWarning")
def test_soft_labels_are_refused_in_compiled_steps(xla):
    inputs = keras.Input((2, 3, 1))
    model = keras.Model(inputs, keras.layers.Activation("linear")(inputs))
    model.compile(loss="mse", metrics=[DiceScore(), DiceScore(soft_labels="threshold", name="soft")], jit_compile=xla)
    images = np.float32(soft_mask())

    def scores(truth):
        return model.evaluate(images, np.float32(truth), verbose=0, return_dict=True)

    assert scores(images >= 0.5) == pytest.approx({"dice_score": 1, "soft": 1, "loss": scores(images >= 0.5)["loss"]})
    if xla:
        found = scores(images)
        assert np.isnan(found["dice_score"])
        assert found["soft"] == 1
    else:
        with pytest.raises(Exception, match="fractions such as"):  # of each backend's own class
            scores(images)


def test_numpy_scores_refuse_soft_labels():
    truth = soft_mask()[0, ..., 0]
    with pytest.raises(ValueError, match=r"Received the values 0, 0\.2, .*>= 0\.5"):
        overlap_scores(truth, truth >= 0.5)
    with pytest.raises(ValueError, match=r"Received the values 0, 0\.2, .*>= 0\.5"):
        reliability_bins(truth, truth)
