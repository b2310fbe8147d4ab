"""Scores per patient, and bootstrap confidence intervals that resample patients."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.groups import sample_values
from resunet_kit._shared.numbers import integer, number

# NumPy's reductions, and functions with their signature: `statistic(values, axis=...)`.
Statistic = Callable[..., Any]
_AT_ONCE = 2**22  # values drawn at once, so that memory stays bounded


class Interval(NamedTuple):
    """Result of `bootstrap_interval`.

    Attributes:
        estimate: The statistic of the values themselves.
        low: Lower end of the interval.
        high: Upper end.
    """

    estimate: float
    low: float
    high: float


def by_group(values: ArrayLike, groups: ArrayLike, *, statistic: Statistic = np.mean) -> dict[Hashable, Any]:
    """Reduce the values of each patient to one statistic.

    Args:
        values: Scores `(cases,)`, one per slice for example, or rows `(cases, columns)` such as TP, FP and FN. No NaN.
        groups: The patient of each case, `(cases,)`.
        statistic: Called as `statistic(values, axis=0)` with the values of one patient.

    Returns:
        The statistic of each patient, with the patients in sorted order.

    Raises:
        ValueError: If the lengths differ, there are no values, or a value or group is missing (NaN, None).

    Example:
        >>> by_group([0.5, 1.0, 0.0], ["b", "a", "b"])
        {'a': 1.0, 'b': 0.25}
    """
    cases = _cases(values)
    names, owner = np.unique(sample_values("groups", groups, length=len(cases)), return_inverse=True)
    order = np.argsort(owner, kind="stable")
    parts = np.split(cases[order], np.cumsum(np.bincount(owner))[:-1])
    found = [np.asarray(statistic(part, axis=0)) for part in parts]
    return {name: one.item() if one.ndim == 0 else one for name, one in zip(names.tolist(), found, strict=True)}


def bootstrap_interval(
    values: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    statistic: Statistic = np.mean,
    within: Statistic = np.mean,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Compute a statistic over patients with its percentile bootstrap interval.

    Patients are resampled with replacement, never their slices: slices of one patient are correlated, and an interval
    over slices would be too narrow. First, `within` reduces each patient's cases to one value. Then a sample of as many
    patients as there are is drawn `resamples` times; the ends of the interval are the quantiles `(1 ± confidence) / 2`
    of the statistic over these samples. With fewer than about 20 patients, the interval is too narrow.

    Args:
        values: Scores `(cases,)`, infinite ones included; or rows `(cases, columns)` that the statistic combines.
        groups: The patient of each case, `(cases,)`; `None` if each case is a patient of its own.
        statistic: Called as `statistic(values, axis=...)` along the patients' axis: `np.mean`, `np.median` and similar.
            With infinite scores, take the median.
        within: Called in the same way with the cases of one patient: `np.mean` for scores, `np.sum` for counts.
        confidence: Confidence level of the interval, in (0, 1).
        resamples: Number of times that patients are resampled, at least 1.
        seed: The same seed gives the same draws.

    Raises:
        TypeError: If `resamples` is not an integer or `confidence` not a number.
        ValueError: If the lengths differ, a value, a group or the statistic of a draw is NaN, there are fewer than two
            patients, or an option is out of range.

    Example:
        >>> import numpy as np
        >>> dice = [0.9, 0.8, 0.85, 0.2, 0.4, 0.95]
        >>> patients = ["a", "a", "a", "b", "b", "c"]
        >>> [round(number, 2) for number in bootstrap_interval(dice, patients)]
        [0.7, 0.3, 0.95]

        The Dice score of all pixels together, from the counts of each slice:

        >>> counts = np.array([[90, 5, 5], [0, 3, 0], [40, 20, 20], [70, 10, 20]])  # TP, FP, FN
        >>> def pooled_dice(counts, axis):
        ...     tp, fp, fn = np.moveaxis(counts.sum(axis=axis), -1, 0)
        ...     return 2 * tp / (2 * tp + fp + fn)
        >>> found = bootstrap_interval(counts, ["a", "a", "b", "c"], statistic=pooled_dice, within=np.sum)
        >>> round(found.estimate, 3)
        0.828

    References:
        Efron and Tibshirani (1993), "An introduction to the bootstrap", chapter 13. Davison and Hinkley (1997),
        "Bootstrap methods and their application", section 3.8: resampling whole clusters.
    """
    confidence = number("confidence", confidence, "(0, 1)", cure="Pass 0.95 for 95 %.")
    resamples = integer("resamples", resamples, "[1, inf)")
    patients = _cases(values) if groups is None else np.array([*by_group(values, groups, statistic=within).values()])
    if len(patients) < 2:
        raise ValueError("Expected at least two patients. Received one. Report its score without an interval.")
    estimate = _scalars(statistic(patients[np.newaxis], axis=1), 1)[0]
    draws = _resampled(patients, statistic, resamples, np.random.default_rng(seed))
    # An order statistic, because interpolation between infinite scores gives NaN.
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2], method="inverted_cdf")
    return Interval(float(estimate), float(low), float(high))


def _resampled(
    patients: NDArray[np.float64], statistic: Statistic, resamples: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return the statistic of each resample, `(resamples,)`."""
    rows = max(1, _AT_ONCE // patients.size)
    found = []
    for start in range(0, resamples, rows):
        shape = (min(rows, resamples - start), len(patients))
        drawn = patients[generator.integers(len(patients), size=shape)]  # (rows, patients, ...)
        found.append(_scalars(statistic(drawn, axis=1), shape[0]))
    return np.concatenate(found)


def _scalars(found: Any, expected: int) -> NDArray[np.float64]:
    array = np.asarray(found, dtype=np.float64)
    if array.shape != (expected,):
        raise ValueError(
            f"Expected statistic to give one number for each of {expected} resamples. Received shape {array.shape}. "
            "Reduce along axis alone, and combine the numbers of a row into one."
        )
    missing = int(np.isnan(array).sum())
    if missing:
        raise ValueError(
            f"Expected statistic to give a number for each of {expected} resamples. Received NaN for {missing}. Define "
            "the score where it is 0/0, as in patients without any foreground; for infinite scores pass np.median."
        )
    return array


def _cases(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0 or array.size == 0:
        raise ValueError(
            f"Expected values of shape (cases,) with at least one case. Received shape {array.shape}. Pass a list."
        )
    missing = int(np.isnan(array).sum())
    if missing:
        raise ValueError(
            f"Expected values without NaN. Received {missing} of {array.size}. Leave those cases out or give them a "
            "score, and report which."
        )
    return array
