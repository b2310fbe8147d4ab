"""The files behind a dataset: checked lists of paths, and arrays by number."""

import os
from collections.abc import Iterable, Sequence

import numpy as np

from resunet_kit.data.decoding import PathLike
from resunet_kit.data.reading import read_ids, read_raw_image, to_unit
from resunet_kit.data.resizing import resize_image, resize_mask
from resunet_kit.data.storing import stored


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
        masks: Paths of the masks, one for each image, or None.
        size: `(height, width)` to resize to, or None.
        free_sides: Whether images may differ in size; then a batch holds one.
        cache: As in `pairs_dataset`.
        num_classes: As in `read_mask`.
        ignore_class: As in `read_mask`.
    """

    def __init__(
        self,
        images: Sequence[str],
        masks: Sequence[str] | None,
        *,
        size: tuple[int, int] | None,
        free_sides: bool = False,
        cache: bool | PathLike = False,
        num_classes: int | None = None,
        ignore_class: int | None = None,
    ) -> None:
        self._paths = list(zip(images, masks, strict=True)) if masks else [(image,) for image in images]
        self._size = size
        self._free_sides = free_sides
        self._classes = (num_classes, ignore_class)
        self._read = stored(self._decode, cache, f"{size} {self._classes}")
        self.first_shape: tuple[int, int, int] = self._read(self._paths[0])[0].shape

    def batch(self, numbers: np.ndarray) -> list[np.ndarray]:
        """Return the images, float32 `(b, h, w, c)`, and if there are masks those, uint8 `(b, h, w, 1)`."""
        paths = [self._paths[number] for number in numbers]
        members = [self._read(pair) for pair in paths]
        images = np.empty((len(members), *members[0][0].shape), np.float32)
        for pair, (raw, *_), image in zip(paths, members, images, strict=True):
            self._check_shape(pair[0], raw.shape)
            to_unit(raw, out=image)
        return [images, *(np.stack(masks) for masks in list(zip(*members, strict=True))[1:])]

    def _decode(self, paths: tuple[str, ...]) -> tuple[np.ndarray, ...]:
        """Read one pair in the files' own types, compare the two sizes, then resize both."""
        image = read_raw_image(paths[0])
        if len(paths) == 1:
            return (resize_image(image, self._size),)
        mask = read_ids(paths[1], *self._classes)
        if image.shape[:2] != mask.shape[:2]:
            raise ValueError(
                f"Expected image and mask of one size, received {paths[0]!r} of {_sides(image)} and {paths[1]!r} of "
                f"{_sides(mask)} (height x width). Are they one pair?"
            )
        return resize_image(image, self._size), resize_mask(mask, self._size)

    def _check_shape(self, path: str, shape: tuple[int, ...]) -> None:
        """Compare with the first file of all, which gave the dataset its static shape."""
        first, first_path = self.first_shape, self._paths[0][0]
        if shape[2] != first[2]:
            raise ValueError(
                f"Expected {first[2]} channels as in {first_path!r}, received {shape[2]} in {path!r}. "
                "Save all images with one number of channels."
            )
        if shape != first and not self._free_sides:
            raise ValueError(
                f"Expected images of one size, received {path!r} of {shape[0]}x{shape[1]} beside {first_path!r} of "
                f"{first[0]}x{first[1]} (height x width). Pass image_size to resize them."
            )


def _sides(array: np.ndarray) -> str:
    return f"{array.shape[0]}x{array.shape[1]}"
