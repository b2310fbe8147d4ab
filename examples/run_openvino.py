"""Segment images with an exported model: needs only OpenVINO, NumPy and Pillow.

python run_openvino.py model.xml picture.png --out mask.png

Copy this script to the device that runs the model, together with model.xml and model.bin.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import openvino
from PIL import Image


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    options = argparse.ArgumentParser(
        prog="python -m examples.run_openvino",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("model", type=Path, help="model.xml, with model.bin next to it")
    options.add_argument("picture", type=Path, help="8-bit image, greyscale as in training")
    options.add_argument("--out", type=Path, required=True, help="the mask file, with values 0 and 255")
    options.add_argument("--threshold", type=float, default=0.5, help="probability threshold (default: %(default)s)")
    return options


def main() -> None:
    """Write the mask of one image."""
    options = parser().parse_args()
    # Without the hint, OpenVINO computes in bfloat16 where the CPU supports it.
    network = openvino.Core().compile_model(options.model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    picture = np.asarray(Image.open(options.picture).convert("L"), np.float32) / 255  # (height, width)
    started = time.perf_counter()
    probability = network(picture[None, ..., None])[0][0, ..., 0]
    taken = time.perf_counter() - started
    Image.fromarray(np.uint8(255) * (probability >= options.threshold)).save(options.out)
    loaded = sorted({"keras", "tensorflow", "jax", "torch", "resunet_kit"} & set(sys.modules)) or "none"
    print(f"OpenVINO {openvino.__version__.split('-')[0]}: {1000 * taken:.1f} ms; frameworks loaded: {loaded}")


if __name__ == "__main__":
    main()
