"""Choices of `fit_folder` before training, from the files and the user's options, each explained in a sentence."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from resunet_kit._shared.numbers import integers_per_axis
from resunet_kit.data import image_statistics
from resunet_kit.data.files.labels import LabelOptions
from resunet_kit.data.files.missing_values import nan_label
from resunet_kit.data.files.normalization import checked_normalization
from resunet_kit.data.files.reading import ImageOptions
from resunet_kit.training._folder_classes import found_classes
from resunet_kit.training._folder_scan import WHITE, ScannedPair, scan
from resunet_kit.training._folder_split import PARTS, joined_by_copies, missing_labels, split_groups
from resunet_kit.training._name_groups import Groups, groups_of

LARGEST = 512  # pixels of the longer side, unless the user asks for more
STRIDE = 16
SMALLEST_SIDE = 32


@dataclass
class FolderPlan:
    """What was found in the files, and what was chosen.

    Attributes:
        images: Paths of the images.
        masks: Paths of their masks.
        groups: The group of each image.
        split: Indices of the images in each part.
        pairs: The scanned pairs.
        num_classes: Channels of the network's output.
        image_size: `(height, width)`.
        network_channels: Channels of the network's input.
        reading: Options for reading images and masks, for `PairBatches` and `RunSettings`.
        sentences: What was chosen and why, in order.
    """

    images: list[str]
    masks: list[str]
    groups: list[str]
    split: dict[str, list[int]]
    pairs: list[ScannedPair]
    num_classes: int
    image_size: tuple[int, int]
    network_channels: int
    reading: dict[str, Any]
    sentences: list[str] = field(default_factory=list)

    def part(self, name: str) -> tuple[list[str], list[str]]:
        """Return the images and the masks of a part."""
        indices = self.split[name]
        return [self.images[index] for index in indices], [self.masks[index] for index in indices]

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Input shape of the network: height, width and channels."""
        return (*self.image_size, self.network_channels)

    @property
    def part_of(self) -> list[str]:
        """The part of each image."""
        found = {index: name for name, indices in self.split.items() for index in indices}
        return [found[index] for index in range(len(self.images))]


def made_plan(
    images: Sequence[str],
    masks: Sequence[str],
    *,
    groups: Groups,
    num_classes: int | None,
    image_size: Any,
    normalize: Any,
    fractions: tuple[float, float],
    reading: dict[str, Any],
    seed: int,
    verbose: int,
) -> FolderPlan:
    """Read every pair once, and choose what the user left open.

    Args:
        images: Paths of the images.
        masks: Paths of their masks.
        groups: As for `groups_of`.
        num_classes: 1 or 2 for binary masks; None finds it from the masks.
        image_size: Height and width, or one integer; None chooses it from the images.
        normalize: `"auto"`, or as for `read_image`.
        fractions: Fractions of the images for validation and for test.
        reading: `channels`, `full_scale`, `nan`, `exif_rotation` of images, `ignore_class`, `classes`, `foreground`,
            `channel` of masks.
        seed: Seed of the split.
        verbose: Whether to show progress.

    Raises:
        TypeError: If an option is of a wrong type.
        ValueError: If files cannot be read or do not fit each other, or there are too few groups.
    """
    if not isinstance(normalize, str) or normalize != "auto":
        normalize = checked_normalization(normalize)
    names, sentence = groups_of(images, groups)
    image_options = ImageOptions(
        any_range=reading["full_scale"] is None,
        **{name: reading[name] for name in ("channels", "full_scale", "nan", "exif_rotation")},
    )
    pairs = scan(images, masks, image_options, _label_options(reading, num_classes), verbose)
    sentences = [f"Pairs: {len(images)} images with masks.", sentence]
    ignore_class = reading["ignore_class"]
    count, said = found_classes(pairs, masks, num_classes=num_classes, ignore_class=ignore_class)
    if count == 1 and ignore_class != WHITE:
        pairs = [pair.with_white_as_1() for pair in pairs]
    channels, channels_said = _channels(pairs, images, reading["channels"])
    size, size_said = _size(pairs, image_size)
    joined, copies = joined_by_copies(names, pairs)
    split = split_groups(
        joined,
        pairs,
        validation_fraction=fractions[0],
        test_fraction=fractions[1],
        ignore_class=ignore_class,
        seed=seed,
    )
    reading = {**reading, "channels": channels}
    training = [images[index] for index in split["train"]]
    reading["normalize"], normalize_said = _normalization(normalize, pairs, training, reading)
    sentences += [
        *([f"Copies: images of equal pixels joined {copies} groups to others."] if copies else []),
        _split_said(split, joined, pairs, ignore_class),
        said,
        channels_said,
        size_said,
        normalize_said,
    ]
    return FolderPlan(
        list(images), list(masks), joined, split, pairs, count, size, channels or pairs[0].channels, reading, sentences
    )


def _label_options(reading: dict[str, Any], num_classes: int | None) -> LabelOptions:
    """Return the options for reading masks before their classes are known."""
    ignore_class, declared = reading["ignore_class"], reading["classes"] is not None or reading["foreground"]
    if num_classes is None and ignore_class is not None and not declared:
        num_classes = 256  # every label as it is stored
    return LabelOptions(
        num_classes,
        ignore_class,
        channel=reading["channel"],
        exif_rotation=reading["exif_rotation"],
        nan=nan_label(reading["nan"], ignore_class),
        classes=reading["classes"],
        foreground=reading["foreground"],
        keeps_white=True,
    )


def _channels(pairs: Sequence[ScannedPair], images: Sequence[str], given: int | None) -> tuple[int | None, str]:
    """Return the number of channels to read, None for that of the files."""
    found = sorted({pair.channels for pair in pairs})
    if given is not None:
        return given, f"Channels: {given}, as channels says."
    if found == [4] and all(pair.has_full_opacity and pair.is_8bit for pair in pairs):
        return 3, "Channels: 3, without an opacity that is full everywhere."
    if found == [2] and all(pair.has_full_opacity and pair.is_8bit for pair in pairs):
        return 1, "Channels: 1, without an opacity that is full everywhere."
    if len(found) == 1:
        return None, f"Channels: {found[0]}."
    if set(found) <= {1, 3, 4}:
        return 3, f"Channels: 3, of files with {', '.join(map(str, found))}; grey becomes RGB, an opacity is left out."
    other = next(path for path, pair in zip(images, pairs, strict=True) if pair.channels != pairs[0].channels)
    raise ValueError(
        f"Expected images with one number of channels. Received {pairs[0].channels} in {images[0]!r} and others in "
        f"{other!r}. Pass channels=1 for grey or channels=3 for RGB, or save the channels that you need as .npy."
    )


def _size(pairs: Sequence[ScannedPair], given: Any) -> tuple[tuple[int, int], str]:
    """Return the size of all images after resizing, a multiple of the network's stride unless the user gave another."""
    shapes = [pair.shape for pair in pairs]
    if given is not None:
        height, width = integers_per_axis("image_size", given, 2)
        return (height, width), f"Size: {height} x {width}, as image_size says."
    height, width = (statistics.median(sizes) for sizes in zip(*shapes, strict=True))
    scale = min(1.0, LARGEST / max(height, width))
    height_to, width_to = (max(SMALLEST_SIDE, STRIDE * round(scale * side / STRIDE)) for side in (height, width))
    size = height_to, width_to
    found = "all" if len(set(shapes)) == 1 else f"{len(set(shapes))} different sizes, in the middle"
    if set(shapes) == {size}:
        return size, f"Size: {size[0]} x {size[1]}, that of all images."
    reason = f", at most {LARGEST}" if scale < 1 else ""
    return size, (
        f"Size: images of {height:g} x {width:g} ({found}) are resized to {size[0]} x {size[1]}, multiples of {STRIDE}"
        f"{reason}; image_size changes it. Masks are predicted at each image's own size again."
    )


def _normalization(
    normalize: Any, pairs: Sequence[ScannedPair], training: Sequence[str], reading: dict[str, Any]
) -> tuple[Any, str]:
    """Return the readers' option `normalize`, with statistics as lists."""
    if normalize is None:
        return None, "Intensities: in [0, 1], as normalize=None says."
    if isinstance(normalize, tuple):
        mean, std = (np.atleast_1d(np.asarray(one, float)).tolist() for one in normalize)
        return (mean, std), "Intensities: less the mean and by the deviation that normalize gives."
    if normalize == "image":
        return "image", "Intensities: mean 0 and deviation 1 in each image, as normalize='image' says."
    if normalize == "volume":
        raise ValueError(
            "Expected normalize to be 'auto', 'image', (mean, std) or None. Received normalize='volume'. Pass 'image', "
            "or normalise the volumes before you save their slices."
        )
    if reading["full_scale"] is not None:
        return None, f"Intensities: in [0, 1], divided by full_scale={reading['full_scale']:g}."
    if all(pair.is_8bit for pair in pairs):
        return None, "Intensities: in [0, 1], 8-bit numbers divided by 255."
    options = {name: reading[name] for name in ("channels", "nan")}
    mean, std = (one.tolist() for one in image_statistics(training, **options))
    shown = ", ".join(f"{m:.4g} ± {s:.4g}" for m, s in zip(mean, std, strict=True))
    return (mean, std), f"Intensities: less the mean and by the deviation of the training images, {shown}."


def _split_said(
    split: dict[str, list[int]], groups: Sequence[str], pairs: Sequence[ScannedPair], ignore_class: int | None
) -> str:
    counts = ", ".join(
        f"{name} {_count(len(indices), 'image')} of {_count(len({groups[index] for index in indices}), 'group')}"
        for name, indices in split.items()
    )
    present = [frozenset(np.flatnonzero(pair.counts).tolist()) - {ignore_class} for pair in pairs]
    gaps = dict(zip(PARTS, missing_labels(list(split.values()), present), strict=True))
    lacking = "; ".join(
        f"{name} lacks label {', '.join(map(str, sorted(gap, key=str)))}" for name, gap in gaps.items() if gap
    )
    return f"Split: {counts}." + (
        f" There are too few groups for each class in each part: {lacking}." if lacking else ""
    )


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
