"""Individual steps of a cascade, and its settings, which are checked when they are set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit import masks
from resunet_kit._shared.mask_checks import neighbours
from resunet_kit._shared.numbers import integer, number
from resunet_kit.inference._batching import with_progress
from resunet_kit.inference._image_checks import ImageCheck
from resunet_kit.inference._image_source import image_source
from resunet_kit.inference._marking import mark_images
from resunet_kit.inference._predictor import Predictor
from resunet_kit.inference._stage import Stage
from resunet_kit.inference._two_stages import output_maps, presence_probabilities
from resunet_kit.inference._value_range import ValueRange, check_value_range

Images = ArrayLike | Iterable[Any]


class CascadeSteps:
    """Base class of `Cascade` with its settings and individual steps."""

    classifier: Predictor
    segmenter: Predictor
    _channels: int | None

    # === Settings, checked when they are set ===

    @property
    def threshold(self) -> float:
        """Minimum probability for an image to be passed to the segmenter."""
        return self._threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        self._threshold = number("threshold", threshold, "[0, 1]")

    @property
    def postprocess(self) -> masks.PostProcess:
        """Rules that turn probabilities into masks."""
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

    def classify(self, images: Images, *, batch_size: int = 8, verbose: int = 0) -> np.ndarray:
        """Return the probability of a finding in each image.

        Args:
            images: An array `(n, height, width, channels)`, a list of images of several sizes, or a generator, dataset
                or other iterable of images or batches, in the range that the classifier was trained on.
            batch_size: Images per step.
            verbose: 0 for silence, 1 for a progress bar.

        Returns:
            `(n,)` float32 in [0, 1], in the order of the images.

        Raises:
            TypeError: If the images are not of a kind above, or `batch_size` is not an integer.
            ValueError: If an image is of another rank, range or number of channels or holds NaN, an output is not a
                probability, or `batch_size` is less than 1.
        """
        classifier, _ = self._stages(batch_size)
        source, count = self._read(images, [self.classifier])
        return np.asarray(list(with_progress(presence_probabilities(source, classifier), count, verbose)), "float32")

    def segment(self, images: Images, *, batch_size: int = 8, verbose: int = 0) -> Any:
        """Return the segmenter's probabilities for each image, regardless of the classifier.

        Args:
            images: An array `(n, height, width, channels)`, a list of images of several sizes, or a generator, dataset
                or other iterable of images or batches, in the range that the segmenter was trained on.
            batch_size: Images per step.
            verbose: 0 for silence, 1 for a progress bar.

        Returns:
            `(n, height, width, classes)` float32 in [0, 1], at the images' height and width; a list of
            `(height, width, classes)` if the images differ in size.

        Raises:
            TypeError: If the images are not of a kind above, or `batch_size` is not an integer.
            ValueError: If an image is of another rank, range or number of channels or holds NaN, an output is not a
                probability, or `batch_size` is less than 1.
        """
        _, segmenter = self._stages(batch_size)
        source, count = self._read(images, [self.segmenter])
        found = list(with_progress(output_maps(source, segmenter), count, verbose))
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

    @property
    def _models(self) -> tuple[Predictor, Predictor]:
        return self.classifier, self.segmenter

    def _stages(self, batch_size: int) -> tuple[Stage, Stage]:
        size = integer("batch_size", batch_size, "[1, inf)")
        return Stage("classifier", self.classifier, size), Stage("segmenter", self.segmenter, size)

    def _read(self, images: Images, models: Iterable[Predictor]) -> tuple[Iterator[np.ndarray], int | None]:
        """Return the checked images one by one, and how many there are if that is known."""
        source, count = image_source(images, self._channels)
        return self._checked(source, models), count

    def _checked(self, images: Iterable[np.ndarray], models: Iterable[Predictor]) -> Iterator[np.ndarray]:
        check = ImageCheck(models, self.value_range)
        return (check(image, index) for index, image in enumerate(images))
