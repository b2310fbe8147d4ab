"""Images with their masks, or with the classes of label maps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from resunet_kit._shared.groups import entries
from resunet_kit._shared.mask_checks import as_array
from resunet_kit.plots._arrays import as_image, as_images, as_masks, as_texts, same_length, same_shape
from resunet_kit.plots._grid import picture_grid
from resunet_kit.plots._label_maps import Labels, Names, read_labels
from resunet_kit.plots._layers import Region, legend_name
from resunet_kit.plots._scene import ERROR, Groups, class_regions, draw_scene, probabilities, wrong_pixels
from resunet_kit.plots._style import PREDICTION, TRUTH


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
        images: Images of shape `(height, width)`, `(height, width, 1)` or `(height, width, 3)`, whose sizes may differ;
            or one stacked array. uint8 and floats in [0, 1] are shown unchanged, other values are stretched by the
            range of all images together.
        masks: One mask per image, as booleans, 0/1 or 0/255.
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
    given = [as_array(image, f"images[{index}]") for index, image in enumerate(entries("images", images))]
    pictures = as_images(given)
    named = None if titles is None else as_texts(titles, "titles")
    regions = None if masks is None else as_masks(masks, "masks")
    same_length(
        images=len(pictures),
        masks=None if regions is None else len(regions),
        titles=None if named is None else len(named),
    )
    layers: list[list[Region]] = [[] for _ in pictures]
    for index, mask in enumerate(regions or []):
        same_shape(pictures[index], mask, f"masks[{index}]")
        layers[index].append(Region(mask, "Mask", TRUTH, group="mask", in_legend=index == 0))
    exact = all(image.dtype == np.uint8 for image in given)
    return picture_grid(pictures, layers, titles=named, columns=columns, title=title, exact=exact)


def overlay(
    image: ArrayLike,
    mask: ArrayLike,
    *,
    prediction: ArrayLike | None = None,
    probability: ArrayLike | None = None,
    class_names: Names = None,
    ignore_class: int | None = None,
    title: str | None = None,
) -> go.Figure:
    """Show an image under its true mask or label map, and under the prediction if given.

    The figure is as wide as its column. A slider changes the opacity, and hovering shows the pixel's value, its class
    and its probability. Up to 256 x 256 pixels take less than 150 kB: pictures whose PNG would be larger are drawn with
    fewer grey values, and hovering then shows "≈".

    Args:
        image: `(height, width)`, `(height, width, 1)` or `(height, width, 3)`. uint8 and floats in [0, 1] are shown
            unchanged, other values are stretched by their range.
        mask: The true mask, as booleans, 0/1 or 0/255; or class labels from 0 to 255.
        prediction: The predicted mask or label map, in the same form.
        probability: Probabilities `(height, width)` in [0, 1], shown on hover.
        class_names: Names of the labels 0, 1, 2, ..., or a mapping from label to name. None calls them "Class 1",
            "Class 2", ... Label 0 is the background, which is not drawn unless it has another name than "background".
        ignore_class: The label of pixels without a class, shown in grey.
        title: The figure's title.

    Returns:
        A figure whose legend switches truth (sky blue), prediction (orange) and error (vermilion, hidden at first) on
        and off. For label maps it switches the classes, and buttons switch truth and prediction; the truth is filled
        and the prediction dotted. Masks of many small regions are drawn as pictures, switched by buttons alone.

    Raises:
        TypeError: If an array does not hold numbers, or an option is of a wrong type.
        ValueError: If sizes differ, a mask holds other values, a label has no name, or a value is NaN.

    Example:
        >>> import numpy as np
        >>> figure = overlay(np.zeros((8, 8)), np.eye(8), prediction=np.eye(8) > 0)
        >>> [trace.name for trace in figure.data[1:4]]
        ['Truth', 'Prediction', 'Error']
        >>> figure = overlay(np.zeros((8, 8)), np.eye(8) * 2, class_names=["background", "liver", "kidney"])
        >>> figure.data[1].name
        'kidney'
    """
    labels = read_labels(mask, prediction, class_names, ignore_class)
    picture = as_image(image)
    same_shape(picture, labels.truth, "mask")
    if labels.prediction is not None:
        same_shape(picture, labels.prediction, "prediction")
    is_map = labels.is_map
    groups = _class_groups(labels) if is_map else _mask_groups(labels)
    return draw_scene(
        image,
        groups,
        title=title,
        buttons=is_map and labels.prediction is not None,
        hover=probabilities(probability, picture),
        labels=labels.by_name(),
        note="" if groups else "No class but the background",
    )


def _mask_groups(labels: Labels) -> Groups:
    groups = {"Truth": [Region(labels.truth, legend_name("Truth", labels.truth), TRUTH, fill=0.4, hover="Truth")]}
    if labels.prediction is not None:
        name = legend_name("Prediction", labels.prediction)
        groups["Prediction"] = [Region(labels.prediction, name, PREDICTION, fill=0.2, hover="Prediction")]
        groups |= _error_group(labels)
    return groups


def _class_groups(labels: Labels) -> Groups:
    groups = class_regions(labels)
    return groups if labels.prediction is None else {**groups, **_error_group(labels)}


def _error_group(labels: Labels) -> dict[str, list[Region]]:
    wrong: np.ndarray = wrong_pixels(labels)
    return {"Error": [Region(wrong, "Error", ERROR, fill=0.6, on=False)]}
