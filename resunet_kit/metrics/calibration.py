"""Calibration: reliability bins and the expected calibration error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_array, as_binary
from resunet_kit._shared.numbers import integer

_Floats = NDArray[np.float64]


class ReliabilityBins(NamedTuple):
    """Result of `reliability_bins`: one entry per bin, 0 in empty bins.

    Attributes:
        edges: Edges of the bins in [0, 1], one more than there are bins.
        counts: Number of probabilities in each bin.
        confidence: Their mean.
        frequency: The fraction of positives among them, equal to the confidence if the model is calibrated.
    """

    edges: _Floats
    counts: NDArray[np.int64]
    confidence: _Floats
    frequency: _Floats


def reliability_bins(truth: ArrayLike, probability: ArrayLike, *, bins: int = 15) -> ReliabilityBins:
    """Compare predicted probabilities with observed frequencies in bins of equal width.

    A bin includes its lower edge, the last bin both edges. `resunet_kit.plots.reliability_diagram` uses the same bins.

    Args:
        truth: Labels as booleans, 0/1 or 0/255, of any shape; pixels are pooled.
        probability: Probabilities of the positive class in [0, 1], of the same shape.
        bins: Number of bins, at least 1.

    Raises:
        TypeError: If the values are not numbers or `bins` is not an integer.
        ValueError: If the shapes differ, there are no values, or a value is NaN or out of range.

    Example:
        >>> found = reliability_bins([0, 0, 1, 1], [0.1, 0.3, 0.9, 0.7], bins=2)
        >>> found.counts.tolist(), found.confidence.tolist(), found.frequency.tolist()
        ([2, 2], [0.2, 0.8], [0.0, 1.0])
    """
    bins = integer("bins", bins, "[1, inf)")
    labels, values = as_binary(truth, "truth"), _probabilities(probability)
    if labels.shape != values.shape:
        raise ValueError(
            f"Expected truth and probability of one shape. Received {labels.shape} and {values.shape}. "
            "Drop a channel axis of size 1: probability[..., 0]."
        )
    labels, values = labels.ravel(), values.ravel()
    edges = np.linspace(0, 1, bins + 1)
    index = np.minimum(np.searchsorted(edges, values, side="right") - 1, bins - 1)
    counts = np.bincount(index, minlength=bins)
    filled = np.maximum(counts, 1)
    confidence = np.bincount(index, weights=values, minlength=bins) / filled
    frequency = np.bincount(index[labels], minlength=bins) / filled
    return ReliabilityBins(edges, counts, confidence, frequency)


def expected_calibration_error(truth: ArrayLike, probability: ArrayLike, *, bins: int = 15) -> float:
    """Compute the expected calibration error: the mean distance of predicted probabilities from observed frequencies.

    `sum(counts / n * |frequency - confidence|)` over the bins of `reliability_bins`.

    In masks that are mostly background, nearly all pixels are easy, and their errors near 0 dominate the mean: evaluate
    inside the organ, or inspect the bins too.

    Args:
        truth: Labels as booleans, 0/1 or 0/255, of any shape; pixels are pooled.
        probability: Probabilities of the positive class in [0, 1], of the same shape.
        bins: Number of bins of equal width, at least 1.

    Returns:
        The error in [0, 1]; 0 is best.

    Raises:
        TypeError: If the values are not numbers or `bins` is not an integer.
        ValueError: If the shapes differ, there are no values, or a value is NaN or out of range.

    Note:
        For exclusive classes, the paper scores only the predicted class: pass `labels == p.argmax(-1)` as truth and
        `p.max(-1)` as probability. Its bins, also 15, include their upper instead of their lower edges.

    Example:
        >>> round(expected_calibration_error([0, 0, 1, 1], [0.1, 0.1, 0.9, 0.7], bins=10), 3)
        0.15

    References:
        Guo, Pleiss, Sun and Weinberger (2017), "On calibration of modern neural networks", ICML, arXiv:1706.04599.
    """
    found = reliability_bins(truth, probability, bins=bins)
    gaps = np.abs(found.frequency - found.confidence)
    return float(np.sum(found.counts * gaps) / found.counts.sum())


def _probabilities(probability: ArrayLike) -> _Floats:
    array = as_array(probability, "probability")
    if array.dtype.kind not in "buif":
        raise TypeError(
            f"Expected probability of numbers. Received dtype {array.dtype}. Convert it with .astype(float) first."
        )
    missing = int(np.isnan(array).sum())
    if missing:
        raise ValueError(
            f"Expected probability without NaN. Received {missing} of {array.size}. Leave those pixels out of both and "
            "report how many there were."
        )
    if array.size and not (array.min() >= 0 and array.max() <= 1):
        raise ValueError(
            f"Expected probability in [0, 1]. Received values from {array.min():.4g} to {array.max():.4g}. Apply the "
            "sigmoid to logits first."
        )
    return array.astype(np.float64)
