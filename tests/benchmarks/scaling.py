"""How the cost of a network grows with image size, batch, filters and tiles."""

import time
from collections.abc import Callable, Iterable, Iterator

import keras
import numpy as np

from resunet_kit.inference import predict_tiled
from resunet_kit.losses import Dice
from resunet_kit.models import res_unet

SIZES, BATCHES, WIDTHS, TILES = (64, 128, 256, 512), (1, 4, 16), (8, 16, 32), (128, 256, 512)
WIDTH, SIZE, BATCH, LARGE = 16, 128, 4, 1024


def pairs() -> Iterator[tuple[str, Callable[[], object], str, Callable[[], object]]]:
    """Yield nothing: growth is no ratio to a peer."""
    yield from ()


def notes() -> Iterable[str]:
    """Return milliseconds for each megapixel, along one axis at a time."""
    yield "ms per megapixel of a training step / of prediction; the numbers are equal where cost grows in proportion"
    yield f"image size (batch {BATCH}): " + _row(SIZES, lambda size: _costs(size, BATCH, WIDTH))
    yield f"batch ({SIZE} x {SIZE}): " + _row(BATCHES, lambda batch: _costs(SIZE, batch, WIDTH))
    yield f"filters of the first level (batch {BATCH}): " + _row(WIDTHS, lambda width: _costs(SIZE, BATCH, width))
    image = np.random.default_rng(0).random((LARGE, LARGE, 3), "float32")
    model = _model(None, WIDTH)
    whole = _seconds(lambda: model.predict_on_batch(image[None]))
    tiled = [
        f"{tile}: {_seconds(lambda tile=tile: predict_tiled(model, image, tile=tile, batch_size=BATCH)) / whole:.2f}"
        for tile in TILES
    ]
    yield f"predict_tiled of {LARGE} x {LARGE} at overlap 0.5, times the whole image at once, by tile: " + ", ".join(
        tiled
    )


def _row(values: tuple[int, ...], costs: Callable[[int], tuple[float, float]]) -> str:
    return ", ".join(f"{value}: {train:.0f} / {predict:.0f}" for value in values for train, predict in [costs(value)])


def _costs(size: int, batch: int, width: int) -> tuple[float, float]:
    images = np.random.default_rng(0).random((batch, size, size, 3), "float32")
    masks = (images[..., :1] > 0.5).astype("float32")
    model = _model(size, width)
    model.compile("adam", Dice())
    scale = 1e3 / (images[..., 0].size / 1e6)
    train = _seconds(lambda: model.train_on_batch(images, masks))
    return scale * train, scale * _seconds(lambda: model.predict_on_batch(images))


def _model(size: int | None, width: int) -> keras.Model:
    return res_unet((size, size, 3), filters=(width, 2 * width, 4 * width, 8 * width))


def _seconds(call: Callable[[], object]) -> float:
    call()  # traces
    times = []
    for _ in range(3):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
