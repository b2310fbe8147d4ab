"""Detection of the classes of masks from the labels that occur in them."""

from collections.abc import Sequence

import numpy as np

from resunet_kit.training._folder_scan import WHITE, ScannedPair, labels_in, total_counts


def found_classes(
    pairs: Sequence[ScannedPair], masks: Sequence[str], *, num_classes: int | None, ignore_class: int | None
) -> tuple[int, str]:
    """Return the number of channels that a network needs, 1 for binary masks, and a sentence on what was found.

    Args:
        pairs: The scanned pairs.
        masks: Paths of the masks.
        num_classes: The user's choice; None finds it from the masks.
        ignore_class: A label that is not a class.

    Raises:
        ValueError: If the masks hold only one class, contradict each other, or skip labels.
    """
    if ignore_class != WHITE:
        _refuse_two_meanings(pairs, masks)
    labels = set(labels_in(total_counts(pairs))) - {ignore_class}
    if labels <= {0} or len(labels) == 1:
        only = f"label {min(labels)} alone" if labels else f"ignore_class={ignore_class} alone"
        raise ValueError(
            f"Expected masks with background and foreground. Received {len(masks)} masks of {only}, such as "
            f"{masks[0]!r}. Check that these are the masks; if other numbers or colours mark foreground, pass classes."
        )
    if num_classes is not None:
        return _given(labels, num_classes)
    if labels <= {0, 1, WHITE}:  # each file holds black and white, or 0 and 1
        return 1, f"Masks: binary, foreground in {_fraction(pairs, ignore_class):.2%} of the pixels."
    count = max(labels) + 1
    _refuse_gaps(labels, count)
    note = "" if 0 in labels else " No pixel is background, label 0."
    return count, f"Masks: {count} classes, labels 0 to {count - 1}.{note}"


def _given(labels: set[int], num_classes: int) -> tuple[int, str]:
    absent = sorted(set(range(max(num_classes, 2))) - labels - ({1} if WHITE in labels else set()))
    note = f" Labels {', '.join(map(str, absent))} occur in no mask." if absent else ""
    if num_classes <= 2:
        return 1, f"Masks: binary, as num_classes={num_classes} says.{note}"
    return num_classes, f"Masks: {num_classes} classes, as num_classes says.{note}"


def _refuse_two_meanings(pairs: Sequence[ScannedPair], masks: Sequence[str]) -> None:
    """Refuse black-and-white files together with label files, where 255 is more likely to mean unmarked pixels."""
    held = [labels_in(pair.counts) for pair in pairs]
    white = next((path for path, labels in zip(masks, held, strict=True) if WHITE in labels), None)
    labelled = next((path for path, own in zip(masks, held, strict=True) if set(own) - {0, 1, WHITE}), None)
    if white is not None and labelled is not None:
        raise ValueError(
            f"Expected masks with one meaning of numbers. Received {white!r} with 255, and {labelled!r} with other "
            "labels above 1. Pass ignore_class=255 if 255 is no class, or say what all numbers mean, as in "
            "classes={255: 1}."
        )


def _refuse_gaps(labels: set[int], count: int) -> None:
    missing = sorted(set(range(1, count)) - labels)
    if missing:
        table = {label: number for number, label in enumerate(sorted(labels - {0}), start=1) if label != number}
        raise ValueError(
            f"Expected labels from 0 to {count - 1} without gaps. Received {', '.join(map(str, sorted(labels)))}; "
            f"{len(missing)} between them, such as {missing[0]}, occur in no mask. Pass classes={table} to number them "
            f"anew, num_classes={count} if the others are only rare, or foreground=True if they count objects."
        )


def _fraction(pairs: Sequence[ScannedPair], ignore_class: int | None) -> float:
    counts = total_counts(pairs)
    if ignore_class is not None:
        counts[ignore_class] = 0
    return float(np.sum(counts[1:]) / np.sum(counts))
