"""Curves of a study: scores against the number of training patients, and against steps and seconds."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from examples.brain_mri.study.grid import Comparison, describe
from examples.brain_mri.study.results import interval
from resunet_kit import plots

# The library's figures share one style, of which a new figure can be given the template.
TEMPLATE = plots.roc_curve([0, 1], [0, 1]).layout.template
COLORS = TEMPLATE.layout.colorway
SCORES = {"classifier": "ROC AUC by slice", "segmenter": "mean Dice of the volumes"}


def chosen(results: pd.DataFrame, comparison: Comparison, stage: str) -> pd.DataFrame:
    """Return the rows of a comparison."""
    other = "mode" if comparison.varies == "start" else "start"
    rows = results[(results["stage"] == stage) & (results[other] == comparison.fixed)]
    rows = rows[rows[comparison.varies].isin(comparison.values)]
    return rows[rows["patients"] == results["patients"].max()] if comparison.patients == "all" else rows


def against_patients(results: pd.DataFrame, comparison: Comparison, stage: str) -> go.Figure:
    """Draw the final scores against the number of training patients, with 95 % intervals over seeds."""
    rows = chosen(results, comparison, stage)
    figure = go.Figure()
    last = rows[rows["steps"] == rows["steps"].max()]
    for color, (value, of) in zip(COLORS, _lines(last, comparison), strict=False):
        _add(figure, of, "patients", describe(value), color)
    counts = sorted(last["patients"].unique())
    figure.update_xaxes(
        title="training patients", type="log", tickvals=counts, ticktext=[str(count) for count in counts]
    )
    return _styled(figure, f"{stage.capitalize()}: score against patients", stage)


def against_training(results: pd.DataFrame, comparison: Comparison, stage: str, axis: str) -> go.Figure:
    """Draw scores against steps or seconds, a panel for each number of training patients."""
    rows = chosen(results, comparison, stage)
    counts = sorted(rows["patients"].unique())
    titles = [f"{count} training patients" for count in counts]
    figure = make_subplots(1, len(counts), shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.03)
    for column, count in enumerate(counts, start=1):
        panel = rows[rows["patients"] == count]
        for color, (value, of) in zip(COLORS, _lines(panel, comparison), strict=False):
            _add(figure, of, axis, describe(value), color, row=1, col=column, shown=column == 1)
    figure.update_xaxes(title=axis)
    return _styled(figure, f"{stage.capitalize()}: score against {axis}", stage)


def _lines(rows: pd.DataFrame, comparison: Comparison) -> list[tuple[str, pd.DataFrame]]:
    return [(value, rows[rows[comparison.varies] == value]) for value in comparison.values]


def _add(
    figure: go.Figure, rows: pd.DataFrame, axis: str, name: str, color: str, *, shown: bool = True, **panel: Any
) -> None:
    """Add the mean over seeds with its interval; moments are those of equal steps."""
    if rows.empty:
        return
    by = "patients" if axis == "patients" else "steps"
    groups = [group for _, group in rows.groupby(by)]
    means = [group["score"].mean() for group in groups]
    intervals = [interval(group["score"].to_numpy()) for group in groups]
    figure.add_trace(
        go.Scatter(
            x=[group[axis].mean() for group in groups],
            y=means,
            error_y={
                "symmetric": False,
                "array": [high - mean for (_, high), mean in zip(intervals, means, strict=True)],
                "arrayminus": [mean - low for (low, _), mean in zip(intervals, means, strict=True)],
                "thickness": 1,
                "width": 3,
            },
            name=name,
            legendgroup=name,
            showlegend=shown,
            mode="lines+markers",
            line={"color": color, "width": 2.5},
            hovertemplate=f"{name}<br>{axis} %{{x:.4g}}<br>score %{{y:.3f}}<extra></extra>",
        ),
        **panel,
    )


def _styled(figure: go.Figure, title: str, stage: str) -> go.Figure:
    figure.update_layout(
        template=TEMPLATE,
        title={"text": title, "x": 0},
        height=440,
        showlegend=True,
        modebar_remove=["select2d", "lasso2d", "sendChartToCloud"],  # as in the library's figures
        legend={"orientation": "h", "y": -0.2},
    )
    figure.layout.yaxis.title = SCORES[stage]  # of the first panel, whose axis the others have too
    return figure


def sections(results: pd.DataFrame, comparison: Comparison, stages: Sequence[str]) -> list[go.Figure]:
    """Return all figures of a comparison."""
    found = []
    for stage in stages:
        rows = chosen(results, comparison, stage)
        if rows.empty:
            continue
        if rows["patients"].nunique() > 1:
            found.append(against_patients(results, comparison, stage))
        found += [against_training(results, comparison, stage, axis) for axis in ("steps", "seconds")]
    return found
