"""Images and masks from files as NumPy batches, without TensorFlow."""

import os
import random
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from resunet_kit._shared.numbers import flag, integer
from resunet_kit.data.batches.pairs import PairOptions, Pairs
from resunet_kit.data.batches.user_augmentation import AugmentCallable, augmented, check_augment
from resunet_kit.data.files.paths import PathLike

Batch = tuple[NDArray[np.float32], NDArray[np.uint8]] | tuple[NDArray[np.float32]]


class PairBatches:
    """Batches of images and masks as NumPy arrays: those of `pairs_dataset`, without TensorFlow.

    Each `for` loop over it is a new epoch. The next batches are read by threads while one is in use. Keras's `fit`
    takes `repeat()` with every backend.

    Args:
        image_paths: As in `pairs_dataset`.
        mask_paths: As in `pairs_dataset`; None gives batches of images alone.
        batch_size: Images in a batch; the last one may be smaller.
        shuffle: Whether to draw a new order of all files in each epoch.
        augment: As in `pairs_dataset`; called in several threads at once.
        seed: Makes order and augmentation reproducible, epoch by epoch. The order differs from that of
            `pairs_dataset`. None draws a seed from Python's `random`, which `keras.utils.set_random_seed` sets.
        **options: `image_size`, `cache`, `num_classes`, `ignore_class`, `normalize`, `volumes`, `skip_unreadable` and
            `nan` as in `pairs_dataset`.

    Raises:
        TypeError: As `pairs_dataset` does, and for unknown options.
        ValueError: As `pairs_dataset` does. Damaged files raise it when their batch is read, naming the file.

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
        batch_size: int = 8,
        shuffle: bool = False,
        augment: AugmentCallable | None = None,
        seed: int | None = None,
        **options: Unpack[PairOptions],
    ) -> None:
        self._pairs = Pairs(image_paths, mask_paths, batch_size=batch_size, **options)
        check_augment(augment, has_masks=self._pairs.has_masks)
        self._batch_size = batch_size
        self._shuffle = flag("shuffle", shuffle)
        self._augment = augment
        seed = None if seed is None else integer("seed", seed, "[0, inf)")
        self._generator = np.random.default_rng(random.getrandbits(64) if seed is None else seed)

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return -(-len(self._pairs) // self._batch_size)

    def __iter__(self) -> Iterator[Batch]:
        """Yield one epoch: `(images, masks)`, or `(images,)`, of the shapes and types of `pairs_dataset`."""
        count = len(self._pairs)
        order = self._generator.permutation(count) if self._shuffle else np.arange(count)
        # Drawn before anything is read, so that leaving an epoch early does not change the next one.
        seeds = self._generator.integers(2**31, size=len(self)).tolist()
        parts = [order[start : start + self._batch_size] for start in range(0, count, self._batch_size)]
        return self._epoch(list(zip(parts, seeds, strict=True)))

    def repeat(self, epochs: int | None = None) -> Iterator[Batch]:
        """Yield the batches of several epochs: `fit(batches.repeat(), steps_per_epoch=len(batches), shuffle=False)`.

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

    def _read(self, indices: np.ndarray, seed: int) -> Batch:
        arrays = self._pairs.batch(indices)
        if self._augment is not None and len(arrays[0]):
            return augmented(self._augment, arrays[0], arrays[1], seed)
        return tuple(arrays)  # type: ignore[return-value]


def _unless_empty(batch: Batch) -> Iterator[Batch]:
    """Yield the batch unless it is empty, because none of its pairs could be read."""
    if len(batch[0]):
        yield batch
