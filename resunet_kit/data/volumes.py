"""Slices stacked into volumes, volumes cut into slices, and neighbouring slices as channels."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit._shared.groups import sample_values
from resunet_kit._shared.numbers import integer


def slices_to_volumes(
    slices: ArrayLike, groups: ArrayLike, *, positions: ArrayLike | None = None
) -> dict[Hashable, np.ndarray]:
    """Stack each group's slices into a volume.

    Args:
        slices: `(n, height, width)` or `(n, height, width, channels)`: images, masks or predictions.
        groups: `(n,)`, the volume that each slice belongs to, such as the patient.
        positions: `(n,)`, the position of each slice in its volume: numbers, in any unit. None takes the given order.

    Returns:
        For each group, in order of first appearance, `(depth, height, width[, channels])`.

    Raises:
        TypeError: If positions are not numeric.
        ValueError: If the lengths differ, a group or position is missing, or two slices of a group have the same
            position.

    Example:
        >>> slices = np.arange(3).reshape(3, 1, 1) * np.ones((3, 2, 2))
        >>> volumes = slices_to_volumes(slices, ["a", "b", "a"], positions=[1, 0, 0])
        >>> {group: volume[:, 0, 0].tolist() for group, volume in volumes.items()}
        {'a': [2.0, 0.0], 'b': [1.0]}
    """
    array = _checked_slices(slices)
    return {group: array[members] for group, members in _members(len(array), groups, positions).items()}


def volumes_to_slices(
    volumes: Mapping[Hashable, ArrayLike], groups: ArrayLike, *, positions: ArrayLike | None = None
) -> np.ndarray:
    """Return volumes as slices in the order of their samples: the inverse of `slices_to_volumes`.

    Args:
        volumes: For each group `(depth, height, width[, channels])`.
        groups: `(n,)`, the volume that each slice belongs to, such as the patient.
        positions: `(n,)`, the position of each slice in its volume: numbers, in any unit. None takes the given order.

    Returns:
        `(n, height, width[, channels])`.

    Raises:
        TypeError: If positions are not numeric.
        ValueError: If the groups differ from those of the volumes, a depth is not the number of the group's slices, or
            volumes differ in the shape of a slice.

    Example:
        >>> volumes = {"a": np.zeros((2, 4, 4)), "b": np.ones((1, 4, 4))}
        >>> volumes_to_slices(volumes, ["a", "b", "a"])[:, 0, 0].tolist()
        [0.0, 1.0, 0.0]
    """
    names = sample_values("groups", groups)
    members = _members(len(names), names, positions)
    if set(members) != set(volumes):
        raise ValueError(
            f"Expected the volumes of {list(members)[:8]}. Received those of {list(volumes)[:8]}. Pass the groups of "
            "these volumes."
        )
    arrays = {group: np.asarray(volume) for group, volume in volumes.items()}
    shapes = {array.shape[1:] for array in arrays.values()}
    if len(shapes) != 1:
        raise ValueError(
            f"Expected slices of the same shape in all volumes. Received {sorted(shapes)}. Resize the volumes first."
        )
    slices = np.empty((len(names), *shapes.pop()), np.result_type(*arrays.values()))
    for group, indices in members.items():
        if len(arrays[group]) != len(indices):
            raise ValueError(
                f"Expected a volume of {len(indices)} slices for {group!r}. Received a depth of {len(arrays[group])}. "
                "Pass the groups of these volumes."
            )
        slices[indices] = arrays[group]
    return slices


def neighbouring_slices(
    slices: ArrayLike, groups: ArrayLike, *, radius: int = 1, positions: ArrayLike | None = None
) -> np.ndarray:
    """Return each slice with its neighbours as channels, lowest first: the input of 2.5-D networks.

    Neighbours never come from another group. Beyond the ends of a volume its first or last slice is repeated.

    Args:
        slices: `(n, height, width)` or `(n, height, width, channels)`.
        groups: `(n,)`, the volume that each slice belongs to.
        radius: Number of neighbours on each side, at least 0.
        positions: `(n,)`, the position of each slice in its volume; None takes the given order.

    Returns:
        `(n, height, width, (2·radius + 1)·channels)`: the channels of the lowest neighbour, of the next, and so on.

    Raises:
        TypeError: If `radius` is not an integer, or positions are not numeric.
        ValueError: If the lengths differ, a group or position is missing, `radius` is negative, or two slices of a
            group have the same position.

    Example:
        >>> slices = np.arange(4).reshape(4, 1, 1) * np.ones((4, 2, 2))
        >>> neighbouring_slices(slices, ["a", "a", "a", "b"])[:, 0, 0].tolist()
        [[0.0, 0.0, 1.0], [0.0, 1.0, 2.0], [1.0, 2.0, 2.0], [3.0, 3.0, 3.0]]
    """
    array = _checked_slices(slices)
    radius = integer("radius", radius, "[0, inf)")
    neighbours = np.empty((len(array), 2 * radius + 1), dtype=np.intp)
    for members in _members(len(array), groups, positions).values():
        depth = len(members)
        steps = np.arange(depth)[:, None] + np.arange(-radius, radius + 1)
        neighbours[members] = members[np.clip(steps, 0, depth - 1)]
    array = array[..., None] if array.ndim == 3 else array
    stacked = np.empty((*array.shape[:-1], neighbours.shape[1], array.shape[-1]), array.dtype)
    for step, column in enumerate(neighbours.T):  # one by one: indexing at once needs the result's memory twice
        stacked[..., step, :] = array[column]
    return stacked.reshape(*array.shape[:-1], neighbours.shape[1] * array.shape[-1])


def _checked_slices(slices: ArrayLike) -> np.ndarray:
    array = np.asarray(slices)
    if array.ndim not in (3, 4):
        raise ValueError(
            f"Expected slices (n, height, width[, channels]). Received shape {array.shape}. Stack them along one axis."
        )
    return array


def _members(count: int, groups: ArrayLike, positions: ArrayLike | None) -> dict[Hashable, np.ndarray]:
    """Return the indices of each group's slices, lowest first."""
    names = sample_values("groups", groups, length=count)
    depths = np.arange(count) if positions is None else sample_values("positions", positions, length=count)
    if depths.dtype.kind not in "iuf":  # as text, 10 comes before 9
        raise TypeError(f"Expected positions to be numbers. Received dtype {depths.dtype}. Convert them with int().")
    indices: dict[Hashable, list[int]] = {}
    for index, name in enumerate(names.tolist()):
        indices.setdefault(name, []).append(index)
    return {name: _in_order(name, np.array(members), depths) for name, members in indices.items()}


def _in_order(name: Hashable, members: np.ndarray, depths: np.ndarray) -> np.ndarray:
    if len(np.unique(depths[members])) < len(members):
        raise ValueError(
            f"Expected each slice of {name!r} at a position of its own. Received two at the same position. Look for "
            "slices listed twice."
        )
    return members[np.argsort(depths[members])]
