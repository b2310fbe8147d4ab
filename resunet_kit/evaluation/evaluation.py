"""Evaluation of masks, or of a model on files: every score in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from resunet_kit._shared.mask_checks import Spacing
from resunet_kit._shared.numbers import integer
from resunet_kit.data.files.resizing import ImageSize
from resunet_kit.data.pairing.listing import Files
from resunet_kit.evaluation._mask_sources import (
    Cases,
    Masks,
    cases_of_images,
    cases_of_masks,
    label_options,
    listed_paths,
)
from resunet_kit.masks import PostProcess
from resunet_kit.metrics import Evaluation
from resunet_kit.metrics._case_collection import CaseCollection
from resunet_kit.metrics._case_inputs import case_groups, case_names, case_spacings
from resunet_kit.metrics._case_scores import Empty, ScoreOptions, Statistic
from resunet_kit.metrics.evaluation import Groups, evaluation_of

if TYPE_CHECKING:
    from resunet_kit.inference import Cascade
    from resunet_kit.inference._predictor import Predictor


def evaluate(
    truths: Files | ArrayLike | Iterable[ArrayLike],
    predictions: Files | ArrayLike | Iterable[ArrayLike] | Predictor | Cascade,
    *,
    images: Files | None = None,
    spacing: Spacing | Sequence[Any] = None,
    groups: Groups = None,
    names: Iterable[str] | None = None,
    num_classes: int | None = None,
    ignore_class: int | None = None,
    empty: Empty = 1.0,
    tolerance: float = 1.0,
    min_overlap: float = 0.1,
    connectivity: int | None = None,
    statistic: Statistic = "mean",
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    mask_options: Mapping[str, Any] | None = None,
    pairing: Mapping[str, Any] | None = None,
    image_options: Mapping[str, Any] | None = None,
    image_size: ImageSize | None = None,
    preprocess: Callable[..., Any] | None = None,
    postprocess: PostProcess | None = None,
    tile: int | Sequence[int] | None = None,
    overlap: float = 0.5,
    batch_size: int | None = None,
    verbose: int = 0,
) -> Evaluation:
    """Score predicted masks, or a model on image files: overlap, surfaces and lesions, with intervals over patients.

    Scores, their options and the result are those of `resunet_kit.metrics.evaluate_masks`. Masks are files or arrays.
    Files are read one case at a time; folders are paired by name, lists by position. NIfTI masks are reoriented to the
    axes of their image or truth, and distances are in millimetres, as given by their headers.

    Args:
        truths: A folder, a pattern or a list of mask files; or arrays of labels, `(height, width)` or `(depth, height,
            width)` for each case, in a list or along the first axis of one array.
        predictions: Predicted masks, in the same form; or a model or `Cascade`, which predicts `images` as
            `predict_folder` does.
        images: For a model: a folder, a pattern or a list of image files.
        spacing: Millimetres between neighbouring pixels, one number for all axes or one for each; or a list with one
            such sequence per case. None takes the spacing of NIfTI files; without one, distances are in pixels.
        groups: The patient of each case: a function of the path of its image or, without images, of its truth; a
            dictionary from path, file name or stem; or a list in the cases' order. None treats each case as a patient
            of its own.
        names: Names of the cases; None takes the stems of files.
        num_classes: Number of classes, including the background; 1 and 2 mean binary masks. None takes that of the
            model or, for masks, scores every label that occurs in one.
        ignore_class: Pixels with this label in the truth, often 255, are left out.
        empty: The rule for a class that is absent from a case. A number is the overlap score where the class is absent
            from both truth and prediction; distances are then 0, and surface Dice and lesion scores 1. `"skip_both"`
            leaves such cases out; `"skip"` leaves out all cases whose truth lacks the class, with their false
            positives. In any other case with one empty mask, overlap scores are 0 and distances are infinite.
        tolerance: Tolerance of the surface Dice, in the unit of the spacing.
        min_overlap: Minimum fraction of a lesion's pixels that must overlap for it to count as detected, in [0, 1]; 0
            means one pixel.
        connectivity: Number of axes along which neighbouring pixels of one lesion may differ, from 1 (across faces
            only) to the number of axes; None means all of them (across corners too).
        statistic: `"mean"` or `"median"` over the groups; the median suits distances of which some are infinite.
        confidence: Confidence level of the intervals.
        resamples: Number of times that groups are resampled.
        seed: The same seed gives the same intervals.
        mask_options: How files of the truth are read: `classes`, what stored numbers or colours mean; `foreground`,
            whether every number above 0 is read as 1; `channel`, the one that holds the labels; `exif_rotation`; and
            `nan`, the label that NaN is read as.
        pairing: How the files of folders are paired where their names differ, as in `{"mask_suffix": "_mask"}`: the
            prefixes and suffixes of their names, `image_prefix`, `image_suffix`, `mask_prefix` and `mask_suffix`; or
            `key`, a regular expression whose groups identify a pair. Without images, the options for images apply to
            the predictions.
        image_options: How images are read, as in training: `channels`, 1 for grey or 3 for RGB; `full_scale`, the
            stored number that is scaled to 1; `normalize`, None, `"image"` or `(mean, std)`; `exif_rotation`; and
            `nan`, the number that NaN is read as.
        image_size: Size that images are resized to, as in training; masks are resized back. None takes the model's own
            size, and where that is variable, the image's.
        preprocess: Called with each image after reading, `([depth,] height, width, channels)` float32; returns the
            input of the model.
        postprocess: Turns probabilities into a mask, by a threshold and rules on components. None means a threshold of
            0.5 or, with several classes, the most probable one.
        tile: Predict in overlapping windows of this size rather than resize.
        overlap: Fraction of a tile that overlaps its neighbour.
        batch_size: Images per step; None means 8, or 1 for volumes. With `tile`, tiles per step.
        verbose: 0 for silence, 1 for a progress bar.

    Returns:
        The scores.

    Raises:
        TypeError: If an argument or an option is of a wrong type.
        ValueError: If there are no cases, files cannot be read or paired, some files have a spacing and others do not,
            masks of one case differ in shape, a model does not fit, or an option is out of range; the message names the
            file.

    Example:
        >>> import pathlib, tempfile
        >>> import nibabel, numpy as np
        >>> from resunet_kit.evaluation import evaluate
        >>> folder = tempfile.TemporaryDirectory()
        >>> organ = np.zeros((8, 8, 4), "uint8"); organ[2:6, 2:6, 1:3] = 1
        >>> for kind, mask in (("truths", organ), ("predictions", np.roll(organ, 1, axis=2))):
        ...     path = pathlib.Path(folder.name, kind); path.mkdir()
        ...     nibabel.save(nibabel.Nifti1Image(mask, np.diag([1, 1, 5, 1])), path / "ann.nii.gz")
        >>> scores = evaluate(f"{folder.name}/truths", f"{folder.name}/predictions")
        >>> scores.rows[0]["case"], scores.rows[0]["dice"], scores.rows[0]["hausdorff_distance_mm"]
        ('ann', 0.5, 5.0)
        >>> folder.cleanup()
    """
    options = label_options(mask_options, num_classes, ignore_class)
    score = ScoreOptions(
        num_classes=options.num_classes,
        ignore_class=options.ignore_class,
        empty=empty,
        tolerance=tolerance,
        min_overlap=min_overlap,
        connectivity=connectivity,
        statistic=statistic,
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )
    verbose = integer("verbose", verbose, "[0, 2]")
    prediction = {
        "image_options": image_options,
        "image_size": image_size,
        "preprocess": preprocess,
        "postprocess": postprocess,
        "tile": tile,
        "batch_size": batch_size,
    }
    truths, images = listed_paths(truths), listed_paths(images)
    if _is_model(predictions):
        predictor = _predictor(predictions, images, prediction, overlap)
        classes = _classes(options.num_classes, predictor.num_classes)
        options, score = replace(options, num_classes=classes), replace(score, num_classes=classes)
        cases = cases_of_images(truths, images, options, pairing, predictor.predict)
    else:
        _refuse_options({"images": images, **prediction})
        cases = cases_of_masks(truths, listed_paths(predictions), options, pairing)
    collection = CaseCollection(score)
    _score(collection, cases, groups, names, spacing, verbose)
    return evaluation_of(collection, grouped=groups is not None)


def _score(collection: CaseCollection, cases: Cases, groups: Groups, names: Any, spacing: Any, verbose: int) -> None:
    """Score all cases, one at a time."""
    labels = case_names(names if names is not None else cases.names, cases.count)
    owners = case_groups(groups, cases.keys or labels, labels)
    given = case_spacings(spacing, cases.count)
    masks = _with_progress(cases.read(), cases.count, verbose)
    for index, (name, group, own, case) in enumerate(zip(labels, owners, given, masks, strict=True)):
        sizes = case.spacing if own is None else own
        unit = "px" if sizes is None else "mm"
        if index and unit != collection.unit:
            known, unknown = (labels[0], name) if unit == "px" else (name, labels[0])
            raise ValueError(
                f"Expected a spacing for all cases or for none. Received one for {known!r} and none for {unknown!r}. "
                "Pass spacing, a list with that of each case."
            )
        collection.unit = unit
        collection.add(name, group, case.truth, case.prediction, sizes)


def _with_progress(masks: Iterator[Masks], count: int, verbose: int) -> Iterator[Masks]:
    if not verbose:
        return masks
    from resunet_kit.inference._batching import with_progress  # loads Keras

    return with_progress(masks, count, verbose)


def _is_model(predictions: Any) -> bool:
    return any(callable(getattr(predictions, name, None)) for name in ("predict_on_batch", "predict"))


def _predictor(model: Any, images: Any, options: Mapping[str, Any], overlap: float) -> Any:
    from resunet_kit.inference._file_prediction import FilePredictor  # loads Keras

    if images is None:
        raise ValueError(
            "Expected images for a model to predict. Received images=None. Pass a folder or a list of image files."
        )
    return FilePredictor(model=model, overlap=overlap, **options)


def _classes(given: int | None, of_model: int) -> int:
    if given is not None and max(given, 2) != of_model:
        raise ValueError(
            f"Expected num_classes of the model, {of_model}. Received num_classes={given}. Leave it out, or map the "
            "labels of the truth by mask_options={'classes': {2: 1}}."
        )
    return of_model


def _refuse_options(options: Mapping[str, Any]) -> None:
    """Refuse options that only a model would use."""
    for name, value in options.items():
        if value is not None:
            raise ValueError(
                f"Expected {name} with a model as predictions. Received {name}={value!r} with masks. Leave it out, or "
                "pass the model."
            )
