"""Where a prediction is right, where it misses, and where it raises a false alarm."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from resunet_kit.plots._arrays import as_finite, as_image, as_images, as_mask, as_masks, same_length, same_shape
from resunet_kit.plots._grid import picture_grid
from resunet_kit.plots._layers import frame_axes, image_trace, region_trace
from resunet_kit.plots._style import AGREEMENT, PREDICTION, TRUTH, styled
from resunet_kit.plots.images import picture_size


def error_map(image: ArrayLike, truth: ArrayLike, prediction: ArrayLike, *, title: str | None = None) -> go.Figure:
    """Colour the pixels of a segmentation: true positives, false positives and false negatives.

    Args:
        image: `(height, width)`, `(height, width, 1)` or `(height, width, 3)`. uint8 and floats in [0, 1] are shown
            as they are, other values are stretched by their range.
        truth: The true mask, of booleans, 0 and 1, or 0 and 255.
        prediction: The predicted mask, in the same form.
        title: The figure's title; by default the Dice score, 2TP / (2TP + FP + FN), and 1 where both masks are empty.

    Returns:
        A figure whose legend gives the counts in pixels and switches each colour on and off.

    Raises:
        ValueError: Sizes differ, or a mask holds other values.

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
    title = title if title is not None else f"Error map · Dice {_dice(true_mask, predicted):.3f}"
    height, width = picture_size(picture.shape, side=580)
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
        images: Images as in `sample_grid`.
        truths: One true mask an image.
        predictions: One predicted mask an image.
        scores: One score an image; higher is better. Ties keep their order.
        count: How many cases to show; all, where there are fewer.
        titles: One short title an image, such as the patient and slice.
        name: What the scores are.
        columns: Panels in a row.

    Returns:
        A figure with a panel a case, its title the case's title (or index) and score.

    Raises:
        ValueError: Numbers or sizes differ, a score is NaN, or a mask holds other values.

    Example:
        >>> import numpy as np
        >>> masks = np.ones((3, 4, 4), bool)
        >>> figure = worst_cases(masks, masks, masks, [0.9, 0.2, 0.5], count=2)
        >>> [annotation.text for annotation in figure.layout.annotations]
        ['1<br>Dice 0.200', '2<br>Dice 0.500']
    """
    pictures, values = list(images), as_finite(scores, "scores")
    true_masks, predicted = list(truths), list(predictions)
    if values.ndim != 1 or count < 1:
        raise ValueError(f"Expected a vector of scores and count >= 1. Received shape {values.shape}, count {count}.")
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
    layers = []
    for place, index in enumerate(worst):
        same_shape(shown[place], shown_truths[place], f"truths[{index}]")
        same_shape(shown[place], shown_predictions[place], f"predictions[{index}]")
        layers.append(_error_traces(shown_truths[place], shown_predictions[place], show_legend=place == 0))
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


def _dice(truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> float:
    size = int(truth.sum()) + int(prediction.sum())
    return 2 * int((truth & prediction).sum()) / size if size else 1.0
