"""A report as one HTML file that works offline."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, Union

import plotly.graph_objects as go

from resunet_kit._shared.groups import entries
from resunet_kit._shared.numbers import flag, text
from resunet_kit._shared.writing import atomic_write
from resunet_kit.plots._page.document import document
from resunet_kit.plots._page.figures import figure_box
from resunet_kit.plots._page.tables import table
from resunet_kit.plots._page.text import escaped, paragraphs

_Rows: TypeAlias = Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]]


class Table(NamedTuple):
    """A sorted table of a report.

    Attributes:
        data: A mapping of column to values, or a sequence of rows, each a mapping of column to value.
        sort_by: The column to sort the rows by, which stays visible on a narrow page; None for the given order.
        descending: Whether the largest value comes first. Missing values come last either way.

    Example:
        >>> Table({"patient": ["a", "b"], "Dice": [0.9, 0.6]}, sort_by="Dice").descending
        False
    """

    data: _Rows
    sort_by: str | None = None
    descending: bool = False


class Details(NamedTuple):
    """Collapsible blocks of a report, closed until the reader opens them; in print they are open.

    Attributes:
        title: The heading that opens and closes them.
        blocks: Text, figures and tables, in order.

    Example:
        >>> Details("All options", [{"option": ["seed"], "value": [0]}]).title
        'All options'
    """

    title: str
    blocks: Sequence["Block"]


Block: TypeAlias = Union[str, go.Figure, _Rows, Table, Details]  # noqa: UP007 - `|` takes no name that comes later


class Section(NamedTuple):
    """A part of a report.

    Attributes:
        title: The heading, also in the table of contents.
        blocks: Text, figures and tables, in order.
    """

    title: str
    blocks: Sequence[Block]


def write_report(
    path: str | os.PathLike[str],
    sections: Iterable[Section | tuple[str, Sequence[Block]]],
    *,
    title: str = "Report",
    subtitle: str | None = None,
) -> Path:
    """Write sections of text, figures and tables as one HTML file that works offline.

    Nothing is loaded from the network, and the browser is instructed to refuse it. plotly.js is embedded once if there
    are figures; compressed, like the figures, it takes 2 MB. Figures are drawn when the reader scrolls to them, and all
    of them for printing. The page follows the reader's light or dark setting, which a button changes, and fits a phone;
    the table of contents marks the section that is being read; a click on a header sorts a table. A failure leaves an
    earlier report at `path` unchanged.

    Args:
        path: The file to write; missing folders are created.
        sections: `Section(title, blocks)` or plain pairs. A block is text (escaped; blank lines separate paragraphs,
            `**bold**` and backticks mark up), a Plotly figure, or a table: a mapping of column to values, or a sequence
            of rows, each a mapping of column to value; as a `Table`, it is sorted. `Details` makes blocks collapsible.
            Numbers are right-aligned; the floats of a column are rounded so that its largest keeps three digits, but
            sorted unrounded. In figures, `<b>`, `<i>`, `<br>` and the like mark up text as usual, and other tags,
            including links, are shown literally. A figure without a template of its own gets that of this package.
        title: The page's title.
        subtitle: Text below the title, before the contents, with the markup of blocks: what to know before reading.

    Returns:
        The path.

    Raises:
        TypeError: If a block is not text, a figure, a table or details, a section is not a pair, or a title, the
            subtitle or the path is not text.
        ValueError: If there are no sections, a title is empty, the columns of a table differ in length or lack the one
            to sort by, a figure would load something from the network, or path is a folder.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> sections = [("Scores", ["By patient.", {"Dice": [0.8712]}])]
        >>> path = write_report(folder.name + "/report.html", sections)
        >>> "0.871</td>" in path.read_text(encoding="utf-8")
        True
        >>> folder.cleanup()
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"Expected path as a text or a Path. Received {path!r}. Name the file, as in 'report.html'.")
    _title("title", title)
    given = [_section(section) for section in entries("sections", sections)]
    if not given:
        raise ValueError("Expected at least one section. Received none. Pass pairs of a title and a list of blocks.")
    if subtitle is not None and not isinstance(subtitle, str):
        raise TypeError(
            f"Expected subtitle as text or None. Received {type(subtitle).__name__}. Put anything else into a section."
        )
    figures = _Figures()
    bodies = [
        f'<section id="section-{number}">\n<h2>{escaped(section.title)}</h2>\n'
        + _blocks(section.blocks, figures, f"section {section.title!r}")
        + "\n</section>"
        for number, section in enumerate(given, start=1)
    ]
    page = document(title, subtitle or "", [section.title for section in given], bodies, has_figures=figures.count > 0)
    with atomic_write(path) as temporary:
        # Names of files may hold what no text may: bytes that are no character.
        temporary.write_bytes(page.encode("utf-8", errors="xmlcharrefreplace"))
    return Path(path)


def _section(given: Any) -> Section:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise TypeError(
            f"Expected sections as pairs of a title and a list of blocks. Received {given!r}. Pass "
            "Section(title, blocks)."
        )
    return Section(_title("a section's title", given[0]), given[1])


def _title(name: str, value: Any) -> str:
    """Return a title, which the table of contents and the browser's tab show."""
    if not text(name, value).strip():
        raise ValueError(f"Expected {name} with at least one letter. Received {value!r}. Say what it is the title of.")
    return str(value)


class _Figures:
    """Figures as HTML, numbered within the page."""

    def __init__(self) -> None:
        self.count = 0

    def html(self, figure: go.Figure) -> str:
        self.count += 1
        return figure_box(figure, self.count)


def _blocks(blocks: Any, figures: _Figures, where: str) -> str:
    if isinstance(blocks, str | go.Figure | Mapping | Table | Details):
        raise TypeError(
            f"Expected the blocks of {where} as a list. Received one {type(blocks).__name__}. Put it into brackets."
        )
    return "\n".join(_block(block, figures, where) for block in entries(f"the blocks of {where}", blocks))


def _block(block: Any, figures: _Figures, where: str) -> str:
    if isinstance(block, str):
        return paragraphs(block)
    if isinstance(block, go.Figure):
        return figures.html(block)
    if isinstance(block, Details):
        _title("the title of details", block.title)
        inside = _blocks(block.blocks, figures, f"details {block.title!r}")
        return f"<details><summary>{escaped(block.title)}</summary>\n{inside}\n</details>"
    if isinstance(block, Table) and _is_table(block.data):
        return table(block.data, sort_by=block.sort_by, descending=flag("descending", block.descending))
    if not isinstance(block, Table) and _is_table(block):
        return table(block)
    kind = f"Table of a {type(block.data).__name__}" if isinstance(block, Table) else type(block).__name__
    raise TypeError(
        f"Expected a block of {where} to be text, a Plotly figure, a table (a mapping of columns or a sequence of "
        f"rows) or Details. Received {kind}. Convert a data frame with `.to_dict('list')`."
    )


def _is_table(data: Any) -> bool:
    if isinstance(data, Mapping):
        return True
    return isinstance(data, Sequence) and not isinstance(data, str) and all(isinstance(row, Mapping) for row in data)
