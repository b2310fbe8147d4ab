"""Error maps: true positives, false positives and false negatives of a segmentation, pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.groups import entries
from resunet_kit._shared.mask_checks import as_array
from resunet_kit._shared.mask_counts import count_pixels, dice_of_counts
from resunet_kit._shared.numbers import integer, text
from resunet_kit.plots._arrays import as_image, as_images, as_masks, as_numbers, as_texts, same_length, same_shape
from resunet_kit.plots._grid import picture_grid
from resunet_kit.plots._label_maps import IGNORED, Labels, Names, read_labels
from resunet_kit.plots._layers import Region
from resunet_kit.plots._scene import draw_scene, probabilities
from resunet_kit.plots._style import AGREEMENT, COLORS, PREDICTION, TRUTH

WRONG_CLASS = COLORS[3]
_LARGE = 1e6  # score from which it has a power of ten


def error_map(
    image: ArrayLike,
    truth: ArrayLike,
    prediction: ArrayLike,
    *,
    probability: ArrayLike | None = None,
    class_names: Names = None,
    ignore_class: int | None = None,
    title: str | None = None,
) -> go.Figure:
    """Colour the pixels of a segmentation: true positives, false positives and false negatives.

    In label maps, a true positive has the right class, a false positive is background in the truth, a false negative is
    background in the prediction, and any other error is a wrong class. The figure is as wide as its column; a slider
    changes the opacity, and hovering shows the pixel's value, its class and its probability.

    Args:
        image: `(height, width)`, `(height, width, 1)` or `(height, width, 3)`. uint8 and floats in [0, 1] are shown
            unchanged, other values are stretched by their range.
        truth: The true mask, as booleans, 0/1 or 0/255; or class labels from 0 to 255, where 0 is the background.
        prediction: The predicted mask or label map, in the same form.
        probability: Probabilities `(height, width)` in [0, 1], shown on hover.
        class_names: Names of the labels 0, 1, 2, ..., or a mapping from label to name, for label maps.
        ignore_class: The label of pixels that count neither as right nor as wrong, shown in grey.
        title: The figure's title; by default the Dice score, 1 where both masks are empty; for label maps, its mean
            over the classes in the truth or the prediction.

    Returns:
        A figure whose legend gives the counts in pixels and switches each colour on and off, and the outlines of truth
        and prediction, which are hidden at first.

    Raises:
        TypeError: If an array does not hold numbers, or an option is of a wrong type.
        ValueError: If sizes differ, a mask holds other values, a label has no name, or a value is NaN.

    Example:
        >>> import numpy as np
        >>> figure = error_map(np.zeros((4, 4)), np.eye(4), np.ones((4, 4)))
        >>> figure.layout.title.text
        'Error map · Dice 0.400'
        >>> [trace.name for trace in figure.data[1:4]]
        ['True positive · 4 px', 'False positive · 12 px', 'False negative · 0 px']
    """
    picture = as_image(image)
    given = as_array(prediction, "prediction")  # so that None is refused, not taken for an empty mask
    labels = read_labels(truth, given, class_names, ignore_class, name="truth")
    true_map, predicted_map = labels.pair
    same_shape(picture, true_map, "truth")
    same_shape(picture, predicted_map, "prediction")
    groups = {
        **{region.group: [region] for region in _error_regions(labels, counts=True)},
        "Truth": [Region(_foreground(labels, true_map), "Truth", TRUTH, fill=0.0, on=False, dash="dot")],
        "Prediction": [
            Region(_foreground(labels, predicted_map), "Prediction", PREDICTION, fill=0.0, on=False, dash="dot")
        ],
    }
    return draw_scene(
        image,
        groups,
        title=_score_title(labels) if title is None else title,
        hover=probabilities(probability, picture) | (labels.by_name() if labels.is_map else {}),
    )


def _valid(labels: Labels) -> NDArray[np.bool_]:
    """Return the pixels that count as right or as wrong."""
    return np.ones(labels.truth.shape, bool) if labels.ignored is None else ~labels.ignored


def _foreground(labels: Labels, of: NDArray[Any]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (of > 0) & _valid(labels)
    return found


def _score_title(labels: Labels) -> str:
    valid = _valid(labels)
    truth, prediction = (map_[valid] for map_ in labels.pair)
    if not labels.is_map:
        return f"Error map · Dice {dice_of_counts(count_pixels(truth, prediction)):.3f}"
    classes = sorted({*np.unique(truth).tolist(), *np.unique(prediction).tolist()} - {0})
    scores = [dice_of_counts(count_pixels(truth == label, prediction == label)) for label in classes]
    if len(classes) < 2:
        return f"Error map · Dice {np.mean(scores) if scores else 1.0:.3f}"
    return f"Error map · mean Dice {np.mean(scores):.3f}, {len(classes)} classes"


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
        scores: One score per image; higher is better. Ties keep their order. Of distances, pass the negative: the
            distance to an empty mask is then -inf, the lowest.
        count: How many cases to show, at least 1; all, if there are fewer.
        titles: One short title per image, such as the patient and slice.
        name: Name of the scores.
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
    text("name", name)
    pictures, values = entries("images", images), _scores(scores)
    true_masks, predicted = entries("truths", truths), entries("predictions", predictions)
    integer("count", count, "[1, inf)")
    named = [str(index) for index in range(len(values))] if titles is None else as_texts(titles, "titles")
    same_length(
        images=len(pictures),
        truths=len(true_masks),
        predictions=len(predicted),
        scores=len(values),
        titles=None if titles is None else len(named),
    )
    worst = np.argsort(values, kind="stable")[:count].tolist()
    shown = as_images([pictures[index] for index in worst])
    shown_truths = as_masks([true_masks[index] for index in worst], "truths")
    shown_predictions = as_masks([predicted[index] for index in worst], "predictions")
    layers: list[list[Region]] = []
    for index, image, truth, prediction in zip(worst, shown, shown_truths, shown_predictions, strict=True):
        same_shape(image, truth, f"truths[{index}]")
        same_shape(image, prediction, f"predictions[{index}]")
        pair = Labels(truth, prediction, {}, None, is_map=False)
        layers.append(_error_regions(pair, in_legend=not layers))
    return picture_grid(
        shown,
        layers,
        titles=[f"{named[index]}<br>{name} {_score_text(values[index])}" for index in worst],
        columns=columns,
        title=f"Lowest {name} of {len(values):,}",
        exact=all(np.asarray(pictures[index]).dtype == np.uint8 for index in worst),
    )


def _scores(scores: ArrayLike) -> NDArray[np.float64]:
    values = as_numbers(scores, "scores")
    missing = int(np.isnan(values).sum())
    if missing:
        raise ValueError(
            f"Expected scores that can be compared. Received {missing} missing of {values.size}. Leave those cases "
            "out, and say next to the figure how many they were."
        )
    return values


def _score_text(score: float) -> str:
    words = f"{score:z.3f}" if abs(score) < _LARGE else f"{score:.3g}"
    return words.replace("inf", "∞").replace("-", "−")


def _error_regions(labels: Labels, *, counts: bool = False, in_legend: bool = True) -> list[Region]:
    """Return the regions of right and wrong pixels; of label maps those of a wrong class too, and ignored ones."""
    valid = _valid(labels)
    truth, prediction = labels.pair
    kinds = [
        ("True positive", (truth == prediction) & (truth > 0) & valid, AGREEMENT),
        ("False positive", (truth == 0) & (prediction > 0) & valid, PREDICTION),
        ("False negative", (truth > 0) & (prediction == 0) & valid, TRUTH),
    ]
    if labels.is_map:
        wrong = (truth != prediction) & (truth > 0) & (prediction > 0) & valid
        kinds += [("Wrong class", wrong, WRONG_CLASS)] if wrong.any() else []
        kinds += [("Ignored", ~valid, IGNORED)] if not valid.all() else []
    return [
        Region(
            mask,
            f"{name} · {mask.sum():,} px" if counts else name,
            color,
            fill=0.55,
            group=name,
            hover=name,
            in_legend=in_legend,
        )
        for name, mask, color in kinds
    ]
