"""Prediction of whole folders: one mask per image file, in shards, resumable."""

import csv
import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from resunet_kit._shared.numbers import choice
from resunet_kit._shared.writing import atomic_write
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.resizing import ImageSize
from resunet_kit.data.pairing.listing import Files
from resunet_kit.inference._batching import with_progress
from resunet_kit.inference._callables import described
from resunet_kit.inference._file_prediction import FilePrediction, FilePredictor, Preprocess
from resunet_kit.inference._image_files import ImageFile, image_files, in_shard, shard_of
from resunet_kit.inference._mask_files import (
    mask_file,
    probability_file,
    table_columns,
    table_row,
    write_mask,
    write_probabilities,
)
from resunet_kit.inference._model_fingerprint import fingerprint
from resunet_kit.inference._prediction_records import PredictionRecords
from resunet_kit.inference._predictor import Predictor
from resunet_kit.inference.cascade import Cascade
from resunet_kit.masks import PostProcess

Errors = Literal["raise", "continue"]


@dataclass(frozen=True)
class FolderPredictions:
    """Result of `predict_folder`.

    Attributes:
        out: The folder of masks.
        table: The CSV file of this call's images.
        predicted: Number of images that this call predicted.
        skipped: Number of images that had been predicted before.
        errors: Reason for each image that could not be predicted, by its name.
    """

    out: Path
    table: Path
    predicted: int
    skipped: int
    errors: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        before = f", {self.skipped} predicted before" if self.skipped else ""
        failed = "".join(f"\nNot predicted: {name}: {why}" for name, why in self.errors.items())
        return f"{self.predicted} images predicted{before}, {len(self.errors)} errors. Table: {self.table}{failed}"


def predict_folder(
    model: Predictor | Cascade,
    images: Files,
    *,
    out: PathLike,
    shard: str | tuple[int, int] | None = None,
    postprocess: PostProcess | None = None,
    image_options: Mapping[str, Any] | None = None,
    image_size: ImageSize | None = None,
    preprocess: Preprocess | None = None,
    tile: int | Sequence[int] | None = None,
    overlap: float = 0.5,
    batch_size: int | None = None,
    probabilities: PathLike | None = None,
    errors: Errors = "raise",
    verbose: int = 0,
) -> FolderPredictions:
    """Predict a mask for each image file of a folder, all of them or one shard, and describe them in a table.

    A mask is `<stem>_pred.png` with 0 and 255, or the labels of several classes; for a NIfTI image it is
    `<stem>_pred.nii.gz` with the image's geometry, and for other volumes `<stem>_pred.npy`. Masks have the size of
    their images. Each file is written completely or not at all.

    Images are sorted by name, and shard k of n takes every n-th of them from the k-th on: each image is in exactly one
    shard, whatever the number of shards. Shards may run at the same time, in any order and on several machines, into
    one folder. A call with `shard=None` afterwards predicts nothing again, and writes one table of all.

    A repeated call resumes: images whose outputs are complete are skipped, unless the image's file has changed.
    `settings.json` in `out` says with which model and options its masks were made; others are refused.

    Args:
        model: A segmenter from images `(batch, [depth,] height, width, channels)` to probabilities of the same size: a
            Keras model or what `accelerate` returned. Or a `Cascade`.
        images: A folder, searched at any depth; a glob pattern; a file; or a list of these. In folders, `x_mask.tif` is
            left out if there is an `x.tif`.
        out: The folder for masks and table: new, or one of earlier calls.
        shard: "3/16" for the third of 16 parts; None for all images.
        postprocess: Post-processing from probabilities to a mask, by a threshold and rules on components. None is a
            threshold of 0.5, or the most probable of several classes.
        image_options: How images are read, as in training: `channels`, 1 for grey or 3 for RGB; `full_scale`, the
            stored value that corresponds to 1; `normalize`, None, `"image"` or `(mean, std)`; `exif_rotation`; and
            `nan`, the number that NaN is read as.
        image_size: Size that images are resized to, as in training; masks are resized back. None takes the model's own
            size, or the image's if that is variable.
        preprocess: Function from each image as it is read, `([depth,] height, width, channels)` float32, to what the
            model takes.
        tile: Predict in overlapping windows of this size, as `predict_tiled` does, rather than resize.
        overlap: Fraction of a tile that overlaps its neighbour.
        batch_size: Images per step; None is 8, or 1 for volumes. With `tile`, tiles per step.
        probabilities: A folder for float32 probabilities too: NIfTI for NIfTI images, else NumPy's format. Not for a
            `Cascade`.
        errors: `"raise"` stops at the first image that cannot be predicted; `"continue"` names it in the table and in
            the result, and predicts the others.
        verbose: 0 for silence, 1 for a progress bar.

    Returns:
        Where the masks are, how many there are, and what could not be predicted.

    Raises:
        TypeError: If the model or an option is of a wrong type.
        ValueError: If there are no images, two would have outputs of the same name, `out` holds something else or
            predictions of other settings, the model does not fit, or an option is out of range; with `errors="raise"`
            if an image cannot be read or predicted. The message names it.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from resunet_kit.inference import predict_folder
        >>> from resunet_kit.models import res_unet
        >>> folder = tempfile.TemporaryDirectory()
        >>> images, out = (pathlib.Path(folder.name, name) for name in ("images", "masks"))
        >>> images.mkdir()
        >>> for name in "abc":
        ...     np.save(images / f"{name}.npy", np.zeros((40, 30), "uint8"))
        >>> model = res_unet((32, 32, 1), filters=(4, 8))
        >>> [predict_folder(model, images, out=out, shard=f"{number}/2").predicted for number in (1, 2)]
        [2, 1]
        >>> predict_folder(model, images, out=out).skipped
        3
        >>> sorted(path.name for path in out.glob("*.png"))
        ['a_pred.png', 'b_pred.png', 'c_pred.png']
        >>> folder.cleanup()
    """
    part = shard_of(shard)
    choice("errors", errors, get_args(Errors))
    predictor = FilePredictor(
        model=model,
        image_options=image_options,
        image_size=image_size,
        preprocess=preprocess,
        postprocess=postprocess,
        batch_size=batch_size,
        tile=tile,
        overlap=overlap,
    )
    folder = _Folder(Path(_path("out", out)), predictor, _probability_folder(probabilities, out, predictor))
    chosen = in_shard(image_files(images, folder.out), part)
    records = PredictionRecords(folder.out, _settings(predictor))
    rows = {image.name: row for image in chosen if (row := records.complete_row(image, folder.outputs(image)))}
    skipped, failed = len(rows), {}
    waiting = [image for image in chosen if image.name not in rows]
    for image, found in with_progress(folder.predictions(waiting), len(waiting), verbose):
        if found.error is not None:
            if errors == "raise":
                raise found.error
            failed[image.name] = str(found.error)
            rows[image.name] = {"image": image.name, "error": " ".join(str(found.error).split())}
        else:
            rows[image.name] = folder.write(image, found)
            records.add(image, folder.outputs(image), rows[image.name])
    table = folder.out / ("predictions.csv" if part is None else f"predictions-{part[0]}-of-{part[1]}.csv")
    _write_table(table, table_columns(predictor), [rows[image.name] for image in chosen])
    return FolderPredictions(folder.out, table, len(waiting) - len(failed), skipped, failed)


@dataclass(frozen=True)
class _Folder:
    """The folders of the outputs, and what predicts them."""

    out: Path
    predictor: FilePredictor
    probabilities: Path | None

    def outputs(self, image: ImageFile) -> dict[str, Path]:
        """Return the files of an image's outputs by kind."""
        found = {"mask": self.out / mask_file(image, self._axes)}
        if self.probabilities is not None:
            found["probabilities"] = self.probabilities / probability_file(image)
        return found

    def predictions(self, images: Sequence[ImageFile]) -> Iterator[tuple[ImageFile, FilePrediction]]:
        """Yield the prediction of each image, in order."""
        return zip(images, self.predictor.predict(image.path for image in images), strict=True)

    def write(self, image: ImageFile, found: FilePrediction) -> dict[str, Any]:
        """Write the outputs of an image, and return its row."""
        files = self.outputs(image)
        mask = np.asarray(found.mask)
        write_mask(files["mask"], mask, image, self.predictor.num_classes)
        if "probabilities" in files:
            write_probabilities(files["probabilities"], np.asarray(found.probabilities), image)
        return table_row(image, found, files["mask"].name, self.predictor)

    @property
    def _axes(self) -> int:
        return 2 if self.predictor.is_cascade else len(self.predictor.model.input_shape) - 2


def _path(name: str, path: Any) -> PathLike:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"Expected {name} to be the path of a folder. Received {name}={path!r}. Pass one.")
    return path


def _probability_folder(probabilities: Any, out: PathLike, predictor: FilePredictor) -> Path | None:
    if probabilities is None:
        return None
    folder = Path(_path("probabilities", probabilities))
    if predictor.is_cascade:
        raise ValueError(
            f"Expected probabilities=None for a Cascade, whose gate has none. Received probabilities={str(folder)!r}. "
            "Pass the cascade's segmenter as the model."
        )
    if os.path.abspath(folder) == os.path.abspath(out):
        raise ValueError(
            f"Expected another folder for probabilities than for masks. Received {str(folder)!r} for both. Name "
            "another."
        )
    return folder


def _settings(predictor: FilePredictor) -> dict[str, Any]:
    """Return everything that outputs depend on."""
    options = {name: value for name, value in (predictor.image_options or {}).items() if value is not None}
    return {
        "model": fingerprint(predictor.model),
        "postprocess": dataclasses.asdict(predictor.rules),
        "image_options": {name: _plain(value) for name, value in sorted(options.items())},
        "image_size": _plain(predictor.read_size),
        "preprocess": None if predictor.preprocess is None else described(predictor.preprocess),
        "tile": _plain(predictor.tile),
        "overlap": None if predictor.tile is None else predictor.overlap,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping | str) or not isinstance(value, Iterable):
        return value.item() if isinstance(value, np.generic) else value
    return [_plain(one) for one in value]


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
