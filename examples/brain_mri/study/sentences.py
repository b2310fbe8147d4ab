"""What the differences say, in words: every sentence is computed from the numbers of the summary."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from examples.brain_mri.study.grid import Comparison, describe

ENOUGH = 6  # pairs, from which on all of one sign happen by chance in less than 5 %: 2 / 2**6
SCORES = {"classifier": "AUC", "segmenter": "Dice"}


def sentences(summary: pd.DataFrame, comparison: Comparison, stage: str) -> list[str]:
    """Return one paragraph for each start or mode that is compared."""
    rows = (
        summary[(summary["comparison"] == comparison.name) & (summary["stage"] == stage)] if len(summary) else summary
    )
    return [
        _paragraph(rows[rows["compared"] == value].to_dict("records"), stage)
        for value in dict.fromkeys(rows.get("compared", []))
    ]


def _paragraph(rows: list[dict[Hashable, Any]], stage: str) -> str:
    name = f"**{stage.capitalize()}, {describe(rows[0]['compared'])} against {describe(rows[0]['with'])}.**"
    single = [row for row in rows if " " not in row["patients"]]
    by_verdict: dict[str, list[str]] = {}
    for row in single:
        by_verdict.setdefault(verdict(row), []).append(_gain(row, stage))
    parts = [f"{what} {'; '.join(gains)}." for what, gains in by_verdict.items()]
    if len(rows) > len(single):
        row = rows[-1]
        parts.append(f"Over all numbers of patients, {verdict(row).lower()} {difference(row, stage)}.")
    return " ".join([name, *parts, arrival(rows[-1])])


def verdict(row: dict[Hashable, Any]) -> str:
    """Return whether its interval shows a difference: with few pairs, it is too narrow to show anything."""
    if row["pairs"] < ENOUGH:
        side = "Higher" if row["difference"] > 0 else "Lower" if row["difference"] < 0 else "Equal"
        return f"{side}, with too few pairs to show anything ({row['pairs']}):"
    if row["low"] > 0:
        return "Pays:"
    return "Does harm:" if row["high"] < 0 else "No difference shown:"


def difference(row: dict[Hashable, Any], stage: str) -> str:
    """Return a difference with its interval and the scores."""
    shown = "" if np.isnan(row["low"]) else f" ({row['low']:+.3f} to {row['high']:+.3f})"
    score = SCORES[stage]
    return f"{score} {row['difference']:+.3f}{shown}, from {row['score_with']:.3f} to {row['score']:.3f}"


def _gain(row: dict[Hashable, Any], stage: str) -> str:
    return f"with {row['patients']} training patients {difference(row, stage)}"


def arrival(row: dict[Hashable, Any]) -> str:
    """Return how much sooner the same score is reached."""
    arrived, pairs = row["arrived"], row["comparable"]
    if not pairs:
        return "In no pair does the second run end better than before its first step, so time cannot be compared."
    if not arrived:
        return "In no pair does the first run arrive at the final score of the second."
    many = f"In {arrived} of {pairs} pairs" if pairs > 1 else "In the pair"
    if not np.isfinite(row["part_of_steps"]):
        return f"{many}, no more than half, the first run arrives at the final score of the second."
    return (
        f"{many}, the first run arrives at the final score of the second, in the median after "
        f"{row['part_of_steps']:.0%} of the steps and {row['part_of_seconds']:.0%} of the seconds that "
        "the second takes to arrive at it."
    )
