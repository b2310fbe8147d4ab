"""Two-stage cascade: a classifier detects images with a finding, and a segmenter delineates it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit import masks
from resunet_kit._shared.groups import sample_values
from resunet_kit._shared.numbers import flag, number
from resunet_kit.inference._batching import with_progress
from resunet_kit.inference._cascade_files import read_cascade, write_cascade
from resunet_kit.inference._cascade_settings import settings_to_json
from resunet_kit.inference._cascade_steps import CascadeSteps, Images
from resunet_kit.inference._cascade_tuning import CascadeTuning, Collector, candidates_for, outcomes, tuned
from resunet_kit.inference._detection import Detection, detection_of, nothing_detected
from resunet_kit.inference._joint_model import JointModel, joint_model, one_pass
from resunet_kit.inference._marking import mark_image
from resunet_kit.inference._pair_source import pair_source
from resunet_kit.inference._predictor import Predictor
from resunet_kit.inference._stage import Stage
from resunet_kit.inference._stage_checks import check_stages, keras_model, keras_models
from resunet_kit.inference._tuning_score import ScoreFunction, ScoreName, tuning_score
from resunet_kit.inference._two_stages import sized, two_stages
from resunet_kit.inference._value_range import ValueRange

PostProcesses = Iterable[masks.PostProcess] | Mapping[str, Any] | None


class Cascade(CascadeSteps):
    """A classifier that detects images with a finding, and a segmenter that delineates it.

    Both run in batches, the segmenter only on images whose probability is at least `threshold`; a single network with
    both outputs runs once. Images are resized to a model's input shape if that is fixed, and its output maps are
    resized back.

    Images are an array `(n, height, width, channels)`, a list of images of several sizes, or a generator, a
    `tf.data.Dataset` or another iterable of images or batches; from tuples `(images, masks)`, as `fit` takes them, the
    images are used. Iterables are read during prediction, and only a few of their images are in memory at a time.

    Whatever would make a wrong result look right raises an error that names the image by its index from 0: NaN in an
    image or an output, outputs that are not probabilities, and images of another range than the training images. A
    network does not say what it was trained on, so `value_range` gives the range.

    Args:
        classifier: A model from `(batch, height, width, channels)` to the probability of a finding: one sigmoid unit,
            or softmax units of which the first is "no finding". A Keras model, or what `accelerate` returned for one.
            Without a segmenter, a model with both outputs, such as `res_unet(..., image_classes=1)`, which then runs
            once over each image.
        segmenter: A model from the same images to probabilities `(batch, height, width, classes)`: one sigmoid
            channel, or softmax channels of which the first is the background. Up to 256 classes. None: `classifier`
            also outputs a map.
        threshold: Minimum probability for an image to be passed to the segmenter, in [0, 1].
        postprocess: Post-processing from the foreground's probabilities to a mask, by a threshold and rules on
            components. With more than two classes, each pixel gets the most probable class instead of a threshold, and
            the rules on holes and components apply to the foreground of all classes together.
        value_range: Smallest and largest value of the training images, such as (0, 1) or (0, 255); images beyond it are
            refused, and integer images if the largest value is below 30. None: any values. "auto" refuses integer
            images, and floating-point images without negative values that exceed 30 or that consist of integers, some
            above 1; images in [0, 1] and standardised ones are not like that. If a model itself divides raw
            intensities, by a `Rescaling` or `Normalization` before its other layers, "auto" takes those, and refuses
            images that were divided already.

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
        classifier: Predictor,
        segmenter: Predictor | None = None,
        *,
        threshold: float = 0.5,
        postprocess: masks.PostProcess = masks.PostProcess(),  # noqa: B008  # it is immutable
        value_range: ValueRange = "auto",
    ) -> None:
        self._joint: JointModel | None = None
        if segmenter is None:
            self._joint = joint_model(classifier)
            classifier, segmenter = self._joint.classifier, self._joint.segmenter
        self._channels = check_stages(classifier, segmenter)
        self.classifier = classifier
        self.segmenter = segmenter
        self.threshold = threshold
        self.postprocess = postprocess
        self.value_range = value_range
        self.tuning: CascadeTuning | None = None  # the report of the last `tune`

    # === Both stages ===

    def predict(self, images: Images, *, batch_size: int = 8, verbose: int = 0) -> list[Detection]:
        """Detect and delineate the findings of each image.

        Args:
            images: An array `(n, height, width, channels)`, a list of images of several sizes, or a generator, dataset
                or other iterable of images or batches, in the range that both models were trained on.
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

    def stream(self, images: Images, *, batch_size: int = 8, verbose: int = 0) -> Iterator[Detection]:
        """Yield the results of `predict` one by one, so that not even the masks need to be in memory together.

        Args:
            images: An array `(n, height, width, channels)`, a list of images of several sizes, or a generator, dataset
                or other iterable of images or batches, in the range that both models were trained on.
            batch_size: Images per step.
            verbose: 0 for silence, 1 for a progress bar.

        Yields:
            One `Detection` per image, in the order of the images.

        Raises:
            TypeError: As `predict` does, when the first image is requested.
            ValueError: As `predict` does, when the image or its batch is read.

        Example:
            >>> import keras, numpy as np
            >>> from resunet_kit.inference import Cascade
            >>> from resunet_kit.models import res_unet
            >>> layers = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1, activation="sigmoid")]
            >>> classifier = keras.Sequential([keras.Input((32, 32, 1)), *layers])
            >>> cascade = Cascade(classifier, res_unet((32, 32, 1), filters=(4, 8)), threshold=1.0)
            >>> scans = (np.full((32, 32, 1), level) for level in (0.0, 0.5, 1.0))
            >>> [found.area for found in cascade.stream(scans)]
            [0, 0, 0]
        """
        run = self._run(batch_size)
        source, count = self._read(images, self._models)
        yield from with_progress(run(source, self.threshold, self._detection), count, verbose)

    def _run(self, batch_size: int) -> Callable[..., Iterator[Any]]:
        """Return the function from images, threshold and result to results: in one pass for one network."""
        classifier, segmenter = self._stages(batch_size)
        joint = self._joint
        if joint is not None and joint.serves(self.classifier, self.segmenter):
            return lambda images, *how: one_pass(images, joint, classifier.batch_size, *how)
        return lambda images, *how: two_stages(images, classifier, segmenter, *how)

    def _detection(
        self, _index: int, probability: float, size: tuple[int, ...], output: np.ndarray | None
    ) -> Detection:
        if output is None:
            return nothing_detected(probability, size)
        return detection_of(probability, mark_image(output, self.postprocess), self.postprocess.connectivity)

    # === Choices on validation data ===

    def tune(
        self,
        images: Images,
        truths: ArrayLike | Iterable[Any] | None = None,
        *,
        sensitivity: float | None = None,
        score: ScoreName | ScoreFunction = "dice",
        groups: ArrayLike | Iterable[Any] | None = None,
        postprocess: PostProcesses = None,
        ignore_class: int | None = None,
        batch_size: int = 8,
        verbose: int = 0,
    ) -> Cascade:
        """Choose `threshold` and `postprocess` together on validation images, and set them.

        On these images the cascade then scores at least as high as the segmenter alone with any of the candidates for
        post-processing, because threshold 0, with which every image passes, is among the candidates. The others are one
        for each probability that the classifier returns, a rounding error below it. Each model runs once over the
        images, and only the scores' counts of each image stay in memory. Use patients that are in neither the training
        set nor the test set.

        Args:
            images: An array `(n, height, width, channels)`, a list of images of several sizes, or a generator, dataset
                or other iterable of images or batches, in the range that both models were trained on. With their masks,
                as a dataset of `(images, masks)` or `PairBatches`, if `truths` is None.
            truths: `(n, height, width)`, with a last axis of 1 or without; a list of masks of several sizes, or a
                generator. 0/1 or 0/255; for a segmenter with more than two classes, class labels.
            sensitivity: Fraction of the images with a finding that the classifier must let pass, in (0, 1]: the chosen
                threshold is the largest that does, and with which the cascade scores no lower than the segmenter alone.
                None for the threshold with the highest score; of equal ones the most sensitive, of these the largest.
            score: "dice" or "iou", 1 if truth and mask are both empty; the mean over the foreground classes of each
                image, then over the images. Or a function `(truth, mask) -> number`, the higher the better.
            groups: The patient of each image. Each patient is then scored over the pixels of all its images together
                (for a function, by the mean over its images), and the score is the mean over the patients.
            postprocess: The candidates besides the current one: a list of `PostProcess`, or options with the values to
                try, as in `{"threshold": [0.3, 0.5], "min_size": [0, 20]}`; options left out stay as they are. By
                default thresholds 0.05, 0.1, ..., 0.95, which segmenters with more than two classes do not use.
            ignore_class: The label of pixels that do not count. None takes the one that `pairs_dataset` or
                `PairBatches` was given.
            batch_size: Images per step.
            verbose: 0 for silence, 1 for a progress bar.

        Returns:
            The cascade itself; the report is its attribute `tuning`, a `CascadeTuning`.

        Raises:
            TypeError: If images, truths or an option are of another type.
            ValueError: If an image is refused as by `predict`, a truth is missing, is of another size than its image
                or holds NaN or other labels, there are no images with a finding or none without, or an option is out
                of range. The cascade is then unchanged.

        Example:
            >>> import keras, numpy as np
            >>> from resunet_kit.inference import Cascade
            >>> from resunet_kit.models import res_unet
            >>> layers = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1, activation="sigmoid")]
            >>> classifier = keras.Sequential([keras.Input((32, 32, 1)), *layers])
            >>> cascade = Cascade(classifier, res_unet((32, 32, 1), filters=(4, 8)))
            >>> images = np.random.default_rng(0).random((4, 32, 32, 1), "float32")
            >>> truths = (images > 0.9) & (np.arange(4) < 2)[:, None, None, None]
            >>> report = cascade.tune(images, truths, sensitivity=1.0).tuning
            >>> report.sensitivity, report.score >= report.segmenter_score
            (1.0, True)
        """
        wanted = None if sensitivity is None else number("sensitivity", sensitivity, "(0, 1]")
        classes = self.segmenter.output_shape[-1]
        collector = Collector(candidates_for(postprocess, self.postprocess, classes), tuning_score(score, classes))
        pairs, count = pair_source(images, truths, self._channels, classes, ignore_class)
        owners = None if groups is None else sample_values("groups", groups, length=count)
        source = self._checked(collector.images(pairs), self._models)
        rows = list(with_progress(self._run(batch_size)(source, 0, collector.row), count, verbose))
        report = tuned(outcomes(rows, owners), collector.candidates, collector.score, wanted)
        self.threshold, self.postprocess, self.tuning = report.threshold, report.postprocess, report
        return self

    def accelerate(self, *, images: Images | None = None, calibration: Images | None = None, **options: Any) -> Cascade:
        """Return the cascade with both models on the engine that is fastest on this machine.

        Outputs may differ in the last digits, in bfloat16 in the third digit, so `tune` the cascade that is returned.

        Args:
            images: Some typical images, in the shape and the range of the training images, on which engines are
                compared; None for random ones.
            calibration: Images of the training set, which int8 needs.
            **options: Further arguments of `accelerate`, for both models.

        Returns:
            A new cascade with the same settings. `save` writes the Keras models that it was made from.

        Raises:
            TypeError: If a stage is not a Keras model, or images or an option are of another type.
            ValueError: If images are refused as by `predict`, or an option is not as in `accelerate`.
            ImportError: If a requested engine is not installed.
        """
        from resunet_kit.inference.acceleration import accelerate

        samples = {"images": images, "calibration": calibration}
        read = {name: list(self._read(some, self._models)[0]) for name, some in samples.items() if some is not None}
        stages = []
        for name, model in self._networks().items():
            prepared: dict[str, Any] = {
                kind: Stage(name, model, 1).prepare(list(sized(some))) for kind, some in read.items()
            }
            stages.append(accelerate(model, **prepared, **options))
        return Cascade(*stages, threshold=self.threshold, postprocess=self.postprocess, value_range=self.value_range)

    # === Files ===

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write both models and the settings into one file, a zip, completely or not at all.

        Custom layers must be registered with `keras.saving.register_keras_serializable`; `Lambda` layers are refused,
        since reading the file runs no code from it.

        Args:
            path: The file, of any name, such as `tumours.cascade`.
            overwrite: Whether to replace an existing file.

        Returns:
            The path.

        Raises:
            TypeError: If a stage is neither a Keras model nor what `accelerate` returned for one.
            ValueError: If the path exists and is not to be overwritten, a weight is NaN, or a model has layers that
                could not be read.
        """
        settings = settings_to_json(self.threshold, self.postprocess, self.value_range)
        write_cascade(path, self._networks(), settings, overwrite=flag("overwrite", overwrite))
        return Path(path)

    def _networks(self) -> dict[str, Any]:
        """Return the Keras models by name: the two stages, or the one network of both."""
        if self._joint is not None and self._joint.serves(*self._models):
            return {"model": keras_model(self._joint.model)}
        return dict(zip(("classifier", "segmenter"), keras_models(*self._models), strict=True))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Cascade:
        """Read a cascade that `save` wrote, in this version's format or an earlier one, without running code from it.

        Args:
            path: The file; for versions before 0.4.0, the folder.

        Returns:
            The cascade; its models are for inference and not compiled.

        Raises:
            ValueError: If the file is damaged, of a newer version, or not one that `save` wrote.
        """
        return read_cascade(path, cls)
