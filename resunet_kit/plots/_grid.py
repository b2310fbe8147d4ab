"""A grid of pictures, one panel per image."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from resunet_kit._shared.numbers import integer
from resunet_kit.plots._controls import Toggle, fit_pictures
from resunet_kit.plots._layers import Region, frame_axes, has_many_regions, image_trace, region_traces
from resunet_kit.plots._png import fitted_uris, picture_limit
from resunet_kit.plots._style import wrapped
from resunet_kit.plots._values import picture_template

_PANEL = 250  # pixels of a panel's width on a wide page
_GAP = 12
_TITLE_CHARACTERS = 22  # of a line above a panel of 150 pixels, as on a phone
_LIGHTER = 1.5  # how much less a picture in a grid may take than a single one


def picture_grid(
    images: Sequence[NDArray[np.uint8]],
    layers: Sequence[Sequence[Region]],
    *,
    titles: Sequence[str] | None,
    columns: int,
    title: str | None,
    exact: bool = False,
) -> go.Figure:
    """Return a figure with one panel per image.

    Args:
        images: `(height, width)` or `(height, width, 3)`, uint8.
        layers: What is drawn over each image.
        titles: One above each panel, or None.
        columns: Panels per row, at least 1.
        title: The figure's title.
        exact: Whether the pictures hold the images' own values.
    """
    named = [wrapped(text, _TITLE_CHARACTERS) for text in titles or ()]
    columns = min(integer("columns", columns, "[1, inf)"), len(images))
    rows = -(-len(images) // columns)
    lines = max((text.count("<br>") + 1 for text in named), default=0)
    row_gap = _GAP + (6 + 16 * lines if lines else 0)
    panel_height = _PANEL * max(image.shape[0] / image.shape[1] for image in images)
    width, height = columns * (_PANEL + _GAP), rows * panel_height + (rows - 1) * row_gap
    figure = make_subplots(
        rows=rows,
        cols=columns,
        horizontal_spacing=_GAP / width,
        vertical_spacing=row_gap / height if rows > 1 else 0,
        subplot_titles=named or None,
    )
    limit = sum(picture_limit(image.shape, parts=_LIGHTER) for image in images)
    uris, levels = fitted_uris(images, limit)
    as_pictures = any(has_many_regions(region.mask) for regions in layers for region in regions)
    switched: dict[str, Toggle] = {}
    for index, (image, uri, regions) in enumerate(zip(images, uris, layers, strict=True)):
        row, col = index // columns + 1, index % columns + 1
        hover = picture_template(levels, 1 if image.ndim == 2 else 3, exact=exact)
        figure.add_trace(image_trace(image, uri=uri, hover=hover), row=row, col=col)
        for region in regions:
            group = switched.setdefault(region.group or region.name, Toggle([], region.color))
            for trace in region_traces(region, as_picture=as_pictures):
                group.traces.append(len(figure.data))
                figure.add_trace(trace, row=row, col=col)
        frame_axes(figure, image.shape, row=row, col=col)
    for index in range(len(images), rows * columns):  # the rest of the last row
        figure.update_xaxes(visible=False, row=index // columns + 1, col=index % columns + 1)
        figure.update_yaxes(visible=False, row=index // columns + 1, col=index % columns + 1)
    figure.update_annotations(font_size=12)
    return fit_pictures(
        figure,
        title=title,
        size=(height, width),
        height=round(height),
        toggles=switched if as_pictures else {},
        legend=[region.name for regions in layers for region in regions if region.in_legend],
        panel_title_lines=lines,
        panels=(len(images), columns),
    )
