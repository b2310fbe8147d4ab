"""A slider through the slices of a volume."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.numbers import integer
from resunet_kit.plots._arrays import as_images, as_masks, same_length, same_shape
from resunet_kit.plots._layers import frame_axes, image_trace, region_trace
from resunet_kit.plots._style import PREDICTION, TRUTH, styled
from resunet_kit.plots.images import picture_size

_SLIDER_HEIGHT = 110  # pixels
_Masks = list[NDArray[np.bool_]]


def slice_viewer(
    images: Iterable[ArrayLike],
    masks: Iterable[ArrayLike] | None = None,
    predictions: Iterable[ArrayLike] | None = None,
    *,
    titles: Sequence[str] | None = None,
    start: int | None = None,
    title: str | None = None,
) -> go.Figure:
    """Show a volume with a slider through its slices.

    Each slice is stored as one PNG and each mask as its outline: 25 RGB slices of 256 x 256 pixels take about two
    megabytes of HTML.

    Args:
        images: The slices, all of one shape: `(height, width)`, `(height, width, 1)` or `(height, width, 3)`. uint8
            and floats in [0, 1] are shown unchanged, other values are stretched by the volume's range.
        masks: One true mask per slice, of booleans, 0/1 or 0/255.
        predictions: One predicted mask per slice, in the same form.
        titles: One short title per slice; by default its number from 1.
        start: Index from 0 of the slice shown first; by default the one with the largest true (else predicted)
            region, and the middle one if all masks are empty.
        title: The figure's title.

    Returns:
        A figure whose slider has one step per slice; the legend switches truth and prediction on and off.

    Raises:
        TypeError: If images or masks are not numbers, or start is not an integer.
        ValueError: If lengths or sizes differ, start is out of range, or a mask holds other values.

    Example:
        >>> import numpy as np
        >>> masks = np.zeros((5, 8, 8))
        >>> masks[3, 2:5, 2:5] = 1
        >>> figure = slice_viewer(np.zeros((5, 8, 8)), masks)
        >>> len(figure.layout.sliders[0].steps), figure.layout.sliders[0].active
        (5, 3)
    """
    pictures = as_images(images)
    layers = {
        "Truth": None if masks is None else as_masks(masks, "masks"),
        "Prediction": None if predictions is None else as_masks(predictions, "predictions"),
    }
    given = {name: masks for name, masks in layers.items() if masks is not None}
    labels = [str(i + 1) for i in range(len(pictures))] if titles is None else [str(text) for text in titles]
    same_length(slices=len(pictures), **{name: len(m) for name, m in given.items()}, titles=len(labels))
    for index, picture in enumerate(pictures):
        if picture.shape != pictures[0].shape:
            raise ValueError(
                f"Expected images[{index}] of shape {pictures[0].shape}, as images[0]. Received shape {picture.shape}. "
                "Resize or pad the slices."
            )
        for name, regions in given.items():
            same_shape(picture, regions[index], f"{name.lower()}[{index}]")
    active = _largest_slice(len(pictures), given)
    if start is not None:
        active = integer("start", start, f"[0, {len(pictures) - 1}]")
    stack = [
        _slice_traces(picture, {name: regions[index] for name, regions in given.items()})
        for index, picture in enumerate(pictures)
    ]
    figure = go.Figure(stack[active])
    frame_axes(figure, pictures[0].shape)
    height, width = picture_size(pictures[0].shape)
    styled(figure, title=title, height=height + _SLIDER_HEIGHT, width=width, legend=bool(given))
    return figure.update_layout(sliders=[_slider(labels, stack, active)], margin_b=_SLIDER_HEIGHT)


def _largest_slice(slices: int, layers: dict[str, _Masks]) -> int:
    for masks in layers.values():
        areas = [int(mask.sum()) for mask in masks]
        if max(areas) > 0:
            return int(np.argmax(areas))
    return slices // 2


def _slice_traces(picture: NDArray[np.uint8], masks: dict[str, NDArray[np.bool_]]) -> list[Any]:
    looks = {"Truth": (TRUTH, 0.3), "Prediction": (PREDICTION, 0.15)}
    regions = [
        region_trace(mask, name=name, group=name, color=looks[name][0], fill=looks[name][1])
        for name, mask in masks.items()
    ]
    return [image_trace(picture), *regions]


def _slider(labels: Sequence[str], stack: Sequence[Sequence[Any]], active: int) -> dict[str, Any]:
    """Return a slider whose steps put the picture and outlines of another slice into the same traces.

    Steps rather than frames, because Plotly plays frames on loading: the volume would run by itself.
    """
    steps = [
        {"label": label, "method": "restyle", "args": [_contents(traces), list(range(len(traces)))]}
        for label, traces in zip(labels, stack, strict=True)
    ]
    return {
        "active": active,
        "currentvalue": {"prefix": "Slice ", "font": {"size": 14}},
        "pad": {"t": 10, "b": 10},
        "len": 1.0,
        "x": 0.0,
        "steps": steps,
    }


def _contents(traces: Sequence[Any]) -> dict[str, list[Any]]:
    """Return what differs between slices: one value per trace, None where a trace has no such property."""
    regions = traces[1:]
    return {
        "source": [traces[0].source, *(None for _ in regions)],
        **({"x": [None, *(list(region.x) for region in regions)]} if regions else {}),
        **({"y": [None, *(list(region.y) for region in regions)]} if regions else {}),
    }
