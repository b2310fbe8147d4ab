"""Learning curves: scores against training patients, steps or seconds, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from scipy import special

from resunet_kit._shared.numbers import flag, number, text
from resunet_kit.plots._arrays import as_floats, as_vector, by_text, same_length
from resunet_kit.plots._style import COLORS, literal, say, styled, translucent, wrapped

_Floats = NDArray[np.float64]
_MAX_TICKS = 8  # of values of x that are ticks themselves
_MAX_PARTS = 12  # of the axis, of which a tick on a phone needs one


def score_curves(
    x: ArrayLike | Mapping[str, ArrayLike],
    scores: ArrayLike | Mapping[str, ArrayLike],
    *,
    intervals: ArrayLike | Mapping[str, ArrayLike] | None = None,
    x_name: str = "Training patients",
    name: str = "Score",
    logarithmic: bool = False,
    confidence: float = 0.95,
    title: str | None = None,
) -> go.Figure:
    """Draw scores against training patients, steps or seconds: one line per kind of start, with interval bands.

    For repeated trainings, such as several seeds, the line is their mean and the band the confidence interval of the
    mean, by Student's t over the repeats. The band is drawn where there are at least two repeats; missing ones (NaN)
    are left out: the axis of `x` says how many, and the hover text of each point gives its number of repeats.

    Args:
        x: Where each score was taken, `(n,)`, such as the numbers of training patients; a mapping of line to values
            where they differ.
        scores: Scores `(n,)`, or of repeated trainings `(n, repeats)`; a mapping of line to scores for several lines,
            such as one for each kind of initial weights. NaN leaves a gap.
        intervals: Lower and upper ends `(n, 2)` of scores `(n,)`, in the same form, such as those of
            `resunet_kit.metrics.bootstrap_interval`. NaN where it is unknown.
        x_name: What `x` is, with its unit: "Training patients", "Seconds".
        name: What the scores are.
        logarithmic: Whether the axis of `x` is logarithmic.
        confidence: Confidence level of the intervals over repeats, in (0, 1).
        title: The figure's title; by default what is drawn against what.

    Returns:
        A figure with one trace per line, in the order given, then their bands.

    Raises:
        TypeError: If x, scores or intervals are not numbers, or logarithmic is not a boolean.
        ValueError: If there are no scores, a score, x or an interval's end is infinite, lengths or the names of lines
            differ, two lines have the same name, x is not positive on a logarithmic axis, or an interval's ends are
            reversed.

    Example:
        >>> scores = {"ImageNet": [[0.70, 0.72], [0.80, 0.81]], "random": [[0.50, 0.58], [0.74, 0.76]]}
        >>> figure = score_curves([5, 20], scores, name="Dice")
        >>> figure.data[0].name, [round(value, 3) for value in figure.data[0].y.tolist()]
        ('ImageNet', [0.71, 0.805])
    """
    text("x_name", x_name)
    text("name", name)
    flag("logarithmic", logarithmic)
    confidence = number("confidence", confidence, "(0, 1)", cure="Pass 0.95 for 95 %.")
    lines = _lines(x, scores, intervals, confidence)
    if logarithmic and min(float(line["x"].min()) for line in lines.values()) <= 0:
        raise ValueError("Expected x above 0 for logarithmic=True. Received 0 or less. Pass logarithmic=False.")
    figure, bands = go.Figure(), []
    for index, (label, line) in enumerate(lines.items()):
        color = COLORS[index % len(COLORS)]
        figure.add_trace(_line(line, label, color, x_name, name))
        bands += _band(line, label, color)
    figure.add_traces(bands)
    if not any(np.isfinite(line["y"]).any() for line in lines.values()):
        say(figure, "no score to draw: all are missing")
    default = f"{name} against {x_name[:1].lower()}{x_name[1:]}"
    styled(figure, title=default if title is None else title, height=400, legend=isinstance(scores, Mapping))
    values = np.unique(np.concatenate([line["x"] for line in lines.values()]))
    are_ticks = _are_ticks(np.log(values) if logarithmic else values, values)
    ticks = {"tickvals": values, "ticktext": [f"{value:,g}" for value in values]} if are_ticks else {}
    missing = sum(int(line["missing"].sum()) for line in lines.values())
    note = f" ({missing:,} {'score' if missing == 1 else 'scores'} missing)" if missing else ""
    figure.update_xaxes(title=wrapped(f"{x_name}{note}"), type="log" if logarithmic else None, **ticks)
    return figure.update_yaxes(title=name)


def _are_ticks(positions: _Floats, values: _Floats) -> bool:
    """Return whether the values of x have room as ticks at their positions on the axis."""
    if values.size > _MAX_TICKS or np.any(values != np.round(values)):
        return False
    return values.size == 1 or bool(np.diff(positions).min() >= np.ptp(positions) / _MAX_PARTS)


def _lines(x: Any, scores: Any, intervals: Any, confidence: float) -> dict[str, dict[str, _Floats]]:
    """Return x, mean, lower and upper end and repeats of each line, with ascending x."""
    named = by_text(scores, "scores") if isinstance(scores, Mapping) else {"": scores}
    if not named:
        raise ValueError("Expected scores of at least one line. Received an empty mapping. Check the selection.")
    own_x, own_intervals = _of_each(x, "x", named), _of_each(intervals, "intervals", named)
    return {
        label: _one_line(
            own_x[label], values, own_intervals[label], f"scores of {label!r}" if label else "scores", confidence
        )
        for label, values in named.items()
    }


def _of_each(given: Any, option: str, lines: Mapping[str, Any]) -> dict[str, Any]:
    """Return an option of each line, given one for all lines or a mapping of line to option."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(lines, given)
    found = by_text(given, option)
    if set(found) != set(lines):
        raise ValueError(
            f"Expected {option} of the lines {sorted(lines)}. Received those of {sorted(found)}. Give both the same "
            "names."
        )
    return found


def _one_line(x: Any, scores: Any, intervals: Any, name: str, confidence: float) -> dict[str, _Floats]:
    positions, table = as_vector(x, "x"), as_floats(scores, name)
    values = table if table.ndim == 2 else table[:, np.newaxis] if table.ndim == 1 else None
    if values is None or (intervals is not None and table.ndim == 2):
        raise ValueError(
            f"Expected {name} of shape (n,), or (n, repeats) without intervals. Received shape {table.shape}. Give one "
            "row per value of x."
        )
    same_length(**{"x": positions.size, name: len(values)})
    if np.isinf(values).any():
        raise ValueError(f"Expected {name} without infinite values. Received some. Pass NaN to leave a gap.")
    mean, low, high = _means(values, confidence)
    if intervals is not None:
        low, high = _ends(intervals, positions.size)
    order = np.argsort(positions, kind="stable")
    count = np.isfinite(values).sum(axis=1).astype(np.float64)
    missing = values.shape[1] - count
    found = {"x": positions, "y": mean, "low": low, "high": high, "count": count, "missing": missing}
    return {key: value[order] for key, value in found.items()}


def _means(values: _Floats, confidence: float) -> tuple[_Floats, _Floats, _Floats]:
    """Return means over repeats with the ends of their intervals, NaN where there are fewer than two."""
    given = np.isfinite(values)
    count = given.sum(axis=1)
    filled = np.where(given, values, 0.0)
    mean = np.where(count > 0, filled.sum(axis=1) / np.maximum(count, 1), np.nan)
    squares = np.where(given, (values - mean[:, np.newaxis]) ** 2, 0.0).sum(axis=1)
    degrees = np.maximum(count - 1, 1)
    error = special.stdtrit(degrees, (1 + confidence) / 2) * np.sqrt(squares / degrees / np.maximum(count, 1))
    error = np.where(count > 1, error, np.nan)
    return mean, mean - error, mean + error


def _ends(intervals: ArrayLike, length: int) -> tuple[_Floats, _Floats]:
    pairs = as_floats(intervals, "intervals")
    if pairs.shape != (length, 2):
        raise ValueError(
            f"Expected intervals of shape ({length}, 2). Received shape {pairs.shape}. Give lower and upper end for "
            "each score."
        )
    if np.isinf(pairs).any():
        raise ValueError("Expected intervals without infinite ends. Received some. Pass NaN where an end is unknown.")
    if np.any(pairs[:, 0] > pairs[:, 1]):
        raise ValueError("Expected intervals from low to high. Received a low end above its high end. Swap the ends.")
    return pairs[:, 0], pairs[:, 1]


def _line(line: dict[str, _Floats], label: str, color: str, x_name: str, name: str) -> Any:
    texts = [
        f"{low:.3f} to {high:.3f}" + (f", n {count:.0f}" if count > 1 else "") if np.isfinite(high - low) else "none"
        for low, high, count in zip(line["low"], line["high"], line["count"], strict=True)
    ]
    return go.Scatter(
        x=line["x"],
        y=line["y"],
        mode="lines+markers",
        name=label,
        legendgroup=label,
        line={"color": color, "width": 2.5},
        marker={"size": 7},
        customdata=texts,
        hovertemplate=f"{literal(f'{label}<br>{x_name}')} %{{x:,}}<br>{literal(name)} %{{y:.3f}}"
        "<br>interval %{customdata}<extra></extra>",
    )


def _band(line: dict[str, _Floats], label: str, color: str) -> list[Any]:
    """Return the band, in parts where intervals are missing; for a single interval, a vertical line."""
    known = np.flatnonzero(np.isfinite(line["low"]) & np.isfinite(line["high"]))
    if not known.size:
        return []
    x: list[float | None] = []
    y: list[float | None] = []
    for part in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
        x += [*line["x"][part].tolist(), *line["x"][part[::-1]].tolist(), None]
        y += [*line["low"][part].tolist(), *line["high"][part[::-1]].tolist(), None]
    return [
        go.Scatter(
            x=x[:-1],
            y=y[:-1],
            mode="lines",
            fill="toself",
            fillcolor=translucent(color, 0.18),
            line={"width": 1, "color": translucent(color, 0.5)},
            legendgroup=label,
            showlegend=False,
            hoverinfo="skip",
        )
    ]
