"""`predict_tiled` against the network's own time for the same windows, and MONAI's `sliding_window_inference`.

MONAI runs the twin in PyTorch, with as many windows of the same size. Needs monai and torch.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from resunet_kit.inference import predict_tiled
from resunet_kit.inference._windows import Window, axis_windows, windows

SIZE, TILE, BATCH, OVERLAP = 1024, 256, 8, 0.5
LARGE = 20_000  # pixels along both axes of the image whose memory is measured
Pair = tuple[str, Callable[[], object], str, Callable[[], object]]

# Run in a process of its own, so that nothing but the prediction raises its peak.
MEMORY = """
import resource, sys, time
import numpy as np
from resunet_kit.inference import predict_tiled
from resunet_kit.models import res_unet

folder, size = sys.argv[1], int(sys.argv[2])
model = res_unet((None, None, 1), filters=(4, 8, 16))
image = np.memmap(folder + "/image", "uint8", "w+", shape=(size, size, 1))
mask = np.memmap(folder + "/mask", "uint8", "w+", shape=(size, size))
options = {"tile": 512, "overlap": 0.25, "reduce": 0.5, "preprocess": lambda x: x / np.float32(255)}
predict_tiled(model, image[:512, :2048], **options)  # what the framework takes is not the image's
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
predict_tiled(model, image, out=mask, **options)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20, time.perf_counter() - start)
"""


class Free:
    """A network without cost: the first channel."""

    input_shape = (None, None, None, 3)
    output_shape = (None, None, None, 1)

    def predict_on_batch(self, images: np.ndarray) -> np.ndarray:
        """Return the first channel of the images."""
        return images[..., :1]


def placed() -> list[Window]:
    """Return the windows of the image."""
    axis = axis_windows(SIZE, TILE, step=int(TILE * (1 - OVERLAP)), margin=0, blend="gaussian", fixed=True)
    return list(windows([axis, axis], 0))


def network_alone(model: Any, image: np.ndarray) -> Callable[[], object]:
    """Return a call that predicts all windows, already cut and batched."""
    cut = np.stack([image[y : y + TILE, x : x + TILE] for (y, x), _ in placed()])
    batches = [cut[first : first + BATCH] for first in range(0, len(cut), BATCH)]
    return lambda: [model.predict_on_batch(batch) for batch in batches]


def tiled(model: Any, image: np.ndarray) -> Callable[[], object]:
    """Return our call."""
    return lambda: predict_tiled(model, image, tile=TILE, overlap=OVERLAP, batch_size=BATCH)


def monai_tiled(network: Callable[[Any], Any], image: np.ndarray) -> Callable[[], object]:
    """Return MONAI's call."""
    import torch
    from monai.inferers import sliding_window_inference

    images = torch.from_numpy(np.moveaxis(image, -1, 0)[None].copy())

    def call() -> object:
        with torch.inference_mode():
            return sliding_window_inference(
                images, (TILE, TILE), BATCH, network, overlap=OVERLAP, mode="gaussian", progress=False
            )

    return call


def torch_alone(network: Callable[[Any], Any], image: np.ndarray) -> Callable[[], object]:
    """Return a call of the twin for all windows, already cut and batched."""
    import torch

    cut = np.stack([np.moveaxis(image[y : y + TILE, x : x + TILE], -1, 0) for (y, x), _ in placed()])
    batches = torch.from_numpy(cut).split(BATCH)

    def call() -> object:
        with torch.inference_mode():
            return [network(batch) for batch in batches]

    return call


def pairs() -> Iterator[Pair]:
    """Yield ours and MONAI's call, each with its network alone, and both around a network without cost."""
    from resunet_kit.models import healthcare_ai_res_unet
    from tests.benchmarks import torch_networks

    image = np.random.default_rng(0).random((SIZE, SIZE, 3), "float32")
    model, twin = healthcare_ai_res_unet(), torch_networks.healthcare_ai_res_unet().eval()
    about = f"{SIZE} x {SIZE}, {len(placed())} windows of {TILE}"
    yield f"predict_tiled, {about}", tiled(model, image), "the network alone", network_alone(model, image)
    label = f"(MONAI's sliding_window_inference, {about})"
    yield label, monai_tiled(twin, image), "(its network alone)", torch_alone(twin, image)
    label = f"predict_tiled around a network without cost, {about}"
    yield label, tiled(Free(), image), "MONAI", monai_tiled(lambda x: x[:, :1], image)


def notes() -> Iterable[str]:
    """Yield the memory that an image on disk takes, beyond what the process had before."""
    with tempfile.TemporaryDirectory() as folder:
        run = [sys.executable, "-c", MEMORY, folder, str(LARGE)]
        done = subprocess.run(run, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    gibibytes, seconds = map(float, done.stdout.split())
    yield (
        f"an image of {LARGE} x {LARGE} on disk, its mask written to disk: {gibibytes:.2f} GiB more than a "
        f"small one (pages of both files included), {seconds:.0f} s"
    )
