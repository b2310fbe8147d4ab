"""A large image in tiles: count the cells of a slide that stays on disk.

python -m examples.large_image --height 4000 --width 6000

The network is trained on patches of 64 pixels. Slide and mask are memory maps, read and written window by window. The
border of each window is discarded, so that the result is the same as for the whole slide at once; this is checked on a
part of the slide.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from skimage.draw import ellipse

from resunet_kit.inference import predict_tiled
from resunet_kit.masks import regions, remove_small
from resunet_kit.metrics import overlap_scores
from resunet_kit.plots import overlay


def draw_slide(image: np.ndarray, *, seed: int, gap: int = 32) -> np.ndarray:
    """Draw an object, cell or debris, into each square of `gap` pixels of `image`; return the mask of the cells."""
    random = np.random.default_rng(seed)
    image[:] = random.normal(90, 12, image.shape).clip(0, 255)
    mask = np.zeros(image.shape[:2], np.uint8)
    for row in range(gap // 2, image.shape[0], gap):
        for column in range(gap // 2, image.shape[1], gap):
            is_cell = random.random() < 0.5
            radii = random.uniform(6, 10, 2) if is_cell else random.uniform(2, 4, 2)
            pixels = ellipse(*random.normal((row, column), 2), *radii, shape=mask.shape, rotation=random.uniform(0, 3))
            image[pixels] = (image[pixels] + 60.0).clip(0, 255)
            mask[pixels] = is_cell
    return mask


def scaled(windows: np.ndarray) -> np.ndarray:
    """Scale 8-bit values to [0, 1]."""
    return windows / np.float32(255)


def trained(epochs: int) -> Any:
    """Train on patches; the network takes images of any size."""
    import keras

    from resunet_kit.losses import CrossEntropy, Dice
    from resunet_kit.models import res_unet

    patches = np.empty((32, 64, 64, 1), np.uint8)
    masks = np.stack([draw_slide(patch, seed=seed) for seed, patch in enumerate(patches)])
    keras.utils.set_random_seed(0)
    model = res_unet((None, None, 1), filters=(8, 16))
    model.compile(keras.optimizers.Adam(0.003), Dice() + CrossEntropy())
    model.fit(scaled(patches), masks[..., None], batch_size=4, epochs=epochs, verbose=2)
    return model


def figure(*, height: int = 1000, width: int = 1500, epochs: int = 8) -> go.Figure:
    """Segment a slide of that size, and return a corner of it."""
    model = trained(epochs)
    options: dict[str, Any] = {"tile": 256, "margin": "auto", "preprocess": scaled}
    with tempfile.TemporaryDirectory() as folder:
        slide = np.lib.format.open_memmap(f"{folder}/slide.npy", "w+", "uint8", (height, width, 1))
        found = np.lib.format.open_memmap(f"{folder}/mask.npy", "w+", "uint8", (height, width))
        truth = draw_slide(slide, seed=1000)
        predict_tiled(model, slide, out=found, reduce=0.5, verbose=1, **options)
        part = np.array(slide[:500, :500])
        apart = np.abs(predict_tiled(model, part, **options) - model.predict(scaled(part)[None], verbose=0)[0]).max()
        cells = [len(regions(remove_small(mask, 40))) for mask in (found, truth)]
        print(f"{height} x {width} pixels: {cells[0]} cells found, {cells[1]} drawn, ", end="")
        print(f"Dice {overlap_scores(truth, found).dice:.3f}; tiles differ from the whole by {apart:.1e}")
        return overlay(part[:384, :384], truth[:384, :384], prediction=found[:384, :384])


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    options = argparse.ArgumentParser(
        prog="python -m examples.large_image", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--height", type=int, default=1000, help="default: %(default)s")
    options.add_argument("--width", type=int, default=1500, help="default: %(default)s")
    options.add_argument("--epochs", type=int, default=8, help="default: %(default)s")
    options.add_argument(
        "--html", type=Path, default=Path("runs/large_image.html"), help="the figure (default: %(default)s)"
    )
    return options


def main() -> None:
    """Train, and write the figure."""
    options = parser().parse_args()
    drawn = figure(height=options.height, width=options.width, epochs=options.epochs)
    options.html.parent.mkdir(parents=True, exist_ok=True)
    drawn.write_html(options.html)
    print(options.html)


if __name__ == "__main__":
    main()
