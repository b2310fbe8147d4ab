"""The style of all figures: palette, template, and the rows for title, legend and panel titles above the plot."""

import functools
from typing import Any

import plotly.graph_objects as go

# Okabe and Ito (2008), "Color Universal Design"; the order puts the pairs that differ most first.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

# Foreground of the truth alone is a false negative, of the prediction alone a false positive: the same colours.
TRUTH = "#56B4E9"
PREDICTION = "#E69F00"
AGREEMENT = "#009E73"

REFERENCE = "#8A8F98"  # chance, prevalence, perfect calibration: readable on white and on black
INK = "#24292F"
GRID = "#DDE1E6"

_TITLE_ROW = 48
_LEGEND_ROW = 30
_PANEL_TITLE_ROW = 26
_TEXT_LINE = 16
_TOOLS = 44  # the modebar's column to the right of the plot, outside the figure's content

# Selected points do nothing without code that listens for them. Plotly 7 also offers to send the chart to a web
# service: a stray click must not upload pictures of patients.
_TOOLS_REMOVED = ["select2d", "lasso2d", "sendChartToCloud"]


@functools.cache
def template() -> Any:
    """Return the template of every figure."""
    axis = {
        "gridcolor": GRID,
        "linecolor": REFERENCE,
        "zeroline": False,
        "automargin": True,
        "title": {"standoff": 10},
    }
    return go.layout.Template(
        layout={
            "colorway": COLORS,
            "font": {"family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif", "size": 13, "color": INK},
            "paper_bgcolor": "white",
            "plot_bgcolor": "white",
            "hoverlabel": {"align": "left"},
            "modebar": {
                "orientation": "v",
                "color": REFERENCE,
                "activecolor": COLORS[0],
                "bgcolor": "rgba(0, 0, 0, 0)",
            },
            "xaxis": axis,
            "yaxis": axis,
        }
    )


def styled(
    figure: go.Figure,
    *,
    title: str | None,
    height: int,
    width: int | None = None,
    legend: bool = False,
    panel_title_lines: int = 0,
    **layout: Any,
) -> go.Figure:
    """Give `figure` the common style and return it.

    Args:
        figure: Changed in place.
        title: A short title; None for none.
        height: Of the plot below the title, legend and panel titles, in pixels.
        width: In pixels; None for the page's width.
        legend: Whether a legend is shown, in a row above the plot.
        panel_title_lines: Lines of the titles above the panels.
        **layout: More layout properties.
    """
    top = (_TITLE_ROW if title else 12) + _PANEL_TITLE_ROW * (panel_title_lines > 0)
    legend_at = _TITLE_ROW - 4 if title else 8
    top += _LEGEND_ROW * legend + _TEXT_LINE * max(panel_title_lines - 1, 0)
    total = height + top
    figure.update_layout(
        template=template(),
        height=total,
        width=width,
        margin={"t": top, "l": 16, "r": _TOOLS, "b": 16},
        showlegend=legend,
        modebar_remove=_TOOLS_REMOVED,
    )
    if title:
        figure.update_layout(
            title={
                "text": title,
                "x": 0.0,
                "xref": "container",
                "pad": {"l": 6},
                "y": 1 - 14 / total,
                "yanchor": "top",
                "font": {"size": 17},
            }
        )
    if legend:
        figure.update_layout(
            legend={
                "orientation": "h",
                "x": 0,
                "xref": "container",
                "xanchor": "left",
                "yref": "container",
                "y": 1 - legend_at / total,
                "yanchor": "top",
            }
        )
    figure.update_layout(**layout)
    return figure


def translucent(color: str, alpha: float) -> str:
    """Return a hexadecimal colour as `rgba(...)`.

    Example:
        >>> translucent("#0072B2", 0.5)
        'rgba(0, 114, 178, 0.5)'
    """
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {alpha})"
