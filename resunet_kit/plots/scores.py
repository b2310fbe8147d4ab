"""Distribution of scores over slices or patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.numbers import text
from resunet_kit.plots._arrays import as_labels, as_numbers, as_texts, same_length
from resunet_kit.plots._score_positions import Positions, positions_of
from resunet_kit.plots._style import COLORS, INK, REFERENCE, literal, say, shortened, styled, translucent, wrapped

_GROUP = 100  # pixels of a group's height
_MAX_NAME = 40  # characters of a group's name, which stands above its box
_INVISIBLE = "\u200b"  # a space without width
_MAX_POINTS = 1000  # of a group; with more, only the box is drawn


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

    Infinite scores, such as the distance to an empty mask, and missing ones (NaN) are not part of the box or the mean.
    They are drawn as open markers in columns of their own next to the axis, and counted next to the group's name. The
    median includes infinite scores, as the worst or best of all.

    Args:
        scores: Scores `(n,)`, one per slice or patient; or a mapping of group to scores.
        groups: One group per score, such as the patient or the part of the split; drawn in order of appearance.
        name: What the scores are, with their unit if they have one.
        labels: One label per score, shown on hover, such as the file's name.
        title: The figure's title; by default it gives median and mean of all scores.

    Returns:
        A figure with one box trace (x the finite scores) and one mean marker per group, then one trace per group with
        infinite or missing scores. For a group of more than 1,000 scores, only the box is drawn.

    Raises:
        TypeError: If the scores are not numbers.
        ValueError: If there are no scores, lengths differ, or groups are given twice.

    Example:
        >>> figure = score_distribution([0.5, 0.9, 0.7], name="Dice")
        >>> figure.layout.title.text
        'Dice · median 0.700, mean 0.700, n 3'
        >>> figure = score_distribution([3.0, float("inf"), 2.0], name="Distance")
        >>> figure.data[0].y[0]
        'all<br>n 3, median 3.000, mean 2.500 of the finite, 1 infinite'
    """
    text("name", name)
    values, members = _flat(scores, groups)
    texts = [str(index) for index in range(len(values))] if labels is None else as_texts(labels, "labels")
    same_length(scores=len(values), labels=None if labels is None else len(texts))
    parts = {group: [i for i, g in enumerate(members) if g == group] for group in dict.fromkeys(members)}
    positions = positions_of(values)
    ticks = [
        f"{shortened(str(group), _MAX_NAME)}<br>{_summary(values[chosen], count_first=True)}"
        for group, chosen in parts.items()
    ]
    ticks = [tick + _INVISIBLE * ticks[:index].count(tick) for index, tick in enumerate(ticks)]  # one row for each
    figure, apart = go.Figure(), []
    for index, (tick, chosen) in enumerate(zip(ticks, parts.values(), strict=True)):
        color, part, words = COLORS[index % len(COLORS)], values[chosen], [texts[i] for i in chosen]
        figure.add_traces(_group_traces(part, tick, words, color, name))
        if not np.isfinite(part).all():
            apart.append(_apart(part, positions, tick, words, color, name))
    figure.add_traces(apart)
    _mark_positions(figure, positions)
    default = f"{name} · {_summary(values, count_first=False)}"
    styled(
        figure,
        title=default if title is None else title,
        height=70 + _GROUP * len(parts),
        panel_title_lines=bool(apart),
    )
    figure.update_xaxes(title=name, range=positions.range, tickvals=positions.ticks)
    if groups is not None or len(parts) > 1 or apart:
        _name_groups(figure, ticks)
    return figure.update_yaxes(autorange="reversed", showgrid=False, showticklabels=False, type="category")


def _name_groups(figure: go.Figure, ticks: list[str]) -> None:
    """Write the groups above their boxes: next to the axis they would take half of a phone's width."""
    position = {"x": 0, "xref": "x domain", "xanchor": "left", "yref": "y", "yanchor": "bottom", "align": "left"}
    for tick in ticks:
        say(figure, wrapped(tick.replace("<br>", " · "), 52), y=tick, yshift=_GROUP // 2 - 24, font_size=12, **position)


def _summary(values: NDArray[np.float64], *, count_first: bool) -> str:
    """Return the number of scores, their median and mean, and how many are infinite or missing."""
    finite, given = values[np.isfinite(values)], values[~np.isnan(values)]
    found = _median(given) if given.size else "no score"
    if finite.size:
        found += f", mean {finite.mean():.3f}" + ("" if finite.size == given.size else " of the finite")
    found = f"n {values.size:,}, {found}" if count_first else f"{found}, n {values.size:,}"
    for count, word in ((given.size - finite.size, "infinite"), (values.size - given.size, "missing")):
        found += f", {count:,} {word}" if count else ""
    return found


def _median(given: NDArray[np.float64]) -> str:
    low, high = np.sort(given)[[(given.size - 1) // 2, given.size // 2]]
    if low == -np.inf and high == np.inf:
        return "median undefined"
    median = (low + high) / 2
    return f"median {median:.3f}" if np.isfinite(median) else f"median {'∞' if median > 0 else '−∞'}"


def _flat(scores: Any, groups: ArrayLike | None) -> tuple[NDArray[np.float64], list[Any]]:
    """Return all scores as one vector, and the group of each."""
    if isinstance(scores, Mapping):
        if groups is not None:
            raise ValueError(
                "Expected groups either as the keys of scores or as groups. Received both. Leave groups out."
            )
        if not scores:
            raise ValueError("Expected scores of at least one group. Received an empty mapping. Check the selection.")
        vectors = {group: as_numbers(values, f"scores of {group!r}") for group, values in scores.items()}
        return np.concatenate(list(vectors.values())), [g for g, v in vectors.items() for _ in range(v.size)]
    values = as_numbers(scores, "scores")
    members = ["all"] * values.size if groups is None else as_labels(groups, "groups")
    same_length(scores=values.size, groups=None if groups is None else len(members))
    return values, members


def _group_traces(values: NDArray[np.float64], tick: str, labels: list[str], color: str, name: str) -> list[Any]:
    finite = np.isfinite(values)
    drawn = values[finite]
    box = go.Box(
        orientation="h",
        fillcolor=translucent(color, 0.25),
        line={"color": color, "width": 2},
        **(_box_alone(drawn, tick) if drawn.size > _MAX_POINTS else _all_points(drawn, tick, color)),
        text=None if drawn.size > _MAX_POINTS else [label for label, kept in zip(labels, finite, strict=True) if kept],
        hovertemplate=None if drawn.size > _MAX_POINTS else "%{text}<br>" + literal(name) + " %{x:.3f}<extra></extra>",
        name="" if drawn.size > _MAX_POINTS else None,
    )
    mean = go.Scatter(
        x=[drawn.mean()] if drawn.size else [],
        y=[tick] if drawn.size else [],
        mode="markers",
        marker={"symbol": "diamond", "size": 11, "color": "white", "line": {"color": INK, "width": 1.5}},
        hovertemplate="mean %{x:.3f}<extra></extra>",
    )
    return [box, mean]


def _all_points(values: NDArray[np.float64], tick: str, color: str) -> dict[str, Any]:
    return {
        "x": values,
        "y": [tick] * values.size,
        "boxpoints": "all",
        "jitter": 0.6,
        "pointpos": 0,
        "marker": {"color": color, "size": 5, "opacity": 0.6},
        "hoveron": "points",
    }


def _box_alone(values: NDArray[np.float64], tick: str) -> dict[str, Any]:
    """Return a box whose whiskers end at the lowest and the highest score."""
    low, q1, median, q3, high = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
    parts = {"lowerfence": low, "q1": q1, "median": median, "q3": q3, "upperfence": high}
    return {"y": [tick], **{key: [value] for key, value in parts.items()}, "hoveron": "boxes"}


def _apart(
    values: NDArray[np.float64], positions: Positions, tick: str, labels: list[str], color: str, name: str
) -> Any:
    """Return the markers of infinite and missing scores in their columns."""
    apart = np.flatnonzero(~np.isfinite(values))
    words = {True: "missing", False: "infinite"}
    return go.Scatter(
        x=[positions.at(values[i]) for i in apart],
        y=[tick] * apart.size,
        mode="markers",
        marker={"symbol": "circle-open", "size": 9, "color": color, "line": {"width": 2}},
        text=[labels[i] for i in apart],
        customdata=[words[bool(np.isnan(values[i]))] for i in apart],
        hovertemplate="%{text}<br>" + literal(name) + " %{customdata}<extra></extra>",
    )


def _mark_positions(figure: go.Figure, positions: Positions) -> None:
    """Name the columns of infinite and missing scores, and set them apart from the axis."""
    for word, x in positions.columns.items():
        say(figure, word, x=x, xref="x", y=1, yanchor="bottom", font_size=12)
    for x in positions.borders:
        figure.add_vline(x=x, line={"color": REFERENCE, "dash": "dot", "width": 1})
    if positions.finite is None:
        say(figure, "no finite score")
