"""Image and mask files of a dataset, read by index, checked and stacked into batches."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit._shared.groups import sample_values
from resunet_kit._shared.numbers import flag, integer
from resunet_kit.data.batches.buffer_pool import BufferPool
from resunet_kit.data.batches.cache import cached
from resunet_kit.data.batches.mask_values import MaskValues
from resunet_kit.data.batches.normalizer import Normalizer
from resunet_kit.data.batches.read_ahead import Each
from resunet_kit.data.files.label_table import Classes
from resunet_kit.data.files.labels import LabelOptions
from resunet_kit.data.files.levels import has_full_scale, two_units
from resunet_kit.data.files.missing_values import nan_label
from resunet_kit.data.files.normalization import Normalization, checked_normalization
from resunet_kit.data.files.pair import axes_text, read_pair, size_text
from resunet_kit.data.files.paths import PathLike, checked_paths
from resunet_kit.data.files.reading import ImageOptions, read_raw_image
from resunet_kit.data.files.resizing import ImageSize, check_size, resize_image, resize_mask, target_shape
from resunet_kit.data.pairing.contradictions import warn_of_contradictions


class FileOptions(TypedDict, total=False):
    """Options of the readers of files; each is a field of `ImageOptions` or `LabelOptions`."""

    num_classes: int | None
    ignore_class: int | None
    classes: Classes | None
    foreground: bool
    channel: int | None
    channels: int | None
    full_scale: float | None
    exif_rotation: bool | None
    nan: float | None


class Pairs:
    """Images and masks by index, with the options of `pairs_dataset`; each pair is checked as it is read.

    Attributes:
        first_shape: `([depth,] height, width, channels)` of the first image, which gives a dataset its static shape.
        has_masks: Whether there are masks.
        variable_size: Whether images may differ in size.
        ignore_class: A label that is not a class.
        skips: Whether unreadable pairs are left out.
    """

    def __init__(
        self,
        images: Iterable[PathLike],
        masks: Iterable[PathLike] | None,
        *,
        batch_size: int = 8,
        image_size: ImageSize | None = None,
        cache: bool | PathLike = False,
        normalize: Normalization = None,
        volumes: ArrayLike | None = None,
        skip_unreadable: bool = False,
        **options: Unpack[FileOptions],
    ) -> None:
        batch_size = integer("batch_size", batch_size, "[1, inf)")
        check_size(image_size)
        normalize = checked_normalization(normalize)
        self._image_options = ImageOptions(any_range=normalize is not None, **_fields(ImageOptions, options))
        self._label_options = _label_options(options)
        self.ignore_class = self._label_options.ignore_class
        paths = checked_paths("image_paths", images)
        self._paths: list[tuple[str, ...]] = [(path,) for path in paths]
        if masks is not None:
            mask_paths = checked_paths("mask_paths", masks, images=len(paths))
            warn_of_contradictions(paths, mask_paths)
            self._paths = list(zip(paths, mask_paths, strict=True))
        self.has_masks = masks is not None
        self.variable_size = image_size is None and batch_size == 1
        self._image_size = image_size
        self.skips = flag("skip_unreadable", skip_unreadable)
        self._unreadable: dict[int, str] = {}
        self._buffers = BufferPool(), BufferPool()
        self._volume_of = _checked_volumes(volumes, normalize, len(paths))
        self._members: dict[Hashable, list[int]] = defaultdict(list)
        for index, volume in enumerate(self._volume_of):
            self._members[volume].append(index)
        self._read = cached(self._decode, cache, f"{image_size} {self._image_options} {self._label_options}")
        self._values = _mask_values(self._label_options) if self.has_masks else None
        self._first_path, self.first_shape = self._first()
        self._normalizer = Normalizer(normalize, self.first_shape[-1])
        self._has_given_statistics = isinstance(normalize, tuple)
        self._unit_of: dict[Hashable, tuple[bool, str]] = {}

    def __len__(self) -> int:
        return len(self._paths)

    def batch(self, indices: Sequence[int] | np.ndarray, each: Each = map) -> list[np.ndarray]:
        """Return images, float32 `(batch, [depth,] height, width, channels)`, and if there are any masks, uint8.

        Unreadable pairs that are skipped are not in the batch, which may be empty.

        Args:
            indices: Indices of the pairs.
            each: Applies the reader to them like `map`, perhaps in threads.
        """
        read = zip(indices, each(self._pair, indices), strict=True)
        found = [(index, pair) for index, pair in read if pair is not None]
        shape = (len(found), *(found[0][1][0].shape if found else self.first_shape))
        images = self._buffers[0].empty(shape, np.float32)
        for (index, (raw, *_)), image in zip(found, images, strict=True):
            volume = self._volume_of[index]
            if self._normalizer.needs(volume):
                self._normalizer.fit(volume, self._slices(index, raw))
            self._normalizer.transform(raw, volume, out=image)
        if not self.has_masks:
            return [images]
        masks = self._buffers[1].empty((*shape[:-1], 1), np.uint8)
        for (_, (_, labels)), mask in zip(found, masks, strict=True):
            mask[...] = labels
        return [images, masks]

    def readable(self, each: Each = map) -> list[int]:
        """Return the indices of the pairs that can be read, after reading all of them."""
        pairs = each(self._pair, range(len(self)))
        return [index for index, pair in enumerate(pairs) if pair is not None]

    def report(self) -> None:
        """Warn of the pairs that were skipped, each with its reason."""
        if self._unreadable:
            reasons = "\n".join(reason for _, reason in sorted(self._unreadable.items()))
            warnings.warn(
                f"{len(self._unreadable)} of {len(self)} pairs were skipped:\n{reasons}", UserWarning, stacklevel=2
            )

    def _slices(self, index: int, raw: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the stored slices of the volume of image `index`, which is `raw`, without those that are skipped."""
        for member in self._members[self._volume_of[index]]:
            pair = (raw,) if member == index else self._pair(member)
            if pair is not None:
                yield pair[0]

    def _first(self) -> tuple[str, tuple[int, ...]]:
        """Return the path and the shape of the first image that can be read."""
        for index, paths in enumerate(self._paths):
            pair = self._meant(index)
            if pair is not None:
                return paths[0], pair[0].shape
        raise ValueError(f"Expected at least one readable pair of {len(self)}. Received none. {self._unreadable[0]}")

    def _pair(self, index: int) -> tuple[np.ndarray, ...] | None:
        """Return the image, and the mask if there are any, in the files' own types; None if the pair is skipped."""
        pair = self._meant(index)
        if pair is not None:
            self._check_shape(self._paths[index][0], pair[0].shape)
            self._check_unit(index, pair[0])
        return pair

    def _check_unit(self, index: int, raw: np.ndarray) -> None:
        """Refuse two units where one mean and deviation apply, those of a volume or of all images."""
        path, scaled = self._paths[index][0], has_full_scale(raw)
        if scaled is None or not self._image_options.any_range:
            return
        # Without volumes, each image is a volume of its own.
        volume = None if self._has_given_statistics else self._volume_of[index]
        before, other = self._unit_of.setdefault(volume, (scaled, path))
        if before != scaled:
            raise two_units(*((path, other) if scaled else (other, path)))

    def _meant(self, index: int) -> tuple[np.ndarray, ...] | None:
        """Return the pair, with its mask compared with earlier ones; contradictions are raised rather than skipped."""
        pair = self._read_or_skip(index)
        if pair is None or self._values is None:
            return pair
        return pair[0], self._values.checked(self._paths[index][1], pair[1])

    def _read_or_skip(self, index: int) -> tuple[np.ndarray, ...] | None:
        try:
            return self._read(self._paths[index])
        except ValueError as error:
            if not self.skips:
                raise
            self._unreadable[int(index)] = str(error)
            return None

    def _decode(self, paths: tuple[str, ...]) -> tuple[np.ndarray, ...]:
        """Read one pair in the files' own types, then resize both."""
        if len(paths) == 1:
            image = read_raw_image(paths[0], self._image_options)
            return (resize_image(image, target_shape(self._image_size, image.shape[:-1])),)
        image, mask = read_pair(paths[0], paths[1], self._image_options, self._label_options)
        size = target_shape(self._image_size, image.shape[:-1])
        return resize_image(image, size), resize_mask(mask, size)

    def _check_shape(self, path: str, shape: tuple[int, ...]) -> None:
        """Compare with the first image, which gave the dataset its static shape."""
        first, first_path = self.first_shape, self._first_path
        if shape[-1] != first[-1]:
            raise ValueError(
                f"Expected {first[-1]} channels as in {first_path!r}. Received {shape[-1]} in {path!r}. "
                "Pass channels=1 for grey or channels=3 for RGB."
            )
        if len(shape) != len(first) or (shape != first and not self.variable_size):
            raise ValueError(
                f"Expected images of the same size. Received {path!r} of {size_text(shape)} and {first_path!r} of "
                f"{size_text(first)} ({axes_text(first)}). Pass image_size to resize them."
            )


def _fields(kind: type, options: FileOptions) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in options.items() if name in names}


def _label_options(options: FileOptions) -> LabelOptions:
    nan = nan_label(options.get("nan"), options.get("ignore_class"))
    return LabelOptions(**{**_fields(LabelOptions, options), "nan": nan, "keeps_white": True})


def _mask_values(options: LabelOptions) -> MaskValues | None:
    """Return the check of the masks' labels; None where `num_classes` or `foreground` says what they are."""
    if options.num_classes is not None or options.foreground:
        return None
    return MaskValues(options.ignore_class, white=options.table is None)


def _checked_volumes(volumes: ArrayLike | None, normalize: Normalization, count: int) -> Sequence[Hashable]:
    """Return the volume of each image; without volumes, each image is one of its own."""
    if isinstance(normalize, str) and normalize == "volume":
        if volumes is None:
            raise ValueError(
                "Expected volumes, the volume of each image, with normalize='volume'. Received volumes=None. Files "
                "that are volumes themselves take normalize='image'."
            )
        return sample_values("volumes", volumes, length=count).tolist()
    if volumes is not None:
        raise ValueError(
            f"Expected normalize='volume' with volumes. Received normalize={normalize!r}. Leave volumes out, or pass "
            "normalize='volume'."
        )
    return range(count)
