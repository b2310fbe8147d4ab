"""Curves of a study: scores against the number of training patients, and against steps and seconds."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from examples.brain_mri.study.grid import Comparison, describe
from examples.brain_mri.study.results import interval
from resunet_kit import plots

SCORES = {"classifier": "ROC AUC by slice", "segmenter": "Mean Dice of the volumes"}


def chosen(results: pd.DataFrame, comparison: Comparison, stage: str) -> pd.DataFrame:
    """Return the rows of a comparison."""
    other = "mode" if comparison.varies == "start" else "start"
    rows = results[(results["stage"] == stage) & (results[other] == comparison.fixed)]
    rows = rows[rows[comparison.varies].isin(comparison.values)]
    return rows[rows["patients"] == results["patients"].max()] if comparison.patients == "all" else rows


def against_patients(rows: pd.DataFrame, comparison: Comparison, stage: str) -> go.Figure:
    """Draw the final scores against the number of training patients."""
    last = rows[rows["steps"] == rows["steps"].max()]
    return _curves(last, comparison, stage, by="patients", axis="patients", logarithmic=True)


def against_training(rows: pd.DataFrame, comparison: Comparison, stage: str, axis: str) -> list[go.Figure]:
    """Draw scores against steps or seconds, a figure for each number of training patients."""
    return [
        _curves(of, comparison, stage, by="steps", axis=axis, where=f", {count} training patients")
        for count, of in rows.groupby("patients")
    ]


def sections(results: pd.DataFrame, comparison: Comparison, stages: Sequence[str]) -> list[go.Figure]:
    """Return all figures of a comparison."""
    found = []
    for stage in stages:
        rows = chosen(results, comparison, stage)
        if rows.empty:
            continue
        if rows["patients"].nunique() > 1:
            found.append(against_patients(rows, comparison, stage))
        for axis in ("steps", "seconds"):
            found += against_training(rows, comparison, stage, axis)
    return found


def _curves(
    rows: pd.DataFrame,
    comparison: Comparison,
    stage: str,
    *,
    by: str,
    axis: str,
    where: str = "",
    logarithmic: bool = False,
) -> go.Figure:
    """Draw a line for each start or mode: means over seeds, with their 95 % intervals."""
    x, means, intervals = {}, {}, {}
    for value in comparison.values:
        groups = rows[rows[comparison.varies] == value].groupby(by)
        if len(groups):
            name = describe(value)
            x[name] = groups[axis].mean().to_numpy("float64")
            means[name] = groups["score"].mean().to_numpy()
            intervals[name] = [interval(scores.to_numpy()) for _, scores in groups["score"]]
    return plots.score_curves(
        x,
        means,
        intervals=intervals,
        x_name="Training patients" if axis == "patients" else axis.capitalize(),
        name=SCORES[stage],
        logarithmic=logarithmic,
        title=f"{stage.capitalize()}: score against {axis}{where}",
    )
