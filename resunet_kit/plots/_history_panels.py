"""Panels of a training history: their layout, and what is drawn in each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resunet_kit.plots._epochs import Series
from resunet_kit.plots._style import COLORS, REFERENCE, literal, say, wrapped

HEIGHT = 240  # pixels of a panel's height
_BETWEEN = 44  # pixels between two rows of panels without their lines of text
_LINE = 18  # pixels of such a line
_CHARACTERS = 48  # of a line on a phone, which the panels of a row share
_NARROWEST = 12  # characters of a panel's line: narrower panels are for wide pages
_RATES = ("lr", "learning_rate")
_TRAINING, _VALIDATION = ("Training", COLORS[0], "solid"), ("Validation", COLORS[1], "dash")


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


@dataclass(frozen=True)
class _Panel:
    """One metric of a stage; its texts have lines of at most `width` characters, lest they overlap its neighbour's."""

    stage: Stage
    metric: str
    width: int

    @property
    def drawn(self) -> dict[str, Series]:
        """Return the metric in training and validation, as far as they were recorded."""
        names = (self.metric, f"val_{self.metric}")
        return {name: self.stage.entries[name] for name in names if name in self.stage.entries}

    @property
    def title(self) -> str:
        return wrapped(f"{self.stage.name}: {self.metric}".removeprefix(": ").replace("_", " "), self.width)

    @property
    def epochs(self) -> str:
        """Return the title of the axis of epochs: what was assumed about them, and what is missing."""
        notes = [series.note for series in self.drawn.values() if series.note]
        missing = sum(series.missing for series in self.drawn.values())
        notes += [f"{missing} {'value' if missing == 1 else 'values'} not finite"] if missing else []
        if not any(name.startswith("val_") for name in self.stage.entries):
            notes.append("no validation recorded")
        return wrapped(f"Epoch ({', '.join(dict.fromkeys(notes))})", self.width) if notes else "Epoch"


def panels(stages: list[Stage], columns: int) -> tuple[go.Figure, int, int]:
    """Return a figure with a panel for each metric of each stage, its height, and the lines of its panels' titles.

    A stage starts a new row.
    """
    columns = min(columns, max(len(stage.metrics) for stage in stages))
    rows = [
        [_Panel(stage, metric, _width(number, row, columns)) for number, metric in enumerate(row, start=1)]
        for stage in stages
        for row in (stage.metrics[i : i + columns] for i in range(0, len(stage.metrics), columns))
    ]
    titles = [panel.title for row in rows for panel in row]
    title_lines, note_lines = (max(map(_lines, texts)) for texts in (titles, [p.epochs for row in rows for p in row]))
    between = _BETWEEN + _LINE * (title_lines + note_lines)
    figure = make_subplots(
        rows=len(rows),
        cols=columns,
        specs=[_spans(len(row), columns) for row in rows],
        subplot_titles=titles,
        horizontal_spacing=min(0.11, 0.4 / columns),  # room for the numbers at an axis on a phone
        vertical_spacing=between / (len(rows) * (HEIGHT + between)) if len(rows) > 1 else 0,
    )
    figure.update_annotations(font_size=13)
    for number, row in enumerate(rows, start=1):
        for column, panel in enumerate(row, start=1):
            _draw_panel(figure, panel, row=number, col=column)
    _show_each_name_once(figure)
    return figure, len(rows) * HEIGHT + (len(rows) - 1) * between + 50, title_lines


def _width(number: int, row: Sequence[str], columns: int) -> int:
    """Return the characters of a panel's line; the last one of a row takes what the row leaves empty."""
    spanned = columns - len(row) + 1 if number == len(row) else 1
    return max(_NARROWEST, _CHARACTERS * spanned // columns)


def _lines(text: str) -> int:
    return text.count("<br>") + 1


def _spans(filled: int, columns: int) -> list[dict[str, int] | None]:
    """Return one specification per column: the last panel of a row takes what the row leaves empty."""
    last: dict[str, int] = {"colspan": columns - filled + 1}
    return [*({} for _ in range(filled - 1)), last, *(None for _ in range(columns - filled))]


def _draw_panel(figure: go.Figure, panel: _Panel, *, row: int, col: int) -> None:
    stage, best = panel.stage, panel.stage.best
    for name, series in panel.drawn.items():
        kind, color, dash = _VALIDATION if name.startswith("val_") else _TRAINING
        figure.add_trace(_line(series, kind, name, color, dash), row=row, col=col)
        value = None if best is None else series.at(best)
        if best is not None and value is not None:
            figure.add_trace(_mark(best, value, name, color), row=row, col=col)
    if best is not None:
        figure.add_vline(x=best, line={"color": REFERENCE, "dash": "dot", "width": 1.5}, row=row, col=col)
    first, last = stage.span
    margin = 0.03 * (last - first + 1)  # so that the star of the last epoch is not cut off
    ticks = {"dtick": 1} if last - first < 10 else {}
    figure.update_xaxes(title=panel.epochs, range=[first - margin, last + margin], row=row, col=col, **ticks)
    _finish_values(figure, panel.metric, list(panel.drawn.values()), row=row, col=col)


def _finish_values(figure: go.Figure, metric: str, drawn: list[Series], *, row: int, col: int) -> None:
    """Say that a panel has no values; fit the axis to learning rates of several decades and to constant values."""
    values = np.concatenate([series.values for series in drawn])
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        axis = next(figure.select_yaxes(row=row, col=col))
        position = {"xref": f"{axis.anchor} domain", "yref": f"{_axis_name(axis)} domain"}
        say(figure, f"{metric.replace('_', ' ')}: no finite value", **position)
        figure.update_yaxes(showticklabels=False, row=row, col=col)
    elif metric in _RATES and finite.min() > 0 and finite.max() >= 10 * finite.min():
        figure.update_yaxes(type="log", exponentformat="power", row=row, col=col)
    elif finite.min() == finite.max() != 0:  # Plotly would draw an axis from -1 to 1, on which 0.001 is 0
        figure.update_yaxes(range=sorted([0, 2 * finite[0]]), row=row, col=col)


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
