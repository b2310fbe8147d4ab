"""Files of masks and probabilities, and the row of a table that describes them."""

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from resunet_kit import masks
from resunet_kit._shared.writing import atomic_write
from resunet_kit.data import read_geometry, write_volume
from resunet_kit.data.files.nifti import is_nifti
from resunet_kit.inference._file_prediction import FilePrediction, FilePredictor
from resunet_kit.inference._image_files import ImageFile

MAX_BOXES = 100  # in a cell of the table: noise has thousands of components
SUFFIX = "_pred"


def mask_file(image: ImageFile, axes: int) -> str:
    """Return the name of an image's mask: NIfTI for NIfTI, else PNG, and NumPy's format for other volumes.

    Args:
        image: The source image.
        axes: Number of spatial axes.
    """
    if is_nifti(image.path):
        return f"{image.stem}{SUFFIX}.nii.gz"
    return f"{image.stem}{SUFFIX}.{'png' if axes == 2 else 'npy'}"


def probability_file(image: ImageFile) -> str:
    """Return the name of an image's probabilities: NIfTI for NIfTI, else NumPy's format."""
    return f"{image.stem}{SUFFIX}.{'nii.gz' if is_nifti(image.path) else 'npy'}"


def write_mask(path: Path, mask: np.ndarray, image: ImageFile, num_classes: int) -> None:
    """Write a mask completely or not at all; a binary PNG has 0 and 255, any other file the labels."""
    if is_nifti(path):
        write_volume(path, mask, like=image.path)
        return
    if path.suffix == ".npy":
        _write_array(path, mask)
        return
    buffer = io.BytesIO()
    Image.fromarray(mask * np.uint8(255) if num_classes <= 2 else mask).save(buffer, "PNG")
    with atomic_write(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def write_probabilities(path: Path, probabilities: np.ndarray, image: ImageFile) -> None:
    """Write float32 probabilities with the classes as last axis, completely or not at all."""
    if is_nifti(path):
        write_volume(path, probabilities, like=image.path)
    else:
        _write_array(path, probabilities)


def table_columns(predictor: FilePredictor) -> list[str]:
    """Return the columns of predictions.csv."""
    classes = range(1, predictor.num_classes) if predictor.num_classes > 2 else ()
    return [
        "image",
        "mask",
        "shape",
        "probability" if predictor.is_cascade else "max_probability",
        "area_px",
        *(f"area_px_{label}" for label in classes),
        "area_mm2",
        "volume_mm3",
        "components",
        "boxes",
        "centroid",
        "error",
    ]


def table_row(image: ImageFile, found: FilePrediction, file: str, predictor: FilePredictor) -> dict[str, Any]:
    """Return the row of one image, with areas in millimetres if its file has a spacing."""
    mask = found.mask
    assert mask is not None  # noqa: S101  # for type checkers
    foreground = mask > 0
    regions = masks.regions(foreground, connectivity=predictor.rules.connectivity)
    area = int(np.count_nonzero(foreground))
    counts = np.bincount(mask.ravel(), minlength=predictor.num_classes)
    centroid = [round(float(axis.mean()), 1) for axis in np.nonzero(foreground)] if area else ""
    values = [
        image.name,
        file,
        "x".join(map(str, mask.shape)),
        round(found.probability, 6),
        area,
        *(counts[1:].tolist() if predictor.num_classes > 2 else ()),
        *_physical(image, area, mask.ndim),
        len(regions),
        json.dumps([region.bbox for region in regions[:MAX_BOXES]]),
        json.dumps(centroid) if area else "",
        "",
    ]
    return dict(zip(table_columns(predictor), values, strict=True))


def _physical(image: ImageFile, area: int, axes: int) -> tuple[float | str, float | str]:
    """Return area and volume in millimetres, one of them empty; both without a spacing."""
    if not is_nifti(image.path):
        return "", ""
    size = round(area * math.prod(read_geometry(image.path).spacing), 3)
    return (size, "") if axes == 2 else ("", size)


def _write_array(path: Path, array: np.ndarray) -> None:
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.save(file, array)
