"""Class balance and confusion matrix of class labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.numbers import flag
from resunet_kit.plots._arrays import as_finite, as_labels, named_classes, same_length
from resunet_kit.plots._style import COLORS, literal, shortened, styled

_MAX_DETAILED = 6  # classes whose cells show counts and fractions; with more, one of them, and both on hover
_MAX_NUMBERED = 14  # classes whose cells show a number; more show a scale

_MAX_TICK = 20  # characters of a class's name on an axis: longer ones would leave a phone no room for the plot

_Names = Sequence[str] | Mapping[Any, str]


def class_balance(
    labels: ArrayLike,
    *,
    names: _Names | None = None,
    groups: ArrayLike | None = None,
    title: str | None = None,
) -> go.Figure:
    """Draw how often each class occurs, with its percentage, stacked by group if given.

    Args:
        labels: Class labels `(n,)`: integers, booleans or strings.
        names: A sequence names the classes 0, 1, 2, ...; a mapping names each label. Named classes that do not
            occur are drawn with a count of 0.
        groups: One group per label, such as "train", "validation", "test"; drawn in order of appearance.
        title: The figure's title.

    Returns:
        A figure with one bar trace per group, x the classes, y the counts; text and hover give the percentage of the
        class within its group.

    Raises:
        TypeError: If labels, groups or names are not sequences.
        ValueError: If labels are empty, lengths differ, a label is missing or has no name, or two have the same name.

    Example:
        >>> figure = class_balance([0, 0, 0, 1], names=["healthy", "tumour"])
        >>> figure.data[0].y, figure.data[0].text
        ((3, 1), ('3 · 75%', '1 · 25%'))
    """
    values = as_labels(labels, "labels")
    members = ["all"] * len(values) if groups is None else as_labels(groups, "groups")
    same_length(labels=len(values), groups=None if groups is None else len(members))
    classes = named_classes(values, names)
    counts = Counter(zip(members, values, strict=True))
    figure = go.Figure()
    for index, group in enumerate(dict.fromkeys(members)):
        row = [counts[group, label] for label in classes]
        figure.add_trace(_group_bar(str(group), row, list(classes.values()), COLORS[index % len(COLORS)]))
    return styled(
        figure,
        title=_balance_title(len(values), groups is not None) if title is None else title,
        height=360,
        legend=groups is not None,
        barmode="stack",
        xaxis={"title": "Class", **_axis(classes.values())},
        yaxis={"title": "Count"},
        bargap=0.2 if len(classes) > 3 else 0.5,
        uniformtext={"minsize": 10, "mode": "hide"},
        legend_traceorder="normal",
    )


def confusion_matrix(
    truth: ArrayLike,
    prediction: ArrayLike | None = None,
    *,
    names: _Names | None = None,
    normalize: bool = False,
    title: str | None = None,
) -> go.Figure:
    """Draw how many cases of each true class were predicted as each class.

    Args:
        truth: True labels `(n,)`: integers, booleans or strings. Without `prediction`, the counts themselves, shape
            `(classes, classes)` with a row per true class, as `resunet_kit.metrics.ConfusionMatrix` returns them.
        prediction: Predicted labels `(n,)`.
        names: A sequence names the classes 0, 1, 2, ...; a mapping names each label.
        normalize: Show fractions of each true class (rows sum to 1; a class that does not occur stays 0) instead of
            counts.
        title: The figure's title; by default it gives the accuracy.

    Returns:
        A figure with one heatmap, z of shape `(classes, classes)`, rows the truth, columns the prediction.

    Raises:
        TypeError: If normalize is not a boolean, labels or names are not sequences, labels are partly texts and partly
            numbers, or counts are not numbers.
        ValueError: If labels are empty, lengths differ, a label is missing or has no name, two have the same name, or
            counts are not a square of finite numbers from 0 with a sum above 0.

    Example:
        >>> figure = confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1], names=["healthy", "tumour"])
        >>> figure.data[0].z.tolist()
        [[1, 1], [0, 2]]
    """
    flag("normalize", normalize)
    matrix, classes = _counted(truth, names) if prediction is None else _count(truth, prediction, names)
    totals = matrix.sum(axis=1, keepdims=True)
    fractions = matrix / np.where(totals == 0, 1, totals)
    shown = "{count:,}" if matrix.dtype.kind == "i" else "{count:,.4g}"
    order = f"{{fraction:.1%}}<br>{shown}" if normalize else f"{shown}<br>{{fraction:.1%}}"
    text = [
        [order.format(count=count, fraction=fraction) for count, fraction in zip(*pair, strict=True)]
        for pair in zip(matrix, fractions, strict=True)
    ]
    figure = go.Figure(_heatmap(fractions if normalize else matrix, text, classes, normalize))
    accuracy = np.trace(matrix) / matrix.sum()
    note = f"<br>One class alone: {classes[0]}" if len(classes) == 1 else ""
    return styled(
        figure,
        title=f"Confusion matrix · accuracy {accuracy:.3f}{note}" if title is None else title,
        height=max(320, min(90 * len(classes), 640)) + 60,
        xaxis={"title": "Predicted", **_axis(classes)},
        yaxis={"title": "True", "autorange": "reversed", **_axis(classes)},
    )


def _axis(classes: Iterable[str]) -> dict[str, Any]:
    """Return an axis of classes, whose long names are shortened: hovering says them in full."""
    long = {name: shortened(name, _MAX_TICK) for name in classes if len(name) > _MAX_TICK}
    return {"type": "category", "showgrid": False, "labelalias": long}


def _count(truth: ArrayLike, prediction: ArrayLike, names: _Names | None) -> tuple[NDArray[Any], list[str]]:
    """Return the counts of pairs of labels, and the classes' names."""
    true_labels, predicted = as_labels(truth, "truth"), as_labels(prediction, "prediction")
    same_length(truth=len(true_labels), prediction=len(predicted))
    if isinstance(true_labels[0], str) != isinstance(predicted[0], str):  # all labels of one are of one kind
        raise TypeError(
            "Expected truth and prediction of the same labels. Received texts in one and numbers in the other: "
            f"{true_labels[0]!r} and {predicted[0]!r}. Convert one of them."
        )
    classes = named_classes([*true_labels, *predicted], names)
    index = {label: number for number, label in enumerate(classes)}
    matrix = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(matrix, ([index[label] for label in true_labels], [index[label] for label in predicted]), 1)
    return matrix, list(classes.values())


def _counted(counts: ArrayLike, names: _Names | None) -> tuple[NDArray[Any], list[str]]:
    """Return a matrix of counts, as integers where all are, and the classes' names."""
    matrix = as_finite(counts, "truth")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.min() < 0 or not matrix.any():
        raise ValueError(
            "Expected truth without prediction to be counts (classes, classes), from 0 and not all 0. Received "
            f"shape {matrix.shape} with values from {matrix.min():.4g} to {matrix.max():.4g}. Pass the labels of both, "
            "or the matrix of counts."
        )
    classes = list(named_classes(range(len(matrix)), names).values())
    if len(classes) != len(matrix):
        raise ValueError(
            f"Expected a name for each of {len(matrix)} classes. Received {len(classes)} names. Leave out the others."
        )
    whole = bool(np.all(matrix == np.round(matrix)))
    return matrix.astype(np.int64) if whole else matrix, classes


def _balance_title(count: int, grouped: bool) -> str:
    return f"Class balance · n {count:,}" + (", percentages within each group" if grouped else "")


def _group_bar(group: str, counts: list[int], classes: list[str], color: str) -> Any:
    total = sum(counts)
    return go.Bar(
        x=classes,
        y=counts,
        name=group,
        marker_color=color,
        text=[f"{count:,} · {count / total:.0%}" for count in counts],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        customdata=[count / total for count in counts],
        hovertemplate=f"{literal(group)}<br>%{{x}}: %{{y:,}}<br>%{{customdata:.1%}} of the group<extra></extra>",
    )


def _cell_text(classes: int, normalize: bool) -> str:
    """Return what stands in a cell: on a phone, few classes have room for two lines and many for none."""
    if classes <= _MAX_DETAILED:
        return "%{text}"
    number = "%{z:.0%}" if normalize else "%{z:,}"
    return number if classes <= _MAX_NUMBERED else ""


def _heatmap(values: Any, text: list[list[str]], classes: list[str], normalize: bool) -> Any:
    gap = 2 if len(classes) <= _MAX_NUMBERED else 0  # as wide as small cells
    return go.Heatmap(
        z=values,
        x=classes,
        y=classes,
        text=text,
        texttemplate=_cell_text(len(classes), normalize),
        textfont={"size": 12 if len(classes) <= 4 else 10},
        zmin=0,
        zmax=1 if normalize else None,
        colorscale=[[0.0, "#D5E5F1"], [1.0, COLORS[0]]],
        showscale=len(classes) > _MAX_NUMBERED,
        xgap=gap,
        ygap=gap,
        hovertemplate="true %{y}<br>predicted %{x}<br>%{text}<extra></extra>",
    )
