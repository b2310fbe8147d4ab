import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score, precision_score, recall_score

from resunet_kit.metrics import DiceScore, IoU, Precision, Sensitivity, Specificity

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
    decided = (prediction >= 0.6).astype(int)
    images, pooled = kind(threshold=0.6), kind(threshold=0.6, average="pooled")
    for metric in (images, pooled):
        metric.update_state(truth, prediction)
    reference = REFERENCES[kind]
    each = [reference(truth[i].ravel(), decided[i].ravel()) for i in range(len(truth))]
    assert float(images.result()) == pytest.approx(np.mean(each), rel=1e-6)
    assert float(pooled.result()) == pytest.approx(reference(truth.ravel(), decided.ravel()), rel=1e-6)


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("mask", [0.0, 1.0])
def test_a_perfect_prediction_scores_one_on_empty_and_full_masks(kind, mask):
    metric = kind()
    metric.update_state(np.full((2, 4, 4, 1), mask), np.full((2, 4, 4, 1), mask))
    assert float(metric.result()) == 1


@pytest.mark.parametrize(("kind", "expected"), [(DiceScore, 0), (IoU, 0), (Sensitivity, 0), (Precision, 0)])
def test_an_empty_prediction_of_some_truth_scores_zero(kind, expected):
    metric = kind()
    metric.update_state(np.ones((2, 4, 4, 1)), np.zeros((2, 4, 4, 1)))
    assert float(metric.result()) == expected


@pytest.mark.parametrize(
    ("kind", "name"),
    [(DiceScore, "dice_score"), (IoU, "iou"), (Sensitivity, "sensitivity"), (Specificity, "specificity")],
)
def test_default_names(kind, name):
    assert kind().name == name
