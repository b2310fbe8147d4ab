"""Scores by patient, and how sure they are: bootstrap intervals that resample patients."""

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.numbers import integer
from resunet_kit.metrics._checks import number_within

# NumPy's reductions and anything called like them: `statistic(values, axis=...)`.
Statistic = Callable[..., Any]
_AT_ONCE = 2**22  # numbers that are drawn at once, so that memory stays bounded


class Interval(NamedTuple):
    """What `bootstrap_interval` returns.

    Attributes:
        estimate: The statistic of the values themselves.
        low: Lower end of the interval.
        high: Upper end.
    """

    estimate: float
    low: float
    high: float


def by_group(values: ArrayLike, groups: ArrayLike, *, statistic: Statistic = np.mean) -> dict[Hashable, Any]:
    """Bring the values of each patient together.

    Args:
        values: Scores `(cases,)`, as of slices; or rows of numbers `(cases, numbers)`, as TP, FP and FN. Without NaN.
        groups: The patient of each, `(cases,)`.
        statistic: Called as `statistic(values, axis=0)` with the values of one patient.

    Returns:
        The patients in sorted order, each with its statistic.

    Raises:
        ValueError: If the lengths differ, there are no values, or one or a group is missing (NaN, None).

    Example:
        >>> by_group([0.5, 1.0, 0.0], ["b", "a", "b"])
        {'a': 1.0, 'b': 0.25}
    """
    cases = _cases(values)
    names, owner = _groups(groups, len(cases))
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

    Patients are what is resampled, with replacement, and never their slices: slices of one patient resemble each
    other, and an interval over slices is too narrow. First `within` makes one value of each patient's; then as many
    patients as there are get drawn, `resamples` times; the interval's ends are the quantiles
    `(1 ± confidence) / 2` of the statistic of the draws. With few patients, below about 20, it is too narrow.

    Args:
        values: Scores `(cases,)`, infinite ones included; or rows `(cases, numbers)` that the statistic combines.
        groups: The patient of each case, `(cases,)`; `None` if each case is a patient of its own.
        statistic: Called as `statistic(values, axis=...)` along the patients' axis: `np.mean`, `np.median` and the
            like. Infinite scores suit the median.
        within: Called in the same way with the cases of one patient: `np.mean` for scores, `np.sum` for counts.
        confidence: The interval's probability, in (0, 1).
        resamples: How many times patients are drawn, at least 1.
        seed: The draws are the same for the same seed.

    Raises:
        TypeError: If `resamples` is no integer or `confidence` no number.
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
    if number_within("confidence", confidence, most=1) in (0, 1):
        raise ValueError(f"Expected `confidence` in (0, 1), received {confidence!r}. Pass 0.95 for 95 %.")
    integer("resamples", resamples, "[1, inf)")
    patients = _cases(values) if groups is None else np.array([*by_group(values, groups, statistic=within).values()])
    if len(patients) < 2:
        raise ValueError("Expected at least two patients, received one. Its score has no interval: report it alone.")
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
            f"Expected `statistic` to give one number for each of {expected} resamples, received shape {array.shape}. "
            "Reduce along `axis` alone, and combine the numbers of a row into one."
        )
    missing = int(np.isnan(array).sum())
    if missing:
        raise ValueError(
            f"Expected `statistic` to give a number for each of {expected} resamples, received NaN for {missing}. Say "
            "what 0/0 counts as, as of patients without any foreground; infinite scores suit np.median."
        )
    return array


def _cases(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0 or array.size == 0:
        raise ValueError(f"Expected values (cases,) with at least one, received shape {array.shape}. Pass a list.")
    missing = int(np.isnan(array).sum())
    if missing:
        raise ValueError(
            f"Expected values without NaN, received {missing} of {array.size}. Leave those cases out, or decide what "
            "they count as, and say so beside the score."
        )
    return array


def _groups(groups: ArrayLike, cases: int) -> tuple[NDArray[Any], NDArray[np.intp]]:
    array = np.asarray(groups)
    if array.shape != (cases,):
        raise ValueError(
            f"Expected one group for each of {cases} values, received shape {array.shape}. Pass each case's patient."
        )
    missing = sum(group is None or group != group for group in np.asarray(groups, object))  # NaN differs from itself
    if missing:
        raise ValueError(
            f"Expected a group for each of {cases} values, received None or NaN for {missing}. Look up those patients, "
            "or leave their cases out."
        )
    names, owner = np.unique(array, return_inverse=True)
    return names, owner
