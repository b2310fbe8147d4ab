"""Threshold curves: sensitivity, specificity, F1 and Dice against the threshold."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_binary
from resunet_kit._shared.numbers import choice, number
from resunet_kit.plots._arrays import as_finite, both_classes
from resunet_kit.plots._style import COLORS, REFERENCE, say, styled
from resunet_kit.plots._threshold_counts import Floats, counts_at, dice

Metric = Literal["youden", "f1", "dice"]
_DRAWN = ("Sensitivity", "Specificity", "F1", "Dice")
_METRIC_NAMES: dict[Metric, str] = {"youden": "Youden's J", "f1": "F1", "dice": "Dice"}
_MAX_THRESHOLDS = 500


def threshold_curve(
    truth: ArrayLike,
    scores: ArrayLike,
    *,
    metric: Metric = "youden",
    threshold: float | None = None,
    title: str | None = None,
) -> go.Figure:
    """Draw sensitivity, specificity and F1 against the threshold, and mark a given threshold or the best by `metric`.

    A case is predicted positive where `score >= threshold`. Sensitivity, specificity and F1 pool all entries; Dice is
    the mean over images, 1 where truth and prediction are empty. Youden's J is sensitivity + specificity - 1. Up to 500
    distinct scores are all used as thresholds; with more, 250 evenly spaced values and 250 quantiles are. Among equally
    good thresholds, the lowest is marked.

    Choose the threshold on validation data: on test data the marked optimum is biased upwards. There, pass the chosen
    one as `threshold`, so that no other is searched for.

    Args:
        truth: Labels `(n,)`, or masks `(n, height, width)` or `(n, height, width, 1)`, as booleans, 0/1 or 0/255.
        scores: Scores of the same shape, higher for positives.
        metric: What the marked threshold maximises: "youden", "f1", or for masks "dice".
        threshold: The threshold to mark instead; the title then gives its scores.
        title: The figure's title; by default it gives the marked threshold and its score.

    Returns:
        A figure with one trace per measure, x the thresholds in rising order (Dice only for masks), and last the points
        of the marked threshold.

    Raises:
        TypeError: If truth, scores or threshold are not numbers, or metric is not a string.
        ValueError: If metric is unknown or needs masks, the truth holds only one class, shapes differ, or a score or
            the threshold is NaN.

    Example:
        >>> figure = threshold_curve([0, 0, 1, 1], [0.1, 0.4, 0.6, 0.8])
        >>> figure.layout.title.text
        "Best Youden's J 1.000 at threshold 0.6"
        >>> threshold_curve([0, 0, 1, 1], [0.1, 0.4, 0.6, 0.8], threshold=0.7).layout.title.text
        'Sensitivity 0.500, specificity 1.000,<br>F1 0.667 at threshold 0.7'

    References:
        Youden (1950), "Index for rating diagnostic tests", Cancer 3(1).
    """
    choice("metric", metric, get_args(Metric))
    given = None if threshold is None else number("threshold", threshold)
    labels, values = as_binary(truth, "truth"), as_finite(scores, "scores")
    if labels.shape != values.shape:
        raise ValueError(
            f"Expected scores of the truth's shape {labels.shape}. Received shape {values.shape}. Drop a channel axis "
            "of one, as in `scores[..., 0]`."
        )
    if metric == "dice" and labels.ndim < 3:
        raise ValueError(
            f"Expected truth of shape (n, height, width) for metric='dice'. Received shape {labels.shape}. Pass masks, "
            "or choose metric='f1'."
        )
    both_classes(labels, "sensitivity or specificity")
    thresholds = _thresholds(values)
    measures = _pooled_scores(labels, values, thresholds)
    if labels.ndim >= 3:
        measures["Dice"] = _mean_dice(labels, values, thresholds)
    marked, text = _best(thresholds, measures, metric) if given is None else (given, "")
    at = _measures_at(labels, values, marked)
    text = text or _sentence(at, marked)
    figure = _lines(thresholds, measures)
    figure.add_trace(_points(marked, at))
    figure.add_vline(x=marked, line={"color": REFERENCE, "dash": "dot", "width": 1.5})
    if thresholds.size == 1:
        say(figure, f"All scores are {thresholds[0]:.4g}: there is one threshold", y=0.85)
    return styled(
        figure,
        title=text if title is None else title,
        height=400,
        legend=True,
        hovermode="x unified",
        xaxis={"title": "Threshold (positive at or above it)"},
        yaxis={"title": "Score", "range": [-0.02, 1.03]},
    )


def _best(thresholds: Floats, measures: dict[str, Floats], metric: Metric) -> tuple[float, str]:
    """Return the threshold of the highest score, and a title that says so."""
    name = _METRIC_NAMES[metric]
    maximised = measures["Sensitivity"] + measures["Specificity"] - 1 if metric == "youden" else measures[name]
    best = int(np.argmax(maximised))
    return float(thresholds[best]), f"Best {name} {maximised[best]:.3f} at threshold {thresholds[best]:.3g}"


def _measures_at(labels: NDArray[np.bool_], values: Floats, threshold: float) -> dict[str, float]:
    """Return each measure at one threshold."""
    at = np.array([threshold])
    measures = _pooled_scores(labels, values, at)
    if labels.ndim >= 3:
        measures["Dice"] = _mean_dice(labels, values, at)
    return {name: float(found[0]) for name, found in measures.items()}


def _sentence(measures: dict[str, float], threshold: float) -> str:
    """Return a title with the scores at a given threshold."""
    words = (name if name in ("F1", "Dice") else name.lower() for name in measures)
    text = ", ".join(f"{word} {found:.3f}" for word, found in zip(words, measures.values(), strict=True))
    return f"{text[0].upper()}{text[1:]} at threshold {threshold:.3g}"


def _thresholds(values: Floats) -> Floats:
    distinct = np.unique(values)
    if distinct.size <= _MAX_THRESHOLDS:
        return distinct
    even = np.linspace(distinct[0], distinct[-1], _MAX_THRESHOLDS // 2)
    return np.union1d(even, np.quantile(distinct, np.linspace(0, 1, _MAX_THRESHOLDS // 2)))


def _pooled_scores(labels: NDArray[np.bool_], values: Floats, thresholds: Floats) -> dict[str, Floats]:
    counts = counts_at(labels.ravel(), values.ravel(), thresholds)
    return {
        "Sensitivity": counts.tp / counts.positives,
        "Specificity": 1 - counts.fp / counts.negatives,
        "F1": dice(counts),
    }


def _mean_dice(labels: NDArray[np.bool_], values: Floats, thresholds: Floats) -> Floats:
    images = zip(labels, values, strict=True)
    return np.mean([dice(counts_at(mask.ravel(), score.ravel(), thresholds)) for mask, score in images], axis=0)


def _lines(thresholds: Floats, measures: dict[str, Floats]) -> go.Figure:
    return go.Figure(
        [
            go.Scatter(
                x=thresholds,
                y=values,
                mode="lines+markers" if thresholds.size == 1 else "lines",
                name=name,
                line={"color": COLORS[_DRAWN.index(name)], "width": 2.5},
                hovertemplate="%{y:.3f}",
            )
            for name, values in measures.items()
        ]
    )


def _points(threshold: float, measures: dict[str, float]) -> Any:
    """Return the marked threshold's point on each line; the lines' own labels name the values."""
    return go.Scatter(
        x=[threshold] * len(measures),
        y=list(measures.values()),
        mode="markers",
        name=f"Threshold {threshold:.3g}",
        marker={
            "color": [COLORS[_DRAWN.index(name)] for name in measures],
            "size": 11,
            "line": {"color": "white", "width": 2},
        },
        hoverinfo="skip",
    )
