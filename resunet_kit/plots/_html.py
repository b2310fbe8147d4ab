"""HTML of a report: text, tables and the style sheet."""

import html
import math
import numbers
import re
from collections.abc import Mapping, Sequence
from typing import Any

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #24292f; --faint: #5b636d; --line: #dde1e6;
  --shade: #f5f7f9; --link: #0062a0; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15181d; --ink: #e4e7eb; --faint: #a2a9b3; --line: #343a43; --shade: #1e2229; --link: #6db8ee; }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.page { max-width: 1320px; margin: 0 auto; padding: 24px 28px 80px; }
@media (min-width: 1080px) {
  .page { display: grid; grid-template-columns: 210px minmax(0, 1fr); column-gap: 48px; }
  header { grid-column: 1 / -1; }
  nav { position: sticky; top: 24px; align-self: start; max-height: calc(100vh - 48px); overflow-y: auto; }
}
h1 { font-size: 30px; line-height: 1.2; margin: 8px 0 24px; }
h2 { font-size: 22px; line-height: 1.3; margin: 0 0 12px; padding-top: 16px; border-top: 1px solid var(--line); }
header > p { margin: 0 0 24px; }
section { margin-bottom: 40px; }
section > p { max-width: 72ch; }
nav ol { list-style: none; margin: 0 0 24px; padding: 0; font-size: 14px; }
nav li { margin: 0; padding: 4px 0; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus { text-decoration: underline; }
code { background: var(--shade); border-radius: 3px; padding: 1px 4px; font-size: 0.9em; }
.scroll { overflow-x: auto; margin: 16px 0; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 14px; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--faint); font-weight: 600; border-bottom-width: 2px; }
th.number, td.number { text-align: right; }
tbody tr:hover { background: var(--shade); }
@media (prefers-color-scheme: dark) {
  .js-plotly-plot .main-svg { background: transparent !important; }
  .js-plotly-plot .bg { fill: transparent !important; }
  .js-plotly-plot :is([class*="title"], [class*="tick"] text, .legendtext, .annotation-text, .slider-container text,
    .colorbar text) { fill: var(--ink) !important; }
  .js-plotly-plot .gridlayer path { stroke: var(--line) !important; }
}
@media print { nav { display: none; } section { break-inside: avoid; } }
"""


def paragraphs(text: str) -> str:
    """Return text as HTML paragraphs, escaped; blank lines separate them, `**bold**` and backticks mark up.

    Example:
        >>> paragraphs("Dice **0.9** < 1")
        '<p>Dice <strong>0.9</strong> &lt; 1</p>'
    """
    parts = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    return "\n".join(f"<p>{_marked(part)}</p>" for part in parts)


def _marked(text: str) -> str:
    escaped = html.escape(text, quote=False)
    pieces = re.split(r"`([^`]+)`", escaped)  # every second piece was between backticks
    return "".join(
        f"<code>{piece}</code>" if index % 2 else re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", piece, flags=re.S)
        for index, piece in enumerate(pieces)
    )


def table(data: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]]) -> str:
    """Return columns (a mapping of name to values) or rows (mappings of name to value) as an HTML table."""
    columns = _columns(data)
    texts = {name: _texts(values) for name, values in columns.items()}
    kinds = {name: ' class="number"' if _is_numeric(values) else "" for name, values in columns.items()}
    head = "".join(f"<th{kinds[name]}>{html.escape(str(name))}</th>" for name in columns)
    rows = "\n".join(
        "<tr>" + "".join(f"<td{kinds[name]}>{cell}</td>" for name, cell in zip(columns, row, strict=True)) + "</tr>"
        for row in zip(*texts.values(), strict=True)
    )
    return f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>'


def _columns(data: Any) -> dict[str, list[Any]]:
    if isinstance(data, Mapping):
        columns = {name: list(values) for name, values in data.items()}
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"Expected table columns of one length. Received {lengths}. Fill the gaps with None.")
    else:
        names = dict.fromkeys(name for row in data for name in row)
        columns = {name: [row.get(name) for row in data] for name in names}
    if not columns:
        raise ValueError("Expected a table with at least one column. Received none. Leave the table out.")
    return columns


def _is_numeric(values: Sequence[Any]) -> bool:
    given = [value for value in values if value is not None]
    return bool(given) and all(isinstance(value, numbers.Real) and not _is_flag(value) for value in given)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")


def _texts(values: Sequence[Any]) -> list[str]:
    """Return the cells of a column; its floats have as many decimals as give the largest three digits."""
    floats = [
        abs(float(value))
        for value in values
        if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral) and math.isfinite(value)
    ]
    largest = max(floats, default=0.0)
    decimals = min(6, max(0, 2 - math.floor(math.log10(largest)))) if largest else 3
    return [_cell(value, decimals) for value in values]


def _cell(value: Any, decimals: int) -> str:
    if value is None:
        return ""
    if _is_flag(value):
        return "yes" if value else "no"
    if isinstance(value, numbers.Integral):
        return f"{int(value):,}"
    if not isinstance(value, numbers.Real):
        return html.escape(str(value), quote=False)
    number = float(value)
    if math.isnan(number):
        return "–"
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    vanishes = number != 0 and abs(number) < 0.5 * 10**-decimals
    return (f"{number:.1e}" if vanishes else f"{number:,.{decimals}f}").replace("-", "−")
