"""Augmentation against scipy.ndimage channel by channel, as most NumPy pipelines do; and how long training waits."""

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from resunet_kit.data import Augment, pairs_dataset

BATCH, SIDE = 8, 256
TRAINED, STEPS, EPOCHS = 4, 5, 3  # images of a training batch, batches of a short epoch, epochs of each kind
Pair = tuple[str, Callable[[], object], str, Callable[[], object]]
MOVES = {"rotation": 15, "zoom": 0.1, "shift": 0.05}
RECIPE = MOVES | {"flip": True, "elastic": 0.5, "brightness": 0.1, "contrast": 0.2, "gamma": 0.2, "noise": 0.02}


def batch() -> tuple[np.ndarray, np.ndarray]:
    """Return images and masks of the published size."""
    generator = np.random.default_rng(0)
    images = generator.random((BATCH, SIDE, SIDE, 3), dtype=np.float32)
    return images, generator.integers(0, 2, (BATCH, SIDE, SIDE, 1), dtype=np.uint8)


def moved_by_scipy(images: np.ndarray, masks: np.ndarray, *, displaced: bool) -> None:
    """Rotate each pair, and displace it smoothly if asked, with one resampling per channel."""
    generator = np.random.default_rng(0)
    for image, mask in zip(images, masks, strict=True):
        angle = np.deg2rad(generator.uniform(-15, 15))
        matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        grid = np.indices((SIDE, SIDE), np.float32) - (SIDE - 1) / 2
        positions = np.tensordot(matrix.astype(np.float32), grid, axes=1) + (SIDE - 1) / 2
        if displaced:
            points = generator.uniform(-10, 10, (2, 7, 7)).astype(np.float32)
            positions += [ndimage.zoom(part, SIDE / 7, order=3) for part in points]
        np.stack([ndimage.map_coordinates(plane, positions, order=1) for plane in np.moveaxis(image, -1, 0)], axis=-1)
        ndimage.map_coordinates(mask[..., 0], positions, order=0)


def pairs() -> Iterator[Pair]:
    """Yield a rotated batch, and one displaced too."""
    images, masks = batch()
    for label, augment, displaced in (
        ("rotation", Augment(**MOVES), False),
        ("rotation and elastic", Augment(**MOVES, elastic=0.5), True),
    ):
        yield (
            f"{label}, {BATCH} pairs",
            lambda augment=augment: augment(images, masks, seed=0),  # type: ignore[misc]
            "SciPy by channel",
            lambda displaced=displaced: moved_by_scipy(images, masks, displaced=displaced),  # type: ignore[misc]
        )


def notes() -> Iterator[str]:
    """Yield the milliseconds per pair for several recipes."""
    images, masks = batch()
    for label, options in (("flips", {"flip": True}), ("rotation, zoom, shift", MOVES), ("nine options", RECIPE)):
        augment = Augment(**options)  # type: ignore[arg-type]
        times = []
        for seed in range(7):
            start = time.perf_counter()
            augment(images, masks, seed=seed)
            times.append((time.perf_counter() - start) * 1e3 / BATCH)
        yield f"{label}: {statistics.median(times):.1f} ms per pair of {SIDE} x {SIDE} x 3"
    yield waiting()


def waiting() -> str:
    """Return how long training the Healthcare_AI network waits for augmented pairs.

    Once as the time that `next` takes between steps, and once as what an epoch takes beyond one on a single repeated
    batch: the latter counts the cores' time too, which augmentation takes from the steps.
    """
    from resunet_kit.models import healthcare_ai_res_unet

    model = healthcare_ai_res_unet()
    model.compile("adam", "binary_crossentropy")
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        paths: dict[str, list[Path]] = {"image": [], "mask": []}
        for number, (kind, shape) in itertools.product(range(TRAINED * STEPS), (("image", (3,)), ("mask", ()))):
            paths[kind].append(Path(folder, f"{number}_{kind}.npy"))
            np.save(paths[kind][-1], generator.integers(0, 2, (SIDE, SIDE, *shape), np.uint8) * np.uint8(255))
        data = pairs_dataset(
            paths["image"],
            paths["mask"],
            batch_size=TRAINED,
            shuffle=True,
            cache=True,
            seed=0,
            augment=Augment(**RECIPE),  # type: ignore[arg-type]
        )
        batch = next(iter(data))
        repeated = list(itertools.repeat(batch, STEPS))
        epoch(model, repeated), epoch(model, data)  # compile, and fill the cache
        runs = [(epoch(model, data), epoch(model, repeated)) for _ in range(EPOCHS)]
    whole = statistics.median((ours - plain) / ours for (ours, _), (plain, _) in runs)
    queue = statistics.median(waited / ours for (ours, waited), _ in runs)
    step = statistics.median(plain for _, (plain, _) in runs) / STEPS
    return (
        f"training on {TRAINED} pairs with nine options: of an epoch {queue:.1%} is waiting for batches, "
        f"and {whole:.1%} is what it takes beyond one on a batch in memory ({step:.2f} s per step)"
    )


def epoch(model: Any, batches: Iterable[tuple[Any, Any]]) -> tuple[float, float]:
    """Train on the batches; return the seconds in all, and those spent waiting for batches."""
    start, waits = time.perf_counter(), []
    source = iter(batches)
    while True:
        asked = time.perf_counter()
        pair = next(source, None)
        waits.append(time.perf_counter() - asked)
        if pair is None:
            return time.perf_counter() - start, sum(waits)
        model.train_on_batch(*pair)
