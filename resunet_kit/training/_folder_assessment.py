"""Predictions at the images' own size, post-processing chosen on validation images, and scores of the test part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np

from resunet_kit.data import PairBatches
from resunet_kit.data.files.labels import LabelOptions
from resunet_kit.data.files.missing_values import nan_label
from resunet_kit.data.files.pair import read_pair
from resunet_kit.data.files.reading import ImageOptions
from resunet_kit.data.files.resizing import resize_image, resize_mask
from resunet_kit.masks import PostProcess, to_labels
from resunet_kit.masks.postprocessing import Tuning
from resunet_kit.metrics import bootstrap_interval, overlap_scores
from resunet_kit.training._folder_plan import FolderPlan
from resunet_kit.training.run_folder import RunSettings

SCORES = ("dice", "iou", "sensitivity", "specificity", "precision")
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MIN_SIZES = (0.0, 0.0002, 0.001)  # fractions of an image
NOISE = 0.005  # smaller differences in the Dice score of a few images are no reason to leave the default
DRAWN = 24  # validation images of the threshold curve
TUNING_BYTES = 1 << 29  # of validation probabilities in memory


@dataclass(frozen=True)
class Case:
    """One test image: its index in the plan, the true and the predicted labels, and its scores for each class."""

    index: int
    truth: np.ndarray
    prediction: np.ndarray
    scores: dict[int, dict[str, float]]

    @property
    def worst(self) -> tuple[float, int]:
        """The lowest Dice of its classes, and the class."""
        return min((scores["dice"], label) for label, scores in self.scores.items())


def probabilities(
    model: keras.Model, plan: FolderPlan, indices: Sequence[int], settings: RunSettings, batch_size: int
) -> Iterator[np.ndarray]:
    """Yield the model's outputs for images at their own size, `(height, width, classes)` float32."""
    images = [plan.images[index] for index in indices]
    batches = PairBatches(images, None, image_size=plan.image_size, batch_size=batch_size, **settings.image_options)
    shapes = iter([plan.pairs[index].shape for index in indices])
    for (batch,) in batches:
        for output in np.asarray(keras.ops.convert_to_numpy(model.predict_on_batch(batch)), np.float32):
            yield resize_image(output, next(shapes))


class Tuned(NamedTuple):
    """What `tuned` returns.

    Attributes:
        best: The post-processing that is taken; None for several classes.
        tuning: All that was tried; None where there was nothing to choose.
        maps: Probabilities of some of the validation images at the network's size, `(n, height, width)`.
        truths: Their masks.
        sentence: What was chosen.
    """

    best: PostProcess | None
    tuning: Tuning | None
    maps: np.ndarray | None
    truths: np.ndarray | None
    sentence: str


def tuned(model: keras.Model, plan: FolderPlan, settings: RunSettings, batch_size: int) -> Tuned:
    """Choose the post-processing by the mean Dice of the validation images.

    Of the candidates within `NOISE` of the highest, the one nearest to the default is taken. Several classes need
    none: the most probable one is taken.
    """
    if plan.num_classes > 1:
        return Tuned(None, None, None, None, "Threshold: none, the most probable class of each pixel is taken.")
    if not any(has_foreground(plan, index) for index in plan.split["validation"]):
        said = "Threshold: 0.5, since no validation image has foreground to choose another by."
        return Tuned(PostProcess(), None, None, None, said)
    indices = _sample(plan.split["validation"], plan)
    maps = [map_[..., 0] for map_ in probabilities(model, plan, indices, settings, batch_size)]
    truths = [truth_of(plan, index, settings) for index in indices]
    if settings.ignore_class is not None:
        maps = [np.where(truth == settings.ignore_class, 0, map_) for map_, truth in zip(maps, truths, strict=True)]
        truths = [np.where(truth == settings.ignore_class, 0, truth) for truth in truths]
    pixels = float(np.median([truth.size for truth in truths]))
    sizes = sorted({round(fraction * pixels) for fraction in MIN_SIZES})
    tuning = PostProcess.tune(maps, truths, threshold=THRESHOLDS, min_size=sizes)
    good = [options for options, score in tuning.curve if score >= tuning.score - NOISE]
    best = min(good, key=lambda one: (abs(one.threshold - 0.5), one.min_size))
    small = f"without components below {best.min_size} pixels, " if best.min_size else ""
    drawn = np.linspace(0, len(maps) - 1, min(DRAWN, len(maps))).round().astype(int)
    return Tuned(
        best,
        tuning,
        np.stack([resize_image(maps[position][..., None], plan.image_size)[..., 0] for position in drawn]),
        np.stack([resize_mask(truths[position][..., None], plan.image_size)[..., 0] for position in drawn]),
        f"Threshold: {best.threshold:g}, {small}by the mean Dice of {len(indices)} validation images.",
    )


def has_foreground(plan: FolderPlan, index: int) -> bool:
    """Return whether the mask of an image has a pixel of a class above 0."""
    ignored = plan.reading["ignore_class"]
    return any(label not in (0, ignored) for label in np.flatnonzero(plan.pairs[index].counts).tolist())


def _sample(indices: Sequence[int], plan: FolderPlan) -> list[int]:
    """Return as many images as fit into memory, evenly spaced."""
    largest = max(int(np.prod(plan.pairs[index].shape)) for index in indices)
    count = max(1, min(len(indices), TUNING_BYTES // (4 * largest)))
    return [indices[position] for position in np.linspace(0, len(indices) - 1, count).round().astype(int)]


def truth_of(plan: FolderPlan, index: int, settings: RunSettings) -> np.ndarray:
    """Return the true labels of an image, `(height, width)`."""
    return read_case(plan, index, settings)[1]


def read_case(plan: FolderPlan, index: int, settings: RunSettings) -> tuple[np.ndarray, np.ndarray]:
    """Return an image in its file's own type `(height, width, channels)`, and its true labels `(height, width)`."""
    image_options = ImageOptions(
        any_range=settings.full_scale is None,
        channels=settings.channels,
        full_scale=settings.full_scale,
        exif_rotation=settings.exif_rotation,
        nan=settings.nan,
    )
    label_options = LabelOptions(
        exif_rotation=settings.exif_rotation,
        nan=nan_label(settings.nan, settings.ignore_class),
        **settings.mask_options,
    )
    image, mask = read_pair(plan.images[index], plan.masks[index], image_options, label_options)
    return image, mask[..., 0]


def test_cases(model: keras.Model, plan: FolderPlan, settings: RunSettings, batch_size: int) -> Iterator[Case]:
    """Yield the test images, each predicted and scored at its own size."""
    indices = plan.split["test"]
    for index, output in zip(indices, probabilities(model, plan, indices, settings, batch_size), strict=True):
        truth = truth_of(plan, index, settings)
        prediction = predicted_labels(output, settings)
        if settings.ignore_class is not None:  # unmarked pixels count for no class
            prediction = np.where(truth == settings.ignore_class, 0, prediction)
            truth = np.where(truth == settings.ignore_class, 0, truth)
        classes = range(1, max(settings.num_classes, 2))
        scores = {label: overlap_scores(truth == label, prediction == label)._asdict() for label in classes}
        yield Case(index, truth.astype(np.uint8), prediction.astype(np.uint8), scores)


def predicted_labels(output: np.ndarray, settings: RunSettings) -> np.ndarray:
    """Return the labels `(height, width)` of one image's outputs."""
    if settings.num_classes == 1:
        return (settings.postprocess or PostProcess())(np.clip(output[..., 0], 0, 1))
    return to_labels(output)


def score_rows(cases: Sequence[Case], plan: FolderPlan) -> list[dict[str, Any]]:
    """Return one row for each test image and class."""
    return [
        {"image": plan.images[case.index], "group": plan.groups[case.index], "class": label, **scores}
        for case in cases
        for label, scores in case.scores.items()
    ]


def summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return for each class and score the mean over the groups, with its 95 % interval where there are several."""
    found = []
    for label in sorted({row["class"] for row in rows}):
        own = [row for row in rows if row["class"] == label]
        groups = [row["group"] for row in own]
        for score in SCORES:
            values = [row[score] for row in own]
            if len(set(groups)) > 1:
                estimate, low, high = bootstrap_interval(values, groups)
            else:
                estimate, low, high = float(np.mean(values)), None, None
            found.append({"class": label, "score": score, "mean": estimate, "low": low, "high": high})
    return found
