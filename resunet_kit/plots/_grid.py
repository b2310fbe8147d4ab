"""A grid of pictures, one panel per image."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from resunet_kit._shared.numbers import integer
from resunet_kit.plots._layers import frame_axes, image_trace
from resunet_kit.plots._style import styled

_PANEL = 220  # pixels of a panel's width
_GAP = 12


def picture_grid(
    images: Sequence[NDArray[np.uint8]],
    layers: Sequence[Sequence[Any]],
    *,
    titles: Sequence[str] | None,
    columns: int,
    title: str | None,
) -> go.Figure:
    """Return a figure with one panel per image.

    Args:
        images: `(height, width)` or `(height, width, 3)`, uint8.
        layers: The traces drawn over each image.
        titles: One above each panel, or None.
        columns: Panels per row, at least 1.
        title: The figure's title.
    """
    columns = min(integer("columns", columns, "[1, inf)"), len(images))
    rows = -(-len(images) // columns)
    lines = max((title.count("<br>") + 1 for title in titles), default=1) if titles else 0
    row_gap = _GAP + (6 + 16 * lines if titles else 0)
    panel_height = _PANEL * max(image.shape[0] / image.shape[1] for image in images)
    width, height = columns * (_PANEL + _GAP), rows * panel_height + (rows - 1) * row_gap
    figure = make_subplots(
        rows=rows,
        cols=columns,
        horizontal_spacing=_GAP / width,
        vertical_spacing=row_gap / height,
        subplot_titles=list(titles) if titles else None,
    )
    for index, (image, traces) in enumerate(zip(images, layers, strict=True)):
        row, col = index // columns + 1, index % columns + 1
        for trace in (image_trace(image), *traces):
            figure.add_trace(trace, row=row, col=col)
        frame_axes(figure, image.shape, row=row, col=col)
    for index in range(len(images), rows * columns):  # the rest of the last row
        figure.update_xaxes(visible=False, row=index // columns + 1, col=index % columns + 1)
        figure.update_yaxes(visible=False, row=index // columns + 1, col=index % columns + 1)
    figure.update_annotations(font_size=12)
    return styled(
        figure,
        title=title,
        height=round(height) + 16,
        width=max(width + 60, 420),
        legend=any(len(traces) for traces in layers),
        panel_title_lines=lines,
    )
