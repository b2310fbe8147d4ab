"""All scores of one case, one class at a time, with one explicit rule for empty masks."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from resunet_kit._shared.mask_checks import Spacing
from resunet_kit._shared.numbers import choice, integer, number
from resunet_kit.metrics.lesions import lesion_scores
from resunet_kit.metrics.overlap import overlap_scores
from resunet_kit.metrics.surfaces import surface_scores_at

Empty = float | Literal["skip", "skip_both"]
Statistic = Literal["mean", "median"]
Row = dict[str, Any]

OVERLAP = ("dice", "iou", "sensitivity", "specificity", "precision")
DISTANCES = ("hausdorff_distance", "hausdorff_distance_95", "average_surface_distance")  # with the unit added
LESION_COUNTS = ("lesions_detected", "lesions_missed", "lesions_false_positive")
LESION_FRACTIONS = ("lesion_sensitivity", "lesion_precision", "lesion_f1")
SIZES = ("truth_px", "predicted_px")


@dataclass(frozen=True, kw_only=True)
class ScoreOptions:
    """How cases are scored and summarised; see `evaluate_masks`.

    Raises:
        TypeError: If an option is of a wrong type.
        ValueError: If an option is out of range.
    """

    num_classes: int | None = None
    ignore_class: int | None = None
    empty: Empty = 1.0
    tolerance: float = 1.0
    min_overlap: float = 0.1
    connectivity: int | None = None
    statistic: Statistic = "mean"
    confidence: float = 0.95
    resamples: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.num_classes is not None:
            integer("num_classes", self.num_classes, "[1, inf)")
        if self.ignore_class is not None:
            integer("ignore_class", self.ignore_class)
        if isinstance(self.empty, str):
            choice("empty", self.empty, ("skip", "skip_both"), also="or a number in [0, 1]")
        else:
            number("empty", self.empty, "[0, 1]")
        number("tolerance", self.tolerance, "[0, inf)")
        number("min_overlap", self.min_overlap, "[0, 1]")
        if self.connectivity is not None:
            integer("connectivity", self.connectivity, "[1, 3]")
        choice("statistic", self.statistic, get_args(Statistic))
        number("confidence", self.confidence, "(0, 1)", cure="Pass 0.95 for 95 %.")
        integer("resamples", self.resamples, "[1, inf)")
        integer("seed", self.seed, "[0, inf)")
        if not self.labels({1}):
            raise ValueError(
                f"Expected a class to score. Received num_classes={self.num_classes} and "
                f"ignore_class={self.ignore_class}, which leave none. Pass another ignore_class."
            )

    def labels(self, present: Iterable[int]) -> list[int]:
        """Return the classes that are scored: those of `num_classes`, or those that are present in any case."""
        found = set(present) or {1}
        if self.num_classes is not None:
            found = set(range(1, max(self.num_classes, 2)))
        return sorted(found - {self.ignore_class})


def score_columns(unit: str) -> list[str]:
    """Return the names of the scores, distances with their unit."""
    distances = [f"{name}_{unit}" for name in DISTANCES]
    return [*OVERLAP, *distances, "surface_dice", *LESION_COUNTS, *LESION_FRACTIONS]


def class_row(
    truth: NDArray[np.bool_],
    prediction: NDArray[np.bool_],
    scored: NDArray[np.bool_] | None,
    *,
    spacing: Spacing,
    unit: str,
    options: ScoreOptions,
) -> Row:
    """Return the scores of one class of one case by name.

    Args:
        truth: Pixels of the class, `(height, width)` or `(depth, height, width)`; False where pixels are not scored.
        prediction: The same.
        scored: Pixels to score; None for all.
        spacing: As for `surface_scores`.
        unit: Unit of the spacing; "px" without one.
        options: How to score.
    """
    pixels = (truth, prediction) if scored is None else (truth[scored][None], prediction[scored][None])
    empty = 1.0 if isinstance(options.empty, str) else options.empty
    surfaces = surface_scores_at(truth, prediction, tolerance=options.tolerance, percentiles=(100, 95), spacing=spacing)
    lesions = lesion_scores(truth, prediction, min_overlap=options.min_overlap, connectivity=options.connectivity)
    overlap = overlap_scores(*pixels, empty=empty)._asdict()
    values = (*surfaces, lesions.detected, lesions.missed, lesions.false_positives, *lesions[4:])
    row = {**overlap, **dict(zip(score_columns(unit)[len(OVERLAP) :], values, strict=True))}
    if _left_out(options.empty, truth, prediction):
        row = _without_fractions(row)
    return row | dict(zip(SIZES, (int(truth.sum()), int(prediction.sum())), strict=True))


def unscored_row(unit: str) -> Row:
    """Return the row of a case whose pixels are all ignored: scores of NaN, and counts of 0."""
    zeros = dict.fromkeys((*score_columns(unit), *SIZES), 0)
    return _without_fractions(zeros)


def mean_row(rows: Sequence[Row]) -> Row:
    """Return the mean of each score over the classes that have one, NaN where none has."""
    return {name: _mean([row[name] for row in rows]) for name in rows[0]}


def _mean(values: Sequence[float]) -> float:
    kept = [value for value in values if not math.isnan(value)]
    return sum(kept) / len(kept) if kept else math.nan


def _left_out(empty: Empty, truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> bool:
    if empty == "skip":
        return not truth.any()
    return empty == "skip_both" and not truth.any() and not prediction.any()


def _without_fractions(row: Mapping[str, Any]) -> Row:
    """Return the row with all scores set to NaN; counts keep their values."""
    return {name: value if name in (*LESION_COUNTS, *SIZES) else math.nan for name, value in row.items()}
