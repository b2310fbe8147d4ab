"""Images as PNG traces and masks as outlines.

An image is stored as one PNG, some ten times smaller than the numbers as text. A mask becomes the filled outline of
its regions, because Plotly's legend can switch such a trace on and off, but not an image.
"""

import base64
import io
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from resunet_kit.masks import contours
from resunet_kit.plots._style import translucent


def png_uri(image: NDArray[np.uint8]) -> str:
    """Return a uint8 image as a PNG data URI; three equal channels are stored as one."""
    if (
        image.ndim == 3
        and np.array_equal(image[..., 0], image[..., 1])
        and np.array_equal(image[..., 0], image[..., 2])
    ):
        image = image[..., 0]
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def image_trace(image: NDArray[np.uint8]) -> Any:
    """Return the trace of an image, pixel centres at whole coordinates."""
    return go.Image(source=png_uri(image), hovertemplate="column %{x}, row %{y}<extra></extra>")


def outline(mask: NDArray[np.bool_]) -> tuple[list[float | None], list[float | None]]:
    """Return x and y of the closed contours of a mask, with None between two contours.

    Holes run in the opposite direction to regions, so that a fill leaves them out.
    """
    x: list[float | None] = []
    y: list[float | None] = []
    for contour in contours(mask):
        x += [*contour[:, 1].tolist(), None]
        y += [*contour[:, 0].tolist(), None]
    # One empty point keeps the entry of an empty mask in the legend.
    return (x[:-1], y[:-1]) if x else ([None], [None])


def region_trace(
    mask: NDArray[np.bool_],
    *,
    name: str,
    group: str,
    color: str,
    fill: float = 0.3,
    show_legend: bool = True,
) -> Any:
    """Return the trace of a mask's regions: outline, translucent fill, one legend entry per `group`."""
    x, y = outline(mask)
    return go.Scatter(
        x=x,
        y=y,
        mode="lines",
        fill="toself",
        fillcolor=translucent(color, fill),
        line={"color": color, "width": 1.5},
        name=name,
        legendgroup=group,
        showlegend=show_legend,
        hoverinfo="skip",
    )


def frame_axes(figure: go.Figure, shape: tuple[int, ...], *, row: int | None = None, col: int | None = None) -> None:
    """Fit a panel's axes to an image of `shape`, with square pixels and without ticks."""
    height, width = shape[:2]
    anchor = next(figure.select_yaxes(row=row, col=col)).anchor or "x"
    bare = {"showgrid": False, "zeroline": False, "showticklabels": False, "ticks": "", "constrain": "domain"}
    figure.update_xaxes(range=[-0.5, width - 0.5], row=row, col=col, **bare)
    figure.update_yaxes(range=[height - 0.5, -0.5], scaleanchor=anchor, row=row, col=col, **bare)
