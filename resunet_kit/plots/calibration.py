"""Calibration: observed frequencies against predicted probabilities."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from resunet_kit.metrics import ReliabilityBins, expected_calibration_error, reliability_bins
from resunet_kit.plots._style import COLORS, REFERENCE, say, styled


def reliability_diagram(
    truth: ArrayLike,
    probability: ArrayLike,
    *,
    bins: int = 15,
    title: str | None = None,
) -> go.Figure:
    """Draw the observed fraction of positives against the predicted probability, above a histogram of the counts.

    The bins are those of `resunet_kit.metrics.reliability_bins`, and the error in the title is
    `resunet_kit.metrics.expected_calibration_error`.

    Args:
        truth: Labels as booleans, 0/1 or 0/255, of any shape; pixels are pooled.
        probability: Probabilities of the positive class in [0, 1], of the same shape.
        bins: Number of bins of equal width, at least 1.
        title: The figure's title; by default it gives the expected calibration error.

    Returns:
        A figure whose first trace has one point per filled bin (x the mean probability, y the fraction of positives)
        and whose last trace counts every bin. The axis of the counts is logarithmic where one bin dwarfs the others.

    Raises:
        TypeError: If truth or probability are not numbers, or bins is not an integer.
        ValueError: If shapes differ, or a probability is outside [0, 1] or NaN.

    Example:
        >>> figure = reliability_diagram([0, 0, 1, 1], [0.1, 0.1, 0.9, 0.7], bins=10)
        >>> figure.layout.title.text
        'Reliability · expected calibration error 0.150'

    References:
        Guo, Pleiss, Sun and Weinberger (2017), "On calibration of modern neural networks", ICML.
    """
    found = reliability_bins(truth, probability, bins=bins)
    error = expected_calibration_error(truth, probability, bins=bins)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.74, 0.26], vertical_spacing=0.05)
    _draw_frequencies(figure, found)
    _draw_counts(figure, found)
    positives = int(np.rint(np.sum((found.frequency * found.counts)[found.counts > 0])))
    if positives in (0, int(found.counts.sum())):
        say(
            figure,
            f"The truth holds {'no positive' if positives == 0 else 'positives alone'}",
            x=0.02,
            xanchor="left",
            y=0.9,
        )
    text = f"Reliability · expected calibration error {error:.3f}"
    styled(figure, title=text if title is None else title, height=520, legend=True)
    figure.update_xaxes(range=[-0.02, 1.02], dtick=0.2)
    figure.update_xaxes(title="Predicted probability", row=2)
    figure.update_yaxes(title="Fraction of positives", range=[-0.03, 1.03], dtick=0.2, row=1)
    filled = found.counts[found.counts > 0]
    if filled.max() > 50 * np.median(filled):
        return figure.update_yaxes(title="Count (log)", type="log", dtick=1, row=2)
    return figure.update_yaxes(title="Count", row=2)


def _draw_frequencies(figure: go.Figure, bins: ReliabilityBins) -> None:
    filled = bins.counts > 0
    figure.add_trace(
        go.Scatter(
            x=bins.confidence[filled],
            y=bins.frequency[filled],
            mode="lines+markers",
            name="Observed",
            line={"color": COLORS[0], "width": 2.5},
            marker={"size": 8},
            customdata=bins.counts[filled],
            hovertemplate="predicted %{x:.3f}<br>observed %{y:.3f}<br>%{customdata:,} cases<extra></extra>",
        ),
        row=1,
        col=1,
    )
    figure.add_trace(
        go.Scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            name="Perfectly calibrated",
            line={"color": REFERENCE, "dash": "dot", "width": 1.5},
            hoverinfo="skip",
        ),
        row=1,
        col=1,
    )


def _draw_counts(figure: go.Figure, bins: ReliabilityBins) -> None:
    edges = bins.edges
    figure.add_trace(
        go.Bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=bins.counts,
            width=0.96 / bins.counts.size,
            marker_color=COLORS[0],
            opacity=0.6,
            showlegend=False,
            customdata=np.stack([edges[:-1], edges[1:]], axis=1),
            hovertemplate="%{customdata[0]:.2f} to %{customdata[1]:.2f}<br>%{y:,} cases<extra></extra>",
        ),
        row=2,
        col=1,
    )
