"""Whether a probability means what it says."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from plotly.subplots import make_subplots

from resunet_kit.plots._arrays import as_binary, as_finite
from resunet_kit.plots._style import COLORS, REFERENCE, styled

_Floats = NDArray[np.float64]


def reliability_diagram(
    truth: ArrayLike,
    probabilities: ArrayLike,
    *,
    bins: int = 15,
    title: str | None = None,
) -> go.Figure:
    """Draw the observed share of positives against the predicted probability, over a histogram of the counts.

    The expected calibration error is `sum(n_b / n * |share_b - mean probability_b|)` over bins of equal width; a
    bin holds its lower edge, the last one both.

    Args:
        truth: Labels of booleans, 0 and 1, or 0 and 255, of any shape (pixels are pooled).
        probabilities: Probabilities of the positive class in [0, 1], of the same shape.
        bins: Number of bins, at least 1.
        title: The figure's title; by default it gives the expected calibration error.

    Returns:
        A figure whose first trace has a point a filled bin (x the mean probability, y the share of positives) and
        whose last trace counts every bin. The counts' axis is logarithmic where one bin dwarfs the others.

    Raises:
        ValueError: Differing shapes, or probabilities outside [0, 1] or NaN.

    Example:
        >>> figure = reliability_diagram([0, 0, 1, 1], [0.1, 0.1, 0.9, 0.7], bins=10)
        >>> figure.layout.title.text
        'Reliability · expected calibration error 0.150'

    References:
        Guo, Pleiss, Sun and Weinberger (2017), "On calibration of modern neural networks", ICML.
    """
    labels, values = as_binary(truth, "truth").ravel(), as_finite(probabilities, "probabilities")
    if values.shape != np.shape(truth):
        raise ValueError(f"Expected probabilities of the truth's shape {np.shape(truth)}. Received {values.shape}.")
    if values.min() < 0 or values.max() > 1:
        raise ValueError(
            f"Expected probabilities in [0, 1]. Received {values.min():.4g} to {values.max():.4g}: apply the sigmoid "
            "to logits first."
        )
    if bins < 1:
        raise ValueError(f"Expected at least one bin. Received {bins}.")
    counts, confidence, share = _binned(labels, values.ravel(), bins)
    error = float(np.sum(counts * np.abs(share - confidence)) / labels.size)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.74, 0.26], vertical_spacing=0.05)
    _draw_shares(figure, counts, confidence, share)
    _draw_counts(figure, counts)
    text = f"Reliability · expected calibration error {error:.3f}"
    styled(figure, title=text if title is None else title, height=560, width=600, legend=True)
    figure.update_xaxes(range=[-0.02, 1.02], dtick=0.2)
    figure.update_xaxes(title="Predicted probability", row=2)
    figure.update_yaxes(title="Share of positives", range=[-0.03, 1.03], dtick=0.2, row=1)
    filled = counts[counts > 0]
    if filled.max() > 50 * np.median(filled):
        return figure.update_yaxes(title="Count (log)", type="log", dtick=1, row=2)
    return figure.update_yaxes(title="Count", row=2)


def _binned(labels: NDArray[np.bool_], values: _Floats, bins: int) -> tuple[_Floats, _Floats, _Floats]:
    """Return count, mean probability and share of positives of every bin; 0 in an empty bin."""
    index = np.minimum(np.searchsorted(np.linspace(0, 1, bins + 1), values, side="right") - 1, bins - 1)
    counts = np.bincount(index, minlength=bins).astype(np.float64)
    filled = np.maximum(counts, 1)
    confidence = np.bincount(index, weights=values, minlength=bins) / filled
    share = np.bincount(index, weights=labels, minlength=bins) / filled
    return counts, confidence, share


def _draw_shares(figure: go.Figure, counts: _Floats, confidence: _Floats, share: _Floats) -> None:
    filled = counts > 0
    figure.add_trace(
        go.Scatter(
            x=confidence[filled],
            y=share[filled],
            mode="lines+markers",
            name="Observed",
            line={"color": COLORS[0], "width": 2.5},
            marker={"size": 8},
            customdata=counts[filled],
            hovertemplate=("predicted %{x:.3f}<br>observed %{y:.3f}<br>%{customdata:,} cases<extra></extra>"),
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


def _draw_counts(figure: go.Figure, counts: _Floats) -> None:
    edges = np.linspace(0, 1, counts.size + 1)
    figure.add_trace(
        go.Bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            width=0.96 / counts.size,
            marker_color=COLORS[0],
            opacity=0.6,
            showlegend=False,
            customdata=np.stack([edges[:-1], edges[1:]], axis=1),
            hovertemplate="%{customdata[0]:.2f} to %{customdata[1]:.2f}<br>%{y:,} cases<extra></extra>",
        ),
        row=2,
        col=1,
    )
