"""Prediction on new images: a mask per image, and a table of the tumours."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from resunet_kit.data import atomic_write, read_image
from resunet_kit.inference import Cascade, Detection

SUFFIXES = {".tif", ".tiff", ".png", ".jpg", ".jpeg"}
COLUMNS = ("image", "tumour_probability", "has_tumour", "area_px", "boxes", "centroid", "components")
CHUNK = 64  # images read and predicted together; bounds the memory, whatever the number of images


def find_images(paths: Iterable[Path]) -> list[Path]:
    """Return the images at and below the paths, without `*_mask` files, in a stable order.

    Raises:
        ValueError: If a path does not exist, holds no image, or two images would write the same prediction.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise ValueError(
                f"Expected an image or a folder of images. Received {path}, which does not exist. Name another."
            )
        images = [path] if path.is_file() else sorted(file for file in path.rglob("*") if _is_image(file, path))
        if not images:
            raise ValueError(f"Expected images ({', '.join(sorted(SUFFIXES))}) in {path}. Received none. Name another.")
        found.update({image.resolve(): image for image in images if image.resolve() not in found})
    stems = Counter(image.stem for image in found.values())
    doubled = [image for image in found.values() if stems[image.stem] > 1]
    if doubled:
        raise ValueError(
            f"Expected one image for each name, because predictions are called after it. Received {doubled[0]} and "
            f"{doubled[1] if doubled[1].stem == doubled[0].stem else 'another of that name'}. Predict them into "
            "different folders."
        )
    return list(found.values())


def predict(cascade: Cascade, images: Sequence[Path], out: Path) -> Path:
    """Write `<image stem>_pred.png` (255 where tumour is marked) for each image, and predictions.csv, to a new folder.

    Raises:
        ValueError: If `out` holds something already, or an image cannot be read or used; nothing is written then.
    """
    with (
        atomic_write(out, folder=True) as folder,
        (folder / "predictions.csv").open("w", newline="", encoding="utf-8") as file,
    ):
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for image, detection in tqdm(_detections(cascade, images), total=len(images), desc="predict", unit="image"):
            Image.fromarray((detection.mask > 0).astype("uint8") * 255).save(folder / f"{image.stem}_pred.png")
            table.writerow(row(image, detection, cascade.threshold))
    return out


def row(image: Path, detection: Detection, threshold: float) -> dict[str, Any]:
    """Return one row of predictions.csv.

    Boxes are `[top, left, bottom, right]`, bottom and right excluded; the centroid, `[row, column]`, is that of all
    marked pixels.
    """
    rows, columns = np.nonzero(detection.mask)
    centroid = [round(float(rows.mean()), 1), round(float(columns.mean()), 1)] if len(rows) else None
    return {
        "image": str(image),
        "tumour_probability": round(detection.probability, 6),
        "has_tumour": int(np.float32(detection.probability) >= np.float32(threshold)),  # as the cascade compares
        "area_px": detection.area,
        "boxes": json.dumps(detection.boxes),
        "centroid": json.dumps(centroid) if centroid else "",
        "components": len(detection.boxes),
    }


def _detections(cascade: Cascade, images: Sequence[Path]) -> Iterator[tuple[Path, Detection]]:
    channels = cascade.classifier.input_shape[-1]
    for chunk in _chunks_of_one_size(images):
        paths, arrays = zip(*chunk, strict=True)
        if arrays[0].shape[-1] != channels:
            raise ValueError(
                f"Expected images of {channels} channels, as the run was trained on. Received {paths[0]} with "
                f"{arrays[0].shape[-1]}. Convert it, or leave it out."
            )
        yield from zip(paths, _predicted(cascade, paths, arrays), strict=True)


def _predicted(cascade: Cascade, paths: Sequence[Path], arrays: Sequence[np.ndarray]) -> list[Detection]:
    try:
        return cascade.predict(np.stack(arrays))
    except ValueError as error:
        for path, image in zip(paths, arrays, strict=True):  # one by one, to name the file
            try:
                cascade.predict(image[None])
            except ValueError as cause:
                raise ValueError(f"Expected images that the run can predict. Received {path}: {cause}") from error
        raise


def _chunks_of_one_size(images: Sequence[Path]) -> Iterator[list[tuple[Path, np.ndarray]]]:
    chunk: list[tuple[Path, np.ndarray]] = []
    for path in images:
        image = read_image(path)
        if chunk and (len(chunk) == CHUNK or image.shape != chunk[0][1].shape):
            yield chunk
            chunk = []
        chunk.append((path, image))
    if chunk:
        yield chunk


def _is_image(path: Path, folder: Path) -> bool:
    if any(part.startswith((".", "__MACOSX")) for part in path.relative_to(folder).parts):
        return False  # what archives and file managers leave behind
    return path.is_file() and path.suffix.lower() in SUFFIXES and not path.stem.endswith("_mask")
