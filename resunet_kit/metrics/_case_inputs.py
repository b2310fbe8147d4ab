"""Masks, names, groups and spacings of cases, as `evaluate_masks` takes them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit._shared.groups import sample_values


def case_masks(truths: Any, predictions: Any) -> list[tuple[ArrayLike, ArrayLike]]:
    """Return truth and prediction of each case.

    Raises:
        TypeError: If one is not an array or iterable of masks.
        ValueError: If there are no cases, or the numbers of truths and predictions differ.
    """
    listed = [_listed(name, masks) for name, masks in (("truths", truths), ("predictions", predictions))]
    if len(listed[0]) != len(listed[1]) or not listed[0]:
        raise ValueError(
            f"Expected one prediction for each truth. Received {len(listed[0])} truths and {len(listed[1])} "
            "predictions. Pass at least one of each, in one order."
        )
    return list(zip(*listed, strict=True))


def _listed(name: str, masks: Any) -> list[ArrayLike]:
    """Return the mask of each case; nested lists of numbers count as an array."""
    if isinstance(masks, str | bytes | Mapping) or not isinstance(masks, Iterable):
        raise TypeError(
            f"Expected {name} as a list of masks, or an array with the cases along its first axis. Received "
            f"{type(masks).__name__}. Pass a list; files are evaluated by resunet_kit.evaluation.evaluate."
        )
    found = list(masks)
    for mask in found[:1]:
        if isinstance(mask, str) or hasattr(mask, "__fspath__"):
            raise TypeError(
                f"Expected {name} to hold arrays. Received the path {str(mask)!r}. Files are evaluated by "
                "resunet_kit.evaluation.evaluate."
            )
        if np.ndim(mask) < 2:
            raise ValueError(
                f"Expected {name} of several cases. Received a first one of shape {np.shape(mask)}. Put a single "
                f"mask into a list: [{name[:-1]}]."
            )
    return found


def case_names(names: Iterable[str] | None, count: int) -> list[str]:
    """Return a distinct name for each case.

    Raises:
        ValueError: If there are more or fewer names than cases, or a name is given twice.
    """
    if names is None:
        return [str(index) for index in range(count)]
    found = [str(name) for name in sample_values("names", names, length=count).tolist()]
    twice = next((name for name in found if found.count(name) > 1), None) if len(set(found)) < count else None
    if twice is not None:
        raise ValueError(f"Expected a name of its own for each case. Received {twice!r} twice. Number them.")
    return found


def case_groups(groups: Any, keys: Sequence[Any], names: Sequence[str]) -> list[Hashable]:
    """Return the group of each case.

    Args:
        groups: One group per case, in order; or a dictionary or function from a key; None makes each case a group of
            its own.
        keys: The arguments of functions, such as the path of each case.
        names: Names of the cases. Dictionaries are looked up by the key, by its text, and by the name.

    Raises:
        TypeError: If `groups` is of another type.
        ValueError: If a case has no group, or there are more or fewer groups than cases.
    """
    if groups is None:
        return list(names)
    if isinstance(groups, Mapping):
        groups = [_looked_up(groups, key, name) for key, name in zip(keys, names, strict=True)]
    elif callable(groups):
        groups = [groups(key) for key in keys]
    elif isinstance(groups, str | bytes) or not isinstance(groups, Iterable):
        raise TypeError(
            f"Expected groups as a list, a dictionary or a function. Received groups={groups!r}. Pass the group of "
            "each case."
        )
    given = list(groups)
    sample_values("groups", given, length=len(names))
    return [group.item() if isinstance(group, np.generic) else group for group in given]


def _looked_up(groups: Mapping[Any, Hashable], key: Any, name: str) -> Hashable:
    for candidate in (key, str(key), getattr(key, "name", name), name):
        if candidate in groups:
            return groups[candidate]
    raise ValueError(
        f"Expected groups to name the group of every case. Received none for {name!r}. Its keys are names, such as "
        f"{next(iter(groups), 'case_1')!r}: add this one."
    )


def case_spacings(spacing: Any, count: int) -> list[Any]:
    """Return the spacing of each case: one for all, or one each from a list of sequences.

    Raises:
        ValueError: If a list has more or fewer entries than there are cases.
    """
    several = isinstance(spacing, Sequence | np.ndarray) and len(spacing) > 0 and np.ndim(spacing[0]) == 1
    if not several:
        return [spacing] * count
    if len(spacing) != count:
        raise ValueError(
            f"Expected one spacing for all cases, or one for each of {count}. Received {len(spacing)}. Pass one tuple, "
            "or a list with the tuple of each case."
        )
    return list(spacing)
