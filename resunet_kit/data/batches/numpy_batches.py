"""Images and masks from files as NumPy batches, for Keras with any backend."""

from __future__ import annotations

import os
import random
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.numbers import flag, integer
from resunet_kit.data.batches.pairs import Pairs
from resunet_kit.data.batches.read_ahead import Each, ReadAhead
from resunet_kit.data.batches.user_augmentation import AugmentCallable, augmented, check_augment
from resunet_kit.data.files.label_table import Classes
from resunet_kit.data.files.normalization import Normalization
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.resizing import ImageSize

Batch = tuple[NDArray[np.float32], NDArray[np.uint8]] | tuple[NDArray[np.float32]]


class PairBatches(keras.utils.PyDataset):
    """Batches of images and masks as NumPy arrays: `pairs_dataset` without TensorFlow.

    Keras's `fit`, `evaluate` and `predict` accept it directly, with every backend. Each `for` loop over it is also a
    new epoch. While a batch is in use, threads read the next ones.

    Args:
        image_paths: Image or volume files that `read_image` accepts, all with the same number of channels.
        mask_paths: One mask for each image, in the same order, as `pair_by_name` returns them. None gives batches of
            images only.
        image_size: `(height, width)`, for volumes `(depth, height, width)`, or one integer for all axes, to resize to:
            antialiased bilinear for images, nearest for masks. None keeps the files' size, which must be the same for
            all unless `batch_size` is 1.
        batch_size: Images in a batch; the last one may be smaller.
        shuffle: Whether to draw a new order of all files in each epoch. `fit` also shuffles the batches of any
            `PyDataset`; pass it `shuffle=False` to avoid that, and to let batches be read ahead.
        augment: Called as `augment(images, masks, seed=seed)` on the arrays of each batch, after cache and
            normalisation, in several threads at once, with a new seed for each batch of each epoch. Must return images
            and masks of unchanged shape, as `Augment` does.
        cache: True caches decoded files in memory, in the files' own types. A path caches them in that folder, for
            later runs too; files that changed are read again.
        seed: Makes order and augmentation reproducible, epoch by epoch. The order differs from that of
            `pairs_dataset`. None draws a seed from Python's `random`, which `keras.utils.set_random_seed` sets.
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
            another size than their image) and lists them in a `UserWarning` at the end of each epoch. Batches of a
            `for` loop may then be smaller. For Keras, which has to know the number of batches, all files are read once
            before the first epoch, and batches are filled up; only the last one may be smaller.
        channels: 1 for grey, 3 for RGB or 4 for RGB with opacity, to convert images of several kinds to one;
            `read_image` explains the rules. None keeps those of the files, which must be the same for all.
        full_scale: The stored number that is scaled to 1, such as 4095 for 12 bits in 16-bit files. None takes what
            each file says.
        exif_rotation: True rotates and mirrors images and masks as their EXIF tags say; False reads the stored pixels;
            None reads the stored pixels too, but warns where a tag says otherwise.
        nan: The number that replaces NaN in images, in the unit of the file, such as 0; NaN in masks is then read as
            `ignore_class` if that is given, else as background. None refuses NaN.

    Raises:
        TypeError: If paths are not lists, or an option is unknown or of a wrong type.
        ValueError: At once if lists are empty, of different length or name files that do not exist, if an option is out
            of range, or if the first pair cannot be read. Later files raise it when their batch is read, naming the
            file; in `fit` with TensorFlow it arrives as `tf.errors.InvalidArgumentError`.
        ImportError: If the first pair needs `resunet-kit[codecs]`; see `read_image`.

    Warns:
        UserWarning: If the names suggest other pairs, or masks hold labels above 1 without `num_classes`.

    Example:
        >>> import pathlib, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> paths = [pathlib.Path(folder.name, f"{i}.npy") for i in range(3)]
        >>> for path in paths:
        ...     np.save(path, np.full((8, 6), 255, "uint8"))
        >>> batches = PairBatches(paths, paths, batch_size=2, shuffle=True, seed=0)
        >>> len(batches)
        2
        >>> for images, masks in batches:
        ...     print(images.shape, images.dtype, masks.shape, masks.dtype)
        (2, 8, 6, 1) float32 (2, 8, 6, 1) uint8
        (1, 8, 6, 1) float32 (1, 8, 6, 1) uint8
        >>> folder.cleanup()
    """

    def __init__(
        self,
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
    ) -> None:
        super().__init__()
        self._pairs = Pairs(
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
        check_augment(augment, has_masks=self._pairs.has_masks)
        self._batch_size = batch_size
        self._shuffle = flag("shuffle", shuffle)
        self._augment = augment
        self._seed = random.getrandbits(64) if seed is None else integer("seed", seed, "[0, inf)")
        self._generator = np.random.default_rng(self._seed)
        self._readable: np.ndarray | None = None if self._pairs.skips else np.arange(len(self._pairs))
        self._current: ReadAhead[Batch] | None = None  # the epoch that Keras is in

    @property
    def has_masks(self) -> bool:
        """Whether batches hold masks."""
        return self._pairs.has_masks

    @property
    def ignore_class(self) -> int | None:
        """The label that is not a class, as it was given."""
        return self._pairs.ignore_class

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return -(-len(self._pairs) // self._batch_size)

    def __iter__(self) -> Iterator[Batch]:
        """Yield one epoch: `(images, masks)`, or `(images,)`, of the shapes and types of `pairs_dataset`."""
        return self._epoch(self._drawn(np.arange(len(self._pairs))))

    def __getitem__(self, index: int) -> Batch:
        """Return a batch of the epoch that Keras is in, or else of the next one."""
        count = self.num_batches
        if not -count <= (index := integer("index", index)) < count:
            raise IndexError(f"batch index {index} is out of range for {count} batches")
        if self._current is None:
            self._current = self._next_epoch()
        return self._current[index % count]

    @property
    def num_batches(self) -> int:
        """Number of batches in an epoch of Keras, without pairs that cannot be read."""
        return -(-len(self._readable_pairs()) // self._batch_size)

    def on_epoch_begin(self) -> None:
        """Draw a new epoch; Keras calls it."""
        self.on_epoch_end()
        self._current = self._next_epoch()

    def on_epoch_end(self) -> None:
        """Stop reading ahead, and list what was skipped; Keras calls it."""
        # Not forgotten: with TensorFlow, threads of Keras may still ask for batches of this epoch.
        if self._current is not None and self._current.close():
            self._pairs.report()

    @property
    def workers(self) -> int:
        """Keras's threads, of which none are needed: the dataset has its own."""
        return 1

    @workers.setter
    def workers(self, value: int) -> None:
        if value != 1:
            raise ValueError(
                f"Expected workers to be 1. Received workers={value!r}. Leave it out: batches are read ahead in as "
                "many threads as there are processors."
            )

    @property
    def use_multiprocessing(self) -> bool:
        """Whether Keras reads in other processes, which would draw other batches."""
        return False

    @use_multiprocessing.setter
    def use_multiprocessing(self, value: bool) -> None:
        if value:
            raise ValueError(
                f"Expected use_multiprocessing to be False. Received use_multiprocessing={value!r}. Leave it out: "
                "batches are read ahead in threads."
            )

    def set_epoch(self, epoch: int) -> None:
        """Draw the next epoch only from `seed` and its number, independently of the epochs before it.

        Training that is interrupted and resumed then gets the same batches as without the interruption. Call it before
        each epoch, in `fit` from a callback's `on_epoch_begin`.

        Args:
            epoch: The number of the epoch, from 0.

        Raises:
            TypeError: If `epoch` is not an integer.
            ValueError: If it is negative.
        """
        self._generator = np.random.default_rng([self._seed, integer("epoch", epoch, "[0, inf)")])

    def repeat(self, epochs: int | None = None) -> Iterator[Batch]:
        """Yield the batches of several epochs, for loops of your own; `fit` takes the dataset itself.

        Args:
            epochs: How many; None never ends.
        """
        done = 0
        while epochs is None or done < epochs:
            yield from self
            done += 1

    def _epoch(self, parts: list[tuple[np.ndarray, int]]) -> Iterator[Batch]:
        workers = os.cpu_count() or 1
        threads = ThreadPoolExecutor(workers)
        waiting: deque[Future[Batch]] = deque()
        try:
            for part in parts:
                waiting.append(threads.submit(self._read, *part))
                if len(waiting) > workers:  # read ahead, but not the whole epoch
                    yield from _unless_empty(waiting.popleft().result())
            while waiting:
                yield from _unless_empty(waiting.popleft().result())
        finally:
            threads.shutdown(cancel_futures=True)
        self._pairs.report()

    def _drawn(self, chosen: np.ndarray) -> list[tuple[np.ndarray, int]]:
        """Return the indices and the seed of each batch of a new epoch."""
        order = self._generator.permutation(chosen) if self._shuffle else chosen
        parts = [order[start : start + self._batch_size] for start in range(0, len(chosen), self._batch_size)]
        # Drawn before anything is read, so that leaving an epoch early does not change the next one.
        return list(zip(parts, self._generator.integers(2**31, size=len(parts)).tolist(), strict=True))

    def _next_epoch(self) -> ReadAhead[Batch]:
        parts = self._drawn(self._readable_pairs())
        return ReadAhead(lambda index, each=map: self._checked(self._read(*parts[index], each)), len(parts))

    def _checked(self, batch: Batch) -> Batch:
        """Refuse other sizes where Keras judges by the first two batches, and TensorFlow stops without a reason."""
        size, first = batch[0].shape[1:-1], self._pairs.first_shape[:-1]
        if size != first and keras.backend.backend() == "tensorflow":
            raise ValueError(
                f"Expected images of one size, where Keras on TensorFlow reads PairBatches. Received {size} and "
                f"{first}. Pass image_size, or use pairs_dataset, which gives images of several sizes to fit, "
                "evaluate and predict."
            )
        return batch

    def _readable_pairs(self) -> np.ndarray:
        if self._readable is None:
            with ThreadPoolExecutor(os.cpu_count()) as threads:
                self._readable = np.array(self._pairs.readable(threads.map))
        return self._readable

    def _read(self, indices: np.ndarray, seed: int, each: Each = map) -> Batch:
        arrays = self._pairs.batch(indices, each)
        if self._augment is not None and len(arrays[0]):
            return augmented(self._augment, arrays[0], arrays[1], seed)
        return tuple(arrays)  # type: ignore[return-value]


def _unless_empty(batch: Batch) -> Iterator[Batch]:
    """Yield the batch unless it is empty, because none of its pairs could be read."""
    if len(batch[0]):
        yield batch
