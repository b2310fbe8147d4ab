"""Leaks between the parts of a split: common samples, groups and images."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit._shared.groups import sample_values
from resunet_kit.data.files.normalization import full_scale, scaled
from resunet_kit.data.files.paths import PathLike, checked_paths
from resunet_kit.data.files.reading import ImageOptions, read_raw_image

SHOWN = 5  # leaks of each kind in the message
# Only to compare: NaN equals NaN, and a rotation tag does not matter.
_AS_STORED = ImageOptions(any_range=True, exif_rotation=False, nan=0.0)


@dataclass(frozen=True)
class Leaks:
    """Result of `find_leaks`: true if there are any leaks; printing it shows a report.

    Attributes:
        samples: Samples in two parts, by `(part, other part)`.
        groups: Groups with samples in two parts, by `(part, other part)`.
        images: Pairs of different samples with the same pixels, one from each part, by `(part, other part)`.
    """

    samples: Mapping[tuple[str, str], list[int]]
    groups: Mapping[tuple[str, str], list[Hashable]]
    images: Mapping[tuple[str, str], list[tuple[int, int]]]

    def __bool__(self) -> bool:
        return bool(self.samples or self.groups or self.images)

    def __str__(self) -> str:
        if not self:
            return "nothing leaks"
        kinds = (("sample", self.samples), ("group", self.groups), ("identical image", self.images))
        return "\n".join(
            f"{len(found)} {kind}{'s' * (len(found) > 1)} in both {a} and {b}: {', '.join(map(repr, found[:SHOWN]))}"
            + (", ..." if len(found) > SHOWN else "")
            for kind, leaks in kinds
            for (a, b), found in leaks.items()
        )


def find_leaks(
    parts: Mapping[str, ArrayLike] | Sequence[ArrayLike],
    *,
    groups: ArrayLike | None = None,
    image_paths: Iterable[PathLike] | None = None,
) -> Leaks:
    """Return the samples, groups and images that two parts of any split have in common.

    Images are compared by their intensities, so that a copy under another name, in another lossless format, in 16 bits
    instead of 8, or in grey colours instead of grey, is found. Constant images, such as empty slices, do not identify a
    patient and are left out.

    Args:
        parts: Indices of each part's samples, by name. Without names, as `split_by_group` returns them, parts are named
            "0", "1" and so on. Boolean masks over all samples are accepted too.
        groups: The group of each sample, such as the patient; None does not compare groups.
        image_paths: The image of each sample, a file that `read_image` accepts; None does not compare images.

    Raises:
        TypeError: If indices are not integers.
        ValueError: If there are fewer than two parts, an index is out of range, the lengths differ, a group is missing,
            or an image cannot be read.

    Example:
        >>> leaks = find_leaks({"train": [0, 1, 2], "test": [3, 4]}, groups=["a", "a", "b", "b", "c"])
        >>> bool(leaks)
        True
        >>> print(leaks)
        1 group in both train and test: 'b'
    """
    paths = None if image_paths is None else checked_paths("image_paths", image_paths)
    count = None if paths is None else len(paths)
    group_of = None if groups is None else sample_values("groups", groups, length=count).tolist()
    named = _named(parts, count if group_of is None else len(group_of))
    return Leaks(
        samples=_shared(named, range(1 + max((max(indices, default=0) for indices in named.values()), default=0))),
        groups=_shared(named, group_of) if group_of is not None else {},
        images=_identical(named, paths) if paths is not None else {},
    )


def _named(parts: Mapping[str, ArrayLike] | Sequence[ArrayLike], count: int | None) -> dict[str, list[int]]:
    """Return the parts as names and lists of indices."""
    items = parts.items() if isinstance(parts, Mapping) else ((str(i), part) for i, part in enumerate(parts))
    named = {str(name): _indices(str(name), part, count) for name, part in items}
    if len(named) < 2:
        raise ValueError(f"Expected at least two parts to compare. Received {len(named)}. Pass the whole split.")
    return named


def _indices(name: str, part: ArrayLike, count: int | None) -> list[int]:
    array = np.asarray(part)
    if array.dtype == bool:
        if count is not None and len(array) != count:
            raise ValueError(
                f"Expected a mask over all {count} samples as part {name}. Received {len(array)} values. Pass indices, "
                "or one boolean for each sample."
            )
        array = np.flatnonzero(array)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(
            f"Expected part {name} to hold integer indices. Received dtype {array.dtype}. Convert them with int()."
        )
    if array.ndim != 1:
        raise ValueError(
            f"Expected part {name} to hold indices of shape (n,). Received shape {array.shape}. Flatten the array."
        )
    if array.size and (array.min() < 0 or (count is not None and array.max() >= count)):
        limit = "of at least 0" if count is None else f"from 0 to {count - 1}"
        raise ValueError(
            f"Expected part {name} to hold indices {limit}. Received {array.min()} to {array.max()}. Count from 0."
        )
    return [int(index) for index in array]


def _shared(named: Mapping[str, list[int]], labels: Sequence[Hashable]) -> dict[tuple[str, str], list]:
    """Return the labels that samples of two parts have in common."""
    seen = {name: {labels[index]: None for index in indices} for name, indices in named.items()}
    found = {(a, b): [label for label in seen[a] if label in seen[b]] for a, b in combinations(seen, 2)}
    return {names: labels for names, labels in found.items() if labels}


def _identical(named: Mapping[str, list[int]], paths: Sequence[str]) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """Return the pairs of samples with the same pixels."""
    used = sorted({index for indices in named.values() for index in indices})
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # reading waits for the disk, and decoding releases the GIL
        digests = dict(zip(used, threads.map(lambda index: pixel_digest(_stored(paths[index])), used), strict=True))
    found = {}
    for a, b in combinations(named, 2):
        by_digest: dict[bytes, list[int]] = {}
        for index in named[b]:
            by_digest.setdefault(digests[index], []).append(index)
        found[a, b] = [
            (index, other)
            for index in named[a]
            if digests[index]
            for other in by_digest.get(digests[index], ())
            if other != index
        ]
    return {names: pairs for names, pairs in found.items() if pairs}


def _stored(path: str) -> np.ndarray:
    return read_raw_image(path, _AS_STORED)


def pixel_digest(raw: np.ndarray) -> bytes:
    """Return a hash of the intensities of what `read_raw_image` returns; empty for a constant image."""
    image = scaled(_without_repetition(raw), None, full_scale(raw.dtype))
    if (image == image.reshape(-1, image.shape[-1])[0]).all():
        return b""
    return hashlib.blake2b(str(image.shape).encode() + np.ascontiguousarray(image).tobytes(), digest_size=16).digest()


def _without_repetition(raw: np.ndarray) -> np.ndarray:
    """Return the image without a full opacity, and one channel of grey colours: what another format may add."""
    count = raw.shape[-1]
    if count in (2, 4) and (raw[..., -1] == full_scale(raw.dtype)).all():
        raw = raw[..., :-1]
    return raw[..., :1] if raw.shape[-1] == 3 and (raw == raw[..., :1]).all() else raw
