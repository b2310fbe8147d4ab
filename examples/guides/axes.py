"""The look of the guides' figures: no background, axes with titles, the legend below."""

import plotly.graph_objects as go

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito 2008
GRID = {"gridcolor": "rgba(128, 136, 150, 0.25)", "zeroline": False, "automargin": True}


def with_axes(figure: go.Figure, x: str, y: str, **layout: object) -> go.Figure:
    """Return the figure with axis titles, as wide as its column."""
    clear = "rgba(0, 0, 0, 0)"
    legend = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}
    figure.update_layout(
        height=420,
        margin={"t": 60, "l": 8, "r": 12, "b": 12},
        paper_bgcolor=clear,
        plot_bgcolor=clear,
        colorway=COLORS,
        legend=legend,
        font={"size": 13},
    )
    figure.update_xaxes(title=x, **GRID)
    figure.update_yaxes(title=y, **GRID)
    return figure.update_layout(**layout)
