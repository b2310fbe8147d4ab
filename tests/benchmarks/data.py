"""Reading pairs against the generator of the LGG notebook: scikit-image, z-scores, batches of 16 in Python.

361 pairs of the published size: real ones from the folder that RESUNET_KIT_LGG names, else noise of the same format.
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import io

from resunet_kit.data import PairBatches, pairs_dataset

COUNT, SIDE, BATCH, EPOCHS = 361, 256, 16, 10
Pair = tuple[str, Callable[[], object], str, Callable[[], object]]
FOLDER = tempfile.TemporaryDirectory()  # lives as long as the run


@cache
def files() -> tuple[list[str], list[str]]:
    """Return the paths of images and masks, uncompressed TIFF."""
    real = os.environ.get("RESUNET_KIT_LGG")
    if real:
        masks = sorted(map(str, Path(real).glob("*/*_mask.tif")))[:COUNT]
        return [mask.replace("_mask", "") for mask in masks], masks
    generator = np.random.default_rng(0)
    images, masks = ([str(Path(FOLDER.name, f"{index}{end}.tif")) for index in range(COUNT)] for end in ("", "_mask"))
    for paths, shape in ((images, (SIDE, SIDE, 3)), (masks, (SIDE, SIDE))):
        for path in paths:
            Image.fromarray(generator.integers(0, 2, shape, dtype=np.uint8) * 255).save(path)
    return images, masks


def notebook_epoch() -> None:
    """Read one epoch as the notebook's generator does."""
    images, masks = files()
    for start in range(0, len(images), BATCH):
        chosen = range(start, min(start + BATCH, len(images)))
        batch = np.empty((len(chosen), SIDE, SIDE, 3))
        truth = np.empty((len(chosen), SIDE, SIDE, 1))
        for i, index in enumerate(chosen):
            image, mask = (np.asarray(io.imread(paths[index]), float) for paths in (images, masks))
            batch[i] = (image - image.mean()) / (image.std() or 1)
            truth[i, ..., 0] = mask / 255


def epoch(batches: Iterable[object]) -> None:
    """Iterate over one epoch."""
    for _ in batches:
        pass


def pairs() -> Iterator[Pair]:
    """Yield epochs from files and from the memory cache, each with the notebook's."""
    options = {"batch_size": BATCH}
    for label, batches in (
        ("from files", pairs_dataset(*files(), **options)),
        ("from files, z-scores", pairs_dataset(*files(), normalize="image", **options)),
        ("from memory", pairs_dataset(*files(), cache=True, **options)),
        ("from memory, shuffled", pairs_dataset(*files(), cache=True, shuffle=True, **options)),
        ("from memory, z-scores", pairs_dataset(*files(), cache=True, normalize="image", **options)),
        ("from memory, NumPy batches", PairBatches(*files(), cache=True, **options)),
    ):
        yield f"epoch {label}", lambda batches=batches: epoch(batches), "scikit-image generator", notebook_epoch


def notes() -> Iterator[str]:
    """Yield the process's memory from epoch to epoch."""
    for label, options in (("from files", {}), ("from memory", {"cache": True, "shuffle": True})):
        dataset = pairs_dataset(*files(), batch_size=BATCH, **options)
        held = []
        for _ in range(EPOCHS):
            epoch(dataset)
            held.append(resident())
        yield f"memory after epochs 1 to {EPOCHS} {label}: {', '.join(f'{megabytes:.0f}' for megabytes in held)} MB"


def resident() -> float:
    """Return the megabytes that this process holds; Linux only."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
