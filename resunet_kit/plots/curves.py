"""Receiver operating characteristic and precision-recall curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_binary
from resunet_kit._shared.numbers import number
from resunet_kit.plots import _threshold_counts as _curves
from resunet_kit.plots._arrays import as_finite, as_texts, both_classes, same_length
from resunet_kit.plots._style import COLORS, REFERENCE, literal, say, styled

_Scores = ArrayLike | Mapping[str, ArrayLike]
_MAX_POINTS = 1000  # more cannot be told apart on a screen


def roc_curve(
    truth: ArrayLike,
    scores: _Scores,
    *,
    names: Sequence[str] | None = None,
    threshold: float | None = None,
    title: str | None = None,
) -> go.Figure:
    """Draw sensitivity against 1 - specificity over all thresholds, with the area under the curve (AUC).

    A case is predicted positive where `score >= threshold`. The area follows the trapezoid rule over all thresholds
    and equals the probability that a positive scores above a negative, ties counting half. At most 1,000 points per
    curve are drawn; the area is that of all points.

    Args:
        truth: Labels as booleans, 0/1 or 0/255, of any shape; pixels are pooled.
        scores: Scores of the same shape, higher for positives: probabilities or logits; or a mapping of name to
            scores for several curves.
        names: Names of the curves, instead of the mapping's.
        threshold: A threshold in use, which is marked by a point on each curve. Choose it on validation data; the
            figure does not search for an optimum.
        title: The figure's title; by default it gives the area of a single curve.

    Returns:
        A figure with one trace per curve (x the false, y the true positive rate), then one per marked point, and the
        chance diagonal last.

    Raises:
        TypeError: If truth, scores or threshold are not numbers.
        ValueError: If the truth holds only one class (the area is undefined), shapes differ, two curves have the same
            name, or a score or the threshold is NaN.

    Example:
        >>> figure = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> figure.layout.title.text
        'ROC curve · AUC 0.750'

    References:
        Fawcett (2006), "An introduction to ROC analysis", Pattern Recognition Letters 27(8).
    """
    at = None if threshold is None else number("threshold", threshold)
    curves = _counts(truth, scores, names, what="the ROC curve's AUC")
    figure = go.Figure()
    areas = []
    for index, (name, counts) in enumerate(curves.items()):
        fpr, tpr = _curves.roc(counts)
        areas.append(_curves.area_under(fpr, tpr))
        drawn = _curves.thinned(_curves.corners(fpr, tpr), _MAX_POINTS)
        figure.add_trace(
            _curve(
                fpr[drawn],
                tpr[drawn],
                counts.thresholds[drawn],
                name=f"{name} · AUC {areas[-1]:.3f}",
                color=COLORS[index % len(COLORS)],
                hover="1 − specificity %{x:.3f}<br>sensitivity %{y:.3f}",
            )
        )
    _say_constant(figure, curves)
    _mark(figure, curves, at, _curves.roc, "sensitivity %{y:.3f}<br>1 − specificity %{x:.3f}")
    figure.add_trace(_reference([0, 1], [0, 1], "Chance · AUC 0.500"))
    default = f"ROC curve · AUC {areas[0]:.3f}" if len(areas) == 1 else "ROC curves"
    return _unit(
        figure,
        title=default if title is None else title,
        x_title="1 − specificity (false positive rate)",
        y_title="Sensitivity (true positive rate)",
    )


def precision_recall_curve(
    truth: ArrayLike,
    scores: _Scores,
    *,
    names: Sequence[str] | None = None,
    threshold: float | None = None,
    title: str | None = None,
) -> go.Figure:
    """Draw precision against recall over all thresholds, with average precision and the prevalence.

    Average precision is `sum((R_n - R_(n-1)) * P_n)` over falling thresholds: the area under the drawn steps,
    without interpolation. The dotted line is the prevalence, the precision of random scores.

    Args:
        truth: Labels as booleans, 0/1 or 0/255, of any shape; pixels are pooled.
        scores: Scores of the same shape, higher for positives; or a mapping of name to scores for several curves.
        names: Names of the curves, instead of the mapping's.
        threshold: A threshold in use, which is marked by a point on each curve. Choose it on validation data; the
            figure does not search for an optimum.
        title: The figure's title; by default it gives the average precision of a single curve.

    Returns:
        A figure with one trace per curve (x the recall from 0, y the precision), then one per marked point, and the
        prevalence last.

    Raises:
        TypeError: If truth, scores or threshold are not numbers.
        ValueError: If the truth holds only one class, shapes differ, two curves have the same name, or a score or the
            threshold is NaN.

    Example:
        >>> figure = precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> figure.layout.title.text
        'Precision and recall · AP 0.833'

    References:
        Davis and Goadrich (2006), "The relationship between precision-recall and ROC curves", ICML.
    """
    at = None if threshold is None else number("threshold", threshold)
    curves = _counts(truth, scores, names, what="the precision-recall curve")
    figure = go.Figure()
    averages = []
    for index, (name, counts) in enumerate(curves.items()):
        recall, precision = _curves.precision_recall(counts)
        averages.append(_curves.average_precision(recall, precision))
        drawn = _curves.thinned(np.arange(recall.size), _MAX_POINTS)
        trace = _curve(
            recall[drawn],
            precision[drawn],
            counts.thresholds[drawn],
            name=f"{name} · AP {averages[-1]:.3f}",
            color=COLORS[index % len(COLORS)],
            hover="recall %{x:.3f}<br>precision %{y:.3f}",
        )
        figure.add_trace(trace.update(line_shape="vh"))
    _say_constant(figure, curves)
    _mark(figure, curves, at, _curves.precision_recall, "precision %{y:.3f}<br>recall %{x:.3f}")
    counts = next(iter(curves.values()))
    prevalence = counts.positives / (counts.positives + counts.negatives)
    figure.add_trace(_reference([0, 1], [prevalence, prevalence], f"Prevalence {prevalence:.3f}"))
    default = f"Precision and recall · AP {averages[0]:.3f}" if len(averages) == 1 else "Precision and recall"
    return _unit(
        figure,
        title=default if title is None else title,
        x_title="Recall (sensitivity)",
        y_title="Precision (positive predictive value)",
    )


def _counts(truth: ArrayLike, scores: _Scores, names: Sequence[str] | None, *, what: str) -> dict[str, _curves.Counts]:
    """Return the counts of each curve by its name."""
    labels = as_binary(truth, "truth")
    both_classes(labels, what)
    named: dict[str, Any] = dict(scores) if isinstance(scores, Mapping) else {"Model": scores}
    if not named:
        raise ValueError("Expected scores of at least one curve. Received an empty mapping. Check the selection.")
    if names is not None:
        given = as_texts(names, "names")
        same_length(scores=len(named), names=len(given))
        if len(set(given)) < len(given):
            raise ValueError(f"Expected a name of its own for each curve. Received {given}. Rename one.")
        named = dict(zip(given, named.values(), strict=True))
    return {name: _counted(labels, values, name) for name, values in named.items()}


def _counted(labels: NDArray[np.bool_], values: ArrayLike, name: str) -> _curves.Counts:
    array = as_finite(values, f"scores of {name!r}")
    if array.shape != labels.shape:
        raise ValueError(
            f"Expected scores of the truth's shape {labels.shape}. Received shape {array.shape} for {name!r}. Drop a "
            "channel axis of one, as in `scores[..., 0]`."
        )
    return _curves.counts_at(labels.ravel(), array.ravel())


def _curve(x: Any, y: Any, thresholds: Any, *, name: str, color: str, hover: str) -> Any:
    return go.Scatter(
        x=x,
        y=y,
        mode="lines",
        name=name,
        line={"color": color, "width": 2.5},
        customdata=[f"{value:.4g}" if np.isfinite(value) else "above all" for value in thresholds],
        hovertemplate=f"{literal(name)}<br>{hover}<br>threshold %{{customdata}}<extra></extra>",
    )


def _mark(
    figure: go.Figure,
    curves: Mapping[str, _curves.Counts],
    threshold: float | None,
    point: Callable[[_curves.Counts], tuple[NDArray[np.float64], NDArray[np.float64]]],
    hover: str,
) -> None:
    """Add the point of a threshold to each curve, in the curve's colour."""
    if threshold is None:
        return
    for index, (name, counts) in enumerate(curves.items()):
        x, y = point(_curves.at_threshold(counts, threshold))
        label = f"Threshold {threshold:.4g}"
        label = f"{name} · {label}" if len(curves) > 1 else label
        figure.add_trace(
            go.Scatter(
                x=x,
                y=y,
                mode="markers",
                name=label,
                marker={"color": COLORS[index % len(COLORS)], "size": 12, "line": {"color": "white", "width": 2}},
                hovertemplate=f"{literal(label)}<br>{hover}<extra></extra>",
            )
        )


def _say_constant(figure: go.Figure, curves: Mapping[str, _curves.Counts]) -> None:
    """Say which scores are all the same: their curve has no point but its ends."""
    for index, (name, counts) in enumerate(curves.items()):
        if counts.thresholds.size == 2:  # infinity and the one score
            text = f"All scores of {name} are {counts.thresholds[1]:.4g}"
            say(figure, text, y=0.98, yanchor="top", yshift=-18 * index)


def _reference(x: Sequence[float], y: Sequence[float], name: str) -> Any:
    return go.Scatter(
        x=x, y=y, mode="lines", name=name, line={"color": REFERENCE, "dash": "dot", "width": 1.5}, hoverinfo="skip"
    )


def _unit(figure: go.Figure, *, title: str, x_title: str, y_title: str) -> go.Figure:
    """Fit the axes to values from 0 to 1."""
    axis = {"range": [-0.02, 1.02], "dtick": 0.2}
    return styled(
        figure,
        title=title,
        height=480,
        legend=True,
        xaxis={**axis, "title": x_title},
        yaxis={**axis, "title": y_title},
    )
