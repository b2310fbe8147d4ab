"""The two-stage cascade: a classifier says whether, a segmenter says where."""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from resunet_kit import masks
from resunet_kit.inference._resized_prediction import predict_resized

CLASSIFIER, SEGMENTER, SETTINGS = "classifier.keras", "segmenter.keras", "cascade.json"


@dataclass(frozen=True)
class Detection:
    """What a cascade found in one image.

    Attributes:
        probability: The classifier's probability that the image shows a finding, in [0, 1].
        mask: `(height, width)` uint8; 0 is background, other values are the segmenter's classes. All zero where the
            probability is below the cascade's threshold.
        boxes: One `(top, left, bottom, right)` in pixels for each connected component, bottom and right excluded;
            the largest component first.
        centroids: One `(row, column)` in pixels for each component, in the same order.
        area: Foreground pixels.
    """

    probability: float
    mask: np.ndarray
    boxes: list[tuple[int, ...]]
    centroids: list[tuple[float, ...]]
    area: int


class Cascade:
    """A classifier that says whether an image shows a finding, and a segmenter that marks it.

    Both see images in batches; the segmenter sees only those that the classifier lets through. Images of other sides
    than a model was built for are resized for it, and its maps are resized back.

    Args:
        classifier: A model from `(batch, height, width, channels)` to the probability of a finding: one sigmoid unit,
            or softmax units of which the first is "no finding".
        segmenter: A model from the same images to probabilities `(batch, height, width, classes)`: one sigmoid
            channel, or softmax channels of which the first is the background.
        threshold: Smallest probability that lets an image through to the segmenter, in [0, 1].
        mask_threshold: Smallest foreground probability of a marked pixel, in [0, 1]; with more than two classes the
            likeliest class is marked instead.
        min_area: Components of fewer pixels are dropped.

    Raises:
        ValueError: If a threshold or the smallest area is out of range, or a model's output is of another form.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.inference import Cascade
        >>> from resunet_kit.models import res_unet, resnet_classifier
        >>> classifier = resnet_classifier((32, 32, 3), backbone="resnet18", weights=None)
        >>> cascade = Cascade(classifier, res_unet((32, 32, 3), filters=(4, 8)), threshold=0.0)
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
        mask_threshold: float = 0.5,
        min_area: int = 0,
    ) -> None:
        for name, value in (("threshold", threshold), ("mask_threshold", mask_threshold)):
            if not 0 <= value <= 1:
                raise ValueError(f"Expected {name} in [0, 1]. Received {name}={value!r}.")
        if min_area < 0:
            raise ValueError(f"Expected min_area of 0 pixels or more. Received min_area={min_area!r}.")
        _check_rank(classifier, "classifier", "(batch, classes)", 2)
        _check_rank(segmenter, "segmenter", "(batch, height, width, classes)", 4)
        self.classifier = classifier
        self.segmenter = segmenter
        self.threshold = threshold
        self.mask_threshold = mask_threshold
        self.min_area = min_area

    def classify(self, images: np.ndarray, *, batch_size: int = 16, verbose: int = 0) -> np.ndarray:
        """Return the probability of a finding in each image.

        Args:
            images: `(n, height, width, channels)` in the range that the classifier was trained on.
            batch_size: Images a step.
            verbose: 0 for silence, 1 for a progress bar.

        Returns:
            `(n,)` float32 in [0, 1].

        Raises:
            ValueError: If the images are of another rank or number of channels.
        """
        images = self._checked(images)
        if not len(images):
            return np.zeros(0, "float32")
        scores = predict_resized(self.classifier, images, batch_size=batch_size, restore=False, verbose=verbose)
        return scores[:, 0] if scores.shape[-1] == 1 else 1 - scores[:, 0]

    def segment(self, images: np.ndarray, *, batch_size: int = 16, verbose: int = 0) -> np.ndarray:
        """Return the segmenter's probabilities for each image, whatever the classifier says of it.

        Args:
            images: `(n, height, width, channels)` in the range that the segmenter was trained on.
            batch_size: Images a step.
            verbose: 0 for silence, 1 for a progress bar.

        Returns:
            `(n, height, width, classes)` float32 in [0, 1], at the images' sides.

        Raises:
            ValueError: If the images are of another rank or number of channels.
        """
        images = self._checked(images)
        if not len(images):
            return np.zeros((*images.shape[:3], self.segmenter.output_shape[-1]), "float32")
        return predict_resized(self.segmenter, images, batch_size=batch_size, restore=True, verbose=verbose)

    def mark(self, probabilities: np.ndarray) -> np.ndarray:
        """Turn the segmenter's probabilities into masks.

        Args:
            probabilities: `(n, height, width, classes)`, as `segment` returns them.

        Returns:
            `(n, height, width)` uint8 classes, 0 for background, without components below `min_area`.
        """
        if probabilities.shape[-1] <= 2:
            marked = (probabilities[..., -1] >= self.mask_threshold).astype("uint8")
        else:
            marked = probabilities.argmax(axis=-1).astype("uint8")
        if self.min_area > 1:
            kept = [masks.remove_small(mask > 0, self.min_area) for mask in marked]
            marked *= np.asarray(kept, "uint8").reshape(marked.shape)
        return marked

    def predict(self, images: np.ndarray, *, batch_size: int = 16, verbose: int = 0) -> list[Detection]:
        """Say of each image whether it shows a finding, and where.

        Args:
            images: `(n, height, width, channels)` in the range that both models were trained on.
            batch_size: Images a step.
            verbose: 0 for silence, 1 for a progress bar for each stage.

        Returns:
            One `Detection` for each image.

        Raises:
            ValueError: If the images are of another rank or number of channels.
        """
        images = self._checked(images)
        probabilities = self.classify(images, batch_size=batch_size, verbose=verbose)
        marked = np.zeros(images.shape[:3], "uint8")
        through = probabilities >= self.threshold
        if through.any():
            marked[through] = self.mark(self.segment(images[through], batch_size=batch_size, verbose=verbose))
        return [_detection(float(p), mask) for p, mask in zip(probabilities, marked, strict=True)]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write both models and the settings into a new folder.

        Args:
            path: The folder; it must not exist.

        Returns:
            The folder.

        Raises:
            ValueError: If the folder exists.
        """
        folder = Path(path)
        if folder.exists():
            raise ValueError(f"Expected a new folder to save the cascade in. Received {str(folder)!r}, which exists.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Written beside and renamed, so that a failure leaves no half of a cascade.
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            self.classifier.save(beside / CLASSIFIER)
            self.segmenter.save(beside / SEGMENTER)
            settings = {"threshold": self.threshold, "mask_threshold": self.mask_threshold, "min_area": self.min_area}
            (beside / SETTINGS).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
            beside.chmod(0o755)  # mkdtemp's folders are private
            beside.rename(folder)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        return folder

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Cascade":
        """Read a cascade that `save` wrote.

        Args:
            path: The folder.

        Returns:
            The cascade; its models are for inference and not compiled.

        Raises:
            ValueError: If the folder is not one that `save` wrote.
        """
        folder = Path(path)
        absent = [name for name in (CLASSIFIER, SEGMENTER, SETTINGS) if not (folder / name).is_file()]
        if absent:
            raise ValueError(
                f"Expected a folder written by Cascade.save. Received {str(folder)!r}, which lacks {', '.join(absent)}."
            )
        try:
            settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
            stages = [keras.models.load_model(folder / name, compile=False) for name in (CLASSIFIER, SEGMENTER)]
            return cls(*stages, **settings)
        except (ValueError, TypeError, OSError) as error:
            reason = " ".join(str(error).split())
            raise ValueError(f"The cascade in {str(folder)!r} cannot be read: {reason} Save it anew.") from error

    def _checked(self, images: np.ndarray) -> np.ndarray:
        images = np.asarray(images)
        channels = self.classifier.input_shape[-1]
        if images.ndim != 4 or images.shape[-1] != channels:
            raise ValueError(
                f"Expected images of shape (n, height, width, {channels}). Received shape {images.shape}. "
                "One image needs a batch axis: image[None]."
            )
        return images


def _check_rank(model: keras.Model, role: str, form: str, rank: int) -> None:
    shape = getattr(model, "output_shape", None)
    if not isinstance(shape, tuple) or len(shape) != rank:
        raise ValueError(f"Expected a {role} with one output of shape {form}. Received output shape {shape}.")


def _detection(probability: float, mask: np.ndarray) -> Detection:
    found = masks.regions(mask > 0)
    return Detection(
        probability,
        mask,
        boxes=[region.bbox for region in found],
        centroids=[region.centroid for region in found],
        area=int(np.count_nonzero(mask)),
    )
