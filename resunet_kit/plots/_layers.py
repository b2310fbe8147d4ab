"""Images as PNG traces and masks as outlines.

An image is stored as one PNG, about ten times smaller than its numbers as text. A mask becomes the filled outline of
its regions, because Plotly's legend can switch such a trace on and off, but not an image. For masks with many small
regions, outlines would take more bytes than a picture: they become PNGs with a palette, switched by buttons.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from resunet_kit.masks import contours
from resunet_kit.plots._png import indexed_uri, png_uri
from resunet_kit.plots._style import translucent

_EDGES = 8000  # between foreground and background, in an image of 256 x 256 pixels: some 50 kB as outlines
_SMALL = 256
_PALETTE = 256  # colours of a PNG


@dataclasses.dataclass(frozen=True)
class Region:
    """How one mask is drawn.

    Attributes:
        mask: `(height, width)`.
        name: Name in the legend.
        color: Hexadecimal colour.
        fill: Opacity of the fill; the outline is opaque.
        group: Group in the legend: one click switches all of it.
        hover: Text shown on hover.
        on: Whether it is shown at first; otherwise, a click in the legend shows it.
        dash: Dash style of the outline.
        in_legend: Whether the legend names it; one of each group does.
    """

    mask: NDArray[np.bool_]
    name: str
    color: str
    fill: float = 0.3
    group: str = ""
    hover: str = ""
    on: bool = True
    dash: str = "solid"
    in_legend: bool = True


def legend_name(name: str, mask: NDArray[np.bool_]) -> str:
    """Return the name of a mask in the legend, which says if the mask is empty."""
    return name if mask.any() else f"{name} · empty"


def image_trace(image: NDArray[np.uint8], *, uri: str | None = None, hover: str | None = None) -> Any:
    """Return the trace of an image, with pixel centres at integer coordinates.

    Args:
        image: `(height, width)` or `(height, width, 3)`.
        uri: The image as PNG, if already encoded.
        hover: Text shown on hover; None for row and column, empty for nothing.
    """
    template = "column %{x}, row %{y}<extra></extra>" if hover is None else hover
    look = {"hovertemplate": template} if template else {"hoverinfo": "skip"}
    return go.Image(source=png_uri(image) if uri is None else uri, **look)


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


def edges(mask: NDArray[np.bool_]) -> int:
    """Return the length of a mask's outlines, in pixels."""
    return int(np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1]))


def edge_limit(shape: tuple[int, ...]) -> int:
    """Return the length of outlines in an image above which pictures take fewer bytes."""
    return round(_EDGES * max(1.0, max(shape[:2]) / _SMALL))


def has_many_regions(mask: NDArray[np.bool_]) -> bool:
    """Return whether the outlines of a mask alone would take more bytes than a picture."""
    return edges(mask) > edge_limit(mask.shape)


def region_trace(region: Region, *, empty: bool = False) -> Any:
    """Return the trace of a mask's regions: outline, translucent fill, an entry of the legend.

    Args:
        region: What to draw.
        empty: Whether to draw nothing but the entry of the legend.
    """
    if empty:
        look = {"symbol": "square", "size": 11, "color": region.color}
        return go.Scatter(x=[None], y=[None], mode="markers", marker=look, name=region.name, showlegend=True)
    x, y = outline(region.mask)
    hover = {"hoveron": "fills", "hoverinfo": "text", "text": region.hover} if region.hover else {"hoverinfo": "skip"}
    return go.Scatter(
        x=x,
        y=y,
        mode="lines",
        fill="toself",
        fillcolor=translucent(region.color, region.fill),
        line={"color": region.color, "width": 1.5, "dash": region.dash},
        name=region.name,
        legendgroup=region.group or region.name,
        showlegend=region.in_legend,
        visible=True if region.on else "legendonly",
        **hover,
    )


def region_traces(region: Region, *, as_picture: bool) -> list[Any]:
    """Return the trace of one mask as its outline, or a picture and an entry of the legend without an outline."""
    return [region_trace(region, empty=as_picture), *([picture_of([region])] if as_picture else [])]


def picture_of(regions: Sequence[Region]) -> Any:
    """Return one trace that fills the pixels of several masks in their colours, as PNG with a palette."""
    return go.Image(source=palette_picture(regions), hoverinfo="skip", visible=all(region.on for region in regions))


def palette_picture(regions: Sequence[Region]) -> str:
    """Return masks as PNG with a palette; a pixel in several of them gets the last colour."""
    clear = [(0, 0, 0, 0)] if len(regions) < _PALETTE else []  # all 256 classes leave no pixel without one
    codes = np.zeros(regions[0].mask.shape, np.uint8)
    for code, region in enumerate(regions, start=len(clear)):
        codes[region.mask] = code
    colors = [*clear, *(_rgba(region.color, max(region.fill, 0.3)) for region in regions)]
    return indexed_uri(codes, colors)


def _rgba(color: str, alpha: float) -> tuple[int, int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16), round(255 * alpha)


def frame_axes(
    figure: go.Figure,
    shape: tuple[int, ...],
    *,
    row: int | None = None,
    col: int | None = None,
    aspect: float = 1.0,
    **options: Any,
) -> None:
    """Fit a panel's axes to an image of `shape`, without ticks.

    Args:
        figure: Changed in place.
        shape: `(height, width)`, or more.
        row: Row of the panel; None for all.
        col: Column of the panel; None for all.
        aspect: Height of a pixel divided by its width.
        **options: More properties of both axes.
    """
    height, width = shape[:2]
    anchor = next(figure.select_yaxes(row=row, col=col)).anchor or "x"
    bare = {"showgrid": False, "zeroline": False, "showticklabels": False, "ticks": "", "constrain": "domain"}
    bare |= {"showspikes": False, **options}  # hovering over all layers at once would draw a line
    # Hovering over all layers begins with the axis's own label.
    figure.update_xaxes(range=[-0.5, width - 0.5], tickprefix="Column ", hoverformat="d", row=row, col=col, **bare)
    figure.update_yaxes(
        range=[height - 0.5, -0.5],
        scaleanchor=anchor,
        scaleratio=aspect,
        constraintoward="top",
        row=row,
        col=col,
        **bare,
    )
