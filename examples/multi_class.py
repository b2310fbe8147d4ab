"""Several classes: tell grass, brick and gravel apart by their texture.

python -m examples.multi_class

The photographs come with scikit-image. The network is trained on their left halves; the image to segment is made of the
right halves.
"""

import argparse
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from scipy.ndimage import gaussian_filter
from skimage import data

from resunet_kit.masks import to_labels
from resunet_kit.plots import overlay

CLASSES = ("grass", "brick", "gravel")


def mosaics(count: int, *, right: bool, seed: int, size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Return mosaics of textures `(count, size, size, 1)` in [0, 1], and the class label of each pixel."""
    random = np.random.default_rng(seed)
    photographs = [photograph / np.float32(255) for photograph in (data.grass(), data.brick(), data.gravel())]
    images = np.empty((count, size, size, 1), np.float32)
    labels = np.empty((count, size, size, 1), np.uint8)
    for image, label in zip(images, labels, strict=True):
        fields = gaussian_filter(random.normal(size=(len(CLASSES), size, size)), (0, size / 6, size / 6))
        label[..., 0] = fields.argmax(axis=0)
        for number, photograph in enumerate(photographs):
            row, column = random.integers(0, (512 - size, 256 - size))
            patch = photograph[row : row + size, 256 * right + column :][:, :size]
            patch = 0.5 + (patch - patch.mean()) / (6 * patch.std())  # so that brightness does not give the class away
            np.copyto(image[..., 0], patch, where=label[..., 0] == number)
    return images, labels


def figure(*, epochs: int = 12) -> go.Figure:
    """Train, and return a mosaic that the training has not seen, with its classes."""
    import keras

    from resunet_kit.losses import CrossEntropy, Dice
    from resunet_kit.metrics import IoU
    from resunet_kit.models import res_unet

    keras.utils.set_random_seed(0)
    model = res_unet((64, 64, 1), len(CLASSES), filters=(8, 16, 32))
    model.compile(keras.optimizers.Adam(0.003), Dice() + CrossEntropy(), metrics=[IoU(include_background=True)])
    model.fit(*mosaics(64, right=False, seed=0), batch_size=8, epochs=epochs, verbose=2)

    images, labels = mosaics(16, right=True, seed=1)
    iou = model.evaluate(images, labels, verbose=0, return_dict=True)["iou"]
    print(f"Mean IoU on halves that the training has not seen: {iou:.3f}")
    predicted = to_labels(model.predict(images, verbose=0))
    return overlay(images[0], labels[0], prediction=predicted[0], class_names=CLASSES, title=f"Mean IoU {iou:.3f}")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    options = argparse.ArgumentParser(
        prog="python -m examples.multi_class", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--epochs", type=int, default=12, help="default: %(default)s")
    options.add_argument(
        "--html", type=Path, default=Path("runs/multi_class.html"), help="the figure (default: %(default)s)"
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
