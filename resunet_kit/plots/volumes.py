"""A slider through the slices of a volume, with its channels next to each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from resunet_kit._shared.numbers import flag, integer
from resunet_kit.plots._arrays import as_texts, same_length
from resunet_kit.plots._controls import Toggle, fit_pictures, slider
from resunet_kit.plots._keyboard import PictureFigure
from resunet_kit.plots._layers import frame_axes, image_trace
from resunet_kit.plots._scene import picture_height
from resunet_kit.plots._slices import SliceLayer, read_stack, slice_layers
from resunet_kit.plots._style import wrapped
from resunet_kit.plots._values import picture_template
from resunet_kit.plots._volume_source import PathLike, Plane

_GAP = 0.012  # between views, of the figure's width


def slice_viewer(
    images: Iterable[ArrayLike] | PathLike,
    masks: Iterable[ArrayLike] | PathLike | None = None,
    predictions: Iterable[ArrayLike] | PathLike | None = None,
    *,
    titles: Sequence[str] | None = None,
    start: int | None = None,
    title: str | None = None,
    channels: int | Sequence[int] | None = None,
    channel_names: Sequence[str] | None = None,
    boxes: bool = False,
    spacing: Sequence[float] | None = None,
    plane: Plane | None = None,
) -> go.Figure:
    """Show a volume with a slider through its slices, and its channels next to each other.

    In a page written by `write_html` or `write_report`, the arrow keys move the slider of the figure under the pointer.
    All views zoom together. 30 slices of 256 x 256 pixels in three channels take less than two megabytes: where PNGs
    with all 256 grey values would take more, fewer values are drawn, and hovering then shows "≈".

    Args:
        images: The slices, all of one shape: `(height, width)` or `(height, width, channels)`; or the path of a NIfTI
            file, shown in radiological convention, the patient's right on the left. uint8 and floats in [0, 1] are
            shown unchanged, other values are stretched by the volume's range; those of a file, by the range of all but
            one in a thousand values.
        masks: One true mask per slice, as booleans, 0/1 or 0/255; or the path of a NIfTI file. If the volume is given
            by its path, also an array on that file's axes, as `read_mask` returns it.
        predictions: One predicted mask per slice, in the same form.
        titles: One short title per slice; by default its number from 1.
        start: Index from 0 of the slice shown first; by default the one with the largest true (else predicted)
            region, and the middle one if all masks are empty.
        title: The figure's title.
        channels: The channels to show next to each other in grey, by index. By default three channels of an array are
            shown as one RGB image, and any other number, or those of a file, next to each other.
        channel_names: One name per channel shown; given without `channels`, all are shown next to each other.
        boxes: Whether to draw the bounding boxes of the predicted regions or, without a prediction, of the true ones.
        spacing: Distance between slices, rows and columns of an array, in any unit; None for 1 each. A file has its
            own.
        plane: The plane of a file's slices: "axial" (None), "coronal" or "sagittal".

    Returns:
        A figure whose slider has one step per slice; the legend switches truth, prediction and boxes on and off.

    Raises:
        TypeError: If images or masks are not numbers, or an option is of a wrong type.
        ValueError: If lengths or sizes differ, an option is out of range, or a mask holds other values.

    Example:
        >>> import numpy as np
        >>> masks = np.zeros((5, 8, 8))
        >>> masks[3, 2:5, 2:5] = 1
        >>> figure = slice_viewer(np.zeros((5, 8, 8)), masks)
        >>> len(figure.layout.sliders[0].steps), figure.layout.sliders[0].active
        (5, 3)
    """
    stack = read_stack(images, channels=channels, channel_names=channel_names, spacing=spacing, plane=plane)
    layers = slice_layers(stack, masks, predictions, boxes=flag("boxes", boxes), plane=plane)
    labels = _labels(titles, len(stack.slices))
    active = _largest_slice(len(stack.slices), layers)
    if start is not None:
        active = integer("start", start, f"[0, {len(stack.slices) - 1}]")
    uris, levels = stack.encoded(sum(layer.bytes for layer in layers))
    views = len(stack.names)
    figure = PictureFigure(
        make_subplots(rows=1, cols=views, horizontal_spacing=_GAP, subplot_titles=stack.names if views > 1 else None)
    )
    hover = picture_template(levels, stack.colors, exact=stack.exact)
    for view in range(views):
        picture = image_trace(stack.slices[active][view], uri=uris[active][view], hover=hover)
        drawn = [layer.trace(active, in_legend=view == 0) for layer in layers]
        figure.add_traces([picture, *drawn], rows=1, cols=view + 1)
        _frame(figure, stack.shape, view, stack.aspect)
    traces = list(range(views * (1 + len(layers))))
    steps = [
        {"label": wrapped(label), "method": "restyle", "args": [_contents(uris[index], layers, index), traces]}
        for index, label in enumerate(labels)
    ]
    figure.update_annotations(font_size=13)
    size = (stack.shape[0] * stack.aspect, views * stack.shape[1])
    toggles = _toggles(layers, views)
    return fit_pictures(
        figure,
        title=title,
        size=size,
        height=picture_height(size),
        sliders=[slider(steps, active, "Slice ")],
        toggles=toggles,
        legend=[layer.name for layer in layers if not layer.as_picture],
        panel_title_lines=int(views > 1),
        panels=(views, views),
        min_width=220,
    )


def _frame(figure: go.Figure, shape: tuple[int, ...], view: int, aspect: float) -> None:
    frame_axes(figure, shape, row=1, col=view + 1, aspect=aspect)
    if view > 0:  # all views zoom together
        figure.update_xaxes(matches="x", row=1, col=view + 1)
        # Square by matching the first view; plotly.js warns of an axis that is to do both.
        figure.update_yaxes(matches="y", scaleanchor=None, row=1, col=view + 1)


def _labels(titles: Sequence[str] | None, slices: int) -> list[str]:
    labels = [str(i + 1) for i in range(slices)] if titles is None else as_texts(titles, "titles")
    same_length(slices=slices, titles=len(labels))
    return labels


def _largest_slice(slices: int, layers: Sequence[SliceLayer]) -> int:
    for layer in layers:
        areas = [int(mask.sum()) for mask in layer.masks]
        if max(areas) > 0:
            return int(np.argmax(areas))
    return slices // 2


def _toggles(layers: Sequence[SliceLayer], views: int) -> dict[str, Toggle]:
    per_view = 1 + len(layers)
    return {
        layer.name: Toggle([view * per_view + 1 + index for view in range(views)], layer.color)
        for index, layer in enumerate(layers)
        if layer.as_picture
    }


def _contents(uris: Sequence[str], layers: Sequence[SliceLayer], index: int) -> dict[str, list[Any]]:
    """Return what differs between slices: one value per trace, None where a trace has no such property.

    They are steps of the slider rather than frames, because Plotly plays frames on loading: the volume would run by
    itself.
    """
    drawn = [layer.contents(index) for layer in layers]
    pictures: list[Any] = [value for uri in uris for value in (uri, *(part.get("source") for part in drawn))]
    found = {"source": pictures}
    for letter in ("x", "y"):
        if any(letter in part for part in drawn):
            found[letter] = [value for _ in uris for value in (None, *(part.get(letter) for part in drawn))]
    return found
