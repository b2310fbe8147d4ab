"""Prediction of image files as masks at the files' own size, in batches, with errors that name the file."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from resunet_kit._shared.errors import reason, unknown_name
from resunet_kit._shared.numbers import integer, integers_per_axis, number
from resunet_kit.data.files.normalization import checked_normalization
from resunet_kit.data.files.reading import ImageOptions, read_sized_image
from resunet_kit.data.files.resizing import ImageSize, check_size, resize_image
from resunet_kit.inference._image_checks import check_image, check_outputs
from resunet_kit.inference._marking import mark_images
from resunet_kit.inference._predictor import Predictor, check_predictor
from resunet_kit.inference._stage_checks import MAX_CLASSES
from resunet_kit.inference._value_range import takes_raw_intensities
from resunet_kit.inference.cascade import Cascade
from resunet_kit.masks import PostProcess

IMAGE_OPTIONS = ("channels", "full_scale", "normalize", "exif_rotation", "nan")
BATCH_SIZE = 8
Preprocess = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class FilePrediction:
    """Prediction for one file.

    Attributes:
        path: The image file.
        mask: Labels `(height, width)` or `(depth, height, width)`, uint8; None if there is an error.
        probabilities: float32 of the mask's shape, with the classes as last axis; None for a cascade.
        probability: For a cascade, the probability that the image shows a finding; for a model, the highest one of the
            foreground.
        error: Why the file could not be predicted.
    """

    path: Path
    mask: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    probability: float = 0.0
    error: Exception | None = None


@dataclass(frozen=True)
class _Read:
    """One image as the model takes it, and its spatial shape in the file."""

    path: Path
    image: np.ndarray
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class FilePredictor:
    """A model or cascade with all options that lead from a file to a mask, as in `predict_folder`.

    Raises:
        TypeError: If the model or an option is of a wrong type.
        ValueError: If the model's shapes do not fit, or options do not fit the model or each other.
    """

    model: Any
    image_options: Mapping[str, Any] | None = None
    image_size: ImageSize | None = None
    preprocess: Preprocess | None = None
    postprocess: PostProcess | None = None
    batch_size: int | None = None
    tile: Any = None
    overlap: float = 0.5

    def __post_init__(self) -> None:
        for name in self.image_options or {}:
            if name not in IMAGE_OPTIONS:
                raise unknown_name("an option of image_options", name, IMAGE_OPTIONS)
        options = dict(self.image_options or {})
        checked_normalization(options.pop("normalize", None))
        ImageOptions(**options)
        if self.batch_size is not None:
            integer("batch_size", self.batch_size, "[1, inf)")
        if self.preprocess is not None and not callable(self.preprocess):
            raise TypeError(
                f"Expected preprocess to be a function of an image, or None. Received preprocess={self.preprocess!r}. "
                "Pass one, as in preprocess=lambda image: 255 * image."
            )
        if self.postprocess is not None and not isinstance(self.postprocess, PostProcess):
            raise TypeError(
                f"Expected postprocess to be a PostProcess or None. Received postprocess={self.postprocess!r}. Pass "
                "resunet_kit.masks.PostProcess(threshold=0.5)."
            )
        check_size(self.image_size)
        if self.tile is not None:
            number("overlap", self.overlap, "[0, 1)")
            integers_per_axis("tile", self.tile, len(self.tile) if isinstance(self.tile, Sequence) else 1)
        _check_cascade(self) if isinstance(self.model, Cascade) else _check_model(self)

    @property
    def is_cascade(self) -> bool:
        """Whether the model is a cascade of two stages."""
        return isinstance(self.model, Cascade)

    @property
    def num_classes(self) -> int:
        """Number of classes in the masks, including the background."""
        segmenter = self.model.segmenter if self.is_cascade else self.model
        return max(2, int(segmenter.output_shape[-1]))

    @property
    def rules(self) -> PostProcess:
        """Post-processing from probabilities to a mask."""
        return self.model.postprocess if self.is_cascade else self.postprocess or PostProcess()

    @property
    def at_once(self) -> int:
        """Number of files in memory at a time: one if files are large."""
        if self.tile is not None or (not self.is_cascade and len(self.model.input_shape) == 5):
            return 1 if self.tile is not None else self.batch_size or 1
        return self.batch_size or BATCH_SIZE

    @property
    def read_size(self) -> ImageSize | None:
        """The size that images are read in: the model's, if that is fixed."""
        if self.image_size is not None or self.is_cascade or self.tile is not None:
            return self.image_size
        fixed = tuple(self.model.input_shape[1:-1])
        return None if None in fixed else fixed

    def predict(self, paths: Iterable[Path]) -> Iterator[FilePrediction]:
        """Yield the prediction of each file, in order, with the error for a file that cannot be predicted.

        Args:
            paths: Image files.
        """
        for chunk in _chunks(paths, self.at_once):
            read = [self._read(path) for path in chunk]
            found = {one.path: one for one in read if isinstance(one, FilePrediction)}
            groups: dict[tuple[int, ...], list[_Read]] = {}
            for one in read:
                if isinstance(one, _Read):
                    groups.setdefault(one.image.shape, []).append(one)
            del read
            for group in groups.values():
                found.update({one.path: one for one in self._predicted(group)})
            yield from (found.pop(path) for path in chunk)

    def _read(self, path: Path) -> _Read | FilePrediction:
        options = {**dict.fromkeys(IMAGE_OPTIONS), **(self.image_options or {})}
        try:
            image, shape = read_sized_image(path, image_size=self.read_size, **options)
            if self.preprocess is not None:
                image = np.asarray(self.preprocess(image), "float32")
            self._check(image, path)
        except (ValueError, OSError, ImportError) as error:
            return FilePrediction(path, error=_unread(path, error))
        return _Read(path, image, shape)

    def _check(self, image: np.ndarray, path: Path) -> None:
        stage = self.model.segmenter if self.is_cascade else self.model
        axes, channels = len(stage.input_shape) - 1, stage.input_shape[-1]
        if image.ndim != axes:
            cure = "Cut volumes into slices, or" if axes == 3 else "Stack slices into volumes, or"
            raise ValueError(
                f"Expected an image of {axes - 1} spatial axes, as the model takes. Received shape {image.shape}. "
                f"{cure} build the model for {image.ndim - 1}."
            )
        if channels not in (None, image.shape[-1]):
            raise ValueError(
                f"Expected an image of {channels} channels, as the model takes. Received {image.shape[-1]}. Convert "
                f"grey and colours by image_options={{'channels': {channels}}}."
            )
        if not self.is_cascade:  # which checks its images itself
            check_image(image, repr(str(path)), None, raw=False)  # type: ignore[arg-type]

    def _predicted(self, group: Sequence[_Read]) -> list[FilePrediction]:
        """Return the predictions of images of one shape; one by one if there is an error with all together."""
        try:
            return self._cascaded(group) if self.is_cascade else self._segmented(group)
        except Exception as error:  # the backend's errors, of memory and shapes, belong to the image too
            if len(group) == 1:
                return [FilePrediction(group[0].path, error=_unpredicted(group[0].path, error))]
        return [one for each in group for one in self._predicted([each])]

    def _cascaded(self, group: Sequence[_Read]) -> list[FilePrediction]:
        found = self.model.predict(np.stack([one.image for one in group]), batch_size=self.at_once)
        return [
            FilePrediction(one.path, detection.mask, None, detection.probability)
            for one, detection in zip(group, found, strict=True)
        ]

    def _segmented(self, group: Sequence[_Read]) -> list[FilePrediction]:
        outputs = self._outputs(np.stack([one.image for one in group]))
        check_outputs("model", outputs, [repr(str(one.path)) for one in group])
        return [self._marked(one, output) for one, output in zip(group, outputs, strict=True)]

    def _marked(self, read: _Read, output: np.ndarray) -> FilePrediction:
        probabilities = resize_image(output, read.shape)
        mask = mark_images(probabilities[None], self.rules, checked=True)[0]
        foreground = probabilities[..., 0] if output.shape[-1] == 1 else 1 - probabilities[..., 0]
        highest = float(np.clip(foreground.max(), 0, 1))
        return FilePrediction(read.path, mask, probabilities, highest)

    def _outputs(self, images: np.ndarray) -> np.ndarray:
        """Return the model's outputs, float32 `(n, ..., classes)`."""
        if self.tile is not None:
            from resunet_kit.inference.tiling import predict_tiled

            options = {"tile": self.tile, "overlap": self.overlap, "batch_size": self.batch_size or BATCH_SIZE}
            return np.stack([np.asarray(predict_tiled(self.model, image, **options), "float32") for image in images])
        count = len(images)
        if self.read_size is not None and count < self.at_once:
            # A batch of another size may be computed in another order, so that masks would depend on the shard.
            images = np.concatenate([images, np.repeat(images[-1:], self.at_once - count, axis=0)])
        outputs = np.asarray(self.model.predict_on_batch(images), "float32")[:count]
        if outputs.shape[:-1] != images[:count].shape[:-1]:
            raise ValueError(
                f"Expected outputs of the images' size {images.shape[1:-1]}. Received {outputs.shape[1:-1]}. Add an "
                "upsampling to the model."
            )
        return outputs


def _chunks(paths: Iterable[Path], size: int) -> Iterator[tuple[Path, ...]]:
    rest = iter(paths)
    while chunk := tuple(itertools.islice(rest, size)):
        yield chunk


def _unread(path: Path, error: Exception) -> ValueError:
    """Return an error that names the file, if it does not yet."""
    said = _said(error)
    return ValueError(said if repr(str(path)) in said else f"Cannot read {str(path)!r}: {said}")


def _unpredicted(path: Path, error: Exception) -> ValueError:
    """Return an error that names the file, if it does not yet."""
    said = _said(error)
    named = repr(str(path)) in said
    return ValueError(
        said if named else f"Expected an image that the model can predict. Received {str(path)!r}: {said}"
    )


def _said(error: Exception) -> str:
    """Return the message of this library's errors unchanged, and that of another library's on one line."""
    text = str(error)
    return text if isinstance(error, ValueError) and text.startswith(("Expected", "Cannot")) else reason(error)


def _check_cascade(options: FilePredictor) -> None:
    for name in ("postprocess", "tile", "image_size"):
        if getattr(options, name) is not None:
            raise ValueError(
                f"Expected {name}=None for a Cascade, which has its own. Received {name}={getattr(options, name)!r}. "
                "Leave it out, or pass the cascade's segmenter."
            )


def _check_model(options: FilePredictor) -> None:
    model: Predictor = options.model
    check_predictor("model", model)
    taken, given = model.input_shape, model.output_shape
    if len(taken) not in (4, 5) or len(given) != len(taken) or given[-1] is None or not 1 <= given[-1] <= MAX_CLASSES:
        raise ValueError(
            f"Expected a model from images (batch, [depth,] height, width, channels) to probabilities of up to "
            f"{MAX_CLASSES} classes at each pixel. Received one from {taken} to {given}. Pass a segmenter."
        )
    if any(None not in (a, b) and a != b for a, b in zip(taken[1:-1], given[1:-1], strict=True)):
        raise ValueError(
            f"Expected a model whose output has the size of its input. Received one from {taken} to {given}. Add an "
            "upsampling, as keras.layers.UpSampling2D."
        )
    _check_size_of(options, tuple(taken[1:-1]))
    normalized = (options.image_options or {}).get("normalize") is not None
    inner = model if isinstance(model, keras.Model) else getattr(model, "model", None)  # of an accelerated model
    raw = isinstance(inner, keras.Model) and takes_raw_intensities(inner)
    if raw and options.preprocess is None and not normalized:
        raise ValueError(
            "Expected preprocess for a model that rescales raw intensities itself, since images are read in [0, 1]. "
            "Received None. Pass preprocess=lambda image: 255 * image; or, if it was trained on images in [0, 1], "
            "preprocess=lambda image: image."
        )


def _check_size_of(options: FilePredictor, fixed: tuple[int | None, ...]) -> None:
    if options.image_size is None:
        return
    if options.tile is not None:
        raise ValueError(
            f"Expected tile or image_size. Received tile={options.tile!r} and image_size={options.image_size!r}. Leave "
            "out image_size: tiles are cut from images at their own size."
        )
    size = (options.image_size,) * len(fixed) if isinstance(options.image_size, int) else tuple(options.image_size)
    if len(size) != len(fixed) or any(None not in (a, b) and a != b for a, b in zip(size, fixed, strict=True)):
        raise ValueError(
            f"Expected an image_size that the model takes, {fixed}. Received image_size={options.image_size!r}. Leave "
            "it out to take the model's."
        )
