"""The style of all figures: palette, template, and the rows for title, panel titles and legend around the plot.

A figure has no background, fills the width of its column, and has the same colours on a light and on a dark page: ink
and reference lines are a grey that contrasts with white as much as with near-black. A page that knows its background
may refine them in its style sheet.
"""

import functools
from typing import Any

import plotly.graph_objects as go

from resunet_kit._shared.numbers import text as checked_text

# Okabe and Ito (2008), "Color Universal Design"; the pairs that differ most come first.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

# Foreground of the truth alone is a false negative, of the prediction alone a false positive: the same colours.
TRUTH = "#56B4E9"
PREDICTION = "#E69F00"
AGREEMENT = "#009E73"

REFERENCE = "#8A8F98"  # chance, prevalence, perfect calibration, the line of no difference
INK = "#757B85"  # contrast 4.3 with white and 4.2 with #15181d
GRID = "rgba(128, 136, 150, 0.25)"
CLEAR = "rgba(0, 0, 0, 0)"

_TITLE_LINE = 19
_TITLE_CHARACTERS = 46  # of a line that fits a phone of 390 pixels
_TOOLS_ROW = 28  # above the title: where nothing hovers, as on a phone, the tools are always shown
_TITLE_GAP = 12
_CAPITALS = 10.5
_PANEL_TITLE_ROW = 26
_TEXT_LINE = 16
_LEGEND_ROW = 30

# Selected points do nothing without code that listens for them. Plotly 7 also offers to send the chart to a web
# service: a stray click must not upload pictures of patients.
_TOOLS_REMOVED = ["select2d", "lasso2d", "sendChartToCloud"]


_SOLID = ("xaxis", "yaxis", "zaxis")


@functools.cache
def template() -> Any:
    """Return the template of every figure."""
    axis = {
        "gridcolor": GRID,
        "linecolor": REFERENCE,
        "zeroline": False,
        "automargin": True,
        "title": {"standoff": 8, "font": {"size": 13}},
    }
    solid = {**axis, "backgroundcolor": CLEAR, "color": INK}
    button = {"bgcolor": GRID, "bordercolor": REFERENCE, "borderwidth": 1}
    return go.layout.Template(
        layout={
            "autosize": True,
            "colorway": COLORS,
            "font": {"family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif", "size": 13, "color": INK},
            "title": {"font": {"size": 15}},
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            # Solid, since a label without a background cannot be read over what it lies on.
            "hoverlabel": {"align": "left", "bgcolor": "#24292F", "font": {"color": "#F6F8FA"}, "namelength": -1},
            "modebar": {"orientation": "h", "color": REFERENCE, "activecolor": COLORS[0], "bgcolor": CLEAR},
            "legend": {"bgcolor": CLEAR, "tracegroupgap": 0},
            "xaxis": axis,
            "yaxis": axis,
            "scene": {name: {k: v for k, v in solid.items() if k not in ("automargin", "title")} for name in _SOLID},
            "coloraxis": {"colorbar": {"outlinewidth": 0}},
            "sliderdefaults": {**button, "activebgcolor": COLORS[0], "tickcolor": REFERENCE},
            "updatemenudefaults": button,
            "annotationdefaults": {"font": {"size": 13}},
        }
    )


def styled(
    figure: go.Figure,
    *,
    title: str | None,
    height: int,
    legend: bool = False,
    panel_title_lines: int = 0,
    **layout: Any,
) -> go.Figure:
    """Give `figure` the common style and return it; it is as wide as the column that contains it.

    Args:
        figure: Changed in place.
        title: A short title, broken into lines that fit a phone; None for none.
        height: Of the plot between the title and panel titles above and the legend below, in pixels.
        legend: Whether a legend is shown, in rows below the plot.
        panel_title_lines: Lines of the titles above the panels.
        **layout: More layout properties.
    """
    text = "" if title is None else literal(wrapped(checked_text("title", title)))
    rows = text.count("<br>") + 1 if text else 0
    top = _TOOLS_ROW + (rows * _TITLE_LINE + _TITLE_GAP if text else 0)
    top += (_PANEL_TITLE_ROW + _TEXT_LINE * (panel_title_lines - 1)) if panel_title_lines else 0
    total = height + top + _LEGEND_ROW * legend
    figure.update_layout(
        template=template(),
        height=total,
        margin={"t": top, "l": 8, "r": 12, "b": 12},
        showlegend=legend,
        modebar_remove=_TOOLS_REMOVED,
    )
    if text:
        # Plotly lowers a title by the height of its capitals below its anchor, but not one of several lines.
        anchor = _TOOLS_ROW + (_CAPITALS if rows > 1 else 0)
        position = {"x": 0.0, "xref": "container", "pad": {"l": 4}, "y": 1 - anchor / total, "yanchor": "top"}
        figure.update_layout(title={"text": text, **position})
    if legend:
        for trace in figure.data:
            if trace.name and len(trace.name) > _TITLE_CHARACTERS:
                trace.name = wrapped(trace.name)
        # Anchored to the figure's lower edge, where Plotly reserves as many rows as the entries take.
        position = {"x": 0, "xref": "container", "xanchor": "left", "y": 0, "yref": "container", "yanchor": "bottom"}
        figure.update_layout(legend={"orientation": "h", **position})
    return figure.update_layout(**layout)


def wrapped(text: str, characters: int = _TITLE_CHARACTERS) -> str:
    """Return a text broken by `<br>` into lines of at most so many characters; its own line breaks stay.

    Example:
        >>> wrapped("Sensitivity 0.500, specificity 1.000, F1 0.667 at threshold 0.7")
        'Sensitivity 0.500, specificity 1.000,<br>F1 0.667 at threshold 0.7'
    """
    return "<br>".join(line for given in text.split("<br>") for line in _lines(given, characters))


def _lines(text: str, characters: int) -> list[str]:
    """Break at the last comma or dot between facts, at a space where a line would stay half empty, and inside words."""
    if len(text) <= characters:
        return [text]
    start = text[: characters + 1]
    ends = max(start.rfind(", ") + 1, start.rfind(" · ") + 2)
    ends = ends if ends > 0.4 * characters else start.rfind(" ")
    ends = ends if ends > 0 else characters
    return [text[:ends].removesuffix(" ·"), *_lines(text[ends:].lstrip(), characters)]


def shortened(text: str, characters: int) -> str:
    """Return a text of at most so many characters, without its middle where it is longer: names differ at their ends.

    Example:
        >>> shortened("left lateral ventricle, inferior horn", 20)
        'left later…rior horn'
    """
    if len(text) <= characters:
        return text
    return f"{text[: characters // 2]}…{text[len(text) - (characters - 1) // 2 :]}"


def literal(text: str) -> str:
    """Return a text that Plotly shows as it is: `%{` begins a variable in templates, and in all texts next to `meta`.

    Example:
        >>> literal("50 %{x}")
        '50 &#37;{x}'
    """
    return text.replace("%{", "&#37;{")


def say(figure: go.Figure, text: str, **position: Any) -> go.Figure:
    """Write into a panel why it is empty, or what it leaves out; in its middle unless `position` says otherwise."""
    middle = {"x": 0.5, "y": 0.5, "xref": "x domain", "yref": "y domain", "showarrow": False}
    return figure.add_annotation(text=text, **{**middle, **position})


def translucent(color: str, alpha: float) -> str:
    """Return a hexadecimal colour as `rgba(...)`.

    Example:
        >>> translucent("#0072B2", 0.5)
        'rgba(0, 114, 178, 0.5)'
    """
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {alpha})"
