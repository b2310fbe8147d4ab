"""A report as one HTML file that works offline."""

import html
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import plotly.graph_objects as go

from resunet_kit._shared.writing import atomic_write
from resunet_kit.plots import _html

Block: TypeAlias = str | go.Figure | Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]]


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

    plotly.js is embedded, once (about 5 MB); nothing is loaded from the network. The page follows the reader's light
    or dark setting. A failure leaves an earlier report at `path` unchanged.

    Args:
        path: The file to write; missing folders are made.
        sections: `Section(title, blocks)` or plain pairs. A block is text (escaped; blank lines separate paragraphs,
            `**bold**` and backticks mark up), a Plotly figure, or a table: a mapping of column to values, or a sequence
            of rows, each a mapping of column to value. Numbers align right; the floats of a column are rounded so
            that its largest keeps three digits.
        title: The page's title.
        subtitle: Text below the title, before the contents, marked up as that of blocks: what to know before reading.

    Returns:
        The path.

    Raises:
        TypeError: If a block is not text, a figure or a table, or subtitle is not text.
        ValueError: If there are no sections, the columns of a table differ in length, or path is a folder.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> sections = [("Scores", ["By patient.", {"Dice": [0.8712]}])]
        >>> path = write_report(folder.name + "/report.html", sections)
        >>> "0.871</td>" in path.read_text(encoding="utf-8")
        True
        >>> folder.cleanup()
    """
    given = [Section(*section) for section in sections]
    if not given:
        raise ValueError("Expected at least one section. Received none. Pass pairs of a title and a list of blocks.")
    if subtitle is not None and not isinstance(subtitle, str):
        raise TypeError(
            f"Expected subtitle as text or None. Received {type(subtitle).__name__}. Put anything else into a section."
        )
    figures = _Figures()
    bodies = [
        f'<section id="section-{number}">\n<h2>{html.escape(section.title, quote=False)}</h2>\n'
        + "\n".join(_block(block, figures, section.title) for block in _blocks(section))
        + "\n</section>"
        for number, section in enumerate(given, start=1)
    ]
    with atomic_write(path) as temporary:
        temporary.write_text(
            _page(title, subtitle or "", [section.title for section in given], bodies), encoding="utf-8"
        )
    return Path(path)


class _Figures:
    """Figures as HTML, numbered within the page."""

    def __init__(self) -> None:
        self.count = 0

    def html(self, figure: go.Figure) -> str:
        self.count += 1
        body = figure.to_html(
            full_html=False,
            include_plotlyjs=False,
            div_id=f"figure-{self.count}",  # fixed, so that the same report gives the same bytes
            default_height="450px",
            auto_play=False,
            # No button that would send a figure, and the patient in it, to a web service.
            config={"displaylogo": False, "responsive": True, "showSendToCloud": False},
        )
        return f'<div class="scroll">{body}</div>'


def _blocks(section: Section) -> Sequence[Block]:
    if isinstance(section.blocks, str | go.Figure | Mapping):
        raise TypeError(
            f"Expected the blocks of section {section.title!r} as a list. "
            f"Received one {type(section.blocks).__name__}. Put it into brackets."
        )
    return section.blocks


def _block(block: Any, figures: _Figures, section: str) -> str:
    if isinstance(block, str):
        return _html.paragraphs(block)
    if isinstance(block, go.Figure):
        return figures.html(block)
    if isinstance(block, Mapping):
        return _html.table(block)
    if isinstance(block, Sequence) and all(isinstance(row, Mapping) for row in block):
        return _html.table(block)
    raise TypeError(
        f"Expected a block of section {section!r} to be text, a Plotly figure, or a table (a mapping of columns or a "
        f"sequence of rows). Received {type(block).__name__}. Convert a data frame with `.to_dict('list')`."
    )


def _page(title: str, subtitle: str, headings: Sequence[str], bodies: Sequence[str]) -> str:
    from plotly.offline import get_plotlyjs

    links = "\n".join(
        f'<li><a href="#section-{number}">{html.escape(heading, quote=False)}</a></li>'
        for number, heading in enumerate(headings, start=1)
    )
    name = html.escape(title, quote=False)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>{_html.STYLE}</style>\n"
        f"<script>{get_plotlyjs()}</script>\n</head>\n<body>\n"
        f'<div class="page">\n<header><h1>{name}</h1>\n{_html.paragraphs(subtitle)}</header>\n'
        f'<nav aria-label="Contents"><ol>\n{links}\n</ol></nav>\n<main>\n' + "\n".join(bodies) + "\n</main>\n</div>\n"
        "</body>\n</html>\n"
    )
