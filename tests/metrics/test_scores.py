import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score, precision_score, recall_score

from resunet_kit.metrics import DiceScore, IoU, Precision, Sensitivity, Specificity, per_class

REFERENCES = {
    DiceScore: f1_score,
    IoU: jaccard_score,
    Sensitivity: recall_score,
    Specificity: lambda truth, found: recall_score(1 - truth, 1 - found),
    Precision: precision_score,
}


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("shape", [(4, 9, 7, 1), (3, 4, 5, 6, 1)])
def test_scores_equal_scikit_learn(kind, shape):
    rng = np.random.default_rng(0)
    truth, prediction = (rng.random(shape) > 0.7).astype(int), rng.random(shape)
    binary = (prediction >= 0.6).astype(int)
    images, pooled = kind(threshold=0.6), kind(threshold=0.6, average="pooled")
    for metric in (images, pooled):
        metric.update_state(truth, prediction)
    reference = REFERENCES[kind]
    each = [reference(truth[i].ravel(), binary[i].ravel()) for i in range(len(truth))]
    assert float(images.result()) == pytest.approx(np.mean(each), rel=1e-6)
    assert float(pooled.result()) == pytest.approx(reference(truth.ravel(), binary.ravel()), rel=1e-6)


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("mask", [0.0, 1.0])
def test_a_perfect_prediction_scores_one_on_empty_and_full_masks(kind, mask):
    metric = kind()
    metric.update_state(np.full((2, 4, 4, 1), mask), np.full((2, 4, 4, 1), mask))
    assert float(metric.result()) == 1


@pytest.mark.parametrize("kind", [DiceScore, IoU, Sensitivity, Precision])
def test_an_empty_prediction_of_some_truth_scores_zero(kind):
    metric = kind()
    metric.update_state(np.ones((2, 4, 4, 1)), np.zeros((2, 4, 4, 1)))
    assert float(metric.result()) == 0


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("average", ["image", "pooled"])
def test_a_class_alone_is_scored_as_the_mask_of_its_channel(kind, average):
    rng = np.random.default_rng(0)
    truth, prediction = (rng.random((3, 4, 4, 3)) > 0.7).astype("float32"), rng.random((3, 4, 4, 3), "float32")
    for index, metric in enumerate(per_class(kind(average=average, multilabel=True), 3)):
        alone = kind(average=average)
        assert metric.name == f"{alone.name}_{index}"
        metric.update_state(truth, prediction)
        alone.update_state(truth[..., index : index + 1], prediction[..., index : index + 1])
        assert float(metric.result()) == pytest.approx(float(alone.result()), rel=1e-6)


def test_per_class_refuses_other_metrics_and_no_classes():
    with pytest.raises(TypeError, match="Expected metric to be a streaming metric such as"):
        per_class(keras.metrics.MeanIoU(2), 2)
    with pytest.raises(ValueError, match="Expected num_classes"):
        per_class(DiceScore(), 0)


def test_default_names():
    names = ["dice_score", "iou", "sensitivity", "specificity", "precision"]
    assert [kind().name for kind in REFERENCES] == names
