"""Labels of images from their masks: whether there is any foreground."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import keras
import numpy as np

from resunet_kit._shared.numbers import integer
from resunet_kit.data.batches.numpy_batches import PairBatches

if TYPE_CHECKING:
    import tensorflow as tf

Labelled = tuple[np.ndarray, np.ndarray]
Batches = TypeVar("Batches", "tf.data.Dataset", keras.utils.PyDataset)


def presence_labels(dataset: Batches, *, ignore_class: int | None = None) -> Batches:
    """Turn `(images, masks)` into `(images, labels)` for a classifier: 1 where a mask has any foreground.

    Args:
        dataset: Batches of images and of masks `(batch, [depth,] height, width, 1)`, as `pairs_dataset` or
            `PairBatches` gives them. Every label above 0 is foreground except `ignore_class`.
        ignore_class: The label of pixels that are neither foreground nor background, often 255. None takes the one
            passed to `pairs_dataset` or `PairBatches`; pass it for a dataset that has been mapped since.

    Returns:
        The dataset with int32 labels `(batch,)`, 1 where the mask has at least one foreground pixel. For `PairBatches`,
        a `PyDataset` too.

    Raises:
        TypeError: If the dataset is of another type, or `ignore_class` is not an integer.
        ValueError: If the batches hold images alone, or `ignore_class` is not from 0 to 255.

    Example:
        >>> import tensorflow as tf
        >>> masks = tf.constant([[[[0]]], [[[1]]], [[[255]]]])
        >>> pairs = tf.data.Dataset.from_tensors((tf.zeros((3, 1, 1, 3)), masks))
        >>> [labels.numpy().tolist() for images, labels in presence_labels(pairs, ignore_class=255)]
        [[0, 1, 0]]
    """
    if ignore_class is not None:
        ignore_class = integer("ignore_class", ignore_class, "[0, 255]")
    if isinstance(dataset, PairBatches):
        _check_masks(has_masks=dataset.has_masks)
        return _PresenceBatches(dataset, dataset.ignore_class if ignore_class is None else ignore_class)
    if not hasattr(dataset, "element_spec"):
        raise TypeError(
            f"Expected a tf.data.Dataset or PairBatches. Received {type(dataset).__name__}. Pass what pairs_dataset or "
            "PairBatches returns."
        )
    _check_masks(has_masks=isinstance(dataset.element_spec, tuple) and len(dataset.element_spec) == 2)
    return _mapped(dataset, known_ignore_class(dataset) if ignore_class is None else ignore_class)


class _PresenceBatches(keras.utils.PyDataset):
    """Batches of images and labels, with the epochs of the batches of masks that they are made of."""

    def __init__(self, batches: PairBatches, ignore_class: int | None) -> None:
        super().__init__()
        self._batches, self._ignore_class = batches, ignore_class
        self.on_epoch_begin, self.on_epoch_end = batches.on_epoch_begin, batches.on_epoch_end

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Labelled]:
        return map(self._labelled, iter(self._batches))

    def __getitem__(self, index: int) -> Labelled:
        return self._labelled(self._batches[index])

    @property
    def num_batches(self) -> int:
        return self._batches.num_batches

    def _labelled(self, batch: tuple[np.ndarray, ...]) -> Labelled:
        images, masks = batch
        foreground = (masks > 0) & (masks != (0 if self._ignore_class is None else self._ignore_class))
        return images, foreground.any(axis=tuple(range(1, masks.ndim))).astype(np.int32)


def _mapped(dataset: Any, ignore_class: int | None) -> Any:
    import tensorflow as tf  # already imported: there is a dataset of it

    def labelled(images: tf.Tensor, masks: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        foreground = masks > 0
        if ignore_class is not None:
            foreground &= tf.cast(masks, tf.int32) != ignore_class
        return images, tf.cast(tf.reduce_any(foreground, axis=range(1, len(masks.shape))), tf.int32)

    return dataset.map(labelled, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def known_ignore_class(dataset: Any) -> int | None:
    """Return the `ignore_class` of the `pairs_dataset` that a dataset comes from, by `take`, `repeat` and the like."""
    while dataset is not None:
        if hasattr(dataset, "ignore_class"):
            return dataset.ignore_class
        dataset = getattr(dataset, "_input_dataset", None)
    return None


def _check_masks(*, has_masks: bool) -> None:
    if not has_masks:
        raise ValueError(
            "Expected batches of images and masks. Received images alone, or more. Pass mask_paths to pairs_dataset."
        )
