"""Scores of the test patients: from masks to counts, from counts to tables and summaries."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics

# Salehi et al. 2017, arXiv 1706.05721: a missed pixel weighs more than a false one.
FP_WEIGHT, FN_WEIGHT = 0.3, 0.7
SCORES = ("dice", "iou", "tversky")
STAGES = ("segmenter", "cascade")
COUNTS = ("tp", "fp", "fn")
EMPTY_RULE = (
    "Where neither the truth nor the prediction marks a pixel, overlap scores are 1; where only one of them does, 0."
)


def count_overlap(truth: np.ndarray, prediction: np.ndarray) -> dict[str, int]:
    """Return true positive, false positive and false negative pixels of two masks of one shape."""
    truth, prediction = truth > 0, prediction > 0
    return {
        "tp": int(np.count_nonzero(truth & prediction)),
        "fp": int(np.count_nonzero(~truth & prediction)),
        "fn": int(np.count_nonzero(truth & ~prediction)),
    }


def overlap_scores(tp: Any, fp: Any, fn: Any) -> dict[str, Any]:
    """Return Dice, IoU and Tversky from counts, numbers or arrays; where all counts are 0 they are 1."""
    tp, fp, fn = (np.asarray(count, float) for count in (tp, fp, fn))
    empty = tp + fp + fn == 0

    def ratio(denominator: np.ndarray) -> np.ndarray:
        return np.where(empty, 1.0, tp / np.where(empty, 1.0, denominator))

    return {
        "dice": ratio(tp + 0.5 * (fp + fn)),
        "iou": ratio(tp + fp + fn),
        "tversky": ratio(tp + FP_WEIGHT * fp + FN_WEIGHT * fn),
    }


def with_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Add the scores of each stage to a table that holds its counts."""
    scored = table.copy()
    for stage in STAGES:
        scores = overlap_scores(*(table[f"{stage}_{count}"] for count in COUNTS))
        for name, values in scores.items():
            scored[f"{stage}_{name}"] = values
    return scored


def by_patient(slices: pd.DataFrame) -> pd.DataFrame:
    """Sum the counts of each patient's slices and score them as one volume."""
    counts = [f"{stage}_{count}" for stage in STAGES for count in COUNTS]
    grouped = slices.groupby("patient", sort=True)
    table = grouped[["has_tumour", "predicted_tumour", "truth_px", "cascade_px", *counts]].sum()
    table.insert(0, "slices", grouped.size())
    table = table.rename(columns={"has_tumour": "slices_with_tumour", "predicted_tumour": "slices_predicted"})
    return with_scores(table.reset_index())


def summarise(slices: pd.DataFrame, patients: pd.DataFrame) -> dict[str, Any]:
    """Return every figure of the evaluation."""
    return {
        "empty_rule": EMPTY_RULE,
        "tversky_weights": {"fp_weight": FP_WEIGHT, "fn_weight": FN_WEIGHT},
        "classifier": classification_scores(
            slices["has_tumour"].to_numpy(), slices["probability"].to_numpy(), slices["predicted_tumour"].to_numpy()
        ),
        **{stage: _overlap_summary(stage, slices, patients) for stage in STAGES},
    }


def classification_scores(truth: np.ndarray, probability: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    """Return the classifier's scores over slices; the area under the ROC curve is None where one class is absent."""
    (tn, fp), (fn, tp) = metrics.confusion_matrix(truth, predicted, labels=[0, 1])
    return {
        "accuracy": float(metrics.accuracy_score(truth, predicted)),
        "sensitivity": _share(tp, tp + fn),
        "specificity": _share(tn, tn + fp),
        "roc_auc": float(metrics.roc_auc_score(truth, probability)) if 0 < truth.sum() < len(truth) else None,
        "confusion_matrix": {"tn": int(tn), "fp": int(fp), "fn": int(fn), "tp": int(tp)},
        "classification_report": metrics.classification_report(
            truth, predicted, labels=[0, 1], target_names=["no tumour", "tumour"], output_dict=True, zero_division=0
        ),
    }


def _overlap_summary(stage: str, slices: pd.DataFrame, patients: pd.DataFrame) -> dict[str, Any]:
    pooled = overlap_scores(*(slices[f"{stage}_{count}"].sum() for count in COUNTS))
    return {
        "per_slice": _mean_and_median(stage, slices),
        "per_slice_with_tumour": _mean_and_median(stage, slices[slices["has_tumour"] == 1]),
        "per_patient": _mean_and_median(stage, patients),
        "pooled": {name: float(value) for name, value in pooled.items()},
    }


def _mean_and_median(stage: str, table: pd.DataFrame) -> dict[str, Mapping[str, float]]:
    columns = {name: table[f"{stage}_{name}"] for name in SCORES}
    return {name: {"mean": float(column.mean()), "median": float(column.median())} for name, column in columns.items()}


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
