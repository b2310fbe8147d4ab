"""Images and masks from files as a `tf.data.Dataset`.

The order is shuffled as numbers, batched, and only then read: a full shuffle costs no memory, the first batch comes
at once, and one Python call a batch keeps TensorFlow's overhead small.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from resunet_kit.data.decoding import PathLike
from resunet_kit.data.reading import check_classes
from resunet_kit.data.resizing import ImageSize, checked_size
from resunet_kit.data.sources import Pairs, checked_paths

AugmentCallable = Callable[..., tuple[Any, Any]]


def pairs_dataset(
    image_paths: Iterable[PathLike],
    mask_paths: Iterable[PathLike] | None,
    *,
    image_size: ImageSize | None = None,
    batch_size: int = 8,
    shuffle: bool = False,
    augment: AugmentCallable | None = None,
    cache: bool | PathLike = False,
    seed: int | None = None,
    num_classes: int | None = None,
    ignore_class: int | None = None,
) -> tf.data.Dataset:
    """Return batches of images and masks for `model.fit`, `evaluate` and `predict`.

    The last batch may be smaller; the number of batches is known, so progress bars show totals. Files are read
    as `read_image` and `read_mask` read them, several batches at a time, and always delivered in order.

    Args:
        image_paths: Files that `read_image` takes, all of one number of channels.
        mask_paths: One mask for each image, in the same order. None gives batches of images alone.
        image_size: `(height, width)`, or one number for a square, to resize to: antialiased bilinear for images,
            nearest for masks. None keeps the files' size, which must be one size unless `batch_size` is 1.
        batch_size: Images in a batch.
        shuffle: Whether to draw a new order of all files in each epoch.
        augment: Called as `augment(images, masks, seed=number)` on the NumPy arrays of each batch, after the cache,
            with a new `number` for each batch of each epoch. Returns images and masks of unchanged shape, as
            NumPy arrays or eager tensors.
        cache: True keeps decoded files in memory, at the files' own bytes a pixel. A path keeps them in that folder,
            from where later runs take them too; files that changed are read anew.
        seed: Makes order and augmentation reproducible, epoch by epoch. None follows
            `keras.utils.set_random_seed` if that was called.
        num_classes: What masks may hold; see `read_mask`.
        ignore_class: An id allowed beside the classes; see `read_mask`.

    Returns:
        A `tf.data.Dataset` of `(images, masks)`: float32 `(b, height, width, channels)` in [0, 1] and uint8
        `(b, height, width, 1)`; or of images alone.

    Raises:
        ValueError: At once if lists are empty, of different length or name absent files, if an option is out of
            range, or if the first pair cannot be read. Later files raise `tf.errors.InvalidArgumentError` when
            their batch is read. Both name the file.

    Note:
        With `batch_size=1` and no `image_size`, height and width are None in the dataset's shapes: images may differ.

    Example:
        >>> import pathlib, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> images = [pathlib.Path(folder.name, f"{i}.npy") for i in range(3)]
        >>> masks = [pathlib.Path(folder.name, f"{i}_mask.npy") for i in range(3)]
        >>> for image, mask in zip(images, masks):
        ...     np.save(image, np.zeros((8, 6, 3), "uint8"))
        ...     np.save(mask, np.full((8, 6), 255, "uint8"))
        >>> dataset = pairs_dataset(images, masks, batch_size=2, shuffle=True, seed=0)
        >>> len(dataset)
        2
        >>> for x, y in dataset:
        ...     print(x.shape, y.shape, int(tf.reduce_max(y)))
        (2, 8, 6, 3) (2, 8, 6, 1) 1
        (1, 8, 6, 3) (1, 8, 6, 1) 1
        >>> folder.cleanup()
    """
    _check_options(batch_size, mask_paths is None, augment)
    check_classes(num_classes, ignore_class)
    images = checked_paths("image_paths", image_paths)
    masks = None if mask_paths is None else checked_paths("mask_paths", mask_paths, length=len(images))
    free_sides = image_size is None and batch_size == 1
    pairs = Pairs(
        images,
        masks,
        size=checked_size(image_size),
        free_sides=free_sides,
        cache=cache,
        num_classes=num_classes,
        ignore_class=ignore_class,
    )
    spec = _spec(pairs.first_shape, free_sides=free_sides)

    dataset = tf.data.Dataset.range(len(images))
    if shuffle:
        dataset = dataset.shuffle(len(images), seed=seed, reshuffle_each_iteration=True)
    dataset = dataset.batch(batch_size)
    dataset = _map_arrays(dataset, pairs.batch, spec if masks else spec[:1])
    if augment is not None:
        dataset = _augmented(dataset, augment, seed, spec)
    return dataset.prefetch(tf.data.AUTOTUNE).with_options(_options())


def presence_labels(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Turn `(images, masks)` into `(images, labels)` for a classifier: is there any foreground?

    Args:
        dataset: Batches of images and of masks `(b, height, width, 1)`, as `pairs_dataset` gives them. Every id
            above 0 is foreground.

    Returns:
        The dataset with int32 labels `(b,)`, 1 where the mask has at least one foreground pixel.

    Example:
        >>> pairs = tf.data.Dataset.from_tensors((tf.zeros((2, 4, 4, 3)), tf.constant([[[[0]]], [[[1]]]])))
        >>> [labels.numpy().tolist() for images, labels in presence_labels(pairs)]
        [[0, 1]]
    """
    return dataset.map(
        lambda images, masks: (images, tf.cast(tf.reduce_any(masks > 0, axis=(1, 2, 3)), tf.int32)),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )


def _check_options(batch_size: int, images_only: bool, augment: AugmentCallable | None) -> None:
    if not isinstance(batch_size, int | np.integer) or batch_size < 1:
        raise ValueError(f"Expected batch_size of at least 1, received {batch_size!r}.")
    if augment is not None and images_only:
        raise ValueError("augment moves images and masks together: pass mask_paths, or map the dataset yourself.")
    if augment is not None and not callable(augment):
        raise TypeError(f"Expected augment(images, masks, *, seed=None) or None, received {augment!r}.")


def _spec(shape: tuple[int, int, int], *, free_sides: bool) -> list[tf.TensorSpec]:
    sides = (None, None) if free_sides else shape[:2]
    return [tf.TensorSpec((None, *sides, shape[2]), tf.float32), tf.TensorSpec((None, *sides, 1), tf.uint8)]


def _map_arrays(
    dataset: tf.data.Dataset, function: Callable[..., list[np.ndarray]], spec: list[tf.TensorSpec]
) -> tf.data.Dataset:
    """Map a NumPy function, in order, and restore the static shapes that TensorFlow cannot see through it."""

    def call(*tensors: tf.Tensor) -> tf.Tensor | tuple[tf.Tensor, ...]:
        arrays = tf.numpy_function(function, tensors, [part.dtype for part in spec])
        shaped = tuple(tf.ensure_shape(array, part.shape) for array, part in zip(arrays, spec, strict=True))
        return shaped if len(shaped) > 1 else shaped[0]

    return dataset.map(call, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _augmented(
    dataset: tf.data.Dataset, augment: AugmentCallable, seed: int | None, spec: list[tf.TensorSpec]
) -> tf.data.Dataset:
    """Call `augment` on arrays, not on symbolic tensors: tracing would freeze the draws of a NumPy generator."""

    def call(images: np.ndarray, masks: np.ndarray, number: np.ndarray) -> list[np.ndarray]:
        moved_images, moved_masks = (np.asarray(part) for part in augment(images, masks, seed=int(number)))
        for kind, before, after in (("images", images, moved_images), ("masks", masks, moved_masks)):
            if before.shape != after.shape:
                raise ValueError(f"augment must keep the shape of {kind} {before.shape}, it returned {after.shape}.")
        return [moved_images.astype(np.float32, copy=False), moved_masks.astype(np.uint8, copy=False)]

    numbers = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
    zipped = tf.data.Dataset.zip(dataset, numbers).map(lambda pair, number: (*pair, number % (2**31)))
    return _map_arrays(zipped, call, spec)


def _options() -> tf.data.Options:
    options = tf.data.Options()
    # The dataset starts from numbers, not files: workers share it by element, without a warning.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return options
