"""Truths and predictions of all cases: arrays, or files that are read one at a time."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from resunet_kit._shared.errors import unknown_name
from resunet_kit.data import pair_by_name, read_geometry
from resunet_kit.data.files.alignment import aligned_mask
from resunet_kit.data.files.labels import LabelOptions, read_labels
from resunet_kit.data.files.nifti import is_nifti
from resunet_kit.data.files.paths import checked_paths
from resunet_kit.data.pairing.contradictions import warn_of_contradictions
from resunet_kit.data.pairing.listing import listed
from resunet_kit.data.pairing.names import names as names_of
from resunet_kit.data.pairing.separation import without_masks
from resunet_kit.metrics._case_inputs import case_masks

MASK_OPTIONS = ("num_classes", "ignore_class", "classes", "foreground", "channel", "exif_rotation", "nan")


class Masks(NamedTuple):
    """The masks of one case to score.

    Attributes:
        truth: Labels `(height, width)` or `(depth, height, width)`, or with a last axis of length 1.
        prediction: The same.
        spacing: Spacing of the case's file, in millimetres; None where no file has one.
    """

    truth: Any
    prediction: Any
    spacing: tuple[float, ...] | None


@dataclass(frozen=True)
class Cases:
    """All cases, whose masks are read on demand.

    Attributes:
        keys: Arguments of functions for groups: the path of each case's image or truth; None for arrays.
        names: Names of the cases; None for arrays.
        count: Number of cases.
        read: Yields the masks of each case, in order.
    """

    keys: Sequence[Path] | None
    names: list[str] | None
    count: int
    read: Callable[[], Iterator[Masks]]


def is_path(value: Any) -> bool:
    """Return whether a value is a path, or a pattern."""
    return isinstance(value, str | os.PathLike)


def are_paths(value: Any) -> bool:
    """Return whether a value is a list of paths."""
    return isinstance(value, list | tuple) and len(value) > 0 and all(map(is_path, value))


def listed_paths(value: Any) -> Any:
    """Return an iterable of paths, such as `Path.glob` or a column of a table, as a list; anything else unchanged."""
    if is_path(value) or isinstance(value, list | tuple | Mapping) or not isinstance(value, Iterable):
        return value
    if isinstance(value, Iterator):  # perhaps of arrays, which should not all be in memory at once
        first = list(itertools.islice(value, 1))
        return [*first, *value] if are_paths(first) else itertools.chain(first, value)
    dtype = getattr(value, "dtype", None)
    if dtype is not None and getattr(dtype, "kind", "O") not in "OUT":
        return value  # numbers
    found = list(value)
    return found if are_paths(found) else value


def label_options(mask_options: Mapping[str, Any] | None, num_classes: int | None, ignore_class: int | None) -> Any:
    """Return how files of the truth are read.

    Raises:
        TypeError: If an option is of a wrong type.
        ValueError: If an option is unknown, or contradicts `num_classes` or `ignore_class`.
    """
    options = dict(mask_options or {})
    for name in options:
        if name not in MASK_OPTIONS:
            raise unknown_name("an option of mask_options", name, MASK_OPTIONS)
    for name, given in (("num_classes", num_classes), ("ignore_class", ignore_class)):
        own = options.get(name)
        if None not in (own, given) and own != given and not (name == "num_classes" and {own, given} <= {1, 2}):
            raise ValueError(
                f"Expected one {name}. Received {name}={given} and mask_options with {own}. Leave one of them out."
            )
        options[name] = own if given is None else given
    return LabelOptions(**options, keeps_white=True)


def cases_of_masks(truths: Any, predictions: Any, options: LabelOptions, pairing: Mapping[str, Any] | None) -> Cases:
    """Return the cases of predicted masks: arrays, lists of files by position, or folders by name.

    Raises:
        TypeError: If truths or predictions are not masks.
        ValueError: If there are no cases, the numbers of truths and predictions differ, or files cannot be paired.
    """
    if is_path(truths) or is_path(predictions):
        if not all(is_path(one) or are_paths(one) for one in (truths, predictions)):
            raise ValueError(
                "Expected files for both truths and predictions where one of them is a folder. Received arrays for the "
                "other. Pass a list of paths in the order of the arrays."
            )
        paired, masks = pair_by_name(predictions, _masks_alone(truths), **(pairing or {}))
        return _cases_of_files(masks, paired, options)
    if are_paths(truths) and are_paths(predictions):
        paths = checked_paths("truths", truths)
        found = checked_paths("predictions", predictions, images=len(paths))
        warn_of_contradictions(found, paths)
        return _cases_of_files(paths, found, options)
    if are_paths(truths) or are_paths(predictions):
        return _mixed(truths, predictions, options)
    pairs = case_masks(truths, predictions)
    return Cases(None, None, len(pairs), lambda: (Masks(*pair, None) for pair in pairs))


def _masks_alone(truths: Any) -> Any:
    """Return the masks of a folder that also holds their images, told apart by name; anything else unchanged."""
    paths = listed("truths", truths)
    images = set(without_masks(paths))
    masks = [path for path in paths if path not in images]
    return masks if len(masks) == len(images) else truths


def _mixed(truths: Any, predictions: Any, options: LabelOptions) -> Cases:
    """Return the cases where either truths or predictions are files and the others arrays, in the same order."""
    lists = [list(one) if isinstance(one, Iterable) else [] for one in (truths, predictions)]
    if len(lists[0]) != len(lists[1]):
        raise ValueError(
            f"Expected one prediction for each truth. Received {len(lists[0])} truths and {len(lists[1])} predictions. "
            "Pass them in one order."
        )
    paths = lists[0] if are_paths(truths) else lists[1]
    checked_paths("truths" if paths is lists[0] else "predictions", paths)

    def read() -> Iterator[Masks]:
        for truth, prediction in zip(*lists, strict=True):
            if is_path(truth):
                yield Masks(read_labels(truth, options), prediction, spacing_of(truth))
            else:
                yield Masks(truth, read_labels(prediction, _of_predictions(options)), spacing_of(prediction))

    return Cases([Path(path) for path in paths], case_names_of(paths), len(paths), read)


def _cases_of_files(truths: Sequence[Any], predictions: Sequence[Any], options: LabelOptions) -> Cases:
    def read() -> Iterator[Masks]:
        for truth, prediction in zip(truths, predictions, strict=True):
            mask = read_labels(prediction, _of_predictions(options))
            yield Masks(
                read_labels(truth, options), aligned_mask(mask, prediction, truth), spacing_of(truth, prediction)
            )

    return Cases([Path(path) for path in truths], case_names_of(truths), len(truths), read)


def _of_predictions(options: LabelOptions) -> LabelOptions:
    """Return how files of predictions are read: as labels, whatever the truth's files mean."""
    return LabelOptions(options.num_classes, options.ignore_class if options.num_classes else None, keeps_white=True)


def cases_of_images(
    truths: Any, images: Any, options: LabelOptions, pairing: Mapping[str, Any] | None, predict: Callable[..., Any]
) -> Cases:
    """Return the cases of images that a model predicts.

    Args:
        truths: Files or arrays.
        images: Files.
        options: How files of the truth are read.
        pairing: Options of `pair_by_name`.
        predict: Function from paths to `FilePrediction`s, in order.

    Raises:
        TypeError: If images are not files.
        ValueError: If there are no cases, the numbers of truths and images differ, or files cannot be paired; on
            reading, if a file cannot be read.
    """
    if not (is_path(images) or are_paths(images)):
        raise TypeError(
            f"Expected images as a folder, a pattern or a list of paths. Received {type(images).__name__}. Predict "
            "arrays yourself, and pass the masks as predictions."
        )
    if is_path(images) and not (is_path(truths) or are_paths(truths)):
        raise ValueError(
            "Expected files for truths where images are a folder. Received arrays. Pass a list of the image paths in "
            "the order of the arrays."
        )
    if is_path(images) or is_path(truths):
        images, truths = pair_by_name(images, truths, **(pairing or {}))
    else:
        images = checked_paths("images", images)
        if are_paths(truths):
            truths = checked_paths("truths", truths, images=len(images))
            warn_of_contradictions(images, truths)
    each: list[Any] = list(truths) if are_paths(truths) else [mask for mask, _ in case_masks(truths, truths)]
    if len(each) != len(images):
        raise ValueError(
            f"Expected one truth for each image. Received {len(images)} images and {len(each)} truths. Pass them in "
            "one order."
        )
    paths = [Path(path) for path in images]

    def read() -> Iterator[Masks]:
        for found, truth in zip(predict(paths), each, strict=True):
            if found.error is not None:
                raise found.error
            if is_path(truth):
                mask = aligned_mask(read_labels(truth, options), truth, found.path)
                yield Masks(mask, found.mask, spacing_of(found.path, truth))
            else:
                yield Masks(truth, found.mask, spacing_of(found.path))

    return Cases(paths, case_names_of(paths), len(paths), read)


def case_names_of(paths: Sequence[Any]) -> list[str]:
    """Return the stems of files, with the folders that tell them apart where stems repeat."""
    found = names_of(paths)
    if len({name.stem for name in found}) == len(found):
        return [name.stem for name in found]
    return ["/".join((*name.folders, name.stem)) for name in found]


def spacing_of(*paths: Any) -> tuple[float, ...] | None:
    """Return the spacing of the first NIfTI file, in millimetres; None without one."""
    return next((read_geometry(path).spacing for path in paths if is_nifti(path)), None)
