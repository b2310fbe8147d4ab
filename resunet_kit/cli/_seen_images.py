"""Images that a run was trained on, so that scores of them are not taken for scores of new ones."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Row = Mapping[str, str]
PARTS = ("train", "validation", "test")


def seen(images: Sequence[Any], split: Sequence[Row]) -> list[Row | None]:
    """Return each image's row in the run's split; None for an image that the run has not seen.

    Images are compared by path or, if none of the run's images is still where it was, by folder and file name.

    Args:
        images: Paths.
        split: The rows of the run's split.csv.
    """
    moved = not any(os.path.exists(row["image"]) for row in split)
    key = _name if moved else os.path.realpath
    known = {key(row["image"]): row for row in split}
    return [known.get(key(image)) for image in images]


def _name(path: Any) -> tuple[str, ...]:
    return Path(path).parts[-2:]


def note_on_parts(parts: Sequence[str | None]) -> str | None:
    """Return the warning for scores of images from these parts; None if the run has seen none of them."""
    count = Counter(parts)
    seen = " and ".join(
        text
        for part, text in (
            ("train", f"{count['train']} trained its weights"),
            ("validation", f"{count['validation']} chose its epoch and threshold"),
        )
        if count[part]
    )
    if not seen:
        return None
    cure = (
        f"Score its {count['test']} test images alone with --part test."
        if count["test"]
        else "Scores of images that the run has not seen are in its scores.csv."
    )
    return f"warning: the run has seen images among these {len(parts)}: {seen}, so the scores are optimistic. {cure}"
