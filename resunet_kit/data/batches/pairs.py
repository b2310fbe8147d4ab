"""The files behind a dataset: checked lists of paths, and arrays by number."""

import os
import warnings
from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit._shared.groups import sample_values
from resunet_kit._shared.numbers import integer
from resunet_kit.data.batches.buffer_pool import Buffers
from resunet_kit.data.batches.cache import stored
from resunet_kit.data.batches.normalizer import Levels
from resunet_kit.data.files.decoding import PathLike
from resunet_kit.data.files.normalization import Normalization, checked_normalization, scaled
from resunet_kit.data.files.reading import check_classes, read_ids, read_raw_image
from resunet_kit.data.files.resizing import ImageSize, check_size, resize_image, resize_mask, sides_to


def checked_paths(name: str, paths: Iterable[PathLike], *, length: int | None = None) -> list[str]:
    """Return the paths as text, refusing empty lists, lists of another length and absent files.

    Args:
        name: The argument's name, for the message.
        paths: The paths.
        length: How many are expected; None takes any number above 0.
    """
    if isinstance(paths, str | bytes | os.PathLike):
        raise TypeError(f"Expected {name} as a list of paths, received the single path {paths!r}.")
    texts = [os.fspath(path) for path in paths]
    if length is not None and len(texts) != length:
        raise ValueError(f"Expected one mask for each image: received {length} images and {len(texts)} masks.")
    if not texts:
        raise ValueError(f"Expected at least one path in {name}, received none; does the pattern match any file?")
    absent = [text for text in texts if not os.path.isfile(text)]
    if absent:
        shown = ", ".join(map(repr, absent[:5])) + (", ..." if len(absent) > 5 else "")
        raise ValueError(f"{len(absent)} of the {len(texts)} files in {name} do not exist: {shown}; check the paths.")
    return texts


class Pairs:
    """Images and masks by number; each pair and each batch is checked as it is read.

    Args:
        images: Paths of the images.
        masks: Paths of the masks, or None.
        batch_size: With 1 and no `image_size`, images may differ in size.
        image_size: As in `pairs_dataset`, as are the others.
        cache: Where to keep what was read.
        num_classes: What masks may hold.
        ignore_class: An id allowed beside the classes.
        normalize: How to normalise images.
        volumes: The volume of each image.
        skip_unreadable: Whether to leave out pairs that cannot be read.

    Attributes:
        first_shape: `(*sides, channels)` of the first image, which gives a dataset its static shape.
    """

    def __init__(
        self,
        images: Iterable[PathLike],
        masks: Iterable[PathLike] | None,
        *,
        batch_size: int = 8,
        image_size: ImageSize | None = None,
        cache: bool | PathLike = False,
        num_classes: int | None = None,
        ignore_class: int | None = None,
        normalize: Normalization = None,
        volumes: ArrayLike | None = None,
        skip_unreadable: bool = False,
    ) -> None:
        batch_size = integer("batch_size", batch_size, "[1, inf)")
        check_size(image_size)
        check_classes(num_classes, ignore_class)
        paths = checked_paths("image_paths", images)
        self._paths: list[tuple[str, ...]] = [(path,) for path in paths]
        if masks is not None:
            self._paths = list(zip(paths, checked_paths("mask_paths", masks, length=len(paths)), strict=True))
        self.has_masks = masks is not None
        self.free_sides = image_size is None and batch_size == 1
        self._image_size = image_size
        self._classes = (num_classes, ignore_class)
        self._skip = skip_unreadable
        self._unreadable: dict[int, str] = {}
        self._buffers = Buffers(), Buffers()
        chosen = checked_normalization(normalize)
        labels = _checked_volumes(volumes, chosen, len(paths))
        self._any_range = chosen is not None
        self._read = stored(self._decode, cache, f"{image_size} {self._classes} {self._any_range}")
        self._first_path, self.first_shape = self._first()
        self._levels = Levels(chosen, labels, self.first_shape[-1], self._checked_image)

    def __len__(self) -> int:
        return len(self._paths)

    def batch(self, numbers: Iterable[int]) -> list[np.ndarray]:
        """Return the images, float32 `(b, *sides, c)`, and if there are masks those, uint8 `(b, *sides, 1)`.

        Of unreadable pairs that are skipped nothing is in the batch, which may be empty.
        """
        found = [(number, pair) for number in numbers if (pair := self._pair(number)) is not None]
        for number, (raw, *_) in found:
            self._check_shape(self._paths[number][0], raw.shape)
        shape = (len(found), *(found[0][1][0].shape if found else self.first_shape))
        images = self._buffers[0].empty(shape, np.float32)
        for (number, (raw, *_)), image in zip(found, images, strict=True):
            scaled(raw, *self._levels(number, raw), out=image)
        if not self.has_masks:
            return [images]
        masks = self._buffers[1].empty((*shape[:-1], 1), np.uint8)
        for (_, (_, stored_mask)), mask in zip(found, masks, strict=True):
            mask[...] = stored_mask
        return [images, masks]

    def report(self) -> None:
        """Warn of the pairs that were skipped, each with its reason."""
        if self._unreadable:
            reasons = "\n".join(reason for _, reason in sorted(self._unreadable.items()))
            warnings.warn(
                f"{len(self._unreadable)} of {len(self)} pairs were skipped:\n{reasons}", UserWarning, stacklevel=2
            )

    def _pair(self, number: int) -> tuple[np.ndarray, ...] | None:
        try:
            return self._read(self._paths[number])
        except ValueError as error:
            if not self._skip:
                raise
            self._unreadable[int(number)] = str(error)
            return None

    def _raw_image(self, number: int) -> np.ndarray | None:
        pair = self._pair(number)
        return None if pair is None else pair[0]

    def _checked_image(self, number: int) -> np.ndarray | None:
        raw = self._raw_image(number)
        if raw is not None:
            self._check_shape(self._paths[number][0], raw.shape)
        return raw

    def _first(self) -> tuple[str, tuple[int, ...]]:
        """Return the path and the shape of the first image that can be read."""
        for number, paths in enumerate(self._paths):
            image = self._raw_image(number)
            if image is not None:
                return paths[0], image.shape
        raise ValueError(f"Expected at least one readable pair of {len(self)}, received none. {self._unreadable[0]}")

    def _decode(self, paths: tuple[str, ...]) -> tuple[np.ndarray, ...]:
        """Read one pair in the files' own types, compare the two sizes, then resize both."""
        image = read_raw_image(paths[0], any_range=self._any_range)
        size = sides_to(self._image_size, image.shape[:-1])
        if len(paths) == 1:
            return (resize_image(image, size),)
        mask = read_ids(paths[1], *self._classes)
        if image.shape[:-1] != mask.shape[:-1]:
            raise ValueError(
                f"Expected image and mask of one size, received {paths[0]!r} of {_sides(image.shape)} and {paths[1]!r} "
                f"of {_sides(mask.shape)} ({_names(image.shape)}). Are they one pair?"
            )
        return resize_image(image, size), resize_mask(mask, size)

    def _check_shape(self, path: str, shape: tuple[int, ...]) -> None:
        """Compare with the first file of all, which gave the dataset its static shape."""
        first, first_path = self.first_shape, self._first_path
        if shape[-1] != first[-1]:
            raise ValueError(
                f"Expected {first[-1]} channels as in {first_path!r}, received {shape[-1]} in {path!r}. "
                "Save all images with one number of channels."
            )
        if len(shape) != len(first) or (shape != first and not self.free_sides):
            raise ValueError(
                f"Expected images of one size, received {path!r} of {_sides(shape)} beside {first_path!r} of "
                f"{_sides(first)} ({_names(first)}). Pass image_size to resize them."
            )


def _checked_volumes(volumes: ArrayLike | None, normalize: Normalization, count: int) -> list[Hashable] | None:
    if isinstance(normalize, str) and normalize == "volume":
        if volumes is None:
            raise ValueError(
                "Expected volumes, the volume of each image, for normalize='volume', received None. Files that are "
                "volumes themselves take normalize='image'."
            )
        labels: list[Hashable] = sample_values("volumes", volumes).tolist()
        if len(labels) != count:
            raise ValueError(f"Expected the volume of each of {count} images, received {len(labels)} volumes.")
        return labels
    if volumes is not None:
        raise ValueError(f"Expected normalize='volume' with volumes, received normalize={normalize!r}.")
    return None


def _sides(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape[:-1]))


def _names(shape: tuple[int, ...]) -> str:
    return "height x width" if len(shape) == 3 else "depth x height x width"
