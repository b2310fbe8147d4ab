"""Two-stage cascade: a classifier detects images with a finding, and a segmenter delineates it there."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike

from resunet_kit import masks
from resunet_kit._shared.mask_checks import neighbours
from resunet_kit._shared.numbers import integer, number
from resunet_kit.inference._batching import Batch, SizeQueues, in_order, with_progress
from resunet_kit.inference._cascade_files import read_cascade, write_cascade
from resunet_kit.inference._cascade_settings import settings_to_json
from resunet_kit.inference._detection import Detection, detection_of, nothing_detected
from resunet_kit.inference._image_checks import ImageCheck
from resunet_kit.inference._image_source import image_source
from resunet_kit.inference._marking import mark_images
from resunet_kit.inference._resized_prediction import predict_batch
from resunet_kit.inference._stage_checks import check_stages
from resunet_kit.inference._value_range import ValueRange, check_value_range

Images = ArrayLike | Iterable[Any]


class Cascade:
    """A classifier that detects images with a finding, and a segmenter that delineates it.

    Both run in batches, the segmenter on those images alone whose probability is at least `threshold`. Images are
    resized to a model's input shape where that is fixed, and its output maps are resized back.

    Images are an array `(n, height, width, channels)`, a list of images of several sizes, or a generator, a
    `tf.data.Dataset` or another iterable of images or batches; of tuples as `fit` takes them, `(images, masks)`, the
    images are used. Iterables are read as they are predicted, and few of their images are in memory at a time.

    What would make a wrong result look right is an error that names the image by its index from 0: NaN in an image or
    an output, outputs that are not probabilities, and images of another range than the training images. A network
    does not say what it was trained on, so the range is told by `value_range`.

    Args:
        classifier: A model from `(batch, height, width, channels)` to the probability of a finding: one sigmoid unit,
            or softmax units of which the first is "no finding".
        segmenter: A model from the same images to probabilities `(batch, height, width, classes)`: one sigmoid
            channel, or softmax channels of which the first is the background. Up to 256 classes.
        threshold: Minimum probability of an image that the segmenter gets, in [0, 1].
        postprocess: From the foreground's probabilities to a mask, by a threshold and rules on components. With more
            than two classes each pixel gets the most probable class instead of a threshold, and the rules on holes and
            components apply to the foreground of all classes together.
        value_range: Smallest and largest value of the training images, as in (0, 1) or (0, 255); images beyond it are
            refused, and integers where the largest is below 30. None: any values. "auto" refuses integers, and
            floats without negative values that exceed 30 or are integers above 1: neither images in [0, 1] nor
            standardised ones are so. Where a model itself divides raw intensities, by a `Rescaling` or `Normalization`
            before its other layers, "auto" takes those, and refuses images that were divided already.

    Raises:
        TypeError: If a model, the threshold, `postprocess` or `value_range` is of another type.
        ValueError: If the threshold is out of range, a model's output has another shape, the models take images of
            different channels, or the connectivity is not one of 2-D masks.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.inference import Cascade
        >>> from resunet_kit.masks import PostProcess
        >>> from resunet_kit.models import res_unet, resnet_classifier
        >>> classifier = resnet_classifier((32, 32, 3), backbone="resnet18", weights=None)
        >>> segmenter = res_unet((32, 32, 3), filters=(4, 8))
        >>> cascade = Cascade(classifier, segmenter, threshold=0.0, postprocess=PostProcess(min_size=4))
        >>> [small, large] = cascade.predict([np.zeros((48, 40, 3)), np.zeros((60, 64, 3))])
        >>> small.mask.shape, large.mask.shape
        ((48, 40), (60, 64))
    """

    def __init__(
        self,
        classifier: keras.Model,
        segmenter: keras.Model,
        *,
        threshold: float = 0.5,
        postprocess: masks.PostProcess = masks.PostProcess(),  # noqa: B008  # it is immutable
        value_range: ValueRange = "auto",
    ) -> None:
        self._channels = check_stages(classifier, segmenter)
        self.classifier = classifier
        self.segmenter = segmenter
        self.threshold = threshold
        self.postprocess = postprocess
        self.value_range = value_range

    # === Settings, checked when they are set ===

    @property
    def threshold(self) -> float:
        """Minimum probability of an image that the segmenter gets."""
        return self._threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        self._threshold = number("threshold", threshold, "[0, 1]")

    @property
    def postprocess(self) -> masks.PostProcess:
        """Rules from probabilities to masks."""
        return self._postprocess

    @postprocess.setter
    def postprocess(self, postprocess: masks.PostProcess) -> None:
        if not isinstance(postprocess, masks.PostProcess):
            raise TypeError(
                f"Expected postprocess to be a PostProcess. Received postprocess={postprocess!r}. Pass "
                "resunet_kit.masks.PostProcess(threshold=0.5)."
            )
        neighbours(postprocess.connectivity, 2)
        self._postprocess = postprocess

    @property
    def value_range(self) -> ValueRange:
        """Smallest and largest value of the training images, "auto" or None."""
        return self._value_range

    @value_range.setter
    def value_range(self, value_range: ValueRange) -> None:
        self._value_range = check_value_range(value_range)

    # === Steps ===

    def classify(self, images: Images, *, batch_size: int = 16, verbose: int = 0) -> np.ndarray:
        """Return the probability of a finding in each image.

        Args:
            images: As in `Cascade`, in the range that the classifier was trained on.
            batch_size: Images per step.
            verbose: 0 for silence, 1 for a progress bar.

        Returns:
            `(n,)` float32 in [0, 1], in the order of the images.

        Raises:
            TypeError: If the images are not of a kind above, or `batch_size` is not an integer.
            ValueError: If an image is of another rank, range or number of channels or holds NaN, an output is not a
                probability, or `batch_size` is less than 1.
        """
        found = self._predicted(images, self.classifier, self._classify, batch_size=batch_size, verbose=verbose)
        return np.asarray(found, "float32")

    def segment(self, images: Images, *, batch_size: int = 16, verbose: int = 0) -> Any:
        """Return the segmenter's probabilities for each image, whatever the classifier predicts.

        Args:
            images: As in `Cascade`, in the range that the segmenter was trained on.
            batch_size: Images per step.
            verbose: 0 for silence, 1 for a progress bar.

        Returns:
            `(n, height, width, classes)` float32 in [0, 1], at the images' height and width; a list of
            `(height, width, classes)` where the images differ in size.

        Raises:
            TypeError: If the images are not of a kind above, or `batch_size` is not an integer.
            ValueError: If an image is of another rank, range or number of channels or holds NaN, an output is not a
                probability, or `batch_size` is less than 1.
        """
        found = self._predicted(images, self.segmenter, self._segment, batch_size=batch_size, verbose=verbose)
        if not found:
            size = images.shape[1:3] if isinstance(images, np.ndarray) else (0, 0)
            return np.zeros((0, *size, self.segmenter.output_shape[-1]), "float32")
        return np.stack(found) if len({image.shape for image in found}) == 1 else found

    def mark(self, probabilities: ArrayLike | Iterable[ArrayLike]) -> Any:
        """Turn the segmenter's probabilities into masks by `postprocess`.

        Args:
            probabilities: `(n, height, width, classes)` or a list of `(height, width, classes)`, as `segment` returns
                them.

        Returns:
            `(n, height, width)` uint8 classes, 0 for background; a list of `(height, width)` for images of several
            sizes.

        Raises:
            TypeError: If the probabilities are not numbers.
            ValueError: If a probability is NaN or outside [0, 1], several classes do not sum to 1, or the shape is not
                as above.
        """
        return mark_images(probabilities, self.postprocess)

    # === Both stages ===

    def predict(self, images: Images, *, batch_size: int = 16, verbose: int = 0) -> list[Detection]:
        """Detect and delineate the findings of each image.

        Args:
            images: As in `Cascade`, in the range that both models were trained on.
            batch_size: Images per step.
            verbose: 0 for silence, 1 for a progress bar.

        Returns:
            One `Detection` per image, in the order of the images.

        Raises:
            TypeError: If the images are not of a kind above, or `batch_size` is not an integer.
            ValueError: If an image is of another rank, range or number of channels or holds NaN, an output is not a
                probability, or `batch_size` is less than 1.
        """
        return list(self.stream(images, batch_size=batch_size, verbose=verbose))

    def stream(self, images: Images, *, batch_size: int = 16, verbose: int = 0) -> Iterator[Detection]:
        """Yield what `predict` returns, one by one, so that not even the masks need be in memory together.

        Args:
            images: As in `Cascade`, in the range that both models were trained on.
            batch_size: Images per step.
            verbose: 0 for silence, 1 for a progress bar.

        Yields:
            One `Detection` per image, in the order of the images.

        Raises:
            TypeError: As `predict` does, when the first image is asked for.
            ValueError: As `predict` does, when the image or its batch is read.

        Example:
            >>> import numpy as np
            >>> from resunet_kit.inference import Cascade
            >>> from resunet_kit.models import res_unet, resnet_classifier
            >>> classifier = resnet_classifier((32, 32, 1), backbone="resnet18", weights=None)
            >>> cascade = Cascade(classifier, res_unet((32, 32, 1), filters=(4, 8)), threshold=1.0)
            >>> scans = (np.full((32, 32, 1), level) for level in (0.0, 0.5, 1.0))
            >>> [found.area for found in cascade.stream(scans)]
            [0, 0, 0]
        """
        size = integer("batch_size", batch_size, "[1, inf)")
        source, count = self._read(images, [self.classifier, self.segmenter])
        yield from with_progress(self._detections(source, size), count, verbose)

    def _detections(self, images: Iterable[np.ndarray], batch_size: int) -> Iterator[Detection]:
        """Classify all images and segment the positive ones, each stage in whole batches."""
        probability_of: dict[int, float] = {}

        def delineate(batch: Batch) -> Iterator[Detection]:
            marked = mark_images(self._segment(batch), self.postprocess, batch.indices, checked=True)
            for index, mask in zip(batch.indices, marked, strict=True):
                yield detection_of(probability_of.pop(index), mask, self.postprocess.connectivity)

        classified = SizeQueues(batch_size, lambda batch: zip(batch.images, self._classify(batch), strict=True))
        detected = SizeQueues(batch_size, delineate)
        for index, (image, probability) in enumerate(in_order(images, classified)):
            if probability >= self.threshold:  # in float32, as the classifier computes it
                probability_of[index] = float(probability)
                detected.add(index, image)
            else:
                detected.put(index, nothing_detected(float(probability), image.shape[:2]))
            yield from detected.ready()
        yield from detected.rest()

    def _classify(self, batch: Batch) -> np.ndarray:
        scores = predict_batch("classifier", self.classifier, batch.images, batch.indices, restore=False)
        return scores[:, 0] if scores.shape[-1] == 1 else 1 - scores[:, 0]

    def _segment(self, batch: Batch) -> np.ndarray:
        return predict_batch("segmenter", self.segmenter, batch.images, batch.indices, restore=True)

    def _read(self, images: Images, models: list[keras.Model]) -> tuple[Iterator[np.ndarray], int | None]:
        """Return the checked images one by one, and how many there are where that is known."""
        source, count = image_source(images, self._channels)
        check = ImageCheck(models, self.value_range)
        return (check(image, index) for index, image in enumerate(source)), count

    def _predicted(
        self,
        images: Images,
        model: keras.Model,
        predict: Callable[[Batch], np.ndarray],
        *,
        batch_size: int,
        verbose: int,
    ) -> list[np.ndarray]:
        queues = SizeQueues(integer("batch_size", batch_size, "[1, inf)"), predict)
        source, count = self._read(images, [model])
        return list(with_progress(in_order(source, queues), count, verbose))

    # === Files ===

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write both models and the settings into a new folder, all of them or nothing.

        Args:
            path: The folder, which must not exist or must be empty.

        Returns:
            The folder.

        Raises:
            ValueError: If the folder holds something already.
        """
        settings = settings_to_json(self.threshold, self.postprocess, self.value_range)
        write_cascade(path, self.classifier, self.segmenter, settings)
        return Path(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Cascade":
        """Read a cascade that `save` wrote, in this version's format or an earlier one.

        Args:
            path: The folder.

        Returns:
            The cascade; its models are for inference and not compiled.

        Raises:
            ValueError: If the folder is not one that `save` wrote.
        """
        return read_cascade(path, cls)
