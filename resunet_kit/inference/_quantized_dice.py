"""Cost of quantisation in Dice: masks of the integer model compared with those of the float32 model."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from resunet_kit._shared.mask_checks import as_binary

Outputs = Callable[[np.ndarray], np.ndarray]
BATCH = 4


class DiceScores(NamedTuple):
    """Mean Dice over the images: of the integer model, and of the float32 model.

    Attributes:
        dice: Dice of the integer model against the truths; without truths, against the float32 model's masks.
        float32_dice: Dice of the float32 model against the truths; without truths, 1.
    """

    dice: float
    float32_dice: float


def predictions(run: Outputs, images: np.ndarray) -> np.ndarray:
    """Return the main output for all images, in small batches."""
    return np.concatenate([run(images[start : start + BATCH]) for start in range(0, len(images), BATCH)])


def dice_scores(float32: np.ndarray, int8: np.ndarray, truths: np.ndarray | None) -> DiceScores:
    """Score the outputs of both models.

    Args:
        float32: Main output, `(n, ..., classes)`: probabilities or logits.
        int8: The same for the integer model.
        truths: `(n, ...)` or `(n, ..., 1)` masks or class labels, or one-hot; None to compare the two models.
    """
    classes = float32.shape[-1]
    logits = bool(float32.min() < 0 or float32.max() > 1)
    first, second = (_labels(outputs, logits=logits) for outputs in (float32, int8))
    if truths is None:
        return DiceScores(_mean_dice(first, second, classes), 1.0)
    expected = _true_labels(truths, float32.shape)
    return DiceScores(_mean_dice(expected, second, classes), _mean_dice(expected, first, classes))


def _labels(outputs: np.ndarray, *, logits: bool) -> np.ndarray:
    """Return class labels `(n, ...)`: for one channel, whether it is above the threshold."""
    if outputs.shape[-1] > 1:
        return outputs.argmax(axis=-1)
    return (outputs[..., 0] > (0.0 if logits else 0.5)).astype(int)


def _true_labels(truths: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    classes = shape[-1]
    truths = np.asarray(truths)
    if truths.shape not in (shape, (*shape[:-1], 1), shape[:-1]):
        raise ValueError(
            f"Expected truths of shape {shape[:-1]}, {(*shape[:-1], 1)} or {shape}, as the model's output for the "
            f"calibration images. Received shape {truths.shape}. Pass the masks of the same images, of their size."
        )
    if truths.shape == shape and classes > 1:
        return truths.argmax(axis=-1)
    labels = truths[..., 0] if truths.ndim == len(shape) else truths
    if classes == 1:
        return as_binary(labels, "truths").astype(int)
    if not np.isin(labels, np.arange(classes)).all():
        raise ValueError(
            f"Expected truths of class labels from 0 to {classes - 1}. Received values from {labels.min()} to "
            f"{labels.max()}. Renumber them."
        )
    return labels.astype(int)


def _mean_dice(expected: np.ndarray, received: np.ndarray, classes: int) -> float:
    """Return Dice averaged over images and foreground classes; for a classifier, over all classes of all images."""
    if expected.ndim == 1:
        return _dice(expected, received, range(classes) if classes > 1 else (1,))
    foreground = range(1, classes) if classes > 1 else (1,)
    return float(np.mean([_dice(one, other, foreground) for one, other in zip(expected, received, strict=True)]))


def _dice(expected: np.ndarray, received: np.ndarray, classes: "range | tuple[int, ...]") -> float:
    """Return Dice averaged over the classes that occur in either; 1 if no class occurs."""
    scores = []
    for label in classes:
        one, other = expected == label, received == label
        total = np.count_nonzero(one) + np.count_nonzero(other)
        if total:
            scores.append(2 * np.count_nonzero(one & other) / total)
    return float(np.mean(scores)) if scores else 1.0
