"""Transforms of test-time augmentation: flips, 90-degree rotations and scales of images, undone on the outputs."""

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from resunet_kit._shared.errors import unknown_name
from resunet_kit._shared.numbers import number
from resunet_kit.data.files.resizing import resize_image

Array = np.ndarray
Undo = Callable[[Array], Array]
Step = Callable[[Array], tuple[Array, Undo]]
Transforms = str | Sequence[str | tuple[Callable[[Array], Any], Callable[[Array], Any]]]

# Spatial axes, counted from the last: width is 1, and so on.
FLIPS = {"flip_horizontal": 1, "flip_vertical": 2, "flip_depth": 3}
ROTATIONS = {"rotate_90": 1, "rotate_180": 2, "rotate_270": 3}
GROUPS = ("flips", "rotations", "dihedral")
SCALE = re.compile(r"scale_(.+)")


@dataclass(frozen=True)
class Transform:
    """Steps from images to transformed images, and back from the model's output maps.

    Attributes:
        name: Name of the transform, for messages.
        steps: Each returns the changed batch, and how to undo the change on a batch of maps.
        own: Whether it is a user's transform, which is also undone on scores without spatial axes.
    """

    name: str
    steps: tuple[Step, ...]
    own: bool = False

    def __call__(self, images: Array) -> tuple[Array, Undo]:
        """Return the transformed images, and a function that undoes the transform on maps of their size."""
        undos = []
        for step in self.steps:
            images, undo = step(images)
            undos.append(undo)
        return images, lambda maps: _undone(maps, undos)


def parse_transforms(transforms: Any, rank: int) -> list[Transform]:
    """Return the transforms by their names or pairs of functions, for images of `rank` spatial axes.

    Raises:
        TypeError: If they are of another kind.
        ValueError: If there are none, or a name is unknown or only for volumes.
    """
    if isinstance(transforms, str):
        transforms = _group(transforms, rank) if transforms in GROUPS else [transforms]
    if not isinstance(transforms, Iterable):
        raise TypeError(
            f"Expected transforms to be a name or a sequence of names. Received {transforms=}. Pass 'flips', or a list "
            "such as ['identity', 'flip_horizontal']."
        )
    found = [_transform(entry, rank) for entry in transforms]
    if not found:
        raise ValueError(f"Expected at least one transform. Received {transforms=}. Pass ['identity'] for none.")
    return found


def _group(name: str, rank: int) -> list[str]:
    if name == "flips":  # all combinations, including the identity
        flips = list(FLIPS)[:rank]
        chosen = itertools.chain.from_iterable(itertools.combinations(flips, n) for n in range(rank + 1))
        return ["+".join(names) or "identity" for names in chosen]
    rotations = ["identity", *ROTATIONS]
    if name == "rotations":
        return rotations
    return [*rotations, "flip_horizontal", *(f"flip_horizontal+{rotation}" for rotation in ROTATIONS)]


def _transform(entry: Any, rank: int) -> Transform:
    if isinstance(entry, tuple) and len(entry) == 2 and all(map(callable, entry)):
        return Transform(f"transform {entry!r}", (_own(*entry),), own=True)
    if not isinstance(entry, str):
        raise TypeError(
            "Expected each transform to be a name, or a tuple of two functions on batches: from images to transformed "
            f"images, and back from outputs. Received {entry!r}. Pass a name such as 'flip_horizontal'."
        )
    if entry in GROUPS:
        raise ValueError(
            f"Expected the group {entry!r} by itself, or names of single transforms. Received {entry!r} in a sequence. "
            f"Pass transforms={entry!r}, or {_group(entry, rank)}."
        )
    return Transform(entry, tuple(_step(name, rank) for name in entry.split("+")))


def _step(name: str, rank: int) -> Step:
    if name == "identity":
        return lambda images: (images, lambda maps: maps)
    if name in FLIPS:
        axis = FLIPS[name] + 1
        if axis > rank + 1:
            raise ValueError(
                f"Expected transforms of images with {rank} spatial axes. Received {name!r}, which is for volumes. "
                "Leave it out."
            )
        return lambda images: (np.flip(images, -axis), lambda maps: np.flip(maps, -axis))
    if name in ROTATIONS:
        turns = ROTATIONS[name]
        return lambda images: (_rotated(images, turns), lambda maps: _rotated(maps, -turns))
    scale = SCALE.fullmatch(name)
    if scale:
        return _scale(_factor(name, scale[1]))
    known = ["identity", *FLIPS, *ROTATIONS, *GROUPS]
    raise unknown_name("transforms", name, known, also="'scale_' and a factor, or several joined by '+'")


def _factor(name: str, text: str) -> float:
    try:
        return number(name, float(text), "(0, inf)")
    except ValueError as error:
        raise ValueError(
            f"Expected a factor above 0 after 'scale_'. Received {name!r}. Pass a name such as 'scale_1.25'."
        ) from error


def _rotated(batch: Array, turns: int) -> Array:
    return np.rot90(batch, turns, axes=(-3, -2))  # height and width, in each slice of a volume


def _scale(factor: float) -> Step:
    def step(images: Array) -> tuple[Array, Undo]:
        size = images.shape[1:-1]
        scaled = tuple(max(1, round(n * factor)) for n in size)

        def undo(maps: Array) -> Array:
            if maps.shape[1:-1] != scaled:
                raise ValueError(
                    f"Expected maps of their image's size {scaled}, to undo a scale. Received maps of size "
                    f"{maps.shape[1:-1]}. Leave out the scales for this model."
                )
            return _resized(maps, size)

        return _resized(images, scaled), undo

    return step


def _resized(batch: Array, size: tuple[int, ...]) -> Array:
    return np.stack([resize_image(np.asarray(image, "float32"), size) for image in batch])


def _own(forward: Callable[[Array], Any], backward: Callable[[Array], Any]) -> Step:
    return lambda images: (np.asarray(forward(images)), lambda maps: np.asarray(backward(maps)))


def _undone(maps: Array, undos: list[Undo]) -> Array:
    for undo in reversed(undos):
        maps = undo(maps)
    return maps
