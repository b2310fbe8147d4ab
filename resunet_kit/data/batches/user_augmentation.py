"""The user's augmentation of a batch, and checks of what it returns."""

from collections.abc import Callable
from typing import Any

import numpy as np

AugmentCallable = Callable[..., tuple[Any, Any]]


def check_augment(augment: AugmentCallable | None, *, has_masks: bool) -> None:
    """Check the option, which needs masks.

    Raises:
        TypeError: If it is neither callable nor None.
        ValueError: If the dataset has images alone.
    """
    if augment is None:
        return
    if not callable(augment):
        raise TypeError(
            f"Expected augment to be callable or None. Received augment={augment!r}. Pass a function of "
            "(images, masks, *, seed), or an Augment."
        )
    if not has_masks:
        raise ValueError(
            "Expected mask_paths with augment. Received mask_paths=None. Pass masks, or map images yourself."
        )


def augmented(
    augment: AugmentCallable, images: np.ndarray, masks: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the augmented batch as float32 and uint8.

    Raises:
        ValueError: If a shape changed, or a mask holds other values than class labels.
    """
    new_images, new_masks = (np.asarray(part) for part in augment(images, masks, seed=seed))
    for kind, before, after in (("images", images, new_images), ("masks", masks, new_masks)):
        if before.shape != after.shape:
            raise ValueError(
                f"Expected augment to return {kind} of shape {before.shape}. Received shape {after.shape}. Pad them."
            )
    labels = new_masks.astype(np.uint8, copy=False)
    if labels is not new_masks and (labels != new_masks).any():
        wrong = new_masks[labels != new_masks].flat[0]
        raise ValueError(
            f"Expected augment to return masks of class labels from 0 to 255. Received the value {wrong}. Resample "
            "masks by nearest neighbour."
        )
    return new_images.astype(np.float32, copy=False), labels
