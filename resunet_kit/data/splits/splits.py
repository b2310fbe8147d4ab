"""Splits that keep every group (a patient, a video, a farm) whole: no part sees what another was trained on."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit._shared.groups import sample_values
from resunet_kit._shared.numbers import integer
from resunet_kit.data.splits.group_assignment import assign


def split_by_group(
    groups: ArrayLike, fractions: Sequence[float], *, stratify: ArrayLike | None = None, seed: int = 0
) -> list[np.ndarray]:
    """Split samples into parts of the given fractions, with no group in two parts.

    Groups are dealt so that each part comes near to its fraction of the samples and, with `stratify`, of each label;
    a group larger than a part leaves it as near as it can be.

    Args:
        groups: `(n,)`, the group of each sample: text or numbers.
        fractions: Share of the samples for each part, any number of parts, adding up to 1. A part with 0 is empty.
        stratify: `(n,)`, a label for each sample whose shares are kept alike in all parts. None balances numbers only.
        seed: Which of the many good splits. The same seed gives the same split in every process, and the split of
            the groups does not depend on the order of the samples.

    Returns:
        For each part the sorted indices of its samples. Together they hold every sample once.

    Raises:
        TypeError: If the seed is no integer.
        ValueError: If the fractions do not add up to 1, the lengths differ, or there are fewer groups than parts.

    Example:
        >>> patients = ["a", "a", "b", "b", "b", "c", "c", "d", "d", "d"]
        >>> train, test = split_by_group(patients, [0.7, 0.3])
        >>> len(train), len(test)
        (7, 3)
        >>> {patients[i] for i in train} & {patients[i] for i in test}
        set()
    """
    shares = _checked_fractions(fractions)
    counts, group_of = _count_labels(groups, stratify)
    positive = np.flatnonzero(shares)
    if len(counts) < len(positive):
        raise ValueError(
            f"Too few groups: expected at least {len(positive)}, one for each part, received {len(counts)}. "
            "Ask for fewer parts; splitting a group would leak it."
        )
    generator = np.random.default_rng(integer("seed", seed, "[0, inf)"))
    part_of = positive[assign(counts, shares[positive], generator)]
    return [np.flatnonzero(part_of[group_of] == part) for part in range(len(shares))]


def cross_validation_by_group(
    groups: ArrayLike, folds: int, *, stratify: ArrayLike | None = None, seed: int = 0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return `(train, validation)` indices for each fold; every sample is validated once, no group is parted.

    Args:
        groups: `(n,)`, the group of each sample.
        folds: How many folds, at least 2 and at most the number of groups.
        stratify: `(n,)`, a label for each sample; see `split_by_group`.
        seed: Which of the many good splits.

    Returns:
        `folds` pairs of sorted index arrays.

    Raises:
        ValueError: If there are fewer than 2 folds, or fewer groups than folds.

    Example:
        >>> for train, validation in cross_validation_by_group(["a", "a", "b", "b", "c", "c"], 3):
        ...     print(len(train), len(validation))
        4 2
        4 2
        4 2
    """
    if not isinstance(folds, int | np.integer) or folds < 2:
        raise ValueError(f"Expected folds as an integer of at least 2, received {folds!r}.")
    parts = split_by_group(groups, [1 / folds] * folds, stratify=stratify, seed=seed)
    everything = np.arange(sum(map(len, parts)))
    return [(np.setdiff1d(everything, part, assume_unique=True), part) for part in parts]


def _checked_fractions(fractions: Sequence[float]) -> np.ndarray:
    shares = np.asarray(fractions, dtype=np.float64)
    valid = shares.ndim == 1 and shares.size > 0 and np.isfinite(shares).all() and (shares >= 0).all()
    if not valid or not math.isclose(shares.sum(), 1, abs_tol=1e-6):
        raise ValueError(f"Expected fractions of at least 0 that add up to 1, received {fractions!r}.")
    return shares


def _count_labels(groups: ArrayLike, stratify: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples of each group, in all and of each label `(groups, 1 + labels)`, and each sample's group."""
    group_of = _codes("groups", groups)
    columns = [np.bincount(group_of)]
    if stratify is not None:
        label_of = _codes("stratify", stratify)
        if len(label_of) != len(group_of):
            raise ValueError(f"Expected a label for each of {len(group_of)} samples, received {len(label_of)}.")
        columns += [
            np.bincount(group_of[label_of == label], minlength=len(columns[0])) for label in np.unique(label_of)
        ]
    return np.stack(columns, axis=1), group_of


def _codes(name: str, values: Any) -> np.ndarray:
    """Number the distinct values from 0 in sorted order, which is the same in every process."""
    array = sample_values(name, values)
    if not array.size:
        raise ValueError(f"Expected {name} as one value for each sample (n,), received none.")
    try:
        return np.unique(array, return_inverse=True)[1]
    except TypeError as error:
        raise ValueError(f"Expected {name} of one type that sorts: {error}.") from error
