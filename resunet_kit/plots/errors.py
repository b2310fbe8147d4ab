"""Error maps: true positives, false positives and false negatives of a segmentation, pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_counts import count_pixels, dice_of_counts
from resunet_kit._shared.numbers import integer
from resunet_kit.plots._arrays import as_image, as_images, as_mask, as_masks, as_vector, same_length, same_shape
from resunet_kit.plots._grid import picture_grid
from resunet_kit.plots._layers import frame_axes, image_trace, region_trace
from resunet_kit.plots._style import AGREEMENT, PREDICTION, TRUTH, styled
from resunet_kit.plots.images import picture_size


def error_map(image: ArrayLike, truth: ArrayLike, prediction: ArrayLike, *, title: str | None = None) -> go.Figure:
    """Colour the pixels of a segmentation: true positives, false positives and false negatives.

    Args:
        image: `(height, width)`, `(height, width, 1)` or `(height, width, 3)`. uint8 and floats in [0, 1] are shown
            unchanged, other values are stretched by their range.
        truth: The true mask, of booleans, 0/1 or 0/255.
        prediction: The predicted mask, in the same form.
        title: The figure's title; by default the Dice score, 1 where both masks are empty.

    Returns:
        A figure whose legend gives the counts in pixels and switches each colour on and off.

    Raises:
        TypeError: If image or masks are not numbers.
        ValueError: If their sizes differ, or a mask holds other values.

    Example:
        >>> import numpy as np
        >>> figure = error_map(np.zeros((4, 4)), np.eye(4), np.ones((4, 4)))
        >>> figure.layout.title.text
        'Error map · Dice 0.400'
        >>> [trace.name for trace in figure.data[1:]]
        ['True positive · 4 px', 'False positive · 12 px', 'False negative · 0 px']
    """
    picture = as_image(image)
    true_mask, predicted = as_mask(truth, "truth"), as_mask(prediction, "prediction")
    same_shape(picture, true_mask, "truth")
    same_shape(picture, predicted, "prediction")
    figure = go.Figure([image_trace(picture), *_error_traces(true_mask, predicted, counts=True)])
    frame_axes(figure, picture.shape)
    dice = dice_of_counts(count_pixels(true_mask, predicted))
    height, width = picture_size(picture.shape, side=580)
    title = f"Error map · Dice {dice:.3f}" if title is None else title
    return styled(figure, title=title, height=height, width=max(width, 640), legend=True)


def worst_cases(
    images: Iterable[ArrayLike],
    truths: Iterable[ArrayLike],
    predictions: Iterable[ArrayLike],
    scores: ArrayLike,
    *,
    count: int = 6,
    titles: Sequence[str] | None = None,
    name: str = "Dice",
    columns: int = 3,
) -> go.Figure:
    """Show the error maps of the cases with the lowest scores, worst first.

    Args:
        images: Images `(height, width)`, grey, or `(height, width, 3)`, RGB, of one size or several: a list or an
            array.
        truths: One true mask per image.
        predictions: One predicted mask per image.
        scores: One score per image; higher is better. Ties keep their order.
        count: How many cases to show, at least 1; all, where there are fewer.
        titles: One short title per image, such as the patient and slice.
        name: What the scores are.
        columns: Panels per row, at least 1.

    Returns:
        A figure with one panel per case, titled with the case's title (or index) and score.

    Raises:
        TypeError: If images, masks or scores are not numbers, or count or columns are not integers.
        ValueError: If lengths or sizes differ, a score is NaN, or a mask holds other values.

    Example:
        >>> import numpy as np
        >>> masks = np.ones((3, 4, 4), bool)
        >>> figure = worst_cases(masks, masks, masks, [0.9, 0.2, 0.5], count=2)
        >>> [annotation.text for annotation in figure.layout.annotations]
        ['1<br>Dice 0.200', '2<br>Dice 0.500']
    """
    pictures, values = list(images), as_vector(scores, "scores")
    true_masks, predicted = list(truths), list(predictions)
    integer("count", count, "[1, inf)")
    named = [str(index) for index in range(len(values))] if titles is None else [str(title) for title in titles]
    same_length(
        images=len(pictures),
        truths=len(true_masks),
        predictions=len(predicted),
        scores=len(values),
        titles=len(named),
    )
    worst = np.argsort(values, kind="stable")[:count].tolist()
    shown = as_images([pictures[index] for index in worst])
    shown_truths = as_masks([true_masks[index] for index in worst], "truths")
    shown_predictions = as_masks([predicted[index] for index in worst], "predictions")
    layers: list[list[Any]] = []
    for index, image, truth, prediction in zip(worst, shown, shown_truths, shown_predictions, strict=True):
        same_shape(image, truth, f"truths[{index}]")
        same_shape(image, prediction, f"predictions[{index}]")
        layers.append(_error_traces(truth, prediction, show_legend=not layers))
    return picture_grid(
        shown,
        layers,
        titles=[f"{named[index]}<br>{name} {values[index]:.3f}" for index in worst],
        columns=columns,
        title=f"Lowest {name} of {len(values):,}",
    )


def _error_traces(
    truth: NDArray[np.bool_],
    prediction: NDArray[np.bool_],
    *,
    counts: bool = False,
    show_legend: bool = True,
) -> list[Any]:
    kinds = (
        ("True positive", truth & prediction, AGREEMENT),
        ("False positive", ~truth & prediction, PREDICTION),
        ("False negative", truth & ~prediction, TRUTH),
    )
    return [
        region_trace(
            mask,
            name=f"{name} · {mask.sum():,} px" if counts else name,
            group=name,
            color=color,
            fill=0.55,
            show_legend=show_legend,
        )
        for name, mask, color in kinds
    ]
