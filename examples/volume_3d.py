"""Volumes: find the balls among rods that look the same in every slice.

python -m examples.volume_3d

A rod cut across is a disc, and so is a ball. Only a network that sees the slices above and below tells them apart.
"""

import argparse
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from resunet_kit.masks import to_labels
from resunet_kit.metrics import overlap_scores
from resunet_kit.plots import slice_viewer


def draw_volumes(count: int, *, seed: int, size: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Return noisy volumes of balls and rods `(count, depth, height, width, 1)`, and the masks of the balls."""
    random = np.random.default_rng(seed)
    z, y, x = np.mgrid[:size, :size, :size]
    rods = np.zeros((count, size, size, size), bool)
    balls = np.zeros_like(rods)
    for rod, ball in zip(rods, balls, strict=True):
        for _ in range(3):
            row, column = random.uniform(4, size - 4, 2)
            rod |= np.hypot(y - row, x - column) < random.uniform(3, 5)
            depth, row, column = random.uniform(5, size - 5, 3)
            ball |= np.hypot(z - depth, np.hypot(y - row, x - column)) < random.uniform(3, 5)
    noisy = 0.3 + 0.4 * (rods | balls) + random.normal(0, 0.15, rods.shape)
    return noisy[..., None].clip(0, 1).astype(np.float32), (balls & ~rods)[..., None].astype(np.uint8)


def figure(*, epochs: int = 10) -> go.Figure:
    """Train a 3-D network, and return the slices of a volume that the training has not seen."""
    import keras

    from resunet_kit.losses import CrossEntropy, Dice
    from resunet_kit.models import res_unet

    keras.utils.set_random_seed(0)
    model = res_unet((32, 32, 32, 1), filters=(4, 8, 16))  # three axes and the channel: a network of 3-D convolutions
    model.compile(keras.optimizers.Adam(0.003), Dice() + CrossEntropy())
    model.fit(*draw_volumes(16, seed=0), batch_size=2, epochs=epochs, verbose=2)

    images, masks = draw_volumes(4, seed=1)
    predictions = to_labels(model.predict(images, batch_size=2, verbose=0))
    scores = [overlap_scores(*pair).dice for pair in zip(masks[..., 0], predictions, strict=True)]
    print(f"Dice on volumes that the training has not seen: {np.mean(scores):.3f}")
    return slice_viewer(images[0], masks[0], predictions[0], title=f"Balls among rods · Dice {scores[0]:.3f}")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    options = argparse.ArgumentParser(
        prog="python -m examples.volume_3d", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--epochs", type=int, default=10, help="default: %(default)s")
    options.add_argument(
        "--html", type=Path, default=Path("runs/volume_3d.html"), help="the figure (default: %(default)s)"
    )
    return options


def main() -> None:
    """Train, and write the figure."""
    options = parser().parse_args()
    drawn = figure(epochs=options.epochs)
    options.html.parent.mkdir(parents=True, exist_ok=True)
    drawn.write_html(options.html)
    print(options.html)


if __name__ == "__main__":
    main()
