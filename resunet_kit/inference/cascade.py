"""Two-stage cascade: a classifier detects images with a finding, and a segmenter delineates it there."""

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from resunet_kit import masks
from resunet_kit._shared.errors import reason
from resunet_kit._shared.mask_checks import neighbours
from resunet_kit._shared.numbers import number
from resunet_kit._shared.truth import TOLERANCE
from resunet_kit._shared.writing import atomic_write
from resunet_kit.inference._cascade_settings import settings_from_json, settings_to_json
from resunet_kit.inference._resized_prediction import predict_resized

CLASSIFIER, SEGMENTER, SETTINGS = "classifier.keras", "segmenter.keras", "cascade.json"


@dataclass(frozen=True)
class Detection:
    """The result of a cascade for one image.

    Attributes:
        probability: The classifier's probability that the image shows a finding, in [0, 1].
        mask: `(height, width)` uint8; 0 is background, other values are the segmenter's classes. All zero where the
            probability is below the cascade's threshold.
        boxes: One `(top, left, bottom, right)` in pixels per connected component, bottom and right excluded; the
            largest component first. Classes are not told apart.
        centroids: One `(row, column)` in pixels per component, in the same order.
        area: Foreground pixels.
    """

    probability: float
    mask: np.ndarray
    boxes: list[tuple[int, ...]]
    centroids: list[tuple[float, ...]]
    area: int


class Cascade:
    """A classifier that detects images with a finding, and a segmenter that delineates it.

    Both run in batches, the segmenter on those images alone whose probability is at least `threshold`. Images are
    resized to a model's input shape where that is fixed, and its output maps are resized back.

    Args:
        classifier: A model from `(batch, height, width, channels)` to the probability of a finding: one sigmoid unit,
            or softmax units of which the first is "no finding".
        segmenter: A model from the same images to probabilities `(batch, height, width, classes)`: one sigmoid
            channel, or softmax channels of which the first is the background.
        threshold: Minimum probability of an image that the segmenter gets, in [0, 1].
        postprocess: From the foreground's probabilities to a mask, by a threshold and rules on components. With more
            than two classes each pixel gets the most probable class instead of a threshold, and the rules on holes and
            components apply to the foreground of all classes together.

    Raises:
        TypeError: If a model, the threshold or `postprocess` is of another type.
        ValueError: If the threshold is out of range, a model's output has another shape, or the connectivity is not
            one of 2-D masks.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.inference import Cascade
        >>> from resunet_kit.masks import PostProcess
        >>> from resunet_kit.models import res_unet, resnet_classifier
        >>> classifier = resnet_classifier((32, 32, 3), backbone="resnet18", weights=None)
        >>> segmenter = res_unet((32, 32, 3), filters=(4, 8))
        >>> cascade = Cascade(classifier, segmenter, threshold=0.0, postprocess=PostProcess(min_size=4))
        >>> [found] = cascade.predict(np.zeros((1, 48, 40, 3)))
        >>> found.mask.shape
        (48, 40)
    """

    def __init__(
        self,
        classifier: keras.Model,
        segmenter: keras.Model,
        *,
        threshold: float = 0.5,
        postprocess: masks.PostProcess = masks.PostProcess(),  # noqa: B008  # it is immutable
    ) -> None:
        _check_output("classifier", classifier, "(batch, classes)", 2)
        _check_output("segmenter", segmenter, "(batch, height, width, classes)", 4)
        if not isinstance(postprocess, masks.PostProcess):
            raise TypeError(
                f"Expected postprocess to be a PostProcess. Received postprocess={postprocess!r}. Pass "
                "resunet_kit.masks.PostProcess(threshold=0.5)."
            )
        neighbours(postprocess.connectivity, 2)
        self.classifier = classifier
        self.segmenter = segmenter
        self.threshold = number("threshold", threshold, "[0, 1]")
        self.postprocess = postprocess

    def classify(self, images: np.ndarray, *, batch_size: int = 16, verbose: int = 0) -> np.ndarray:
        """Return the probability of a finding in each image.

        Args:
            images: `(n, height, width, channels)` in the range that the classifier was trained on.
            batch_size: Images per step.
            verbose: 0 for silence, 1 for a progress bar.

        Returns:
            `(n,)` float32 in [0, 1].

        Raises:
            TypeError: If `batch_size` is not an integer.
            ValueError: If the images are of another rank or number of channels, or `batch_size` is less than 1.
        """
        images = self._checked(images)
        if not len(images):
            return np.zeros(0, "float32")
        scores = predict_resized(self.classifier, images, batch_size=batch_size, restore=False, verbose=verbose)
        return scores[:, 0] if scores.shape[-1] == 1 else 1 - scores[:, 0]

    def segment(self, images: np.ndarray, *, batch_size: int = 16, verbose: int = 0) -> np.ndarray:
        """Return the segmenter's probabilities for each image, whatever the classifier predicts.

        Args:
            images: `(n, height, width, channels)` in the range that the segmenter was trained on.
            batch_size: Images per step.
            verbose: 0 for silence, 1 for a progress bar.

        Returns:
            `(n, height, width, classes)` float32 in [0, 1], at the images' height and width.

        Raises:
            TypeError: If `batch_size` is not an integer.
            ValueError: If the images are of another rank or number of channels, or `batch_size` is less than 1.
        """
        images = self._checked(images)
        if not len(images):
            return np.zeros((*images.shape[:3], self.segmenter.output_shape[-1]), "float32")
        return predict_resized(self.segmenter, images, batch_size=batch_size, restore=True, verbose=verbose)

    def mark(self, probabilities: np.ndarray) -> np.ndarray:
        """Turn the segmenter's probabilities into masks by `postprocess`.

        Args:
            probabilities: `(n, height, width, classes)`, as `segment` returns them.

        Returns:
            `(n, height, width)` uint8 classes, 0 for background.

        Raises:
            ValueError: If a probability is NaN, or with one or two classes outside [0, 1].
        """
        probabilities = np.asarray(probabilities)
        masked = [self._mark(image) for image in probabilities]
        return np.asarray(masked, "uint8").reshape(probabilities.shape[:3])

    def _mark(self, probabilities: np.ndarray) -> np.ndarray:
        if probabilities.shape[-1] <= 2:
            foreground = probabilities[..., -1]
            clipped = np.clip(foreground, 0, 1)
            rounded = np.abs(foreground - clipped) <= TOLERANCE  # resizing may leave [0, 1] by its rounding
            return self.postprocess(np.where(rounded, clipped, foreground))
        # A pixel of a filled hole gets its most probable class, too.
        rules = dataclasses.replace(self.postprocess, threshold=0.5, low_threshold=None)
        foreground = rules((masks.to_labels(probabilities) > 0).astype("uint8"))
        return foreground * (1 + masks.to_labels(probabilities[..., 1:]))

    def predict(self, images: np.ndarray, *, batch_size: int = 16, verbose: int = 0) -> list[Detection]:
        """Detect and delineate the findings of each image.

        Args:
            images: `(n, height, width, channels)` in the range that both models were trained on.
            batch_size: Images per step.
            verbose: 0 for silence, 1 for a progress bar per stage.

        Returns:
            One `Detection` per image.

        Raises:
            TypeError: If `batch_size` is not an integer.
            ValueError: If the images are of another rank or number of channels, or `batch_size` is less than 1.
        """
        images = self._checked(images)
        probabilities = self.classify(images, batch_size=batch_size, verbose=verbose)
        marked = np.zeros(images.shape[:3], "uint8")
        positive = probabilities >= self.threshold
        if positive.any():
            marked[positive] = self.mark(self.segment(images[positive], batch_size=batch_size, verbose=verbose))
        return [self._detection(float(p), mask) for p, mask in zip(probabilities, marked, strict=True)]

    def _detection(self, probability: float, mask: np.ndarray) -> Detection:
        found = masks.regions(mask > 0, connectivity=self.postprocess.connectivity)
        return Detection(
            probability,
            mask,
            boxes=[region.bbox for region in found],
            centroids=[region.centroid for region in found],
            area=int(np.count_nonzero(mask)),
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write both models and the settings into a new folder, all of them or nothing.

        Args:
            path: The folder, which must not exist or must be empty.

        Returns:
            The folder.

        Raises:
            ValueError: If the folder holds something already.
        """
        settings = settings_to_json(self.threshold, self.postprocess)
        with atomic_write(path, folder=True) as folder:
            self.classifier.save(folder / CLASSIFIER)
            self.segmenter.save(folder / SEGMENTER)
            (folder / SETTINGS).write_text(settings, encoding="utf-8")
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
        folder = Path(path)
        missing = [name for name in (CLASSIFIER, SEGMENTER, SETTINGS) if not (folder / name).is_file()]
        if missing:
            raise _unreadable(folder, f"which lacks {', '.join(missing)}. Pass the folder itself, or save it again.")
        try:
            options = settings_from_json((folder / SETTINGS).read_text(encoding="utf-8"))
            stages = [keras.models.load_model(folder / name, compile=False) for name in (CLASSIFIER, SEGMENTER)]
            return cls(*stages, **options)
        except (ValueError, TypeError, OSError) as error:
            raise _unreadable(folder, f"which cannot be read: {reason(error)} Otherwise, save it again.") from error

    def _checked(self, images: np.ndarray) -> np.ndarray:
        images = np.asarray(images)
        channels = self.classifier.input_shape[-1]
        if images.ndim != 4 or images.shape[-1] != channels:
            raise ValueError(
                f"Expected images of shape (n, height, width, {channels}). Received shape {images.shape}. "
                "Add the batch axis of a single image: image[None]."
            )
        return images


def _check_output(name: str, model: Any, form: str, rank: int) -> None:
    if not isinstance(model, keras.Model):
        raise TypeError(f"Expected {name} to be a keras.Model. Received {name}={model!r}. Load or build it first.")
    shape = getattr(model, "output_shape", None)
    if not isinstance(shape, tuple) or len(shape) != rank:
        raise ValueError(
            f"Expected a {name} with one output of shape {form}. Received output shape {shape}. Build a model of "
            "that output alone: keras.Model(inputs, output)."
        )


def _unreadable(folder: Path, problem: str) -> ValueError:
    return ValueError(f"Expected a folder written by Cascade.save. Received {str(folder)!r}, {problem}")
