"""Split of images by group into training, validation and test, without leaks and with every class in each part."""

from collections import Counter
from collections.abc import Sequence

from resunet_kit.data import split_by_group
from resunet_kit.training._folder_scan import ScannedPair, labels_in

PARTS = ("train", "validation", "test")
TRIES = 50  # seeds to try until each part has every class


def joined_by_copies(groups: Sequence[str], pairs: Sequence[ScannedPair]) -> tuple[list[str], int]:
    """Join groups that hold images with the same pixels; return the groups, and how many were joined to others."""
    joined: dict[str, str] = {}
    first_with: dict[bytes, str] = {}

    def root(group: str) -> str:
        while group in joined:
            group = joined[group]
        return group

    for group, pair in zip(groups, pairs, strict=True):
        own = root(group)
        other = root(first_with.setdefault(pair.digest, group)) if pair.digest else own
        if own != other:
            joined[own] = other
    return [root(group) for group in groups], len(joined)


def split_groups(
    groups: Sequence[str],
    pairs: Sequence[ScannedPair],
    *,
    validation_fraction: float,
    test_fraction: float,
    ignore_class: int | None,
    seed: int,
) -> dict[str, list[int]]:
    """Return the indices of each part.

    Of several seeds, the first that gives every class to each part is used, or else the one with the fewest gaps.

    Raises:
        ValueError: If there are fewer than three groups, or training images lack a class.
    """
    if len(set(groups)) < len(PARTS):
        own = len(groups) >= len(PARTS)
        cure = " If each image is one of its own, pass groups=None." if own else ""
        raise ValueError(
            f"Expected images of at least {len(PARTS)} groups, one for each of training, validation and test. Received "
            f"{len(set(groups))}, of {len(groups)} images. Add images of other groups.{cure}"
        )
    present = [frozenset(labels_in(pair.counts)) - {ignore_class} for pair in pairs]
    fractions = [1 - validation_fraction - test_fraction, validation_fraction, test_fraction]
    unavoidable = _unavoidable_gaps(groups, present)
    best: list[list[int]] | None = None
    fewest, lacking = 0, set[int | None]()
    for attempt in range(TRIES):
        split = [
            part.tolist() for part in split_by_group(groups, fractions, stratify=_rarest(present), seed=seed + attempt)
        ]
        gaps = missing_labels(split, present)
        count = 1000 * len(gaps[0]) + sum(map(len, gaps))  # a class missing from training matters more
        if best is None or count < fewest:
            best, fewest, lacking = split, count, gaps[0]
        if count <= unavoidable:
            break
    if fewest >= 1000:
        labels = ", ".join(map(str, sorted(lacking, key=str)))
        raise ValueError(
            f"Expected training images with every class. Received none with label {labels}, which too few groups have. "
            "Add images, or try another seed."
        )
    return dict(zip(PARTS, best or [], strict=True))


def _unavoidable_gaps(groups: Sequence[str], present: Sequence[frozenset[int | None]]) -> int:
    """Return how many parts must lack a label, because fewer groups than parts have it."""
    having: dict[int | None, set[str]] = {}
    for group, own in zip(groups, present, strict=True):
        for label in own:
            having.setdefault(label, set()).add(group)
    return sum(max(0, len(PARTS) - len(found)) for found in having.values())


def _rarest(present: Sequence[frozenset[int | None]]) -> list[str]:
    """Return for each image the rarest of its labels, which the smallest number of images have."""
    images = Counter(label for own in present for label in own)
    return [str(min(own, key=lambda label: (images[label], str(label)), default="")) for own in present]


def missing_labels(split: Sequence[Sequence[int]], present: Sequence[frozenset[int | None]]) -> list[set[int | None]]:
    """Return for each part the labels that occur only in other parts."""
    everywhere: frozenset[int | None] = frozenset().union(*present)
    return [set(everywhere - frozenset().union(*(present[index] for index in part))) for part in split]
