"""Agreement of two measurements: the Bland-Altman plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from scipy import special

from resunet_kit._shared.numbers import number, text
from resunet_kit.plots._arrays import as_texts, as_vector, same_length
from resunet_kit.plots._style import COLORS, REFERENCE, say, styled, translucent

_EDGE = 1.05  # distance of the axis' ends from the middle, relative to that of the outermost point or interval
_MANY_DIGITS = 1e9  # from which a title has powers of ten
_LARGEST = 1e30  # volume: larger ones mark missing values


class _Line(NamedTuple):
    """A horizontal line: its name, its position, and its confidence interval, of width 0 where unknown."""

    name: str
    at: float
    error: float


def bland_altman(
    truth_volumes: ArrayLike,
    predicted_volumes: ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    name: str = "Volume",
    confidence: float = 0.95,
    title: str | None = None,
) -> go.Figure:
    """Draw the difference between predicted and true volumes against their mean, with bias and limits of agreement.

    The bias is the mean difference, prediction minus truth. The limits of agreement are `bias ± z s`, where `s` is the
    standard deviation of the differences; if these are normally distributed, the fraction `confidence` of them is
    expected between the limits. Bands are the confidence intervals of the three lines, by Student's t with `n - 1`
    degrees of freedom and the standard errors `s / sqrt(n)` and `s sqrt(1 / n + z^2 / (2 (n - 1)))`.

    Args:
        truth_volumes: True volumes `(n,)`, at least 0, one per patient.
        predicted_volumes: Predicted volumes `(n,)` in the same unit.
        labels: One label per patient, shown on hover; by default the index from 0.
        name: What is measured, with its unit, such as "Volume in ml".
        confidence: Fraction expected within the limits of agreement, and confidence level of the intervals, in (0, 1).
        title: The figure's title; by default it gives bias and limits.

    Returns:
        A figure whose first trace holds the patients (x the mean of both volumes, y their difference); the lines of
        bias and limits follow. For a single patient there are no limits, as the figure says.

    Raises:
        TypeError: If volumes or confidence are not numbers.
        ValueError: If there are no patients, lengths differ, a volume is negative, NaN, infinite or above 1e30,
            or confidence is out of range.

    Example:
        >>> figure = bland_altman([10.0, 20.0, 30.0, 40.0], [12.0, 19.0, 33.0, 40.0], name="Volume in ml")
        >>> figure.layout.title.text
        'Bias 1.00, limits of agreement −2.58 to 4.58'

    References:
        Bland and Altman (1986), "Statistical methods for assessing agreement between two methods of clinical
        measurement", Lancet 327. Bland and Altman (1999), "Measuring agreement in method comparison studies",
        Statistical Methods in Medical Research 8(2), section 2.1: the limits' standard error.
    """
    text("name", name)
    confidence = number("confidence", confidence, "(0, 1)", cure="Pass 0.95 for 95 %.")
    truth, predicted = _volumes(truth_volumes, "truth_volumes"), _volumes(predicted_volumes, "predicted_volumes")
    names = [str(index) for index in range(truth.size)] if labels is None else as_texts(labels, "labels")
    same_length(
        truth_volumes=truth.size,
        predicted_volumes=predicted.size,
        labels=None if labels is None else len(names),
    )
    difference, mean = predicted - truth, (predicted + truth) / 2
    lines = _lines(difference, confidence)
    figure = go.Figure(_points(mean, difference, truth, predicted, names))
    ends = _ends(mean)
    figure.add_hline(y=0, line={"color": REFERENCE, "width": 1})
    for line in lines:
        figure.add_traces(_line_traces(line, ends, confidence))
    if len(lines) == 1:
        say(figure, "One patient: no limits of agreement")
    return styled(
        figure,
        title=_title(lines) if title is None else title,
        height=420,
        legend=True,
        xaxis={"title": f"{name}, mean of both", "range": ends},
        yaxis={"title": "Prediction − truth"},
    )


def _volumes(values: ArrayLike, name: str) -> NDArray[np.float64]:
    volumes = as_vector(values, name)
    if volumes.min() < 0:
        raise ValueError(f"Expected {name} of at least 0. Received {volumes.min():.4g}. Pass volumes, not differences.")
    if volumes.max() > _LARGEST:
        raise ValueError(
            f"Expected {name} of at most {_LARGEST:g}. Received {float(volumes.max())!r}. Leave out what marks a "
            "missing value."
        )
    return volumes


def _lines(difference: NDArray[np.float64], confidence: float) -> list[_Line]:
    """Return bias and limits of agreement; for a single difference, only the bias."""
    bias, count = float(difference.mean()), difference.size
    if count == 1:
        return [_Line("Bias", bias, 0.0)]
    deviation = float(difference.std(ddof=1))
    z = float(special.ndtri((1 + confidence) / 2))
    t = float(special.stdtrit(count - 1, (1 + confidence) / 2))
    error = deviation * np.sqrt(1 / count + z**2 / (2 * (count - 1)))
    return [
        _Line("Bias", bias, t * deviation / np.sqrt(count)),
        _Line("Upper limit", bias + z * deviation, t * error),
        _Line("Lower limit", bias - z * deviation, t * error),
    ]


def _ends(mean: NDArray[np.float64]) -> list[float]:
    """Return the ends of the axis of means."""
    middle, half = float(mean.max() + mean.min()) / 2, float(np.ptp(mean)) / 2
    half = half or abs(middle) or 1.0
    return [middle - _EDGE * half, middle + _EDGE * half]


def _points(mean: Any, difference: Any, truth: Any, predicted: Any, names: list[str]) -> Any:
    return go.Scatter(
        x=mean,
        y=difference,
        mode="markers",
        name="Patients",
        marker={"color": COLORS[0], "size": 8, "opacity": 0.75},
        text=names,
        customdata=np.stack([truth, predicted], axis=1),
        hovertemplate="%{text}<br>true %{customdata[0]:.4g}, predicted %{customdata[1]:.4g}"
        "<br>difference %{y:.4g}<extra></extra>",
    )


def _line_traces(line: _Line, ends: list[float], confidence: float) -> list[Any]:
    """Return the band of a line's confidence interval and the line over it."""
    color = COLORS[1] if line.name == "Bias" else COLORS[2]
    group = "Bias" if line.name == "Bias" else "Limits of agreement"
    low, high = line.at - line.error, line.at + line.error
    band = go.Scatter(
        x=[*ends, *ends[::-1]],
        y=[low, low, high, high],
        fill="toself",
        fillcolor=translucent(color, 0.18),
        line={"width": 0},
        mode="lines",
        legendgroup=group,
        showlegend=False,
        hoverinfo="skip",
    )
    text = f"{line.name} {line.at:.4g}<br>{100 * confidence:.3g} % interval {low:.4g} to {high:.4g}".replace("-", "−")
    drawn = go.Scatter(
        x=ends,
        y=[line.at, line.at],
        mode="lines",
        name=group,
        legendgroup=group,
        showlegend=line.name != "Lower limit",
        line={"color": color, "width": 2, "dash": "solid" if group == "Bias" else "dash"},
        hovertemplate=f"{text if line.error else text.split('<br>')[0]}<extra></extra>",
    )
    return [band, drawn] if line.error else [drawn]


def _title(lines: list[_Line]) -> str:
    values = sorted(line.at for line in lines[1:])
    if max(abs(line.at) for line in lines) >= _MANY_DIGITS:
        bias, *limits = (f"{value:.3g}".replace("-", "−") for value in (lines[0].at, *values))
        return _titled(bias, limits)
    decimals = max(0, 2 - int(np.floor(np.log10(max(abs(line.at) for line in lines) or 1.0))))
    bias, *limits = (f"{value:,.{min(decimals, 9)}f}".replace("-", "−") for value in (lines[0].at, *values))
    return _titled(bias, limits)


def _titled(bias: str, limits: list[str]) -> str:
    return f"Bias {bias}, limits of agreement {limits[0]} to {limits[1]}" if limits else f"Bias {bias}"
