"""The user's augmentation of a batch, with its result checked."""

from collections.abc import Callable
from typing import Any

import numpy as np

AugmentCallable = Callable[..., tuple[Any, Any]]


def moved(augment: AugmentCallable, images: np.ndarray, masks: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the augmented batch as float32 and uint8.

    Raises:
        ValueError: If a shape changed, or a mask holds what is no class id.
    """
    moved_images, moved_masks = (np.asarray(part) for part in augment(images, masks, seed=seed))
    for kind, before, after in (("images", images, moved_images), ("masks", masks, moved_masks)):
        if before.shape != after.shape:
            raise ValueError(f"augment must keep the shape of {kind} {before.shape}, it returned {after.shape}.")
    ids = moved_masks.astype(np.uint8, copy=False)
    if ids is not moved_masks and (ids != moved_masks).any():
        strange = moved_masks[ids != moved_masks].flat[0]
        raise ValueError(f"augment must return masks of class ids from 0 to 255, it returned the value {strange}.")
    return moved_images.astype(np.float32, copy=False), ids


def check_augment(augment: AugmentCallable | None, *, has_masks: bool) -> None:
    """Refuse what cannot be called, and augmentation without masks."""
    if augment is not None and not has_masks:
        raise ValueError("augment moves images and masks together: pass mask_paths, or map the images yourself.")
    if augment is not None and not callable(augment):
        raise TypeError(f"Expected augment(images, masks, *, seed=None) or None, received {augment!r}.")
