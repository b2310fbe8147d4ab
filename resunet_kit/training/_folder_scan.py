"""Scan of all pairs before training: their properties, and every file that cannot be used."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from resunet_kit.data.files.labels import LabelOptions
from resunet_kit.data.files.normalization import full_scale
from resunet_kit.data.files.pair import read_pair
from resunet_kit.data.files.reading import ImageOptions
from resunet_kit.data.splits.leaks import pixel_digest

SHOWN = 5  # unusable files in one message
WHITE = 255


@dataclass(frozen=True)
class ScannedPair:
    """Properties of one image and its mask.

    Attributes:
        shape: `(height, width)`, for volumes `(depth, height, width)`.
        channels: Channels of the image.
        is_8bit: Whether the image has 8 bits or less.
        has_full_opacity: Whether the last of 2 or 4 channels is full everywhere.
        digest: Hash that is equal for images with equal pixels; empty for a constant image.
        counts: `(256,)`, the number of pixels of each label; in a black-and-white mask, white is label 255.
    """

    shape: tuple[int, ...]
    channels: int
    is_8bit: bool
    has_full_opacity: bool
    digest: bytes
    counts: np.ndarray

    def with_white_as_1(self) -> "ScannedPair":
        """Return the pair with white pixels counted as label 1, which they are in binary masks."""
        counts = self.counts.copy()
        counts[1], counts[WHITE] = counts[1] + counts[WHITE], 0
        return replace(self, counts=counts)


def scan(
    images: Sequence[str], masks: Sequence[str], image_options: ImageOptions, label_options: LabelOptions, verbose: int
) -> list[ScannedPair]:
    """Read every pair, and return its properties.

    Args:
        images: Paths of the images.
        masks: Paths of their masks.
        image_options: Options that allow any range: a file that fails here is unreadable with every normalisation.
        label_options: Options of the masks, as far as they are known.
        verbose: Whether to show a progress bar.

    Raises:
        ValueError: If pairs cannot be read, or an image is a volume; the message names them.
    """
    bar = keras.utils.Progbar(len(images), unit_name="pair", verbose=verbose)
    found: list[ScannedPair] = []
    faults: list[str] = []
    for number, result in enumerate(_results(images, masks, image_options, label_options), start=1):
        if isinstance(result, ScannedPair) and len(result.shape) == 3:
            raise _volume(images[number - 1], result.shape)
        (found if isinstance(result, ScannedPair) else faults).append(result)  # type: ignore[arg-type]
        bar.update(number)
    if len(faults) == 1:
        raise ValueError(faults[0])
    if faults:
        listed = "\n".join(faults[:SHOWN]) + ("\n..." if len(faults) > SHOWN else "")
        raise ValueError(
            f"Expected pairs that can be read. Received {len(faults)} of {len(images)} that cannot:\n{listed}\nReplace "
            "these files, or move them away."
        )
    return found


def _results(
    images: Sequence[str], masks: Sequence[str], image_options: ImageOptions, label_options: LabelOptions
) -> Iterator[ScannedPair | str]:
    """Yield the properties of each pair, or why it cannot be used."""

    def look(paths: tuple[str, str]) -> ScannedPair | str:
        try:
            return _looked_at(*read_pair(*paths, image_options, label_options))
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(os.cpu_count()) as threads:  # decoding releases the GIL
        yield from threads.map(look, zip(images, masks, strict=True))


def _looked_at(image: np.ndarray, mask: np.ndarray) -> ScannedPair:
    channels = image.shape[-1]
    return ScannedPair(
        shape=image.shape[:-1],
        channels=channels,
        is_8bit=image.dtype == np.uint8 or image.dtype == np.bool_,
        has_full_opacity=channels in (2, 4) and bool((image[..., -1] == full_scale(image.dtype)).all()),
        digest=pixel_digest(image),
        counts=np.bincount(mask.ravel(), minlength=256),
    )


def _volume(path: str, shape: tuple[int, ...]) -> ValueError:
    size = "x".join(map(str, shape))
    return ValueError(
        f"Expected images. Received {path!r}, a volume of {size} (depth x height x width). Save its slices as .npy "
        "files named after it, such as 'case_1_slice_07.npy', those of its mask under the same names; or train a "
        "network for volumes with pairs_dataset and res_unet."
    )


def total_counts(pairs: Sequence[ScannedPair]) -> np.ndarray:
    """Return the number of pixels of each label in all masks, `(256,)`."""
    return np.sum([pair.counts for pair in pairs], axis=0)


def labels_in(counts: Any) -> list[int]:
    """Return the labels that have pixels."""
    return np.flatnonzero(counts).tolist()
