"""Splits by group: all samples of a patient, a video or a farm stay in one part."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit._shared.groups import sample_values
from resunet_kit._shared.numbers import integer, numbers_per_axis
from resunet_kit.data.splits.group_assignment import assign


def split_by_group(
    groups: ArrayLike, fractions: Sequence[float], *, stratify: ArrayLike | None = None, seed: int = 0
) -> list[np.ndarray]:
    """Split samples into parts of the given fractions, with no group in two parts.

    Groups are assigned so that each part holds nearly its fraction of the samples and, with `stratify`, of each label;
    a group larger than a part makes it differ more.

    Args:
        groups: `(n,)`, the group of each sample: text or numbers.
        fractions: Fraction of the samples for each part, any number of parts, adding up to 1. A part with 0 is empty.
        stratify: `(n,)`, a label for each sample, to have in each part the same fraction of each label. None balances
            the numbers of samples alone.
        seed: Selects one of the many good splits. The same seed gives the same split in every process, and the split of
            the groups does not depend on the order of the samples.

    Returns:
        For each part the sorted indices of its samples. Each sample is in one part.

    Raises:
        TypeError: If the seed is not an integer, a fraction is not a number, or groups or labels of different types
            cannot be sorted.
        ValueError: If the fractions are negative or do not add up to 1, the lengths differ, a group or label is
            missing, or there are fewer groups than parts.

    Example:
        >>> patients = ["a", "a", "b", "b", "b", "c", "c", "d", "d", "d"]
        >>> train, test = split_by_group(patients, [0.7, 0.3])
        >>> len(train), len(test)
        (7, 3)
        >>> {patients[i] for i in train} & {patients[i] for i in test}
        set()
    """
    wanted = _checked_fractions(fractions)
    counts, group_of = _count_labels(groups, stratify)
    positive = np.flatnonzero(wanted)
    if len(counts) < len(positive):
        raise ValueError(
            f"Expected at least {len(positive)} groups, one for each part. Received {len(counts)}. Ask for fewer "
            "parts: a group in two parts would leak."
        )
    generator = np.random.default_rng(integer("seed", seed, "[0, inf)"))
    part_of = positive[assign(counts, wanted[positive], generator)]
    return [np.flatnonzero(part_of[group_of] == part) for part in range(len(wanted))]


def cross_validation_by_group(
    groups: ArrayLike, folds: int, *, stratify: ArrayLike | None = None, seed: int = 0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return `(train, validation)` indices for each fold; each sample is validated once, and no group is split.

    Args:
        groups: `(n,)`, the group of each sample.
        folds: Number of folds, from 2 to the number of groups.
        stratify: `(n,)`, a label for each sample, to have in each fold the same fraction of each label. None balances
            the numbers of samples alone.
        seed: Selects one of the many good splits.

    Returns:
        `folds` pairs of sorted index arrays.

    Raises:
        TypeError: If `folds` or the seed is not an integer.
        ValueError: If there are fewer than 2 folds, or fewer groups than folds.

    Example:
        >>> for train, validation in cross_validation_by_group(["a", "a", "b", "b", "c", "c"], 3):
        ...     print(len(train), len(validation))
        4 2
        4 2
        4 2
    """
    folds = integer("folds", folds, "[2, inf)")
    parts = split_by_group(groups, [1 / folds] * folds, stratify=stratify, seed=seed)
    everything = np.arange(sum(map(len, parts)))
    return [(np.setdiff1d(everything, part, assume_unique=True), part) for part in parts]


def _checked_fractions(fractions: Sequence[float]) -> np.ndarray:
    checked = np.array(numbers_per_axis("fractions", fractions, np.size(fractions), "[0, inf)"))
    if not math.isclose(checked.sum(), 1, abs_tol=1e-6):
        raise ValueError(
            f"Expected fractions to add up to 1. Received fractions={fractions!r}, of sum {checked.sum():g}. Divide "
            "them by their sum."
        )
    return checked


def _count_labels(groups: ArrayLike, stratify: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples of each group, in all and of each label `(groups, 1 + labels)`, and each sample's group."""
    group_of = _codes("groups", groups)
    columns = [np.bincount(group_of)]
    if stratify is not None:
        label_of = _codes("stratify", stratify, length=len(group_of))
        columns += [
            np.bincount(group_of[label_of == label], minlength=len(columns[0])) for label in np.unique(label_of)
        ]
    return np.stack(columns, axis=1), group_of


def _codes(name: str, values: ArrayLike, *, length: int | None = None) -> np.ndarray:
    """Return for each value its index among the distinct values in sorted order, which is the same in every process."""
    array = sample_values(name, values, length=length)
    if not array.size:
        raise ValueError(f"Expected {name} to hold at least one value. Received none. Check the selection of samples.")
    try:
        return np.unique(array, return_inverse=True)[1]
    except TypeError as error:
        raise TypeError(
            f"Expected {name} to hold values of one type, which can be sorted. Received several types: {error}. "
            "Convert them with str()."
        ) from error
