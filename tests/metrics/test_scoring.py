"""Rules for empty masks and averages over classes, against scikit-learn, Keras and torchmetrics' formulas."""

import itertools

import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score, precision_score, recall_score

from resunet_kit.metrics import DiceScore, IoU, Precision, Sensitivity, Specificity
from resunet_kit.metrics._scoring import Confusion, class_scores, mean_scores, present

REFERENCES = {DiceScore: f1_score, IoU: jaccard_score, Sensitivity: recall_score, Precision: precision_score}
CLASSES, VOID = 5, 255


def result(metric, *batches):
    for batch in batches:
        metric.update_state(*batch)
    return float(metric.result())


def labels_and_prediction(seed=0, images=3):
    """Return labels and a prediction of 5 classes; class 4 occurs in neither, class 3 in the prediction alone."""
    rng = np.random.default_rng(seed)
    labels, predicted = rng.integers(0, 3, (images, 6, 7)), rng.integers(0, 4, (images, 6, 7))
    return labels, predicted


# === Averages over classes ===


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("class_average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("include_background", [False, True])
def test_class_averages_equal_scikit_learn(kind, class_average, include_background):
    labels, predicted = labels_and_prediction()
    options = {"class_average": class_average, "include_background": include_background, "empty": 0.0}
    scored = list(range(CLASSES))[not include_background :]

    def reference(truth, found, weight=None):
        return REFERENCES[kind](
            np.ravel(truth),
            np.ravel(found),
            labels=scored,
            average=class_average,
            zero_division=0,
            sample_weight=weight,
        )

    given = labels, np.eye(CLASSES)[predicted]
    each = [reference(*case) for case in zip(labels, predicted, strict=True)]
    assert result(kind(**options), given) == pytest.approx(np.mean(each), rel=1e-6)
    pooled = kind(**options, average="pooled")
    assert result(pooled, given) == pytest.approx(reference(labels, predicted), rel=1e-6)
    # Pixels of no class, and pixels of different weight.
    weight = np.random.default_rng(1).uniform(0.5, 2, labels.shape)
    weighted = reference(labels, predicted, weight.ravel())
    pooled.reset_state()
    assert result(pooled, (*given, weight)) == pytest.approx(weighted, rel=1e-5)
    void = np.random.default_rng(2).random(labels.shape) < 0.3
    ignoring = kind(**options, average="pooled", ignore_class=VOID)
    expected = reference(labels[~void], predicted[~void])
    assert result(ignoring, (np.where(void, VOID, labels), given[1])) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("class_average", ["macro", "micro", "weighted"])
def test_classes_that_both_lack_are_left_out_as_in_scikit_learn(kind, class_average):
    """Without `labels`, scikit-learn scores the classes that occur in either."""
    labels, predicted = labels_and_prediction()
    metric = kind(average="pooled", empty="skip_both", include_background=True, class_average=class_average)
    expected = REFERENCES[kind](labels.ravel(), predicted.ravel(), average=class_average, zero_division=0)
    assert result(metric, (labels, np.eye(CLASSES)[predicted])) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("class_average", ["macro", "micro", "weighted"])
def test_averages_of_independent_masks_equal_scikit_learn(class_average):
    rng = np.random.default_rng(3)
    truth, predicted = (rng.random((2, 5, 6, 3)) < 0.4 for _ in range(2))
    metric = DiceScore(average="pooled", multilabel=True, class_average=class_average)
    rows = truth.reshape(-1, 3), predicted.reshape(-1, 3)
    assert result(metric, (truth, predicted)) == pytest.approx(f1_score(*rows, average=class_average), rel=1e-6)


def test_specificity_by_hand():
    labels, predicted = labels_and_prediction()
    one_hot, found = np.eye(CLASSES)[labels][..., 1:], np.eye(CLASSES)[predicted][..., 1:]
    tn = np.sum((1 - one_hot) * (1 - found), axis=(0, 1, 2))
    fp = np.sum((1 - one_hot) * found, axis=(0, 1, 2))
    truth = one_hot.sum(axis=(0, 1, 2))
    given = labels, np.eye(CLASSES)[predicted]
    for class_average, expected in {
        "macro": np.mean(tn / (tn + fp)),
        "micro": tn.sum() / (tn.sum() + fp.sum()),
        "weighted": np.average(tn / (tn + fp), weights=truth),
    }.items():
        metric = Specificity(average="pooled", class_average=class_average)
        assert result(metric, given) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("average", ["image", "pooled"])
@pytest.mark.parametrize("class_average", ["macro", "micro", "weighted"])
def test_one_class_has_the_same_average_whatever_its_kind(average, class_average):
    labels, predicted = labels_and_prediction()
    given = labels, np.eye(CLASSES)[predicted]
    alone = result(DiceScore(average=average, class_id=2), given)
    assert result(DiceScore(average=average, class_id=2, class_average=class_average), given) == pytest.approx(alone)


@pytest.mark.parametrize(("empty", "expected"), [(1.0, 0), ("skip_both", 0), ("skip", 0)])
def test_a_weighted_average_without_any_truth_is_that_of_all_classes_as_one(empty, expected):
    labels, predicted = np.zeros((1, 2, 2), int), np.full((1, 2, 2), 1)
    options = {"class_average": "weighted", "empty": empty}
    assert result(DiceScore(**options), (labels, np.eye(3)[predicted])) == expected
    both_empty = result(DiceScore(**options), (labels, np.eye(3)[labels]))
    assert both_empty == (1 if empty == 1.0 else 0)


# === Empty masks ===


def four_images():
    """Return masks of four images: both empty, truth empty, prediction empty, and half right."""
    empty, some = np.zeros((2, 2, 1)), np.array([[[1.0], [1.0]], [[0.0], [0.0]]])
    part = np.array([[[1.0], [0.0]], [[0.0], [0.0]]])
    return np.stack([empty, empty, some, some]), np.stack([empty, some, empty, part])


def test_dice_of_one_image_equals_torchmetrics():
    """Its Dice of each image: `2TP / (2TP + FP + FN)`, NaN where all three are 0, and the mean of the others."""
    truth, prediction = four_images()
    tp, fp, fn = (
        np.sum(x, axis=(1, 2, 3)) for x in (truth * prediction, (1 - truth) * prediction, truth * (1 - prediction))
    )
    with np.errstate(invalid="ignore"):
        expected = np.nanmean(2 * tp / (2 * tp + fp + fn))
    assert result(DiceScore(empty="skip_both"), (truth, prediction)) == pytest.approx(expected)
    assert expected == pytest.approx((0 + 0 + 2 / 3) / 3)


def test_each_rule_for_empty_masks():
    truth, prediction = four_images()
    for empty, expected in {
        1.0: (1 + 0 + 0 + 2 / 3) / 4,
        "skip": (0 + 2 / 3) / 2,
        "skip_both": (0 + 0 + 2 / 3) / 3,
    }.items():
        assert result(DiceScore(empty=empty), (truth, prediction)) == pytest.approx(expected)


def test_pooled_counts_lose_no_false_positive_unless_they_are_told_to():
    truth, prediction = four_images()  # TP 1, FP 2 in an image without truth, FN 3
    for empty, expected in {1.0: 2 / 7, "skip_both": 2 / 7, "skip": 2 / 5}.items():
        assert result(DiceScore(average="pooled", empty=empty), (truth, prediction)) == pytest.approx(expected)
    # With skip_both the counts are those of one large image.
    joined = truth.reshape(1, 8, 2, 1), prediction.reshape(1, 8, 2, 1)
    assert result(DiceScore(empty="skip_both"), joined) == pytest.approx(2 / 7)


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64:UserWarning")  # of Keras's metric on JAX
@pytest.mark.parametrize("seed", range(4))
def test_iou_equals_the_mean_iou_of_keras(seed):
    rng = np.random.default_rng(seed)
    labels, predicted = (rng.integers(0, top + seed, (2, 3, 4), dtype="int32") for top in (1, 2))
    reference = keras.metrics.MeanIoU(num_classes=6)
    reference.update_state(labels, predicted)
    metric = IoU(average="pooled", empty="skip_both", include_background=True)
    found = result(metric, (labels, np.eye(6)[predicted]))
    assert found == pytest.approx(float(reference.result()), rel=1e-6)


def test_a_false_positive_beside_an_absent_class_as_keras_scores_it():
    labels, prediction = np.zeros((1, 1, 4), int), np.eye(3)[[[[0, 0, 0, 1]]]]
    metric = IoU(average="pooled", empty="skip_both", include_background=True)
    assert result(metric, (labels, prediction)) == pytest.approx(0.375)


@pytest.mark.parametrize("empty", ["skip", "skip_both"])
@pytest.mark.parametrize("average", ["image", "pooled"])
def test_nothing_left_to_score_is_zero(empty, average):
    nothing = np.zeros((2, 4, 4, 1))
    assert result(DiceScore(empty=empty, average=average), (nothing, nothing)) == 0


# === What comes out of wrong and unusual counts ===


def counts_of(*rows):
    return Confusion(*(keras.ops.convert_to_tensor([row], dtype="float32") for row in rows))


def dice(counts):
    return 2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn, 0.0


@pytest.mark.parametrize("class_average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("empty", [1.0, "skip", "skip_both"])
@pytest.mark.parametrize("row", range(4))
def test_nan_among_the_counts_comes_out_as_nan(class_average, empty, row):
    for others in ([0, 0, 0, 4], [1, 1, 1, 1]):
        rows = [[float(count), float(count)] for count in others]
        rows[row][1] = np.nan
        scores, scored = mean_scores(
            dice, counts_of(*rows), np.array([True, True]), empty=empty, class_average=class_average
        )
        weighed = keras.ops.convert_to_numpy(scores * scored)
        assert np.isnan(weighed).all()


def test_a_negative_denominator_is_not_an_empty_mask():
    def difference(counts):
        return counts.tp, counts.fp - counts.fn, 7.0

    counts = counts_of([2, 2, 2, 0], [1, 3, 1, 0], [3, 1, 1, 0], [0, 0, 0, 9])
    found = keras.ops.convert_to_numpy(class_scores(difference, counts, 0.25))
    np.testing.assert_allclose(found, [[-1, 1, 7, 0.25]])


def test_classes_that_a_rule_leaves_out():
    counts = counts_of([0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0], [9, 8, 8, 8])
    rules = {1.0: [1, 1, 1, 1], "skip": [0, 0, 1, 1], "skip_both": [0, 1, 1, 1]}
    for empty, expected in rules.items():
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(present(counts, empty)), [expected])


def test_any_split_into_batches_gives_each_average():
    labels, predicted = labels_and_prediction(images=4)
    prediction = np.eye(CLASSES)[predicted]
    for average, class_average, empty in itertools.product(
        ["image", "pooled"], ["micro", "weighted"], [0.5, "skip", "skip_both"]
    ):
        options = {"average": average, "class_average": class_average, "empty": empty}
        whole = result(DiceScore(**options), (labels, prediction))
        parts = result(DiceScore(**options), (labels[:1], prediction[:1]), (labels[1:], prediction[1:]))
        assert parts == pytest.approx(whole, rel=1e-6)
        assert 0 < whole < 1


def test_pooled_specificity_counts_the_background_of_images_that_both_lack():
    truth, prediction = four_images()  # TN 4 and 2 and 2 and 2, FP 2
    for empty, expected in {1.0: 10 / 12, "skip_both": 10 / 12, "skip": 4 / 4}.items():
        assert result(Specificity(average="pooled", empty=empty), (truth, prediction)) == pytest.approx(expected)
