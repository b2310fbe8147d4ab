"""Run lengths against the NumPy snippet that is usual on Kaggle."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from resunet_kit.masks import from_rle, to_rle

Pair = tuple[str, Callable[[], object], str, Callable[[], object]]


def usual_to_rle(mask: np.ndarray) -> str:
    """Encode as the notebooks do: edges of the padded column-major pixels."""
    pixels = np.concatenate([[0], mask.T.ravel(), [0]])
    runs = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    runs[1::2] -= runs[::2]
    return " ".join(str(run) for run in runs)


def usual_from_rle(text: str, shape: tuple[int, int]) -> np.ndarray:
    """Decode as the notebooks do: one slice assignment a run."""
    numbers = np.asarray(text.split(), int)
    flat = np.zeros(shape[0] * shape[1], np.uint8)
    for start, length in zip(numbers[::2] - 1, numbers[1::2], strict=True):
        flat[start : start + length] = 1
    return flat.reshape(shape[::-1]).T


def pairs() -> list[Pair]:
    """Return blobs of a 4096² mask, encoded and decoded."""
    noise = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((1024, 1024)).astype("float32"), 12)
    mask = np.kron(noise > 0.01, np.ones((4, 4), bool)).astype(np.uint8)
    text = to_rle(mask)
    return [
        ("to_rle 4096²", lambda: to_rle(mask), "usual snippet", lambda: usual_to_rle(mask)),
        ("from_rle 4096²", lambda: from_rle(text, mask.shape), "usual", lambda: usual_from_rle(text, mask.shape)),
    ]
