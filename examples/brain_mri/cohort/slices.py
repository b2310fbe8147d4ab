"""Slices: an image paired with its mask, both read once and checked against each other and the cohort."""

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from examples.brain_mri.cohort.notes import note_identical_images
from examples.brain_mri.cohort.problems import FILE, Key, Problems, person_of
from examples.brain_mri.progress import progress_bar
from examples.brain_mri.reading_errors import for_command_line
from resunet_kit.data import read_image, read_mask

Pair = tuple[Path, Path]  # image and mask


@dataclass(frozen=True)
class Slice:
    """One image with its mask, both readable and of one size.

    Attributes:
        patient: The name of the examination's folder.
        number: The slice's number in the examination.
        image: Path of the image.
        mask: Path of the mask.
        has_tumour: Whether the mask has any foreground.
    """

    patient: str
    number: int
    image: Path
    mask: Path
    has_tumour: bool

    @property
    def person(self) -> str:
        """Who was examined. Split by it, so that two examinations of one person stay in one part."""
        return person_of(self.patient)


def read_volume(slices: Sequence[Slice]) -> tuple[np.ndarray, np.ndarray]:
    """Return images `(slices, height, width, channels)` in [0, 1] and masks `(slices, height, width)` of 0 and 1."""
    images = np.stack([read_image(item.image) for item in slices])
    masks = np.stack([np.squeeze(read_mask(item.mask)) for item in slices])
    return images, masks.astype("uint8")


def pair_files(files_of: Mapping[Key, Sequence[Path]], problems: Problems) -> dict[Key, Pair]:
    """Return image and mask of each slice that has exactly one of both."""
    pairs = {}
    for key, files in files_of.items():
        masks = sorted(file for file in files if FILE.fullmatch(file.name)[3])  # type: ignore[index]
        images = sorted(set(files) - set(masks))
        for twice in (images, masks):
            for file in twice[1:]:
                problems.add(file, f"the same slice as {twice[0].name}", "delete the wrong one")
        if not masks:
            problems.add(images[0], "an image without its mask", f"fetch {images[0].stem}_mask{images[0].suffix}")
        elif not images:
            name = masks[0].name.replace("_mask", "")
            problems.add(masks[0], "a mask without its image", f"fetch {name} or delete the mask")
        elif len(files) == 2:
            pairs[key] = (images[0], masks[0])
    return pairs


def read_slices(pairs: Mapping[Key, Pair], problems: Problems, *, progress: bool = False) -> list[Slice]:
    """Decode every file, in threads, and return the slices whose two files agree with each other and the cohort."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        bar = progress_bar(
            pool.map(_read, pairs.values()), "Reading slices", len(pairs), disable=not progress, unit="slice"
        )
        contents = dict(zip(pairs, bar, strict=True))
    shapes = Counter(content.image_shape for content in contents.values() if content.image_shape)
    usual = shapes.most_common(1)[0][0] if shapes else ()
    slices = []
    for (patient, number), content in contents.items():
        image, mask = pairs[patient, number]
        if _is_usable(content, image, mask, usual, problems):
            slices.append(Slice(patient, number, image, mask, content.has_tumour))
            if content.constant:
                problems.notes.append(f"{image} is constant: every pixel is the same.")
    note_identical_images(
        ((item.person, item.image, contents[item.patient, item.number].digest) for item in slices), problems
    )
    return slices


@dataclass(frozen=True)
class _Content:
    """What the two files of a pair hold, or why they could not be read."""

    image_shape: tuple[int, ...] = ()
    mask_shape: tuple[int, ...] = ()
    constant: bool = False
    has_tumour: bool = False
    digest: bytes | None = None
    errors: tuple[tuple[Path, str], ...] = ()


def _read(pair: Pair) -> _Content:
    arrays, errors = [], []
    for file, read in zip(pair, (read_image, lambda mask: read_mask(mask, num_classes=1)), strict=True):
        try:
            arrays.append(read(file))
        except ValueError as error:
            errors.append((file, str(error)))
    if errors:
        return _Content(errors=tuple(errors))
    image, mask = arrays
    constant = bool((image == image[:1, :1]).all())
    # Empty slices identify nobody.
    digest = None if constant else hashlib.blake2b(image.tobytes(), digest_size=16).digest()
    return _Content(image.shape, mask.shape, constant, bool(mask.any()), digest)


def _is_usable(content: _Content, image: Path, mask: Path, usual: tuple[int, ...], problems: Problems) -> bool:
    for file, message in content.errors:
        why = for_command_line(message.removeprefix(f"Cannot read {str(file)!r}: "))
        problems.add(file, why.rstrip("."), "replace the file")
    if content.errors:
        return False
    sizes = [f"{shape[0]}x{shape[1]}" for shape in (content.mask_shape, content.image_shape)]
    if sizes[0] != sizes[1]:
        problems.add(mask, f"of {sizes[0]} (height x width), its image of {sizes[1]}", "fetch both files again")
    if content.image_shape != usual:
        what = f"of {_size(content.image_shape)}, most images of {_size(usual)}"
        problems.add(image, what, "fetch it again, or resize it together with its mask")
    return sizes[0] == sizes[1] and content.image_shape == usual


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) + " (height x width x channels)"
