"""Training history: every metric against the epoch."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resunet_kit._shared.numbers import choice, integer
from resunet_kit.plots._arrays import same_length
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
    columns: int = 2,
) -> go.Figure:
    """Draw every metric against the epoch: training solid, validation dashed, the best epoch marked.

    Args:
        history: A mapping of name to one value per epoch, as in `keras.callbacks.History.history`, or that callback
            itself. `val_loss` is drawn in the panel of `loss`. NaN leaves a gap.
        title: The figure's title; by default it names the best epoch.
        monitor: The entry by which the best epoch is chosen; by default "val_loss", else "loss", else the first.
        mode: Whether the minimum ("min") or the maximum ("max") is best; "auto" takes "min" for names that contain
            "loss", "error", "distance", "mse" or "mae".
        columns: Panels per row, at least 1.

    Returns:
        A figure with one panel per metric, x the epoch from 1.

    Raises:
        TypeError: If history is not a mapping or a History callback, or columns is not an integer.
        ValueError: If there are no entries, their lengths differ, or monitor or mode is unknown.

    Example:
        >>> figure = training_history({"loss": [0.9, 0.5, 0.4], "val_loss": [0.8, 0.6, 0.7]})
        >>> figure.layout.title.text
        'Best epoch 2 of 3 · val_loss 0.6'
    """
    entries = _entries(history)
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
    epochs = len(entries[chosen])
    marked = "" if best is None else f"Best epoch {best + 1} of {epochs} · {chosen} {entries[chosen][best]:.4g}"
    text = title if title is not None else marked or "Training"
    return styled(figure, title=text, height=rows * _PANEL + 40, legend=True, panel_title_lines=1)


def _entries(history: Any) -> dict[str, list[float]]:
    mapping = getattr(history, "history", history)
    if not isinstance(mapping, Mapping):
        raise TypeError(
            "Expected history to be a mapping of name to values, or a History callback. Received "
            f"{type(history).__name__}. Pass what `model.fit` returns."
        )
    entries = {str(name): [float(value) for value in values] for name, values in mapping.items()}
    if not entries:
        raise ValueError("Expected history with at least one metric. Received none. Train the model first.")
    same_length(**{name: len(values) for name, values in entries.items()})
    return entries


def _best_epoch(values: list[float], name: str, mode: Mode) -> int | None:
    falling = mode == "min" or (mode == "auto" and any(part in name.lower() for part in _FALLING))
    array = np.asarray(values)
    if not np.any(np.isfinite(array)):
        return None
    worst = np.inf if falling else -np.inf
    array = np.where(np.isfinite(array), array, worst)
    return int(np.argmin(array) if falling else np.argmax(array))


def _draw_panel(
    figure: go.Figure, entries: dict[str, list[float]], metric: str, best: int | None, *, row: int, col: int
) -> None:
    kinds = (("Training", metric, COLORS[0], "solid"), ("Validation", f"val_{metric}", COLORS[1], "dash"))
    for kind, name, color, dash in kinds:
        if name not in entries:
            continue
        values = entries[name]
        figure.add_trace(_line(values, kind, name, color, dash), row=row, col=col)
        if best is not None:
            figure.add_trace(_mark(best, values[best], name, color), row=row, col=col)
    if best is not None:
        figure.add_vline(x=best + 1, line={"color": REFERENCE, "dash": "dot", "width": 1.5}, row=row, col=col)
    epochs = len(next(iter(entries.values())))
    margin = 0.03 * epochs  # so that the star of the last epoch is not cut off
    ticks = {"dtick": 1} if epochs <= 10 else {}
    figure.update_xaxes(title="Epoch", range=[1 - margin, epochs + margin], row=row, col=col, **ticks)


def _line(values: list[float], kind: str, name: str, color: str, dash: str) -> Any:
    return go.Scatter(
        x=list(range(1, len(values) + 1)),
        y=values,
        mode="lines" if len(values) > 1 else "markers",
        name=kind,
        legendgroup=kind,
        legendrank=1,
        line={"color": color, "dash": dash, "width": 2.5},
        hovertemplate=f"epoch %{{x}}<br>{name} %{{y:.4g}}<extra></extra>",
    )


def _mark(best: int, value: float, name: str, color: str) -> Any:
    return go.Scatter(
        x=[best + 1],
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
