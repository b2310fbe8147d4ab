"""Positions of infinite and missing scores next to the axis of the finite ones."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_STEP = 0.18  # of the finite scores' range, from their end to a column and from column to column


class Positions(NamedTuple):
    """The range of the finite scores, the columns beside them, the lines between, and the axis' range and ticks.

    None means that there is no finite score, or that Plotly chooses the range and the ticks.
    """

    finite: tuple[float, float] | None
    columns: dict[str, float]
    borders: list[float]
    range: list[float] | None
    ticks: list[float] | None = None

    def at(self, score: float) -> float:
        """Return the column of a score that is infinite or missing."""
        return self.columns["missing" if np.isnan(score) else "∞" if score > 0 else "−∞"]


def positions_of(scores: NDArray[np.float64]) -> Positions:
    """Return the positions for scores of which some may be infinite or NaN."""
    finite = scores[np.isfinite(scores)]
    inside = finite.size > 0 and finite.min() >= 0 and finite.max() <= 1
    ends = (0.0, 1.0) if inside or not finite.size else (float(finite.min()), float(finite.max()))
    step = _STEP * (ends[1] - ends[0] or abs(ends[0]) or 1.0)
    right = [word for word, found in (("∞", scores == np.inf), ("missing", np.isnan(scores))) if found.any()]
    columns = {word: ends[1] + step * number for number, word in enumerate(right, start=1)}
    borders = [ends[1] + step / 2] if right else []
    if (scores == -np.inf).any():
        columns["−∞"] = ends[0] - step
        borders.append(ends[0] - step / 2)
    known = (float(finite.min()), float(finite.max())) if finite.size else None
    if not columns:
        return Positions(known, columns, borders, [-0.03, 1.03] if inside else None)
    shown = [min([ends[0], *columns.values()]) - step / 2, max([ends[1], *columns.values()]) + step / 2]
    return Positions(known, columns, borders, shown, _ticks(*ends))


def _ticks(low: float, high: float) -> list[float]:
    """Return about five round numbers from low to high, none of which is in a column beside them."""
    rough = (high - low or abs(low) or 1.0) / 5
    unit = 10.0 ** np.floor(np.log10(rough))
    step = unit * next(factor for factor in (1, 2, 5, 10) if factor * unit >= rough * (1 - 1e-9))
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    return [float(np.round(number * step, 12)) for number in np.arange(first, last + 1)]
