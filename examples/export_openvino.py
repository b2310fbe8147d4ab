"""Export a model to OpenVINO, and run it in a process that has neither Keras nor this package.

python -m examples.export_openvino

It trains a small network, exports it, and runs run_openvino.py, which is all that a device needs besides the model.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from skimage.data import binary_blobs

from resunet_kit.metrics import overlap_scores
from resunet_kit.plots import error_map

RUNNER = Path(__file__).with_name("run_openvino.py")


def draw_blobs(count: int, *, seed: int, size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Return noisy 8-bit pictures of blobs `(count, size, size, 1)`, and their masks."""
    random = np.random.default_rng(seed)
    blobs = [binary_blobs(size, blob_size_fraction=0.2, volume_fraction=0.3, rng=random) for _ in range(count)]
    masks = np.stack(blobs)[..., None].astype(np.uint8)
    return (80 + 90 * masks + random.normal(0, 40, masks.shape)).clip(0, 255).astype(np.uint8), masks


def figure(*, epochs: int = 6) -> go.Figure:
    """Train, export, run the exported model in another process, and draw the errors of its mask."""
    import keras

    from resunet_kit.inference import export
    from resunet_kit.losses import CrossEntropy, Dice
    from resunet_kit.models import res_unet

    images, masks = draw_blobs(33, seed=0)
    keras.utils.set_random_seed(0)
    model = res_unet((None, None, 1), filters=(8, 16))
    model.compile(keras.optimizers.Adam(0.003), Dice() + CrossEntropy())
    model.fit(images[1:] / np.float32(255), masks[1:], batch_size=4, epochs=epochs, verbose=2)

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        report = export(model, home / "model.xml", format="openvino")
        print(f"Exported; the outputs differ from those of Keras by {report.max_difference:.1e} at the most")
        Image.fromarray(images[0, ..., 0]).save(home / "picture.png")
        # -I: nothing from this folder or the user's own packages can be imported.
        command = ["-I", RUNNER, home / "model.xml", home / "picture.png", "--out", home / "mask.png"]
        print(
            subprocess.run([sys.executable, *map(str, command)], check=True, capture_output=True, text=True).stdout,
            end="",
        )
        found = np.asarray(Image.open(home / "mask.png")) > 0
    print(f"Dice of OpenVINO's mask: {overlap_scores(masks[0, ..., 0], found).dice:.3f}")
    return error_map(images[0], masks[0], found)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    options = argparse.ArgumentParser(
        prog="python -m examples.export_openvino",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--epochs", type=int, default=6, help="default: %(default)s")
    options.add_argument(
        "--html", type=Path, default=Path("runs/export_openvino.html"), help="the figure (default: %(default)s)"
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
