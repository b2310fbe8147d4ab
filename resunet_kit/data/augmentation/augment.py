"""Random augmentation of images together with their masks, in NumPy: 2-D and 3-D, reproducible from a seed.

Not all of Keras 3.15's layers pass the tests of this module: `RandomElasticTransform` fails on integer masks,
`RandomFlip` turns masks into floats. No layer accepts volumes, and each one interpolates again what the one before has
interpolated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import pixel_size
from resunet_kit._shared.numbers import flag, integer
from resunet_kit.data.augmentation.intensity import vary
from resunet_kit.data.augmentation.layout import as_batches
from resunet_kit.data.augmentation.options import (
    STRENGTHS,
    SWITCHES,
    Clip,
    Flip,
    Range,
    Strength,
    check_clip,
    check_fill,
    check_flip,
    checked_probabilities,
    flip_axes,
    plain,
    strength_range,
)
from resunet_kit.data.augmentation.random_streams import RandomStreams
from resunet_kit.data.augmentation.resampling import Fill, resample
from resunet_kit.data.augmentation.spatial import random_field, random_flip, random_rotate90


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Augment:
    """Augment images at random, and their masks with them: `augment(images, masks, seed=0)`.

    Every option is off by default. A strength is a number `s` or a range `(low, high)`; each image draws its own value,
    uniform in the range. `s` means -s to s for what is added (rotation, shift, shear, brightness), 1 - s to 1 + s for
    factors (zoom, contrast, gamma), and 0 to s for the rest.

    Flips and 90-degree rotations move pixels without interpolation. Zoom, shear, rotation, shift and elastic
    displacement are combined into one field, by which image and mask are resampled once: the image by linear
    interpolation, the mask by nearest neighbour. So a mask keeps its dtype and gets no new value except `mask_fill`.
    The other options change images only.

    Args:
        flip: True mirrors along each axis with a probability of 0.5; a number from 0 to 1 is another probability.
            `"horizontal"`, `"vertical"`, `"depth"` or a tuple of these: along these axes only.
        rotate90: Whether to rotate by 0, 90, 180 or 270 degrees, equally often, in a plane of two axes; by 0 or 180
            where the two differ in size.
        rotation: Degrees, of which the largest must be 0 or at least 1; positive anticlockwise as displayed. In
            a volume, drawn for each of the three planes.
        zoom: Factors, the same for all axes; 1.2 shows everything 1.2 times as large.
        shift: Fractions of the size, below 1, drawn for each axis; positive moves towards higher indices.
        shear: Pixels that a pixel moves for each pixel of distance from the centre, drawn for each plane.
        elastic: From 0 to 1. Grid points a quarter of the size apart move by up to `elastic / 10` of the size along
            each axis, and pixels between them smoothly. This never folds the image.
        brightness: Values to add, in the image's units.
        contrast: Factors of the distance from each channel's mean.
        gamma: Exponents of the values, scaled to [0, 1] by the image's own range and back.
        noise: Standard deviation of Gaussian noise, in the image's units.
        blur: Standard deviation of a Gaussian filter, in pixels.
        bias_field: The image is multiplied by a smooth field from `exp(-s)` to `exp(s)`, like the shading of uneven
            coils.
        cutout: Size of a box along each axis, as a fraction of the image's, inside which the image is set to `fill` if
            that is a number, else to 0. The mask stays unchanged there.
        probabilities: Probability that an option acts on an image, as in `{"noise": 0.3}`; for options not named here
            0.5 for flip (along each axis) and 1 for the others.
        ndim: 2 for images, 3 for volumes. It defines what an array of four axes is: a batch of images with 2, one
            volume with 3.
        spacing: Size of a pixel along each axis, depth first; rotation and shear then act in physical space. None: 1.
        in_plane: Whether a volume's depth axis stays unchanged: only `"depth"` in `flip` and the intensity options
            act on it.
        per_channel: Whether the intensity options draw one strength per channel instead of one per image.
        fill: The value outside the image: a number, `"edge"` (the nearest pixel) or `"reflect"`; with the latter two,
            masks are filled in the same way.
        mask_fill: The value outside the mask if `fill` is a number, such as the class that a loss ignores.
        clip: `(low, high)` clips every result to this range; None does not clip; `"auto"` clips images that were in
            [0, 1] to it.

    Raises:
        TypeError: If an option is of a wrong type.
        ValueError: If an option is out of bounds or unknown.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.data import Augment
        >>> augment = Augment(flip=True, rotation=15, zoom=0.1, noise=(0.01, 0.05), probabilities={"noise": 0.3})
        >>> augment
        Augment(flip=True, rotation=15, zoom=0.1, noise=(0.01, 0.05), probabilities={'noise': 0.3})
        >>> images, masks = np.random.default_rng(0).random((4, 32, 32, 3)), np.zeros((4, 32, 32), "uint8")
        >>> moved_images, moved_masks = augment(images, masks, seed=1)
        >>> moved_images.shape, moved_images.dtype, moved_masks.shape, moved_masks.dtype
        ((4, 32, 32, 3), dtype('float32'), (4, 32, 32), dtype('uint8'))
        >>> Augment.from_config(augment.get_config()) == augment
        True
    """

    flip: Flip = False
    rotate90: bool = False
    rotation: Strength = 0.0
    zoom: Strength = 0.0
    shift: Strength = 0.0
    shear: Strength = 0.0
    elastic: Strength = 0.0
    brightness: Strength = 0.0
    contrast: Strength = 0.0
    gamma: Strength = 0.0
    noise: Strength = 0.0
    blur: Strength = 0.0
    bias_field: Strength = 0.0
    cutout: Strength = 0.0
    probabilities: Mapping[str, float] = dataclasses.field(default_factory=dict, hash=False)
    ndim: int = 2
    spacing: float | tuple[float, ...] | None = None
    in_plane: bool = False
    per_channel: bool = False
    fill: Fill = 0.0
    mask_fill: int = 0
    clip: Clip = "auto"

    def __post_init__(self) -> None:
        for name in (*STRENGTHS, "flip", "spacing", "fill", "mask_fill", "clip"):
            object.__setattr__(self, name, plain(getattr(self, name)))
        for name in ("rotate90", "in_plane", "per_channel"):
            object.__setattr__(self, name, flag(name, getattr(self, name)))
        cure = "Pass 2 for images, 3 for volumes."
        object.__setattr__(self, "ndim", integer("ndim", self.ndim, "[2, 3]", cure=cure))
        object.__setattr__(self, "probabilities", checked_probabilities(self.probabilities))
        pixel_size(self.spacing, self.ndim)
        check_flip(self.flip, self.ndim, self.probabilities)
        check_fill(self.fill, self.mask_fill)
        check_clip(self.clip)
        for option in STRENGTHS:
            strength_range(option, getattr(self, option))

    def __repr__(self) -> str:
        changed = (
            f"{field.name}={getattr(self, field.name)!r}"
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != (field.default if field.name != "probabilities" else {})
        )
        return f"Augment({', '.join(changed)})"

    def get_config(self) -> dict[str, Any]:
        """Return every option, ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create an `Augment` from these options, also after a round trip through JSON or from version 0.1.0."""
        old = "quarter_turns"  # renamed in 0.2.0
        probabilities = {"rotate90" if name == old else name: p for name, p in config.get("probabilities", {}).items()}
        options = {"rotate90" if name == old else name: value for name, value in config.items()}
        return cls(**{**options, "probabilities": probabilities})

    def __call__(
        self, images: ArrayLike, masks: ArrayLike, *, seed: int | None = None
    ) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """Return an augmented copy of one pair or of a batch of pairs.

        The augmentation of an image depends on the seed, its index in the batch and each option by itself, but not on
        the batch size or on which other options are on.

        Args:
            images: `(height, width, channels)` or `(batch, height, width, channels)`; with `ndim=3` a depth axis
                comes before the height. Integers are converted, not scaled.
            masks: The same shape with any number of channels, or without the channel axis.
            seed: 0 or more; the same seed gives the same result. None draws one from NumPy's global state, which
                `keras.utils.set_random_seed` sets.

        Returns:
            Images as float32 and masks in their own dtype, both in their original shape.

        Raises:
            TypeError: If images or masks do not hold numbers, or the seed is not an integer.
            ValueError: If shapes do not fit each other or `ndim`, the seed is negative, or `mask_fill` does not fit the
                masks' dtype.
        """
        batch, labels = as_batches(images, masks, self.ndim)
        if np.asarray(self.mask_fill).astype(labels.dtype) != self.mask_fill:
            raise ValueError(
                f"Expected mask_fill to fit the masks' dtype {labels.dtype}. Received mask_fill={self.mask_fill}. "
                "Convert the masks to a dtype that holds it."
            )
        if seed is None:
            seed = np.random.randint(2**31)  # noqa: NPY002 - the state that Keras seeds
        seed = integer("seed", seed, "[0, inf)")
        ranges, probabilities = self._ranges(), self._probabilities()
        results = np.empty(batch.shape, np.float32), np.empty_like(labels, order="C")
        for index, pair in enumerate(zip(batch, labels, strict=True)):
            streams = RandomStreams(ranges=ranges, probabilities=probabilities, seed=seed, index=index)
            for result, planes in zip(results, self._augment_pair(*pair, streams), strict=True):
                for channel, plane in enumerate(planes):
                    result[index, ..., channel] = plane
        return results[0].reshape(np.shape(images)), results[1].reshape(np.shape(masks))

    def _augment_pair(
        self, image: NDArray[Any], mask: NDArray[Any], streams: RandomStreams
    ) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """Augment one pair with channels last; return it with channels first, each one block of memory."""
        planes, labels = np.moveaxis(image, -1, 0), np.moveaxis(mask, -1, 0)
        axes = tuple(range(self.ndim))[-2 if self.in_plane else 0 :]
        flips = flip_axes(self.flip, self.ndim, axes)
        if flips:
            planes, labels = random_flip(planes, flips, streams), random_flip(labels, flips, streams)
        if self.rotate90:
            planes, labels = random_rotate90(planes, axes, streams), random_rotate90(labels, axes, streams)
        planes = np.array(planes, np.float32, order="C")
        outside = 0.0 if isinstance(self.fill, str) else self.fill
        limits = self._limits(min(planes.min(), outside), max(planes.max(), outside))
        field = random_field(planes.shape[1:], axes, pixel_size(self.spacing, self.ndim), streams)
        if field is not None:
            planes, labels = resample(planes, labels, field, fill=self.fill, mask_fill=self.mask_fill)
        varied = vary(planes, streams, per_channel=self.per_channel, hidden=outside)
        if limits is not None and (varied or field is not None or self.clip != "auto"):
            np.clip(planes, *limits, out=planes)
        return planes, labels

    def _limits(self, low: float, high: float) -> tuple[float, float] | None:
        if self.clip != "auto":
            return self.clip
        return (0.0, 1.0) if low >= 0 and high <= 1 else None

    def _ranges(self) -> dict[str, Range]:
        found = {option: strength_range(option, getattr(self, option)) for option in STRENGTHS}
        return {option: limits for option, limits in found.items() if limits is not None}

    def _probabilities(self) -> dict[str, float]:
        flip = 0.5 if isinstance(self.flip, bool | str | tuple) else self.flip
        return {**dict.fromkeys((*STRENGTHS, *SWITCHES), 1.0), "flip": flip, **self.probabilities}
