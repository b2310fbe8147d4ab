"""Summary of the scores of cases: scores of groups, and one estimate with its interval."""

import math
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from resunet_kit.metrics._case_scores import LESION_COUNTS, Row, ScoreOptions, score_columns
from resunet_kit.metrics.patients import Interval, bootstrap_interval, by_group

STATISTICS: dict[str, Any] = {"mean": np.mean, "median": np.median}


def summary_rows(rows: Sequence[Row], unit: str, options: ScoreOptions) -> list[Row]:
    """Return one row for each class and score: the statistic over the groups with its interval."""
    return [
        {"class": label, "score": name, **_summary(own, name, options)}
        for label, own in _by_class(rows)
        for name in score_columns(unit)
    ]


def group_rows(rows: Sequence[Row], unit: str) -> list[Row]:
    """Return one row for each group and class: the mean of its cases' scores, the sum of their counts."""
    found: dict[tuple[Hashable, Any], Row] = {}
    for label, own in _by_class(rows):
        for group in dict.fromkeys(row["group"] for row in own):
            found[group, label] = {"group": group, "class": label, **dict.fromkeys(score_columns(unit), math.nan)}
        for name in score_columns(unit):
            values, groups = _scored(own, name)
            for group, value in _per_group(values, groups, name).items():
                found[group, label][name] = value
    order = list(dict.fromkeys(row["group"] for row in rows))
    return [row for group in order for row in found.values() if row["group"] == group]


def _by_class(rows: Sequence[Row]) -> Iterator[tuple[Any, list[Row]]]:
    for label in dict.fromkeys(row["class"] for row in rows):
        yield label, [row for row in rows if row["class"] == label]


def _summary(rows: Sequence[Row], name: str, options: ScoreOptions) -> Row:
    values, groups = _scored(rows, name)
    estimate, low, high = _interval(values, groups, name, options)
    return {
        options.statistic: estimate,
        "low": low,
        "high": high,
        "cases": len(values),
        "groups": len(set(groups)),
        "left_out": len(rows) - len(values),
        "infinite": sum(map(math.isinf, values)),
    }


def _scored(rows: Sequence[Row], name: str) -> tuple[list[float], list[Hashable]]:
    kept = [row for row in rows if not math.isnan(row[name])]
    return [row[name] for row in kept], [row["group"] for row in kept]


def _interval(values: list[float], groups: list[Hashable], name: str, options: ScoreOptions) -> Interval:
    """Return estimate and interval; NaN without scores, and an interval of NaN for one group."""
    if not values:
        return Interval(math.nan, math.nan, math.nan)
    statistic = STATISTICS[options.statistic]
    if len(set(groups)) < 2:
        [only] = _per_group(values, groups, name).values()
        return Interval(float(only), math.nan, math.nan)
    owners: Any = groups
    return bootstrap_interval(
        values,
        owners,
        statistic=statistic,
        within=_within(name),
        confidence=options.confidence,
        resamples=options.resamples,
        seed=options.seed,
    )


def _per_group(values: list[float], groups: list[Hashable], name: str) -> dict[Hashable, float]:
    """Return one number per group, by the group itself rather than NumPy's copy of it."""
    if not values:
        return {}
    positions = {group: index for index, group in enumerate(dict.fromkeys(groups))}
    found = by_group(values, [positions[group] for group in groups], statistic=_within(name))
    return {group: found[index] for group, index in positions.items()}


def _within(name: str) -> Any:
    return np.sum if name in LESION_COUNTS else np.mean
