"""A block of your own: a ConvNeXt block of nine lines, compared with the residual block.

python -m examples.custom_block

The block is that of Liu 2022, "A ConvNet for the 2020s", without its layer scale. Builders pass `strides` to it because
its signature has that argument; docs/pages/guides/build_your_own_block.md lists what else they can pass.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from skimage.data import binary_blobs

from resunet_kit.plots import training_history


def convnext_block(x: Any, filters: int, *, strides: int = 1) -> Any:
    """Apply a 7x7 depthwise convolution, normalise, mix channels with a fourfold expansion, and add the input."""
    from keras import layers

    if strides > 1 or x.shape[-1] != filters:
        x = layers.Conv2D(filters, strides, strides, padding="same")(x)  # (b, h / strides, w / strides, filters)
    y = layers.DepthwiseConv2D(7, padding="same")(x)
    y = layers.LayerNormalization(epsilon=1e-6)(y)
    y = layers.Dense(4 * filters, activation="gelu")(y)
    return layers.Add()([x, layers.Dense(filters)(y)])


def draw_blobs(count: int, *, seed: int, size: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Return blobs under heavy noise `(count, size, size, 1)`, and their masks."""
    random = np.random.default_rng(seed)
    blobs = [binary_blobs(size, blob_size_fraction=0.3, volume_fraction=0.3, rng=random) for _ in range(count)]
    masks = np.stack(blobs)[..., None]
    return (0.3 + 0.4 * masks + random.normal(0, 0.4, masks.shape)).astype(np.float32), masks.astype(np.uint8)


def train(block: Any, epochs: int) -> dict[str, list[float]]:
    """Train a network built from the block, and return its history."""
    import keras

    from resunet_kit.losses import CrossEntropy, Dice
    from resunet_kit.metrics import DiceScore
    from resunet_kit.models import res_unet

    keras.utils.set_random_seed(0)
    model = res_unet((32, 32, 1), filters=(8, 16), block=block)
    model.compile(keras.optimizers.Adam(0.003), Dice() + CrossEntropy(), metrics=[DiceScore()])
    options = {"validation_data": draw_blobs(16, seed=1), "batch_size": 8, "epochs": epochs, "verbose": 2}
    history = model.fit(*draw_blobs(64, seed=0), **options).history
    label = getattr(block, "__name__", block)
    dice = history["val_dice_score"][-1]
    print(f"{label}: {model.count_params():,} parameters, validation Dice {dice:.3f}")
    return history


def figure(*, epochs: int = 6) -> go.Figure:
    """Train a network with each block, and draw their histories."""
    return training_history({"ConvNeXt": train(convnext_block, epochs), "residual": train("residual", epochs)})


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    options = argparse.ArgumentParser(
        prog="python -m examples.custom_block",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--epochs", type=int, default=6, help="default: %(default)s")
    options.add_argument(
        "--html", type=Path, default=Path("runs/custom_block.html"), help="the figure (default: %(default)s)"
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
