"""Reading of masks and label maps, told apart by their values; names and colours of classes."""

from __future__ import annotations

import colorsys
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.groups import entries
from resunet_kit._shared.mask_checks import as_array
from resunet_kit._shared.numbers import integer
from resunet_kit.plots._arrays import as_mask
from resunet_kit.plots._style import COLORS

Names = Sequence[str] | Mapping[int, str] | None
IGNORED = "#8A8F98"
_MAX_LABEL = 255


@dataclasses.dataclass(frozen=True)
class Labels:
    """Truth and prediction of one image.

    Attributes:
        truth: `(height, width)`; a boolean mask of one class, or labels as uint8.
        prediction: The same, or None.
        names: The classes to draw by label; empty for masks of one class.
        ignored: Pixels of `ignore_class` in the truth, or None.
        is_map: Whether they are label maps.
    """

    truth: NDArray[Any]
    prediction: NDArray[Any] | None
    names: dict[int, str]
    ignored: NDArray[np.bool_] | None
    is_map: bool = True

    @property
    def pair(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Truth and prediction; if no prediction was given, an empty one."""
        return self.truth, np.zeros_like(self.truth) if self.prediction is None else self.prediction

    def by_name(self) -> dict[str, NDArray[Any]]:
        """Return truth and prediction, the latter if there is one."""
        return {"Truth": self.truth} | ({} if self.prediction is None else {"Prediction": self.prediction})


def read_labels(
    truth: ArrayLike, prediction: ArrayLike | None, class_names: Names, ignore_class: int | None, *, name: str = "mask"
) -> Labels:
    """Return masks of one class, or label maps where there are names, an ignored class or several labels.

    Args:
        truth: Booleans, 0/1 or 0/255, or class labels from 0 to 255.
        prediction: The same, or None.
        class_names: Names of the labels 0, 1, 2, ..., or a mapping from label to name; None numbers the classes of
            label maps.
        ignore_class: The label without a class, or None.
        name: What the truth is called in messages.

    Raises:
        TypeError: If values are not numbers, or an option is of a wrong type.
        ValueError: If a value is not a label, or a label has no name.
    """
    if ignore_class is not None:
        integer("ignore_class", ignore_class, f"[0, {_MAX_LABEL}]")
    given = {name: truth} if prediction is None else {name: truth, "prediction": prediction}
    arrays = {key: _array(value, key) for key, value in given.items()}
    if class_names is None and ignore_class is None and not any(map(_holds_classes, arrays.values())):
        masks = [as_mask(array, key) for key, array in arrays.items()]
        return Labels(masks[0], masks[1] if len(masks) > 1 else None, {}, None, is_map=False)
    maps = [_label_map(array, key) for key, array in arrays.items()]
    if class_names is None and ignore_class is None:
        _check_no_grey(maps, list(arrays))
    ignored = None if ignore_class is None else maps[0] == ignore_class
    present = {int(label) for array in maps for label in np.unique(array)} - {ignore_class}
    return Labels(maps[0], maps[1] if len(maps) > 1 else None, _names(present, class_names), ignored)


def _array(value: ArrayLike, name: str) -> NDArray[Any]:
    array = as_array(value, name)
    return array[..., 0] if array.ndim == 3 and array.shape[-1] == 1 else array


def _holds_classes(array: NDArray[Any]) -> bool:
    """Return whether values are labels of several classes rather than a mask; False for values that are not labels."""
    if array.dtype.kind not in "uif" or array.size == 0 or array.ndim != 2:
        return False
    values = np.unique(array)
    return bool(np.isin(values, range(_MAX_LABEL + 1)).all() and set(values) - {0, 1} and set(values) - {0, 255})


def _label_map(array: NDArray[Any], name: str) -> NDArray[np.uint8]:
    if array.dtype.kind not in "buif":
        raise TypeError(f"Expected {name} of class labels. Received dtype {array.dtype}. Convert it to integers first.")
    if array.ndim != 2 or array.size == 0:
        raise ValueError(
            f"Expected {name} of class labels (height, width). Received shape {array.shape}. Convert one-hot classes "
            "with masks.to_labels."
        )
    if array.dtype.kind in "if" and not np.isin(array, range(_MAX_LABEL + 1)).all():
        wrong = array[~np.isin(array, range(_MAX_LABEL + 1))].ravel()[0]
        raise ValueError(
            f"Expected {name} of class labels from 0 to {_MAX_LABEL}. Received {wrong}. Take the class of the largest "
            "probability, as in `probabilities.argmax(-1)`."
        )
    if array.max() > _MAX_LABEL:
        raise ValueError(
            f"Expected {name} of class labels from 0 to {_MAX_LABEL}. Received {array.max()}. Number the classes anew."
        )
    return array.astype(np.uint8)


def _check_no_grey(maps: Sequence[NDArray[np.uint8]], names: Sequence[str]) -> None:
    """Refuse 255 among undeclared labels: it may be an ignored class, or the mask may have been resized."""
    for array, name in zip(maps, names, strict=True):
        if array.max() == _MAX_LABEL:
            raise ValueError(
                f"Expected {name} of booleans, 0/1, 0/255 or class labels below 255. Received 255 among other values. "
                "Pass ignore_class=255 or class_names for labels; threshold a grey mask, as in `mask > 127`."
            )


def _names(present: set[int], given: Names) -> dict[int, str]:
    """Return the names of the classes to draw; label 0 is the background unless it has a name of its own."""
    if given is None:
        return {label: f"Class {label}" for label in sorted(present - {0})}
    by_label = given if isinstance(given, Mapping) else dict(enumerate(entries("class_names", given)))
    known = {
        integer("a label of class_names", label, f"[0, {_MAX_LABEL}]"): str(text).replace("<", "&lt;")  # not markup
        for label, text in by_label.items()
    }
    unnamed = sorted(present - set(known) - {0})
    if unnamed:
        binary = "threshold a 0/255 mask, as in `mask > 0`, " if _MAX_LABEL in unnamed else ""
        raise ValueError(
            f"Expected class_names for every label. Received {len(known)} names and no name for {unnamed}. Name them, "
            f"{binary}or pass the label of pixels without a class as ignore_class."
        )
    background = {0} if known.get(0, "background").lower() == "background" else set()
    return {label: known[label] for label in sorted(present - background)}


def class_color(label: int) -> str:
    """Return the colour of a class: from the palette for the first ones, then hues that are far apart.

    Example:
        >>> class_color(1), class_color(2)
        ('#0072B2', '#D55E00')
    """
    if 1 <= label <= len(COLORS):
        return COLORS[label - 1]
    hue = (label * 0.618034) % 1.0
    red, green, blue = colorsys.hls_to_rgb(hue, (0.45, 0.6, 0.72)[label % 3], (0.85, 0.6)[label % 2])
    return f"#{round(255 * red):02X}{round(255 * green):02X}{round(255 * blue):02X}"
