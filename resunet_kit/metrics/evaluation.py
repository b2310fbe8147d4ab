"""Evaluation of many cases: every score, with intervals over patients, as tables and JSON."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import os
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit._shared.mask_checks import Spacing
from resunet_kit._shared.writing import atomic_write
from resunet_kit.metrics._case_collection import CaseCollection
from resunet_kit.metrics._case_inputs import case_groups, case_masks, case_names, case_spacings
from resunet_kit.metrics._case_scores import Empty, Row, ScoreOptions, Statistic
from resunet_kit.metrics._score_summary import group_rows, summary_rows

FORMAT_VERSION = 1
HEADLINE = ("dice", "iou", "hausdorff_distance_95_{}", "average_surface_distance_{}", "surface_dice", "lesion_f1")
Groups = Mapping[Any, Hashable] | Callable[[Any], Hashable] | Iterable[Hashable] | None


@dataclass(frozen=True, repr=False)
class Evaluation:
    """Scores of cases and of groups of cases, and their summary; printing it shows the summary.

    Attributes:
        rows: One dictionary per case and class and, with several classes, one more per case for their mean. Names of
            distances end in the unit, `_mm` or `_px`.
        summary_rows: One dictionary per class and score: the statistic over the groups, its interval, the numbers of
            cases and groups it is taken over, and how many cases were left out by the rule for empty masks or are
            infinite.
        settings: Units, the rule for empty masks, and the options that the scores depend on.
    """

    rows: list[dict[str, Any]]
    summary_rows: list[dict[str, Any]]
    settings: dict[str, Any]

    @property
    def table(self) -> Any:
        """`rows` as a `pandas.DataFrame` where pandas is installed, else the list itself."""
        return as_table(self.rows)

    @property
    def summary(self) -> Any:
        """`summary_rows` as a `pandas.DataFrame` where pandas is installed, else the list itself."""
        return as_table(self.summary_rows)

    @property
    def by_group(self) -> Any:
        """One row per group and class, as a table: the mean of its cases' scores, and the sums of lesion counts."""
        return as_table(group_rows(self.rows, self.settings["distance_unit"]))

    def __len__(self) -> int:
        return int(self.settings["cases"])

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return settings, summary and cases as JSON; if `path` is given, also write them to it, whole or not at all.

        A score that was left out (NaN) becomes null, and an infinite distance the text "Infinity".
        """
        content = {
            "format_version": FORMAT_VERSION,
            "settings": self.settings,
            "summary": self.summary_rows,
            "cases": self.rows,
        }
        text = json.dumps(_plain(content), indent=2, allow_nan=False)
        if path is not None:
            with atomic_write(path) as temporary:
                temporary.write_text(text + "\n", encoding="utf-8")
        return text

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write `rows` as a CSV file, whole or not at all; NaN becomes an empty field, an infinite distance "inf"."""
        with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(self.rows[0]))
            writer.writeheader()
            for row in self.rows:
                missing = {name: "" for name, value in row.items() if isinstance(value, float) and math.isnan(value)}
                writer.writerow(row | missing)

    def to_markdown(self, scores: Iterable[str] | None = None) -> str:
        """Return the summary as a Markdown table, below lines that explain the numbers.

        Args:
            scores: Names of the scores to show; None for all.
        """
        settings, shown = self.settings, None if scores is None else set(scores)
        unit = settings["score_unit"]
        lines = [
            f"{_counted(settings['cases'], 'case')}, {_counted(settings['groups'], 'group')}. "
            f"{unit[0].upper()}{unit[1:]}, with {100 * settings['confidence']:g} % intervals.",
            f"Empty masks: {settings['empty_rule']}.",
            "",
            f"| Class | Score | {settings['statistic'].capitalize()} | Interval | Cases |",
            "|---|---|---|---|---|",
        ]
        chosen = [row for row in self.summary_rows if shown is None or row["score"] in shown]
        lines += [_markdown_row(row, settings["statistic"]) for row in chosen]
        infinite = max((row["infinite"] for row in self.summary_rows), default=0)
        if infinite and settings["statistic"] == "mean":
            lines += [
                "",
                f"Distances of up to {infinite} cases are infinite, since one of two masks is empty: "
                "statistic='median' summarises them.",
            ]
        return "\n".join(lines)

    def __str__(self) -> str:
        unit = self.settings["distance_unit"]
        return self.to_markdown([name.format(unit) for name in HEADLINE])

    def __repr__(self) -> str:
        return f"Evaluation(cases={self.settings['cases']}, groups={self.settings['groups']})"


def evaluate_masks(
    truths: ArrayLike | Iterable[ArrayLike],
    predictions: ArrayLike | Iterable[ArrayLike],
    *,
    spacing: Spacing | Sequence[Any] = None,
    groups: Groups = None,
    names: Iterable[str] | None = None,
    num_classes: int | None = None,
    ignore_class: int | None = None,
    empty: Empty = 1.0,
    tolerance: float = 1.0,
    min_overlap: float = 0.1,
    connectivity: int | None = None,
    statistic: Statistic = "mean",
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Evaluation:
    """Score predicted masks in one call: overlap, surfaces and lesions of each case, and means with intervals.

    Scores are those of `overlap_scores`, `surface_scores` and `lesion_scores`, for each class except the background;
    `hausdorff_distance_95` is the 95th percentile. Intervals are those of `bootstrap_interval`: cases are averaged
    within each group, and groups resampled. Files and models are evaluated by `resunet_kit.evaluation.evaluate`.

    Args:
        truths: Labels of each case, `(height, width)` or `(depth, height, width)`, or with a last axis of length 1: a
            list or another iterable, or an array with the cases along its first axis. Pass a single volume in a list.
            Masks of 0 and 255 are read as 0 and 1.
        predictions: The same.
        spacing: Distance between neighbouring pixels in millimetres, one number for all axes or one for each; or a list
            with one such sequence per case. None leaves distances in pixels, as the names of their columns say.
        groups: The patient of each case: a list in the cases' order, or a dictionary or function from a case's name to
            its patient. None treats each case as a patient of its own.
        names: Names of the cases; "0", "1" and so on by default.
        num_classes: Number of classes, including the background; 1 and 2 mean binary masks. None scores every label
            that occurs in a mask.
        ignore_class: Pixels with this label in the truth, often 255, are left out.
        empty: The rule for a class that is absent from a case. A number is the overlap score where the class is absent
            from both truth and prediction; distances are then 0, and surface Dice and lesion scores 1. `"skip_both"`
            leaves such cases out; `"skip"` leaves out all cases whose truth lacks the class, with their false
            positives. In any other case with one empty mask, overlap scores except specificity are 0, and
            distances are infinite. Lesions and pixels are always counted.
        tolerance: Tolerance of the surface Dice, in the unit of the spacing.
        min_overlap: Minimum fraction of a lesion's pixels that must overlap for it to count as detected, in [0, 1]; 0
            means one pixel.
        connectivity: Number of axes along which neighbouring pixels of one lesion may differ, from 1 (across faces
            only) to the number of axes; None means all of them (across corners too).
        statistic: `"mean"` or `"median"` over the groups; the median suits distances of which some are infinite.
        confidence: Confidence level of the intervals.
        resamples: Number of times that groups are resampled.
        seed: The same seed gives the same intervals.

    Returns:
        The scores.

    Raises:
        TypeError: If masks are not numbers, or an option is of a wrong type.
        ValueError: If there are no cases, the numbers of truths and predictions differ, a case's masks differ in shape
            or do not hold labels, or an option is out of range; the message names the case.

    Example:
        >>> import numpy as np
        >>> truth = np.zeros((3, 8, 8), int); truth[:, 2:6, 2:6] = 1
        >>> shifted = np.roll(truth, 1, axis=1); shifted[2] = truth[2]
        >>> scores = evaluate_masks(truth, shifted, spacing=(2, 1), groups=["ann", "ann", "bob"])
        >>> [row["dice"] for row in scores.rows], [row["hausdorff_distance_mm"] for row in scores.rows]
        ([0.75, 0.75, 1.0], [2.0, 2.0, 0.0])
        >>> first = scores.summary_rows[0]
        >>> first["score"], first["mean"], first["groups"]
        ('dice', 0.875, 2)
    """
    options = ScoreOptions(
        num_classes=num_classes,
        ignore_class=ignore_class,
        empty=empty,
        tolerance=tolerance,
        min_overlap=min_overlap,
        connectivity=connectivity,
        statistic=statistic,
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )
    pairs = case_masks(truths, predictions)
    labels = case_names(names, len(pairs))
    owners = case_groups(groups, labels, labels)
    spacings = case_spacings(spacing, len(pairs))
    collection = CaseCollection(options, "px" if spacing is None else "mm")
    for (truth, prediction), name, group, sizes in zip(pairs, labels, owners, spacings, strict=True):
        collection.add(name, group, truth, prediction, sizes)
    return evaluation_of(collection, grouped=groups is not None)


def evaluation_of(collection: CaseCollection, *, grouped: bool) -> Evaluation:
    """Return the scores of all cases with their summary.

    Args:
        collection: The scored cases.
        grouped: Whether groups were given.
    """
    options, unit = collection.options, collection.unit
    rows = collection.rows()
    settings = dataclasses.asdict(options) | {
        "cases": len({row["case"] for row in rows}),
        "groups": len({row["group"] for row in rows}),
        "classes": collection.labels(),
        "distance_unit": unit,
        "empty_rule": _empty_rule(options.empty),
        "score_unit": _score_unit(options.statistic, grouped=grouped),
    }
    return Evaluation(rows, summary_rows(rows, unit, options), settings)


def as_table(rows: list[Row]) -> Any:
    """Return rows as a DataFrame where pandas is installed, else as they are."""
    try:
        import pandas as pd
    except ImportError:
        return rows
    return pd.DataFrame(rows)


def _empty_rule(empty: Empty) -> str:
    if empty == "skip":
        return "cases whose truth is empty are left out"
    if empty == "skip_both":
        return "cases where truth and prediction are both empty are left out"
    return f"an empty prediction of an empty truth has overlap {empty:g}, surface Dice and lesion scores 1, distance 0"


def _score_unit(statistic: str, *, grouped: bool) -> str:
    if grouped:
        return f"{statistic} over groups, of the mean of each group's cases (sum for lesion counts)"
    return f"{statistic} over cases"


def _markdown_row(row: Row, statistic: str) -> str:
    estimate, low, high = (_number(row[name]) for name in (statistic, "low", "high"))
    interval = "–" if math.isnan(row["low"]) else f"{low} to {high}"
    return f"| {row['class']} | {row['score']} | {estimate} | {interval} | {row['cases']} |"


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold: null for NaN, text for infinity and for groups of other types."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "Infinity"
    return value if isinstance(value, str | int | float | None) else str(value)
