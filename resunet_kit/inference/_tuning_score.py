"""Scores that `Cascade.tune` maximises: overlap from pixel counts, or a function of truth and mask."""

from collections.abc import Callable
from typing import Any, Literal, Protocol, get_args

import numpy as np

from resunet_kit._shared.errors import unknown_name
from resunet_kit._shared.mask_counts import count_pixels
from resunet_kit.inference._pair_source import Truth

ScoreFunction = Callable[[np.ndarray, np.ndarray], float]
ScoreName = Literal["dice", "iou"]


class TuningScore(Protocol):
    """A score computed from one row of numbers per image, which add up over the images of a patient."""

    def row(self, truth: Truth, mask: np.ndarray) -> np.ndarray:
        """Return the numbers of an image `(columns,)`."""

    def scores(self, sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Return scores `(n,)`, the higher the better, from summed rows `(n, columns)` of so many images `(n,)`."""


def tuning_score(score: Any, classes: int) -> TuningScore:
    """Return the score with a given name, or the score for a function `(truth, mask) -> number`.

    Args:
        score: As in `Cascade.tune`.
        classes: Number of the segmenter's classes; up to two have one foreground class.

    Raises:
        TypeError: If it is neither a name nor a function.
        ValueError: If the name is unknown.
    """
    if callable(score):
        return _FunctionScore(score)
    if not isinstance(score, str) or score not in get_args(ScoreName):
        raise unknown_name("score", score, get_args(ScoreName), also="or a function of truth and mask")
    return _OverlapScore(max(classes - 1, 1), weight=2 if score == "dice" else 1)


class _OverlapScore:
    """`w·TP / (w·TP + FP + FN)`, 1 if truth and mask are both empty: Dice for w = 2, IoU for w = 1.

    With several foreground classes, it is the mean over the classes.
    """

    def __init__(self, classes: int, weight: int) -> None:
        self.classes = classes
        self.weight = weight

    def row(self, truth: Truth, mask: np.ndarray) -> np.ndarray:
        if truth.valid is not None:
            mask = np.where(truth.valid, mask, 0)
        counts = [count_pixels(truth.labels == label, mask == label)[:3] for label in range(1, self.classes + 1)]
        return np.ravel(counts)  # TP, FP, FN of each class

    def scores(self, sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:  # noqa: ARG002
        tp, fp, fn = np.moveaxis(sums.reshape(len(sums), self.classes, 3), -1, 0)
        total = self.weight * tp + fp + fn
        found = np.divide(self.weight * tp, total, out=np.ones(total.shape), where=total > 0)
        return np.asarray(found.mean(axis=-1))


class _FunctionScore:
    """The mean of a function over the images."""

    def __init__(self, function: ScoreFunction) -> None:
        self.function = function

    def row(self, truth: Truth, mask: np.ndarray) -> np.ndarray:
        if truth.valid is not None:
            mask = np.where(truth.valid, mask, 0).astype("uint8")
        returned: Any = self.function(truth.labels, mask)
        try:
            value = float(returned)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"Expected score to return a number. Received {type(returned).__name__}. Return one for each truth and "
                "mask, as the mean over classes."
            ) from error
        if not np.isfinite(value):
            raise ValueError(
                f"Expected score to return finite numbers. Received {value}. Return a number for empty masks too."
            )
        return np.array([value])

    def scores(self, sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        return np.asarray(sums[:, 0] / sizes)
