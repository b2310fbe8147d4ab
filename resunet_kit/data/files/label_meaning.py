"""Combinations of label options, and masks in which everything above 0 is foreground."""

import numpy as np

from resunet_kit.data.files.label_table import LabelTable


def check_meaning(
    num_classes: int | None,
    ignore_class: int | None,
    table: LabelTable | None,
    channel: int | None,
    *,
    foreground: bool,
) -> None:
    """Check combinations of options that are each of the right type and range.

    Raises:
        ValueError: If they exclude each other, or one requires another that is missing.
    """
    if table is not None and foreground:
        raise ValueError(
            "Expected classes or foreground. Received both. Leave one out: the table alone says what is foreground."
        )
    if foreground and num_classes is not None and num_classes > 2:
        raise ValueError(
            f"Expected num_classes of 1 or 2 with foreground=True. Received num_classes={num_classes}. Leave one out."
        )
    if table is not None and table.of_colours and channel is not None:
        raise ValueError(
            f"Expected numbers as keys of classes with channel={channel}. Received colours. Leave channel out, or "
            "pass the numbers of that channel."
        )
    if ignore_class is not None and num_classes is None and table is None and not foreground:
        raise ValueError(
            f"Expected num_classes with ignore_class. Received ignore_class={ignore_class} alone. Pass both."
        )
    if table is None or num_classes is None:
        return
    beyond = sorted(label for label in table.labels if label >= max(num_classes, 2) and label != ignore_class)
    if beyond:
        raise ValueError(
            f"Expected labels of classes below num_classes={num_classes}. Received {', '.join(map(str, beyond))}. "
            "Raise num_classes, or pass ignore_class for the label of unmarked pixels."
        )


def foreground_labels(raw: np.ndarray, ignore_class: int | None) -> np.ndarray:
    """Return 1 where any channel is above 0, uint8 `(..., 1)`.

    Args:
        raw: Stored numbers `(..., channels)`, without opacity.
        ignore_class: The stored number of pixels that keep it.

    Raises:
        ValueError: If a number is negative or NaN.
    """
    if raw.dtype.kind == "f" and np.isnan(raw.min()):
        raise ValueError("Expected numbers of 0 and above. Received NaN. Pass nan=0 to read it as background.")
    if raw.dtype.kind in "if" and (lowest := raw.min()) < 0:
        raise ValueError(
            f"Expected numbers of 0 and above with foreground=True. Received {lowest:g} in {(raw < 0).sum()} pixels. "
            f"Pass a table, such as classes={{{lowest:g}: 0, 0: 0, None: 1}}."
        )
    labels: np.ndarray = np.asarray((raw > 0).any(axis=-1, keepdims=True)).astype(np.uint8)
    if ignore_class is not None:
        labels[(raw == ignore_class).all(axis=-1, keepdims=True)] = ignore_class
    return labels
