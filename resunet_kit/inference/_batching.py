"""Batched prediction for images of several sizes: each batch has one size, and results come in the images' order."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

import keras

Item = TypeVar("Item")
Result = TypeVar("Result")
WAITING = 4  # batches of images, and of results, that may wait at the same time


class Batch(NamedTuple, Generic[Item]):
    """Images that a model takes together, and their positions among all images."""

    indices: list[int]
    items: list[Item]


class SizeQueues(Generic[Item, Result]):
    """Images that wait for others of their size, and results that wait for those of earlier images.

    Memory is bounded: if more than `WAITING` batches wait, the images that have waited longest are predicted in a
    smaller batch.

    Args:
        batch_size: Number of images in a full batch.
        predict: Function from a batch to the result of each of its images.
        size: Function from an image to what all images of a batch must have in common.
    """

    def __init__(
        self,
        batch_size: int,
        predict: Callable[[Batch[Item]], Iterable[Result]],
        size: Callable[[Item], Hashable],
    ) -> None:
        self.batch_size = batch_size
        self.predict = predict
        self.size = size
        self.queues: dict[Hashable, dict[int, Item]] = {}  # by size, then by index
        self.results: dict[int, Result] = {}
        self.next = 0

    def add(self, index: int, image: Item) -> None:
        """Add an image, and predict its batch if that is full."""
        size = self.size(image)
        queue = self.queues.setdefault(size, {})
        queue[index] = image
        if len(queue) == self.batch_size:
            self._run(size)
        elif max(sum(map(len, self.queues.values())), len(self.results)) > WAITING * self.batch_size:
            self._run_oldest()

    def put(self, index: int, result: Result) -> None:
        """Add the result of an image that needs no prediction."""
        self.results[index] = result
        if len(self.results) > WAITING * self.batch_size:
            self._run_oldest()

    def ready(self) -> Iterator[Result]:
        """Yield the results that are next in order."""
        while self.next in self.results:
            yield self.results.pop(self.next)
            self.next += 1

    def rest(self) -> Iterator[Result]:
        """Predict the images that still wait, and yield the last results."""
        while self.queues:
            self._run_oldest()
        yield from self.ready()

    def _run_oldest(self) -> None:
        if self.queues:
            self._run(min(self.queues, key=lambda size: next(iter(self.queues[size]))))

    def _run(self, size: Hashable) -> None:
        queue = self.queues.pop(size)
        batch = Batch(list(queue), list(queue.values()))
        self.results.update(zip(batch.indices, self.predict(batch), strict=True))


def in_order(images: Iterable[Item], queues: SizeQueues[Item, Result]) -> Iterator[Result]:
    """Yield the result of each image, in order."""
    for index, image in enumerate(images):
        queues.add(index, image)
        yield from queues.ready()
    yield from queues.rest()


def with_progress(results: Iterable[Result], count: int | None, verbose: int) -> Iterator[Result]:
    """Yield the results while a progress bar counts them; without a known count it shows how many are done."""
    bar = keras.utils.Progbar(count, unit_name="image", verbose=verbose)
    done = 0
    for result in results:
        done += 1
        yield result
        bar.update(done, finalize=done == count)
    if count is None and done:
        bar.update(done, finalize=True)
