"""Reading pairs against the generator of the LGG notebook: scikit-image, z-scores, batches of 16 in Python."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import io

from resunet_kit.data import pairs_dataset

COUNT, SIDE, BATCH = 64, 256, 16
Pair = tuple[str, Callable[[], object], str, Callable[[], object]]
FOLDER = tempfile.TemporaryDirectory()  # lives as long as the run


def write_pairs() -> tuple[list[str], list[str]]:
    """Write uncompressed TIFF pairs of the published size."""
    generator = np.random.default_rng(0)
    images, masks = [], []
    for number in range(COUNT):
        for paths, end, shape in ((images, "", (SIDE, SIDE, 3)), (masks, "_mask", (SIDE, SIDE))):
            paths.append(str(Path(FOLDER.name, f"{number}{end}.tif")))
            Image.fromarray(generator.integers(0, 2, shape, dtype=np.uint8) * 255).save(paths[-1])
    return images, masks


def notebook_epoch(images: list[str], masks: list[str]) -> None:
    """Read one epoch as the notebook's generator does."""
    for start in range(0, COUNT, BATCH):
        batch = np.empty((BATCH, SIDE, SIDE, 3))
        truth = np.empty((BATCH, SIDE, SIDE, 1))
        for i in range(BATCH):
            image, mask = (np.asarray(io.imread(paths[start + i]), float) for paths in (images, masks))
            batch[i] = (image - image.mean()) / image.std()
            truth[i, ..., 0] = mask / 255


def epoch(dataset: object) -> None:
    """Run through a dataset."""
    for _ in dataset:  # type: ignore[attr-defined]
        pass


def pairs() -> list[Pair]:
    """Return an epoch from files, and one from the memory cache."""
    images, masks = write_pairs()
    fresh = pairs_dataset(images, masks, batch_size=BATCH)
    cached = pairs_dataset(images, masks, batch_size=BATCH, cache=True)
    return [
        ("epoch from files", lambda: epoch(fresh), "notebook", lambda: notebook_epoch(images, masks)),
        ("epoch from memory", lambda: epoch(cached), "notebook", lambda: notebook_epoch(images, masks)),
    ]
