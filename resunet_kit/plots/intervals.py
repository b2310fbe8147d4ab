"""Forest plot: estimates with their intervals, one per row."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

from resunet_kit._shared.numbers import number, text
from resunet_kit.plots._style import COLORS, REFERENCE, say, shortened, styled, wrapped

_ROW = 48  # pixels of a row's height, whose label takes one line
_LINE = 16
_MAX_CHARACTERS = 46  # of a line that fits a phone of 390 pixels
_LARGE = 1e9  # from which a number has a power of ten
_MAX_LABEL = 120  # characters; hovering says longer labels in full
_MARGIN = 0.06  # of the values' range, from the outermost end to the axis' end


class _Row(NamedTuple):
    """A row's label, its estimate and the ends of its interval; NaN for what is missing."""

    label: str
    estimate: float
    low: float
    high: float


def interval_plot(
    rows: Mapping[str, Sequence[float]] | Sequence[Mapping[str, Any]],
    *,
    name: str = "Difference",
    reference: float | None = 0.0,
    title: str | None = None,
) -> go.Figure:
    """Draw an estimate with its interval in each row, as for ablations and comparisons (a forest plot).

    An interval that contains the reference, by default no difference, is grey; the others are blue.

    Args:
        rows: A mapping of label to `(estimate, low, high)`, such as `resunet_kit.metrics.bootstrap_interval` returns;
            or a sequence of mappings with the keys "label", "estimate", "low" and "high". Ends may be infinite. NaN and
            None mark missing values, and the row says so.
        name: What is estimated, with its unit if it has one.
        reference: Position of a vertical line, such as 0 for differences or 1 for ratios; None draws no line.
        title: The figure's title; by default, how many intervals exclude the reference.

    Returns:
        A figure whose first trace holds the estimates, x the value, y the row from 0 at the top. The intervals follow,
        those that exclude the reference last.

    Raises:
        TypeError: If rows are not of these forms, or a value is not a number.
        ValueError: If there are no rows, an estimate is infinite, the ends of an interval are reversed, or the
            reference is not finite.

    Example:
        >>> figure = interval_plot({"without attention": (-0.02, -0.04, -0.01), "wider": (0.01, -0.01, 0.03)})
        >>> figure.layout.title.text
        'Difference · intervals that exclude 0: 1 of 2'

    References:
        Lewis and Clarke (2001), "Forest plots: trying to see the wood and the trees", BMJ 322.
    """
    text("name", name)
    line = None if reference is None else number("reference", reference)
    given = _rows(rows)
    low, high = _ends(given, line)
    figure = go.Figure([_estimates(given, line), *_intervals(given, line, low, high)])
    if line is not None:
        figure.add_vline(x=line, line={"color": REFERENCE, "dash": "dot", "width": 1.5})
    for index, row in enumerate(given):
        _write(figure, row, index)
    row_height = _ROW + _LINE * max(_label(row).count("<br>") for row in given)
    default = name if line is None else f"{name} · {_apart(given, line)}"
    styled(figure, title=default if title is None else title, height=row_height * len(given) + 50)
    figure.update_xaxes(title=name, range=[low, high])
    return figure.update_yaxes(range=[len(given) - 0.4, -0.75], showticklabels=False, showgrid=False)


def _rows(rows: Any) -> list[_Row]:
    if isinstance(rows, Mapping):
        found = [_of_values(str(label), values) for label, values in rows.items()]
    elif isinstance(rows, Sequence) and all(isinstance(row, Mapping) for row in rows):
        found = [_of_mapping(row, index) for index, row in enumerate(rows)]
    else:
        raise TypeError(
            "Expected rows as a mapping of label to (estimate, low, high), or a list of mappings. Received "
            f"{type(rows).__name__}. Pass {{'wider': (0.01, -0.01, 0.03)}}, for example."
        )
    if not found:
        raise ValueError("Expected at least one row. Received none. Check the selection.")
    return found


def _of_mapping(row: Mapping[str, Any], index: int) -> _Row:
    lacking = [key for key in ("label", "estimate") if key not in row]
    if lacking:
        raise ValueError(
            f"Expected rows with the keys 'label', 'estimate', 'low' and 'high'. Received rows[{index}] without "
            f"{' and '.join(map(repr, lacking))}. Add it, or rename one of {', '.join(map(repr, row))}."
        )
    return _of_values(str(row["label"]), [row["estimate"], row.get("low"), row.get("high")])


def _of_values(label: str, values: Any) -> _Row:
    if isinstance(values, str) or not hasattr(values, "__len__") or len(values) != 3:
        raise TypeError(
            f"Expected row {label!r} as (estimate, low, high). Received {values!r}. Pass NaN for missing ends."
        )
    estimate, low, high = (_value(label, value) for value in values)
    if math.isinf(estimate):
        raise ValueError(f"Expected a finite estimate of {label!r}. Received {estimate}. Pass NaN if it is unknown.")
    if low > high:
        raise ValueError(f"Expected the interval of {label!r} from low to high. Received {low} to {high}. Swap them.")
    return _Row(label, estimate, low, high)


def _value(label: str, value: Any) -> float:
    if value is None:
        return math.nan
    try:
        if isinstance(value, str | bool):
            raise TypeError
        return float(value)
    except (OverflowError, TypeError, ValueError):
        raise TypeError(
            f"Expected numbers in row {label!r}. Received {value!r}. Pass NaN or None for what is missing."
        ) from None


def _ends(rows: list[_Row], reference: float | None) -> tuple[float, float]:
    """Return the ends of the axis: infinite intervals end there."""
    values = [value for row in rows for value in row[1:] if math.isfinite(value)]
    values += [] if reference is None else [reference]
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = _MARGIN * (high - low or abs(high) or 1.0)
    return low - margin, high + margin


def _has_interval(row: _Row) -> bool:
    return not (math.isnan(row.low) or math.isnan(row.high))


def _is_apart(row: _Row, reference: float | None) -> bool:
    """Return whether the interval does not contain the reference."""
    return reference is not None and _has_interval(row) and not row.low <= reference <= row.high


def _apart(rows: list[_Row], reference: float) -> str:
    known = [row for row in rows if _has_interval(row)]
    count = sum(_is_apart(row, reference) for row in known)
    return f"intervals that exclude {reference:g}: {count} of {len(known)}"


def _estimates(rows: list[_Row], reference: float | None) -> Any:
    plain = reference is None
    return go.Scatter(
        x=[None if math.isnan(row.estimate) else row.estimate for row in rows],
        y=list(range(len(rows))),
        mode="markers",
        marker={
            "size": 11,
            "symbol": ["square" if _has_interval(row) else "square-open" for row in rows],
            "color": [COLORS[0] if plain or _is_apart(row, reference) else REFERENCE for row in rows],
        },
        text=[f"{row.label}<br>{_numbers(row)}" for row in rows],
        hovertemplate="%{text}<extra></extra>",
    )


def _intervals(rows: list[_Row], reference: float | None, low: float, high: float) -> list[Any]:
    """Return two traces of separate lines: grey where an interval contains the reference, and blue."""
    return [_lines(rows, reference, low, high, apart=False), _lines(rows, reference, low, high, apart=True)]


def _lines(rows: list[_Row], reference: float | None, low: float, high: float, *, apart: bool) -> Any:
    x: list[float | None] = []
    y: list[float | None] = []
    for index, row in enumerate(rows):
        if _has_interval(row) and _is_apart(row, reference) == apart:
            x += [max(row.low, low), min(row.high, high), None]
            y += [index, index, None]
    color = COLORS[0] if apart or reference is None else REFERENCE
    return go.Scatter(x=x, y=y, mode="lines", line={"color": color, "width": 2.5}, hoverinfo="skip")


def _write(figure: go.Figure, row: _Row, index: int) -> None:
    """Write a row's label and numbers above its interval: next to the axis they would take half of a phone's width."""
    position = {"x": 0, "xref": "x domain", "xanchor": "left", "yref": "y", "yanchor": "bottom", "align": "left"}
    say(figure, _label(row), y=index, yshift=9, font_size=12, **position)


def _label(row: _Row) -> str:
    """Return a row's label in bold and its numbers, on one line where they fit a phone."""
    label, numbers = wrapped(shortened(row.label, _MAX_LABEL), _MAX_CHARACTERS), _numbers(row)
    fits = len(label) + len(numbers) <= _MAX_CHARACTERS and "<br>" not in label
    return f"<b>{label}</b>{'  ' if fits else '<br>'}{numbers}"


def _numbers(row: _Row) -> str:
    if math.isnan(row.estimate):
        return "not available"
    if not _has_interval(row):
        return f"{_number(row.estimate)}, no interval"
    return f"{_number(row.estimate)} ({_number(row.low)} to {_number(row.high)})"


def _number(value: float) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if 1000 <= abs(value) < _LARGE:
        return f"{value:,.0f}".replace("-", "−")
    words = f"{value:.3f}" if 0.001 <= abs(value) < 1000 or value == 0 else f"{value:.3g}"
    return words.replace("-", "−")
