"""Panels of a training history: their layout, and what is drawn in each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resunet_kit.plots._epochs import Series
from resunet_kit.plots._style import COLORS, REFERENCE, literal, say, wrapped

HEIGHT = 240  # pixels of a panel's height
_BETWEEN = 95  # pixels for the labels of one row of panels and the titles of the next
_RATES = ("lr", "learning_rate")


@dataclass(frozen=True)
class Stage:
    """One training: its entries, the entry by which the best epoch was chosen, and that epoch."""

    name: str
    entries: dict[str, Series]
    monitor: str
    best: int | None

    @property
    def metrics(self) -> list[str]:
        """Return the metrics that have a panel: validation is drawn in the panel of its training metric."""
        return list(dict.fromkeys(name.removeprefix("val_") for name in self.entries))

    @property
    def span(self) -> tuple[int, int]:
        """Return the first and the last epoch."""
        return (
            min(series.epochs[0] for series in self.entries.values()),
            max(series.epochs[-1] for series in self.entries.values()),
        )


def panels(stages: list[Stage], columns: int) -> tuple[go.Figure, int]:
    """Return a figure with a panel for each metric of each stage, and its height; a stage starts a new row."""
    columns = min(columns, max(len(stage.metrics) for stage in stages))
    rows = [
        [(stage, metric) for metric in stage.metrics[start : start + columns]]
        for stage in stages
        for start in range(0, len(stage.metrics), columns)
    ]
    figure = make_subplots(
        rows=len(rows),
        cols=columns,
        specs=[_spans(len(row), columns) for row in rows],
        subplot_titles=[_panel_title(stage, metric) for row in rows for stage, metric in row],
        horizontal_spacing=0.22 / columns,  # on a phone, room for the numbers at an axis
        vertical_spacing=_BETWEEN / (len(rows) * (HEIGHT + _BETWEEN)) if len(rows) > 1 else 0,
    )
    figure.update_annotations(font_size=13)
    for number, row in enumerate(rows, start=1):
        for column, (stage, metric) in enumerate(row, start=1):
            _draw_panel(figure, stage, metric, row=number, col=column)
    _show_each_name_once(figure)
    return figure, len(rows) * HEIGHT + (len(rows) - 1) * _BETWEEN + 50


def _spans(filled: int, columns: int) -> list[dict[str, int] | None]:
    """Return one specification per column: the last panel of a row takes what the row leaves empty."""
    last: dict[str, int] = {"colspan": columns - filled + 1}
    return [*({} for _ in range(filled - 1)), last, *(None for _ in range(columns - filled))]


def _panel_title(stage: Stage, metric: str) -> str:
    return f"{stage.name}: {metric}".removeprefix(": ").replace("_", " ")


def _draw_panel(figure: go.Figure, stage: Stage, metric: str, *, row: int, col: int) -> None:
    entries, best = stage.entries, stage.best
    kinds = (("Training", metric, COLORS[0], "solid"), ("Validation", f"val_{metric}", COLORS[1], "dash"))
    drawn = [(*kind, entries[kind[1]]) for kind in kinds if kind[1] in entries]
    for kind, name, color, dash, series in drawn:
        figure.add_trace(_line(series, kind, name, color, dash), row=row, col=col)
        value = None if best is None else series.at(best)
        if best is not None and value is not None:
            figure.add_trace(_mark(best, value, name, color), row=row, col=col)
    if best is not None:
        figure.add_vline(x=best, line={"color": REFERENCE, "dash": "dot", "width": 1.5}, row=row, col=col)
    first, last = stage.span
    margin = 0.03 * (last - first + 1)  # so that the star of the last epoch is not cut off
    ticks = {"dtick": 1} if last - first < 10 else {}
    figure.update_xaxes(
        title=_epoch_title(stage, drawn), range=[first - margin, last + margin], row=row, col=col, **ticks
    )
    _finish_values(figure, metric, [series for *_, series in drawn], row=row, col=col)


def _epoch_title(stage: Stage, drawn: list[Any]) -> str:
    notes = [series.note for *_, series in drawn if series.note]
    missing = sum(series.missing for *_, series in drawn)
    notes += [f"{missing} {'value' if missing == 1 else 'values'} not finite"] if missing else []
    if not any(name.startswith("val_") for name in stage.entries):
        notes.append("no validation recorded")
    # On a phone, a longer line would run into that of the panel beside it.
    return wrapped(f"Epoch ({', '.join(dict.fromkeys(notes))})", 32) if notes else "Epoch"


def _finish_values(figure: go.Figure, metric: str, drawn: list[Series], *, row: int, col: int) -> None:
    """Say that a panel has no values; draw learning rates of several decades on a logarithmic axis."""
    values = np.concatenate([series.values for series in drawn])
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        axis = next(figure.select_yaxes(row=row, col=col))
        position = {"xref": f"{axis.anchor} domain", "yref": f"{_axis_name(axis)} domain"}
        say(figure, f"{metric.replace('_', ' ')}: no finite value", **position)
        figure.update_yaxes(showticklabels=False, row=row, col=col)
    elif metric in _RATES and finite.min() > 0 and finite.max() >= 10 * finite.min():
        figure.update_yaxes(type="log", exponentformat="power", row=row, col=col)


def _axis_name(axis: Any) -> str:
    return axis.plotly_name.replace("axis", "")


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
        hovertemplate=f"epoch %{{x}}<br>{literal(name)} %{{y:.4g}}<extra></extra>",
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
        hovertemplate=f"best epoch %{{x}}<br>{literal(name)} %{{y:.4g}}<extra></extra>",
    )


def _show_each_name_once(figure: go.Figure) -> None:
    seen: set[str] = set()
    for trace in figure.data:
        trace.showlegend = trace.name not in seen
        seen.add(trace.name)


def option_of(option: Any, stage: str) -> Any:
    """Return the option of a stage, given one for all stages or a mapping from stage to option."""
    return option.get(stage) if isinstance(option, Mapping) else option
