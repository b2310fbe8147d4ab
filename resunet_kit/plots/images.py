"""Images with the outlines of their masks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import plotly.graph_objects as go
from numpy.typing import ArrayLike

from resunet_kit.plots._arrays import as_image, as_images, as_mask, as_masks, same_length, same_shape
from resunet_kit.plots._grid import picture_grid
from resunet_kit.plots._layers import frame_axes, image_trace, region_trace
from resunet_kit.plots._style import PREDICTION, TRUTH, styled


def sample_grid(
    images: Iterable[ArrayLike],
    masks: Iterable[ArrayLike] | None = None,
    *,
    titles: Sequence[str] | None = None,
    columns: int = 4,
    title: str | None = None,
) -> go.Figure:
    """Show images next to each other, with their masks outlined if given.

    Args:
        images: Images of shape `(height, width)`, `(height, width, 1)` or `(height, width, 3)`, their sizes may
            differ; or one stacked array. uint8 and floats in [0, 1] are shown unchanged, other values are
            stretched by the range of all images together.
        masks: One mask per image, of booleans, 0/1 or 0/255.
        titles: One short title per image.
        columns: Images per row, at least 1.
        title: The figure's title.

    Returns:
        A figure with one panel per image; the legend switches the masks on and off.

    Raises:
        TypeError: If images or masks are not numbers, or columns is not an integer.
        ValueError: If there are no images, lengths or sizes differ, or a mask holds other values.

    Example:
        >>> import numpy as np
        >>> figure = sample_grid(np.zeros((3, 8, 8)), np.eye(8)[None].repeat(3, axis=0), columns=2)
        >>> len(figure.data)
        6
    """
    pictures = as_images(images)
    regions = None if masks is None else as_masks(masks, "masks")
    same_length(
        images=len(pictures),
        **({} if regions is None else {"masks": len(regions)}),
        **({} if titles is None else {"titles": len(titles)}),
    )
    layers: list[list[object]] = [[] for _ in pictures]
    for index, mask in enumerate(regions or []):
        same_shape(pictures[index], mask, f"masks[{index}]")
        layers[index].append(region_trace(mask, name="Mask", group="mask", color=TRUTH, show_legend=index == 0))
    return picture_grid(pictures, layers, titles=titles, columns=columns, title=title)


def overlay(
    image: ArrayLike,
    mask: ArrayLike,
    *,
    prediction: ArrayLike | None = None,
    title: str | None = None,
) -> go.Figure:
    """Show an image under its true mask, and under the predicted mask if given.

    Args:
        image: `(height, width)`, `(height, width, 1)` or `(height, width, 3)`. uint8 and floats in [0, 1] are shown
            unchanged, other values are stretched by their range.
        mask: The true mask, of booleans, 0/1 or 0/255.
        prediction: The predicted mask, in the same form.
        title: The figure's title.

    Returns:
        A figure whose legend switches truth (sky blue) and prediction (orange) on and off.

    Raises:
        TypeError: If image or masks are not numbers.
        ValueError: If their sizes differ, or a mask holds other values.

    Example:
        >>> import numpy as np
        >>> figure = overlay(np.zeros((8, 8)), np.eye(8), prediction=np.eye(8) > 0)
        >>> [trace.name for trace in figure.data[1:]]
        ['Truth', 'Prediction']
    """
    picture = as_image(image)
    truth = as_mask(mask)
    same_shape(picture, truth, "mask")
    traces = [image_trace(picture), region_trace(truth, name="Truth", group="truth", color=TRUTH)]
    if prediction is not None:
        predicted = as_mask(prediction, "prediction")
        same_shape(picture, predicted, "prediction")
        traces.append(region_trace(predicted, name="Prediction", group="prediction", color=PREDICTION, fill=0.15))
    figure = go.Figure(traces)
    frame_axes(figure, picture.shape)
    height, width = picture_size(picture.shape)
    return styled(figure, title=title, height=height, width=width, legend=True)


def picture_size(shape: tuple[int, ...], *, side: int = 480) -> tuple[int, int]:
    """Return height and width in pixels of a figure whose picture's longer side is `side`."""
    scale = side / max(shape[:2])
    return round(shape[0] * scale) + 16, max(round(shape[1] * scale) + 60, 360)
