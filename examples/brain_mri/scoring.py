"""Scores of the test patients: pixel counts per slice, and tables and summaries with intervals over patients."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics

from resunet_kit.metrics import bootstrap_interval, by_group

# Salehi et al. 2017, arXiv 1706.05721: a missed pixel weighs more than a false one.
FP_WEIGHT, FN_WEIGHT = 0.3, 0.7
SCORES = ("dice", "iou", "tversky")
STAGES = ("segmenter", "cascade")
COUNTS = ("tp", "fp", "fn")
PROBABLE = 0.5  # probability from which the classifier by itself reports a tumour
EMPTY_RULE = (
    "Where neither the truth nor the prediction marks a pixel, overlap scores are 1; where only one of them does, 0."
)


def count_overlap(truth: np.ndarray, prediction: np.ndarray) -> dict[str, int]:
    """Return true positive, false positive and false negative pixels of two masks of one shape."""
    truth, prediction = truth > 0, prediction > 0
    tp = int(np.count_nonzero(truth & prediction))
    return {"tp": tp, "fp": int(np.count_nonzero(prediction)) - tp, "fn": int(np.count_nonzero(truth)) - tp}


def overlap_scores(tp: Any, fp: Any, fn: Any) -> dict[str, Any]:
    """Return Dice, IoU and Tversky from counts, numbers or arrays; where all counts are 0 they are 1.

    Masks are counted once: sums of the counts then score a patient's volume, or all pixels together.
    """
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


def patient_table(slices: pd.DataFrame) -> pd.DataFrame:
    """Sum the counts of each patient's slices and score them as one volume."""
    counts = [f"{stage}_{count}" for stage in STAGES for count in COUNTS]
    summed = ["has_tumour", "predicted_tumour", "truth_px", "cascade_px", *counts]
    rows = slices.assign(slices=1)[["slices", *summed]]
    totals = by_group(rows, slices["patient"], statistic=np.sum)
    table = pd.DataFrame.from_dict(totals, orient="index", columns=rows.columns, dtype=int).rename_axis("patient")
    table = table.rename(columns={"has_tumour": "slices_with_tumour", "predicted_tumour": "slices_predicted"})
    return with_scores(table.reset_index())


def summarise(slices: pd.DataFrame, patients: pd.DataFrame) -> dict[str, Any]:
    """Return every figure of the evaluation."""
    return {
        "empty_rule": EMPTY_RULE,
        "tversky_weights": {"fp_weight": FP_WEIGHT, "fn_weight": FN_WEIGHT},
        "interval": "95 % bootstrap over test patients",
        "classifier": classification_scores(slices, slices["probability"] >= PROBABLE),
        # Masks have no ROC curve: a slice is marked or not.
        "cascade_by_slice": {**classification_scores(slices, slices["predicted_tumour"] == 1), "roc_auc": None},
        **{stage: _overlap_summary(stage, slices, patients) for stage in STAGES},
    }


def classification_scores(slices: pd.DataFrame, found: pd.Series) -> dict[str, Any]:
    """Return scores over slices; those of a class without slices, and then the ROC AUC, are None.

    Args:
        slices: The table of all test slices.
        found: Whether tumour is found in each slice.
    """
    truth, predicted = slices["has_tumour"].to_numpy(), found.to_numpy(int)
    right = slices.assign(right=truth == predicted)
    (tn, fp), (fn, tp) = metrics.confusion_matrix(truth, predicted, labels=[0, 1])
    of = {"accuracy": right, "sensitivity": right[truth == 1], "specificity": right[truth == 0]}
    return {
        **{name: float(part["right"].mean()) if len(part) else None for name, part in of.items()},
        "intervals": {name: interval(part["right"], part["patient"]) for name, part in of.items()},
        "roc_auc": float(metrics.roc_auc_score(truth, slices["probability"])) if 0 < truth.sum() < len(truth) else None,
        "confusion_matrix": {"tn": int(tn), "fp": int(fp), "fn": int(fn), "tp": int(tp)},
        "classification_report": metrics.classification_report(
            truth, predicted, labels=[0, 1], target_names=["no tumour", "tumour"], output_dict=True, zero_division=0
        ),
    }


def interval(values: pd.Series, patients: pd.Series) -> list[float] | None:
    """Return the 95 % interval of a mean, by resampling whole patients; None with fewer than two of them.

    A patient is weighted by its number of values, in each resample as in the mean itself.
    """
    if patients.nunique() < 2:
        return None
    sums = np.stack([values.to_numpy(float), np.ones(len(values))], axis=1)
    found = bootstrap_interval(sums, patients, statistic=_ratio_of_sums, within=np.sum)
    return [found.low, found.high]


def mean(values: pd.Series, patients: pd.Series) -> dict[str, Any]:
    """Return a mean with its interval over patients; None without values, and no interval of one patient."""
    return {"mean": float(values.mean()) if len(values) else None, "interval": interval(values, patients)}


def _ratio_of_sums(rows: np.ndarray, axis: int) -> np.ndarray:
    total, count = np.moveaxis(rows.sum(axis=axis), -1, 0)
    return total / count


def _overlap_summary(stage: str, slices: pd.DataFrame, patients: pd.DataFrame) -> dict[str, Any]:
    pooled = overlap_scores(*(slices[f"{stage}_{count}"].sum() for count in COUNTS))
    return {
        "per_slice": _means(stage, slices),
        "per_slice_with_tumour": _means(stage, slices[slices["has_tumour"] == 1]),
        "per_patient": _means(stage, patients),
        "pooled": {name: float(value) for name, value in pooled.items()},
    }


def _means(stage: str, table: pd.DataFrame) -> dict[str, Any]:
    return {
        name: {
            "mean": float(table[f"{stage}_{name}"].mean()),
            "median": float(table[f"{stage}_{name}"].median()),
            "interval": interval(table[f"{stage}_{name}"], table["patient"]),
        }
        for name in SCORES
    }
