"""Distribution of scores over slices or patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from resunet_kit.plots._arrays import as_labels, as_vector, same_length
from resunet_kit.plots._style import COLORS, INK, styled, translucent


def score_distribution(
    scores: ArrayLike | Mapping[str, ArrayLike],
    *,
    groups: ArrayLike | None = None,
    name: str = "Dice",
    labels: Sequence[str] | None = None,
    title: str | None = None,
) -> go.Figure:
    """Draw every score as a point over a box of its group, with median and mean.

    The box spans the quartiles; its line is the median, the diamond the mean.

    Args:
        scores: Scores `(n,)`, one per slice or patient; or a mapping of group to scores.
        groups: One group per score, such as the patient or the part of the split; drawn in order of appearance.
        name: What the scores are, with a unit where they have one.
        labels: One label per score, shown on hover, such as the file's name.
        title: The figure's title; by default it gives median and mean of all scores.

    Returns:
        A figure with one box trace (x the scores) and one mean marker per group.

    Raises:
        TypeError: If the scores are not numbers.
        ValueError: If there are no scores, a score is NaN, lengths differ, or groups come twice.

    Example:
        >>> figure = score_distribution([0.5, 0.9, 0.7], name="Dice")
        >>> figure.layout.title.text
        'Dice · median 0.700, mean 0.700, n 3'
    """
    values, members = _flat(scores, groups)
    same_length(scores=len(values), **({} if labels is None else {"labels": len(labels)}))
    texts = [str(index) for index in range(len(values))] if labels is None else [str(label) for label in labels]
    parts = {group: [i for i, g in enumerate(members) if g == group] for group in dict.fromkeys(members)}
    figure = go.Figure()
    for index, (group, chosen) in enumerate(parts.items()):
        part = values[chosen]
        tick = f"{group}<br>n {part.size:,}, median {np.median(part):.3f}, mean {part.mean():.3f}"
        for trace in _group_traces(part, tick, [texts[i] for i in chosen], COLORS[index % len(COLORS)], name):
            figure.add_trace(trace)
    inside = values.min() >= 0 and values.max() <= 1
    default = f"{name} · median {np.median(values):.3f}, mean {values.mean():.3f}, n {values.size:,}"
    styled(figure, title=default if title is None else title, height=90 + 90 * len(parts))
    figure.update_xaxes(title=name, range=[-0.03, 1.03] if inside else None)
    return figure.update_yaxes(
        autorange="reversed", showgrid=False, showticklabels=groups is not None or len(parts) > 1
    )


def _flat(scores: Any, groups: ArrayLike | None) -> tuple[NDArray[np.float64], list[Any]]:
    """Return all scores as one vector, and the group of each."""
    if isinstance(scores, Mapping):
        if groups is not None:
            raise ValueError(
                "Expected groups either as the keys of scores or as groups. Received both. Leave groups out."
            )
        if not scores:
            raise ValueError("Expected scores of at least one group. Received an empty mapping. Check the selection.")
        vectors = {group: as_vector(values, f"scores of {group!r}") for group, values in scores.items()}
        return np.concatenate(list(vectors.values())), [g for g, v in vectors.items() for _ in range(v.size)]
    values = as_vector(scores, "scores")
    members = ["all"] * values.size if groups is None else as_labels(groups, "groups")
    same_length(scores=values.size, groups=len(members))
    return values, members


def _group_traces(values: NDArray[np.float64], tick: str, labels: list[str], color: str, name: str) -> list[Any]:
    box = go.Box(
        x=values,
        y=[tick] * values.size,
        orientation="h",
        boxpoints="all",
        jitter=0.6,
        pointpos=0,
        fillcolor=translucent(color, 0.25),
        line={"color": color, "width": 2},
        marker={"color": color, "size": 5, "opacity": 0.6},
        text=labels,
        hovertemplate="%{text}<br>" + name + " %{x:.3f}<extra></extra>",
        hoveron="points",
    )
    mean = go.Scatter(
        x=[values.mean()],
        y=[tick],
        mode="markers",
        marker={"symbol": "diamond", "size": 11, "color": "white", "line": {"color": INK, "width": 1.5}},
        hovertemplate="mean %{x:.3f}<extra></extra>",
    )
    return [box, mean]
