"""What a threshold costs: sensitivity, specificity, F1 and Dice against it."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.errors import unknown_name
from resunet_kit.plots._arrays import as_binary, as_finite, both_classes
from resunet_kit.plots._style import COLORS, REFERENCE, styled

_Floats = NDArray[np.float64]
_DRAWN = ("Sensitivity", "Specificity", "F1", "Dice")
_CHOICES = {"youden": "Youden's J", "f1": "F1", "dice": "Dice"}
_EXACT = 500  # up to so many distinct scores, every one is a threshold


def threshold_curve(
    truth: ArrayLike,
    scores: ArrayLike,
    *,
    metric: str = "youden",
    title: str | None = None,
) -> go.Figure:
    """Draw sensitivity, specificity and F1 against the threshold, and mark the best threshold by `metric`.

    A case is called positive where `score >= threshold`. Sensitivity, specificity and F1 pool all entries; Dice is
    the mean over images, 1 where truth and prediction are empty. Youden's J is sensitivity + specificity - 1. Up to
    500 distinct scores, each is a threshold; beyond that, 250 even steps and 250 quantiles stand for them. Of equally
    good thresholds the lowest is marked.

    Choose the threshold on validation data: on test data the marked optimum flatters.

    Args:
        truth: Labels `(n,)`, or masks `(n, height, width)` or `(n, height, width, 1)`, of booleans, 0 and 1, or 0
            and 255.
        scores: Scores of the same shape, higher for positives.
        metric: "youden", "f1", or for masks "dice".
        title: The figure's title; by default it gives the marked threshold.

    Returns:
        A figure with a trace a measure, x the thresholds in rising order; Dice only for masks.

    Raises:
        ValueError: Unknown metric, Dice without masks, truth of one class, differing shapes, or a NaN score.

    Example:
        >>> figure = threshold_curve([0, 0, 1, 1], [0.1, 0.4, 0.6, 0.8])
        >>> figure.layout.title.text
        "Best Youden's J 1.000 at threshold 0.6"

    References:
        Youden (1950), "Index for rating diagnostic tests", Cancer 3(1).
    """
    if metric not in _CHOICES:
        raise unknown_name("metric", metric, _CHOICES)
    labels, values = as_binary(truth, "truth"), as_finite(scores, "scores")
    if labels.shape != values.shape:
        raise ValueError(f"Expected scores of the truth's shape {labels.shape}. Received {values.shape}.")
    if metric == "dice" and labels.ndim < 3:
        raise ValueError(f'Expected masks (n, height, width) for metric "dice". Received shape {labels.shape}.')
    both_classes(labels, "sensitivity or specificity")
    thresholds = _thresholds(values)
    measures = _pooled(labels.ravel(), values.ravel(), thresholds)
    if labels.ndim >= 3:
        measures["Dice"] = _mean_dice(labels, values, thresholds)
    chosen = measures["Sensitivity"] + measures["Specificity"] - 1 if metric == "youden" else measures[_CHOICES[metric]]
    best = int(np.argmax(chosen))
    figure = _lines(thresholds, measures)
    figure.add_vline(x=thresholds[best], line={"color": REFERENCE, "dash": "dot", "width": 1.5})
    text = f"Best {_CHOICES[metric]} {chosen[best]:.3f} at threshold {thresholds[best]:.3g}"
    return styled(
        figure,
        title=text if title is None else title,
        height=400,
        legend=True,
        hovermode="x unified",
        xaxis={"title": "Threshold (called positive at or above it)"},
        yaxis={"title": "Share", "range": [-0.02, 1.03]},
    )


def _thresholds(values: _Floats) -> _Floats:
    distinct = np.unique(values)
    if distinct.size <= _EXACT:
        return distinct
    even = np.linspace(distinct[0], distinct[-1], _EXACT // 2)
    return np.union1d(even, np.quantile(distinct, np.linspace(0, 1, _EXACT // 2)))


def _positives(labels: NDArray[np.bool_], values: _Floats, thresholds: _Floats) -> tuple[_Floats, _Floats]:
    """Return how many are called positive at each threshold, and how many of them rightly."""
    ranked, ranked_true = np.sort(values), np.sort(values[labels])
    called = ranked.size - np.searchsorted(ranked, thresholds, side="left")
    right = ranked_true.size - np.searchsorted(ranked_true, thresholds, side="left")
    return called.astype(np.float64), right.astype(np.float64)


def _pooled(labels: NDArray[np.bool_], values: _Floats, thresholds: _Floats) -> dict[str, _Floats]:
    called, tp = _positives(labels, values, thresholds)
    positives = int(labels.sum())
    negatives = labels.size - positives
    return {
        "Sensitivity": tp / positives,
        "Specificity": 1 - (called - tp) / negatives,
        "F1": 2 * tp / (called + positives),
    }


def _mean_dice(labels: NDArray[np.bool_], values: _Floats, thresholds: _Floats) -> _Floats:
    total = np.zeros_like(thresholds)
    for mask, score in zip(labels, values, strict=True):
        called, tp = _positives(mask.ravel(), score.ravel(), thresholds)
        size = called + mask.sum()
        total += np.divide(2 * tp, size, out=np.ones_like(tp), where=size > 0)
    return total / len(labels)


def _lines(thresholds: _Floats, measures: dict[str, _Floats]) -> go.Figure:
    return go.Figure(
        [
            go.Scatter(
                x=thresholds,
                y=values,
                mode="lines",
                name=name,
                line={"color": COLORS[_DRAWN.index(name)], "width": 2.5},
                hovertemplate="%{y:.3f}",
            )
            for name, values in measures.items()
        ]
    )
