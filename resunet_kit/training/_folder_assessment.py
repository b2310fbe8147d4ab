"""Choice of post-processing on validation images, and scores of the test images, both at the images' own size."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from resunet_kit.data.files.labels import LabelOptions
from resunet_kit.data.files.missing_values import nan_label
from resunet_kit.data.files.pair import read_pair
from resunet_kit.data.files.reading import ImageOptions
from resunet_kit.data.files.resizing import resize_image, resize_mask
from resunet_kit.evaluation import evaluate
from resunet_kit.inference._file_prediction import FilePrediction, FilePredictor
from resunet_kit.masks import PostProcess
from resunet_kit.masks.postprocessing import Tuning
from resunet_kit.metrics import Evaluation
from resunet_kit.training._folder_plan import FolderPlan
from resunet_kit.training.run_folder import RunSettings

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MIN_SIZES = (0.0, 0.0002, 0.001)  # fractions of an image
NOISE = 0.005  # smaller differences in the Dice score of a few images do not justify leaving the default
DRAWN = 24  # validation images in the threshold curve
TUNING_BYTES = 1 << 29  # limit of validation probabilities in memory


class Tuned(NamedTuple):
    """Result of `tuned`.

    Attributes:
        best: The chosen post-processing; None for several classes.
        tuning: Everything that was tried; None if there was nothing to choose.
        maps: Probabilities of some of the validation images at the network's size, `(n, height, width)`.
        truths: Their masks.
        sentence: A sentence on what was chosen.
    """

    best: PostProcess | None
    tuning: Tuning | None
    maps: np.ndarray | None
    truths: np.ndarray | None
    sentence: str


def tuned(model: keras.Model, plan: FolderPlan, settings: RunSettings, batch_size: int) -> Tuned:
    """Choose the post-processing by the mean Dice of the validation images.

    Of the candidates within `NOISE` of the highest score, the one nearest to the default is chosen. Several classes
    need no post-processing: the most probable class is taken.
    """
    if plan.num_classes > 1:
        return Tuned(None, None, None, None, "Threshold: none, the most probable class of each pixel is taken.")
    if not any(has_foreground(plan, index) for index in plan.split["validation"]):
        said = "Threshold: 0.5, since no validation image has foreground to choose another by."
        return Tuned(PostProcess(), None, None, None, said)
    indices = _sample(plan.split["validation"], plan)
    truths = [read_case(plan, index, settings)[1] for index in indices]
    maps = [np.asarray(one.probabilities)[..., 0] for one in predicted(model, plan, indices, settings, batch_size)]
    if settings.ignore_class is not None:  # unmarked pixels do not count
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


def scored(model: keras.Model, plan: FolderPlan, settings: RunSettings, batch_size: int, verbose: int) -> Evaluation:
    """Return the scores of the test images, in their order."""
    images, masks = plan.part("test")
    return evaluate(
        masks,
        model,
        images=images,
        groups=[plan.groups[index] for index in plan.split["test"]],
        mask_options={
            **settings.mask_options,
            "exif_rotation": settings.exif_rotation,
            "nan": nan_label(settings.nan, settings.ignore_class),
        },
        image_options=settings.image_options,
        image_size=settings.image_size,
        postprocess=settings.postprocess,
        batch_size=batch_size,
        verbose=verbose,
    )


def predicted(
    model: keras.Model, plan: FolderPlan, indices: Sequence[int], settings: RunSettings, batch_size: int
) -> Iterator[FilePrediction]:
    """Yield the prediction of each image."""
    predictor = FilePredictor(
        model=model,
        image_options=settings.image_options,
        image_size=settings.image_size,
        postprocess=settings.postprocess,
        batch_size=batch_size,
    )
    for found in predictor.predict(Path(plan.images[index]) for index in indices):
        if found.error is not None:
            raise found.error
        yield found


def read_case(plan: FolderPlan, index: int, settings: RunSettings) -> tuple[np.ndarray, np.ndarray]:
    """Return an image in the dtype of its file `(height, width, channels)`, and its true labels `(height, width)`."""
    options: dict[str, Any] = {**settings.image_options, "any_range": settings.full_scale is None}
    del options["normalize"]
    labels = LabelOptions(
        exif_rotation=settings.exif_rotation,
        nan=nan_label(settings.nan, settings.ignore_class),
        **settings.mask_options,
    )
    image, mask = read_pair(plan.images[index], plan.masks[index], ImageOptions(**options), labels)
    return image, mask[..., 0]


def has_foreground(plan: FolderPlan, index: int) -> bool:
    """Return whether the mask of an image has a pixel of a class above 0."""
    ignored = plan.reading["ignore_class"]
    return any(label not in (0, ignored) for label in np.flatnonzero(plan.pairs[index].counts).tolist())


def _sample(indices: Sequence[int], plan: FolderPlan) -> list[int]:
    """Return as many images as fit into memory, evenly spaced."""
    largest = max(int(np.prod(plan.pairs[index].shape)) for index in indices)
    count = max(1, min(len(indices), TUNING_BYTES // (4 * largest)))
    return [indices[position] for position in np.linspace(0, len(indices) - 1, count).round().astype(int)]
