import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, jaccard_score

from examples.brain_mri import scoring

masks = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 2, (2, 4, 5), dtype=np.uint8)
)


@given(masks)
def test_dice_and_iou_equal_those_of_scikit_learn(pair):
    truth, prediction = pair
    scores = scoring.overlap_scores(**scoring.count_overlap(truth, prediction))
    assert scores["dice"] == pytest.approx(f1_score(truth.ravel(), prediction.ravel(), zero_division=1.0))
    assert scores["iou"] == pytest.approx(jaccard_score(truth.ravel(), prediction.ravel(), zero_division=1.0))


def test_tversky_weighs_false_negatives_more():
    assert scoring.overlap_scores(10, 10, 0)["tversky"] == pytest.approx(10 / 13)
    assert scoring.overlap_scores(10, 0, 10)["tversky"] == pytest.approx(10 / 17)


def test_empty_masks_follow_the_stated_rule():
    empty, full = np.zeros((3, 3)), np.ones((3, 3))
    for truth, prediction, expected in ((empty, empty, 1), (empty, full, 0), (full, empty, 0), (full, full, 1)):
        scores = scoring.overlap_scores(**scoring.count_overlap(truth, prediction))
        assert set(map(float, scores.values())) == {expected}


@pytest.fixture
def slices():
    """Two patients: one found in part, one healthy slice with a false alarm of the segmenter alone."""
    rows = [
        ("a", 1, 1, 0.9, 1, 30, 20, (20, 0, 10), (20, 0, 10)),
        ("a", 2, 0, 0.1, 0, 0, 0, (0, 0, 0), (0, 0, 0)),
        ("b", 1, 0, 0.2, 0, 0, 0, (0, 5, 0), (0, 0, 0)),
        ("b", 2, 1, 0.4, 0, 8, 0, (8, 0, 0), (0, 0, 8)),
    ]
    columns = ["patient", "slice", "has_tumour", "probability", "predicted_tumour", "truth_px", "cascade_px"]
    table = pd.DataFrame([row[:7] for row in rows], columns=columns)
    for stage, column in (("segmenter", 7), ("cascade", 8)):
        for i, count in enumerate(scoring.COUNTS):
            table[f"{stage}_{count}"] = [row[column][i] for row in rows]
    return scoring.with_scores(table)


def test_patients_are_scored_as_volumes(slices):
    patients = scoring.patient_table(slices).set_index("patient")
    assert patients.loc["a", "segmenter_dice"] == pytest.approx(40 / 50)
    assert patients.loc["b", "segmenter_dice"] == pytest.approx(16 / 21)
    assert patients.loc["b", "cascade_dice"] == 0
    assert list(patients["slices"]) == [2, 2]
    assert patients["segmenter_tp"].dtype == int
    assert list(patients["slices_with_tumour"]) == [1, 1]


def test_summary_names_the_unit_of_every_score(slices):
    summary = scoring.summarise(slices, scoring.patient_table(slices))
    segmenter, cascade = summary["segmenter"], summary["cascade"]
    assert segmenter["per_slice"]["dice"]["mean"] == pytest.approx((0.8 + 1 + 0 + 1) / 4)
    assert segmenter["per_slice_with_tumour"]["dice"]["mean"] == pytest.approx(0.9)
    assert segmenter["per_patient"]["dice"]["median"] == pytest.approx((0.8 + 16 / 21) / 2)
    assert segmenter["pooled"]["dice"] == pytest.approx(56 / (56 + 15))
    assert cascade["per_slice"]["dice"]["mean"] == pytest.approx((0.8 + 1 + 1 + 0) / 4)
    assert "1" in summary["empty_rule"]


def classified(truth, probability):
    patients = [f"p{i}" for i in range(len(truth))]
    table = pd.DataFrame({"patient": patients, "has_tumour": truth, "probability": probability})
    return scoring.classification_scores(table, table["probability"] >= 0.5)


def test_classifier_scores():
    scores = classified([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9])
    assert scores["confusion_matrix"] == {"tn": 1, "fp": 1, "fn": 1, "tp": 1}
    assert (scores["accuracy"], scores["sensitivity"], scores["specificity"]) == (0.5, 0.5, 0.5)
    assert scores["roc_auc"] == pytest.approx(0.75)
    assert scores["classification_report"]["tumour"]["support"] == 2
    assert scores["intervals"]["accuracy"] == [0, 1]


def test_one_class_alone_has_no_roc():
    scores = classified([0, 0, 0], [0.1, 0.2, 0.6])
    assert scores["roc_auc"] is None
    assert scores["sensitivity"] is None
    assert scores["intervals"]["sensitivity"] is None
    assert scores["specificity"] == pytest.approx(2 / 3)


def test_intervals_resample_patients_and_weigh_them_by_their_slices():
    patients = pd.Series(["a"] * 3 + ["b"])
    low, high = scoring.interval(pd.Series([1.0, 1.0, 1.0, 0.0]), patients)
    assert (low, high) == (0, 1)  # of draws (a, a), (a, b) and (b, b) the means are 1, 0.75 and 0
    assert scoring.interval(pd.Series([1.0, 0.5]), pd.Series(["a", "a"])) is None
