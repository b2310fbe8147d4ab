"""The page around the sections of a report."""

import functools
from collections.abc import Sequence
from importlib import resources

from resunet_kit.plots._keyboard import KEYBOARD
from resunet_kit.plots._page.packing import packed_script
from resunet_kit.plots._page.text import escaped, paragraphs
from resunet_kit.plots._style import INK

# Nothing is loaded: the browser itself refuses. Plotly compiles functions for what it draws with WebGL.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
)
# The text colours of this package's figures and of Plotly's templates, which the style sheet replaces with the page's.
_INKS = (INK, "#2a3f5f")

_NO_SCRIPTS = "Figures, and sorting tables, need JavaScript."


def document(title: str, subtitle: str, headings: Sequence[str], bodies: Sequence[str], *, has_figures: bool) -> str:
    """Return the whole page.

    Args:
        title: Title of the page, as text.
        subtitle: Text below the title, with the markup of blocks.
        headings: Headings of the sections, as text.
        bodies: Bodies of the sections, as HTML.
        has_figures: Whether the page needs plotly.js.
    """
    name = escaped(title)
    library = f"{_packed_plotly()}\n" if has_figures else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>\n{_style()}</style>\n<script>\n{_file('theme.js')}</script>\n</head>\n<body>\n"
        f'<div class="page">\n<header><h1>{name}</h1>\n{paragraphs(subtitle)}\n{_TOOLS}</header>\n'
        f"{_contents(headings)}\n<main>\n"
        + (f'<noscript><p class="notice">{_NO_SCRIPTS}</p></noscript>\n' if has_figures else "")
        + "\n".join(bodies)
        + f"\n</main>\n</div>\n{library}"
        + "".join(f"<script>\n{script}</script>\n" for script in scripts())
        + "</body>\n</html>\n"
    )


def scripts() -> list[str]:
    """Return the scripts that run at the end of the page, in order."""
    return [*(_file(name) for name in ("contents.js", "tables.js", "inflate.js", "figures.js")), KEYBOARD]


_TOOLS = (
    '<div class="tools"><button type="button" id="theme" aria-pressed="false">Dark</button>\n'
    '<button type="button" id="print">Print</button></div>\n'
)


def _contents(headings: Sequence[str]) -> str:
    links = "\n".join(
        f'<li><a href="#section-{number}">{escaped(heading)}</a></li>'
        for number, heading in enumerate(headings, start=1)
    )
    return (
        '<nav aria-label="Contents"><details open><summary>Contents<span id="here"></span></summary>\n'
        f"<ol>\n{links}\n</ol></details></nav>"
    )


def _style() -> str:
    inks = ", ".join(f'[style*="{_computed(color)}"]' for color in _INKS)
    return _file("style.css").replace("INKS", inks)


def _computed(color: str) -> str:
    """Return a colour as browsers write it into a style."""
    return "rgb({}, {}, {})".format(*(int(color[at : at + 2], 16) for at in (1, 3, 5)))


@functools.cache
def _file(name: str) -> str:
    return (resources.files("resunet_kit.plots._page") / name).read_text(encoding="utf-8")


@functools.cache
def _packed_plotly() -> str:
    from plotly.offline import get_plotlyjs

    return packed_script("plotly", get_plotlyjs())
