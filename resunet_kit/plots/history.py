"""Training history: every metric against the epoch."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resunet_kit._shared.numbers import choice, integer
from resunet_kit.plots._epochs import Series, ValidationFreq, align
from resunet_kit.plots._style import COLORS, REFERENCE, styled

Mode = Literal["auto", "min", "max"]
_FALLING = ("loss", "error", "distance", "mse", "mae")
_PANEL = 260  # pixels of a panel's height


def training_history(
    history: Mapping[str, Sequence[float]] | Any,
    *,
    title: str | None = None,
    monitor: str | None = None,
    mode: Mode = "auto",
    validation_freq: ValidationFreq = None,
    columns: int = 2,
) -> go.Figure:
    """Draw every metric against the epoch: training solid, validation dashed, the best epoch marked.

    Keras's history holds no epochs, and fewer values of what was not computed in each. Where entries are shorter than
    the longest, their epochs follow from `validation_freq`; without it, validation is assumed at the multiples of the
    one number that gives so many values, or of the one among several that divides the number of epochs. Entries of
    training that came later are assumed to end with the last epoch. The axis says what was assumed.

    Args:
        history: A mapping of name to one value per epoch, as in `keras.callbacks.History.history`, or that callback
            itself. `val_loss` is drawn in the panel of `loss`. NaN and None leave a gap.
        title: The figure's title; by default it names the best epoch.
        monitor: The entry by which the best epoch is chosen; by default "val_loss", else "loss", else the first.
        mode: Whether the minimum ("min") or the maximum ("max") is best; "auto" takes "min" for names that contain
            "loss", "error", "distance", "mse" or "mae".
        validation_freq: What `fit` got: an integer, or the epochs from 1 as a list.
        columns: Panels per row, at least 1.

    Returns:
        A figure with one panel per metric, x the epoch from 1.

    Raises:
        TypeError: If history is not a mapping or a History callback, a value is not a number, or columns is not an
            integer.
        ValueError: If there are no entries, their lengths do not tell their epochs, or monitor or mode is unknown.

    Example:
        >>> figure = training_history({"loss": [0.9, 0.5, 0.4], "val_loss": [0.8, 0.6, 0.7]})
        >>> figure.layout.title.text
        'Best epoch 2 of 3 · val_loss 0.6'
        >>> figure = training_history({"loss": [0.9, 0.5, 0.4, 0.3], "val_loss": [0.8, 0.6]})
        >>> figure.data[2].x, figure.layout.xaxis.title.text
        ((2, 4), 'Epoch (validation every 2, assumed)')
    """
    entries = align(history, validation_freq)
    chosen = monitor or next((name for name in ("val_loss", "loss") if name in entries), next(iter(entries)))
    choice("monitor", chosen, entries)
    choice("mode", mode, get_args(Mode))
    best = _best_epoch(entries[chosen], chosen, mode)
    metrics = list(dict.fromkeys(name.removeprefix("val_") for name in entries))
    columns = min(integer("columns", columns, "[1, inf)"), len(metrics))
    rows = -(-len(metrics) // columns)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[metric.replace("_", " ") for metric in metrics],
        horizontal_spacing=0.1 / columns,
        vertical_spacing=80 / (rows * _PANEL) if rows > 1 else 0,
    )
    for index, metric in enumerate(metrics):
        _draw_panel(figure, entries, metric, best, row=index // columns + 1, col=index % columns + 1)
    _show_each_name_once(figure)
    last = max(series.epochs[-1] for series in entries.values())
    marked = "" if best is None else f"Best epoch {best} of {last} · {chosen} {entries[chosen].at(best):.4g}"
    text = title if title is not None else marked or "Training"
    return styled(figure, title=text, height=rows * _PANEL + 40, legend=True, panel_title_lines=1)


def _best_epoch(series: Series, name: str, mode: Mode) -> int | None:
    """Return the epoch of the best finite value."""
    falling = mode == "min" or (mode == "auto" and any(part in name.lower() for part in _FALLING))
    array = np.asarray(series.values)
    if not np.any(np.isfinite(array)):
        return None
    worst = np.inf if falling else -np.inf
    array = np.where(np.isfinite(array), array, worst)
    return series.epochs[int(np.argmin(array) if falling else np.argmax(array))]


def _draw_panel(
    figure: go.Figure, entries: dict[str, Series], metric: str, best: int | None, *, row: int, col: int
) -> None:
    kinds = (("Training", metric, COLORS[0], "solid"), ("Validation", f"val_{metric}", COLORS[1], "dash"))
    drawn = [(*kind, entries[kind[1]]) for kind in kinds if kind[1] in entries]
    for kind, name, color, dash, series in drawn:
        figure.add_trace(_line(series, kind, name, color, dash), row=row, col=col)
        value = None if best is None else series.at(best)
        if best is not None and value is not None:
            figure.add_trace(_mark(best, value, name, color), row=row, col=col)
    if best is not None:
        figure.add_vline(x=best, line={"color": REFERENCE, "dash": "dot", "width": 1.5}, row=row, col=col)
    first = min(series.epochs[0] for series in entries.values())
    last = max(series.epochs[-1] for series in entries.values())
    margin = 0.03 * (last - first + 1)  # so that the star of the last epoch is not cut off
    ticks = {"dtick": 1} if last - first < 10 else {}
    notes = ", ".join(dict.fromkeys(series.note for *_, series in drawn if series.note))
    title = f"Epoch ({notes})" if notes else "Epoch"
    figure.update_xaxes(title=title, range=[first - margin, last + margin], row=row, col=col, **ticks)


def _line(series: Series, kind: str, name: str, color: str, dash: str) -> Any:
    mode = "lines+markers" if series.has_gaps else "lines"
    return go.Scatter(
        x=series.epochs,
        y=series.values,
        mode="markers" if len(series.epochs) == 1 else mode,
        name=kind,
        legendgroup=kind,
        legendrank=1,
        line={"color": color, "dash": dash, "width": 2.5},
        hovertemplate=f"epoch %{{x}}<br>{name} %{{y:.4g}}<extra></extra>",
    )


def _mark(best: int, value: float, name: str, color: str) -> Any:
    return go.Scatter(
        x=[best],
        y=[value],
        mode="markers",
        name="Best epoch",
        legendgroup="best",
        legendrank=2,
        marker={"symbol": "star", "size": 12, "color": color, "line": {"color": "white", "width": 1}},
        hovertemplate=f"best epoch %{{x}}<br>{name} %{{y:.4g}}<extra></extra>",
    )


def _show_each_name_once(figure: go.Figure) -> None:
    seen: set[str] = set()
    for trace in figure.data:
        trace.showlegend = trace.name not in seen
        seen.add(trace.name)
