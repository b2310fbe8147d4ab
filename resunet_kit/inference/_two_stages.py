"""Both stages of a cascade over a stream of images, each in whole batches."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np

from resunet_kit.inference._batching import Batch, SizeQueues, in_order
from resunet_kit.inference._stage import SizedImage, Stage

Result = TypeVar("Result")


class _Classified(NamedTuple):
    image: SizedImage  # as the segmenter gets it
    probability: np.float32


def finding_probability(outputs: np.ndarray) -> np.ndarray:
    """Return the probability of a finding `(n,)` in [0, 1], from one sigmoid unit or from softmax units."""
    probability = outputs[:, 0] if outputs.shape[-1] == 1 else 1 - outputs[:, 0]
    return np.clip(probability, 0, 1)  # rounding may leave this range


def sized(images: Iterable[np.ndarray]) -> Iterator[SizedImage]:
    """Yield images with their size."""
    return (SizedImage(image, image.shape[:2]) for image in images)


def presence_probabilities(images: Iterable[np.ndarray], classifier: Stage) -> Iterator[np.float32]:
    """Yield the probability of a finding in each image, in order."""

    def predict(batch: Batch[SizedImage]) -> np.ndarray:
        return finding_probability(classifier.predict(classifier.prepare(batch.items), batch.indices))

    return in_order(sized(images), SizeQueues(classifier.batch_size, predict, classifier.input_shape))


def output_maps(images: Iterable[np.ndarray], segmenter: Stage) -> Iterator[np.ndarray]:
    """Yield the map `(height, width, classes)` of each image, in order."""

    def predict(batch: Batch[SizedImage]) -> list[np.ndarray]:
        return segmenter.maps(segmenter.prepare(batch.items), batch.items, batch.indices)

    return in_order(sized(images), SizeQueues(segmenter.batch_size, predict, segmenter.input_shape))


def two_stages(
    images: Iterable[np.ndarray],
    classifier: Stage,
    segmenter: Stage,
    threshold: float,
    result: Callable[[int, float, tuple[int, ...], np.ndarray | None], Result],
) -> Iterator[Result]:
    """Yield the result of each image, in order.

    Args:
        images: `(height, width, channels)`.
        classifier: The first stage.
        segmenter: The second stage. If both take the same size, it gets the images that were resized for the first.
        threshold: Minimum probability for an image to be passed to the segmenter.
        result: Function from the index, the probability, the size and the map `(height, width, classes)` of an image
            to its result, called as soon as they are available; the map is None below the threshold.
    """
    probability_of: dict[int, float] = {}

    def classify(batch: Batch[SizedImage]) -> Iterator[_Classified]:
        ready = classifier.prepare(batch.items)
        found = finding_probability(classifier.predict(ready, batch.indices))
        for image, pixels, probability in zip(batch.items, ready, found, strict=True):
            passes = probability >= threshold
            yield _Classified(_for_segmenter(image, pixels) if passes else image, probability)

    def _for_segmenter(image: SizedImage, ready: np.ndarray) -> SizedImage:
        same = ready.shape == segmenter.input_shape(image) and ready.shape != image.pixels.shape
        return image._replace(pixels=ready.copy()) if same else image  # a copy, to free the batch

    def delineate(batch: Batch[SizedImage]) -> Iterator[Result]:
        found = segmenter.maps(segmenter.prepare(batch.items), batch.items, batch.indices)
        for index, image, output in zip(batch.indices, batch.items, found, strict=True):
            yield result(index, probability_of.pop(index), image.size, output)

    classified = SizeQueues(classifier.batch_size, classify, classifier.input_shape)
    segmented = SizeQueues(segmenter.batch_size, delineate, segmenter.input_shape)
    for index, (image, probability) in enumerate(in_order(sized(images), classified)):
        if probability >= threshold:  # in float32, as the classifier computes it
            probability_of[index] = float(probability)
            segmented.add(index, image)
        else:
            segmented.put(index, result(index, float(probability), image.size, None))
        yield from segmented.ready()
    yield from segmented.rest()
