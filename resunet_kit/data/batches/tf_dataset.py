"""Images and masks from files as a `tf.data.Dataset`.

Indices are shuffled and batched, and only then are files read: a full shuffle takes no memory, the first batch comes at
once, and one Python call per batch keeps TensorFlow's overhead small.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from resunet_kit._shared.numbers import flag, integer
from resunet_kit.data.batches.cache import cached_batches
from resunet_kit.data.batches.pairs import Pairs
from resunet_kit.data.batches.user_augmentation import AugmentCallable, augmented, check_augment
from resunet_kit.data.files.label_table import Classes
from resunet_kit.data.files.normalization import Normalization
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.resizing import ImageSize

_PREFETCHED = 2  # batches besides those being read: they are large


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
    classes: Classes | None = None,
    foreground: bool = False,
    channel: int | None = None,
    normalize: Normalization = None,
    volumes: ArrayLike | None = None,
    skip_unreadable: bool = False,
    channels: int | None = None,
    full_scale: float | None = None,
    exif_rotation: bool | None = None,
    nan: float | None = None,
) -> tf.data.Dataset:
    """Return batches of images and masks for `model.fit`, `evaluate` and `predict`.

    The last batch may be smaller; the number of batches is known, so progress bars show totals. Files are read
    as `read_image` and `read_mask` read them, several batches at a time, and always delivered in order.

    Args:
        image_paths: Image or volume files that `read_image` accepts, all with the same number of channels.
        mask_paths: One mask for each image, in the same order, as `pair_by_name` returns them. None gives batches of
            images only. NIfTI masks are reoriented to the axes of their image where affines differ by flips and
            permutations, and refused where they differ otherwise.
        image_size: `(height, width)`, for volumes `(depth, height, width)`, or one integer for all axes, to resize to:
            antialiased bilinear for images, nearest for masks. None keeps the files' size, which must be the same for
            all unless `batch_size` is 1.
        batch_size: Images in a batch.
        shuffle: Whether to draw a new order of all files in each epoch.
        augment: Called as `augment(images, masks, seed=seed)` on the NumPy arrays of each batch, after cache and
            normalisation, with a new seed for each batch of each epoch. Must return images and masks of unchanged
            shape, as NumPy arrays or eager tensors; `Augment` does.
        cache: True caches decoded files in memory, in the files' own types; without `shuffle` and `augment` also the
            first 1 GiB of batches. A path caches them in that folder, for later runs too; files that changed are read
            again.
        seed: Makes order and augmentation reproducible, epoch by epoch. None follows
            `keras.utils.set_random_seed` if that was called.
        num_classes: Number of classes in the masks, whose labels must be below it: 1 or 2 requires binary masks, a
            larger number keeps labels as stored, even 0 and 255. None chooses file by file: 0 and 255 become 0 and 1,
            and other files keep their labels, with a `UserWarning` if some are above 1; both kinds in one dataset are
            refused.
        ignore_class: An additional label, often 255, which is allowed and stays as it is; needs `num_classes`,
            `classes` or `foreground`.
        classes: A dictionary from stored numbers or colours to class labels, such as `{4: 3}`,
            `{(0, 0, 0): 0, (128, 0, 0): 1}` or `{7: 0, 8: 1, None: 255}`, where None means everything that is not
            listed; `read_mask` explains the rules.
        foreground: True reads every number above 0 (in colour files, every colour but black) as 1, for example in
            instance masks.
        channel: The channel that holds the labels, for mask files with several channels: 0 is the first, -1 the last,
            such as an alpha channel. None takes the only one.
        normalize: `"image"` shifts and scales each channel of each image to mean 0 and standard deviation 1, and a
            constant channel to 0; `"volume"` does so over all images of a volume together; `(mean, std)` uses these
            numbers, as returned by `image_statistics`. Stored values may then be in any unit. None gives values in
            [0, 1].
        volumes: For `"volume"`, the volume that each image belongs to, such as the patient.
        skip_unreadable: True leaves out pairs that cannot be read (damaged files, masks with unexpected values or of
            another size than their image) and lists them in a `UserWarning` at the end of each epoch. Batches may then
            be smaller, and their number is unknown.
        channels: 1 for grey, 3 for RGB or 4 for RGB with opacity, to convert images of several kinds to one;
            `read_image` explains the rules. None keeps those of the files, which must be the same for all.
        full_scale: The stored number that is scaled to 1, such as 4095 for 12 bits in 16-bit files. None takes what
            each file says.
        exif_rotation: True rotates and mirrors images and masks as their EXIF tags say; False reads the stored pixels;
            None reads the stored pixels too, but warns where a tag says otherwise.
        nan: The number that replaces NaN in images, in the unit of the file, such as 0 for files from SPM; NaN in masks
            is then read as `ignore_class` if that is given, else as background. None refuses NaN.

    Returns:
        A `tf.data.Dataset` of `(images, masks)`, float32 `(batch, height, width, channels)`, in [0, 1] unless
        normalised, and uint8 `(batch, height, width, 1)`; or of images only. Volumes have `depth` before `height`.

    Raises:
        TypeError: If paths are not lists, or an option is of a wrong type.
        ValueError: At once if lists are empty, of different length or name files that do not exist, if an option is out
            of range, or if the first pair cannot be read. Later files raise `tf.errors.InvalidArgumentError` when
            their batch is read. Both name the file.
        ImportError: If the first pair needs `resunet-kit[codecs]`; see `read_image`.

    Warns:
        UserWarning: If the names suggest other pairs, or masks hold labels above 1 without `num_classes`.

    Note:
        With `batch_size=1` and no `image_size`, height and width are None in the dataset's shapes, because images may
        differ in size.

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
    pairs = Pairs(
        image_paths,
        mask_paths,
        batch_size=batch_size,
        image_size=image_size,
        cache=cache,
        num_classes=num_classes,
        ignore_class=ignore_class,
        classes=classes,
        foreground=foreground,
        channel=channel,
        normalize=normalize,
        volumes=volumes,
        skip_unreadable=skip_unreadable,
        channels=channels,
        full_scale=full_scale,
        exif_rotation=exif_rotation,
        nan=nan,
    )
    seed = None if seed is None else integer("seed", seed, "[0, inf)")
    check_augment(augment, has_masks=pairs.has_masks)
    spec = _spec(pairs)
    dataset = tf.data.Dataset.range(len(pairs))
    if flag("shuffle", shuffle):
        dataset = dataset.shuffle(len(pairs), seed=seed, reshuffle_each_iteration=True)
    # Not with augment, which may write to the arrays that it gets: they are the memory of tensors.
    caches_batches = cache is True and not shuffle and augment is None
    read = cached_batches(pairs.batch) if caches_batches else pairs.batch
    dataset = _map_arrays(dataset.batch(batch_size), read, spec)
    if skip_unreadable:
        dataset = _without_empty(dataset).concatenate(_reported(pairs, spec))
    if augment is not None:
        dataset = _augmented(dataset, augment, seed, spec)
    dataset = dataset.prefetch(_PREFETCHED).with_options(_options())
    dataset.ignore_class = pairs.ignore_class  # for `presence_labels`
    return dataset


def _spec(pairs: Pairs) -> list[tf.TensorSpec]:
    *spatial, channels = pairs.first_shape
    static = [None] * len(spatial) if pairs.variable_size else spatial
    spec = [tf.TensorSpec((None, *static, channels), tf.float32), tf.TensorSpec((None, *static, 1), tf.uint8)]
    return spec if pairs.has_masks else spec[:1]


def _without_empty(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Drop batches of which no pair could be read."""
    return dataset.filter(lambda images, *_: tf.shape(images)[0] > 0)


def _reported(pairs: Pairs, spec: list[tf.TensorSpec]) -> tf.data.Dataset:
    """Return a dataset without batches that lists what was skipped when an epoch gets to its end."""

    def report(indices: np.ndarray) -> list[np.ndarray]:
        pairs.report()
        return pairs.batch(indices)

    no_indices = tf.data.Dataset.from_tensors(tf.zeros((0,), tf.int64))
    return _without_empty(_map_arrays(no_indices, report, spec))


def _map_arrays(
    dataset: tf.data.Dataset, function: Callable[..., list[np.ndarray]], spec: list[tf.TensorSpec]
) -> tf.data.Dataset:
    """Map a NumPy function, in order, and restore the static shapes that TensorFlow cannot see through it."""

    def call(*tensors: tf.Tensor) -> tf.Tensor | tuple[tf.Tensor, ...]:
        arrays = tf.numpy_function(function, tensors, [part.dtype for part in spec])
        shaped = tuple(tf.ensure_shape(array, part.shape) for array, part in zip(arrays, spec, strict=True))
        return shaped if len(shaped) > 1 else shaped[0]

    return dataset.map(call, num_parallel_calls=os.cpu_count(), deterministic=True)


def _augmented(
    dataset: tf.data.Dataset, augment: AugmentCallable, seed: int | None, spec: list[tf.TensorSpec]
) -> tf.data.Dataset:
    """Call `augment` on arrays, not on symbolic tensors: tracing would freeze the draws of a NumPy generator."""

    def call(images: np.ndarray, masks: np.ndarray, seed: np.ndarray) -> list[np.ndarray]:
        return list(augmented(augment, images, masks, int(seed)))

    seeds = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
    zipped = tf.data.Dataset.zip(dataset, seeds).map(lambda pair, seed: (*pair, seed % (2**31)))
    return _map_arrays(zipped, call, spec)


def _options() -> tf.data.Options:
    options = tf.data.Options()
    options.autotune.enabled = False  # the numbers are fixed, and it takes a fifth of a cached epoch
    # The dataset starts from indices, not files: workers divide it by element, without a warning.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return options
