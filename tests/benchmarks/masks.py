"""Run lengths: COCO's against pycocotools, Kaggle's against the usual NumPy snippet.

pycocotools encodes column-major arrays, so its time includes the copy from a row-major mask; ours needs none. Both
decode to column-major arrays, so no copy is timed, or, in the lines that say row-major, one on either side.
"""

from collections.abc import Callable, Iterator

import numpy as np
from scipy import ndimage

from resunet_kit.masks import from_coco_rle, from_rle, to_coco_rle, to_rle

try:
    from pycocotools import mask as pycocotools
except ImportError:
    pycocotools = None

Pair = tuple[str, Callable[[], object], str, Callable[[], object]]
SIDE = 4096


def usual_to_rle(mask: np.ndarray) -> str:
    """Encode as the notebooks do: edges of the padded column-major pixels."""
    pixels = np.concatenate([[0], mask.T.ravel(), [0]])
    runs = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    runs[1::2] -= runs[::2]
    return " ".join(str(run) for run in runs)


def usual_from_rle(text: str, shape: tuple[int, int]) -> np.ndarray:
    """Decode as the notebooks do: one slice assignment per run."""
    numbers = np.asarray(text.split(), int)
    flat = np.zeros(shape[0] * shape[1], np.uint8)
    for start, length in zip(numbers[::2] - 1, numbers[1::2], strict=True):
        flat[start : start + length] = 1
    return flat.reshape(shape[::-1]).T


def masks() -> Iterator[tuple[str, np.ndarray]]:
    """Yield blobs, noise of more and more runs, a rectangle and nothing."""
    generator = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(generator.standard_normal((SIDE // 4, SIDE // 4)).astype("float32"), 12)
    yield "blobs", np.kron(smooth > 0.01, np.ones((4, 4), bool)).astype(np.uint8)
    for density in (0.006, 0.1, 0.5):
        noise = (generator.random((SIDE, SIDE), np.float32) < density).astype(np.uint8)
        yield f"noise of {to_rle(noise).count(' ') / 2e6:.1f} M runs", noise
    empty = np.zeros((SIDE, SIDE), np.uint8)
    rectangle = empty.copy()
    rectangle[700:3000, 900:2500] = 1
    yield "rectangle", rectangle
    yield "empty", empty


def coco(name: str, mask: np.ndarray) -> list[Pair]:
    """Return both directions against pycocotools."""
    peer, rle = "pycocotools", to_coco_rle(mask)
    return [
        (
            f"to_coco_rle {name}",
            lambda: to_coco_rle(mask),
            f"{peer} with its copy",
            lambda: pycocotools.encode(np.asfortranarray(mask)),
        ),
        (f"from_coco_rle {name}", lambda: from_coco_rle(rle), peer, lambda: pycocotools.decode(rle)),
        (
            f"from_coco_rle {name}, row-major",
            lambda: np.ascontiguousarray(from_coco_rle(rle)),
            peer,
            lambda: np.ascontiguousarray(pycocotools.decode(rle)),
        ),
    ]


def kaggle(name: str, mask: np.ndarray) -> list[Pair]:
    """Return both directions against the usual NumPy snippet."""
    text = to_rle(mask)
    peer = "NumPy snippet"
    return [
        (f"to_rle {name}", lambda: to_rle(mask), peer, lambda: usual_to_rle(mask)),
        (f"from_rle {name}", lambda: from_rle(text, mask.shape), peer, lambda: usual_from_rle(text, mask.shape)),
    ]


def pairs() -> Iterator[Pair]:
    """Yield both formats in both directions for masks of 4096²."""
    if pycocotools is None:
        print("masks: COCO's run lengths not timed, because pycocotools is not installed (`pip install pycocotools`)")
    for name, mask in masks():
        yield from coco(name, mask) if pycocotools else []
        if np.count_nonzero(mask) < 4e6 or "noise" not in name:  # of more runs the snippet takes minutes altogether
            yield from kaggle(name, mask)
