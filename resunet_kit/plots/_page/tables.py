"""Tables of a report as HTML. The page's script sorts them, by the exact numbers that the cells carry."""

import math
import numbers
import re
from collections.abc import Mapping, Sequence
from typing import Any

from resunet_kit._shared.groups import entries, is_missing
from resunet_kit.plots._page.text import escaped

_LONG = 20  # rows from which a table scrolls in its own box, below its header
_LARGE = 1e12  # from which a number has a power of ten
_LEADING = re.compile(r"[−-]?\d[\d,]*(\.\d+)?(e[−+-]?\d+)?", re.IGNORECASE)  # as in tables.js
_WIDE = 40  # characters of a cell that is broken into lines


def table(
    data: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]],
    *,
    sort_by: str | None = None,
    descending: bool = False,
) -> str:
    """Return columns (a mapping of name to values) or rows (mappings of name to value) as an HTML table.

    Args:
        data: The columns, of one length, or the rows.
        sort_by: The column to sort the rows by; None leaves them as they are.
        descending: Whether the largest value comes first. Blanks and NaN come last either way.
    """
    columns = table_columns(data)
    if sort_by is not None:
        columns = _sorted(columns, sort_by, descending)
    numeric = {name: _is_numeric(values) for name, values in columns.items()}
    head = "".join(_header(name, numeric[name], sort_by, descending) for name in columns)
    body = zip(*(_cells(values, numeric[name], name == sort_by) for name, values in columns.items()), strict=True)
    rows = [f"<tr>{''.join(row)}</tr>" for row in body]
    shape = " long" if len(rows) > _LONG else ""
    # The box can be scrolled, so the keyboard must get to it.
    return (
        f'<div class="scroll table{shape}" role="region" aria-label="Table" tabindex="0"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody></table></div>"
    )


def table_columns(data: Any) -> dict[str, list[Any]]:
    """Return the columns of a table given by columns or by rows.

    Raises:
        TypeError: If a column is not a sequence.
        ValueError: If the columns differ in length, or there are none.
    """
    if isinstance(data, Mapping):
        columns = {name: entries(f"column {name!r}", values) for name, values in data.items()}
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"Expected table columns of one length. Received {lengths}. Fill the gaps with None.")
    else:
        names = dict.fromkeys(name for row in data for name in row)
        columns = {name: [row.get(name) for row in data] for name in names}
    if not columns:
        raise ValueError("Expected a table with at least one column. Received none. Leave the table out.")
    return columns


def _sorted(columns: dict[str, list[Any]], by: str, descending: bool) -> dict[str, list[Any]]:
    if by not in list(columns):  # a list too, which no mapping can look up
        raise ValueError(f"Expected sort_by as one of the columns {list(columns)}. Received {by!r}. Name one of them.")
    values = columns[by]
    key = _float if _is_numeric(values) else _text_key
    first = [i for i, value in enumerate(values) if not _is_blank(value)]
    # Sorting a reversed list backwards keeps the order of equals.
    ordered = sorted(first[::-1] if descending else first, key=lambda i: key(values[i]))
    ordered = ordered[::-1] if descending else ordered
    ordered += [i for i, value in enumerate(values) if _is_blank(value)]
    return {name: [values[i] for i in ordered] for name, values in columns.items()}


def _text_key(value: Any) -> tuple[float, str]:
    """Return what texts are sorted by, as in tables.js: the number at their beginning, as in "0.8 (0.7 to 0.9)"."""
    text = str(value)
    found = _LEADING.match(text)
    if found:
        return float(found[0].replace(",", "").replace("−", "-")), text
    is_lowest = text.startswith(("−∞", "-∞")) or (isinstance(value, numbers.Real) and value == -math.inf)
    return -math.inf if is_lowest else math.inf, text


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer
        return math.inf if value > 0 else -math.inf


def _is_blank(value: Any) -> bool:
    return (isinstance(value, str) and value in ("", "–")) or is_missing(value)


def _header(name: str, numeric: bool, sort_by: str | None, descending: bool) -> str:
    kind = ' class="number"' if numeric else ""
    order = f' aria-sort="{"descending" if descending else "ascending"}"' if name == sort_by else ""
    return f'<th scope="col"{kind}{order}><button type="button">{escaped(name)}</button></th>'


def _cells(values: Sequence[Any], numeric: bool, is_sorted: bool) -> list[str]:
    kinds = " ".join(["number"] * numeric + ["sorted"] * is_sorted)
    mark = f' class="{kinds}"' if kinds else ""
    texts = _texts(values)
    if not numeric:
        wrapped = f' class="{" ".join(filter(None, ["wrap", kinds]))}"'
        return [f"<td{wrapped if len(text) > _WIDE else mark}>{text}</td>" for text in texts]
    # What the script sorts by: the text is rounded.
    exact = ["" if _is_blank(value) else f' data-value="{_script_number(value)}"' for value in values]
    return [f"<td{mark}{number}>{text}</td>" for number, text in zip(exact, texts, strict=True)]


def _script_number(value: Any) -> str:
    number = _float(value)
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return f"{number:.12g}"


def _is_numeric(values: Sequence[Any]) -> bool:
    given = [value for value in values if isinstance(value, numbers.Real) or not is_missing(value)]
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
    return [_text(value, decimals) for value in values]


def _text(value: Any, decimals: int) -> str:
    if value is None:
        return ""
    if is_missing(value):
        return "–"
    if _is_flag(value):
        return "yes" if value else "no"
    if isinstance(value, numbers.Integral):
        return f"{int(value):,}"
    if not isinstance(value, numbers.Real):
        return escaped(value)
    number = float(value)
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    if abs(number) >= _LARGE:
        return f"{number:.2e}".replace("-", "−")
    vanishes = number != 0 and abs(number) < 0.5 * 10**-decimals
    return (f"{number:.1e}" if vanishes else f"{number:,.{decimals}f}").replace("-", "−")
