"""Your own images: a folder of images, a folder of masks, and one call.

python -m examples.own_folder
python -m examples.own_folder --images IMAGES --masks MASKS --run RUN --epochs 50

The first command draws images of cells, four for each of six slides, and trains on them.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from skimage.data import binary_blobs

from resunet_kit.data import pair_by_name, read_image, read_mask
from resunet_kit.inference import predict_folder
from resunet_kit.plots import error_map


def draw_cells(folder: Path, *, slides: int = 6, fields: int = 4, size: int = 48) -> tuple[Path, Path]:
    """Write noisy pictures of cells in uneven light, and their masks, into two folders."""
    images, masks = folder / "images", folder / "masks"
    images.mkdir(parents=True)
    masks.mkdir()
    ramp = np.linspace(-40, 40, size)
    for slide in range(slides):
        random = np.random.default_rng(slide)
        light = ramp * random.uniform(-1, 1) + ramp[:, None] * random.uniform(-1, 1)
        for field in range(fields):
            cells = binary_blobs(size, blob_size_fraction=0.2, volume_fraction=0.25, rng=random)
            picture = (110 + light + 45 * cells + random.normal(0, 10, (size, size))).clip(0, 255)
            name = f"slide_{slide}_field_{field}.png"
            Image.fromarray(picture.astype(np.uint8)).save(images / name)
            Image.fromarray(np.uint8(255) * cells).save(masks / name)
    return images, masks


def fit(images: Path, masks: Path, run: Path, *, epochs: int) -> go.Figure:
    """Train, score on slides that the training has not seen, and draw the errors in one of their pictures."""
    from resunet_kit.training import fit_folder

    result = fit_folder(images, masks, out=run, epochs=epochs, learning_rate=3e-3, verbose=2)
    unseen, settings = result.split["test"][0], result.settings
    predict_folder(
        result.model,
        [unseen],
        out=run / "predictions",
        image_options=settings.image_options,
        image_size=settings.image_size,
        postprocess=settings.postprocess,
    )
    [truth] = [mask for image, mask in zip(*pair_by_name(images, masks), strict=True) if str(image) == unseen]
    [prediction] = (run / "predictions").glob("*.png")
    labels = settings.mask_options
    return error_map(
        read_image(unseen, **settings.image_options),
        read_mask(truth, **labels),
        read_mask(prediction, num_classes=labels["num_classes"]),
    )


def figure(*, epochs: int = 8) -> go.Figure:
    """Train on generated cells, and draw the errors on a slide that the training has not seen."""
    with tempfile.TemporaryDirectory() as folder:
        return fit(*draw_cells(Path(folder, "cells")), Path(folder, "run"), epochs=epochs)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    options = argparse.ArgumentParser(
        prog="python -m examples.own_folder", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--images", type=Path, help="folder of images (default: drawn for this run)")
    options.add_argument("--masks", type=Path, help="folder of their masks, paired by name")
    options.add_argument(
        "--run", type=Path, default=Path("runs/own_folder"), help="model, scores, report (default: %(default)s)"
    )
    options.add_argument("--epochs", type=int, default=8, help="default: %(default)s")
    options.add_argument(
        "--html", type=Path, default=Path("runs/own_folder.html"), help="the figure (default: %(default)s)"
    )
    return options


def main() -> None:
    """Train, and write the figure."""
    options = parser().parse_args()
    if bool(options.images) != bool(options.masks):
        parser().error("pass both --images and --masks, or neither")
    drawn = (
        fit(options.images, options.masks, options.run, epochs=options.epochs)
        if options.images
        else figure(epochs=options.epochs)
    )
    options.html.parent.mkdir(parents=True, exist_ok=True)
    drawn.write_html(options.html)
    print(options.html)


if __name__ == "__main__":
    main()
