"""What is written into containers: noise over the whole range, black and white, 0 and 1, and labels from 0 to 3."""

import numpy as np

SHAPE = (11, 19)  # no multiple of 8 pixels, nor of a tile
CONTENTS = ("noise", "binary", "ones", "labels")


def numbers(content: str, bits: int, kind: str, channels: int, generator: np.random.Generator) -> np.ndarray:
    """Return `(height, width, channels)`; masks of several channels are grey.

    Args:
        content: One of `CONTENTS`.
        bits: Of a sample.
        kind: "u" for unsigned, "i" for signed, "f" for floats.
        channels: How many.
        generator: Of random numbers.
    """
    size = max(8, 1 << (bits - 1).bit_length())
    dtype = np.dtype(f"{kind}{size // 8}")
    shape = (*SHAPE, channels if content == "noise" else 1)
    if content == "noise":
        array = _noise(shape, bits, dtype, generator)
    else:
        white = 2**bits - 1 if kind == "u" else 1
        choices = {"binary": [0, white], "ones": [0, 1], "labels": list(range(min(4, 2**bits)))}[content]
        array = generator.choice(np.array(choices, dtype), shape)
    return np.repeat(array, channels // array.shape[-1], axis=-1)


def _noise(shape: tuple[int, ...], bits: int, dtype: np.dtype, generator: np.random.Generator) -> np.ndarray:
    if dtype.kind == "f":
        return generator.random(shape).astype(dtype)
    low = -(2 ** (bits - 1)) if dtype.kind == "i" else 0
    return generator.integers(low, 2 ** (bits - (dtype.kind == "i")), shape, dtype=dtype)


OPACITIES = ("full", "none or full", "graded", "where the mask is")


def opacity(kind: str, stored: np.ndarray, bits: int, generator: np.random.Generator) -> np.ndarray:
    """Return an opacity channel for `stored`, `(height, width, channels)`: one of `OPACITIES`."""
    white = 2**bits - 1 if stored.dtype.kind == "u" else 1
    shape = (*stored.shape[:2], 1)
    if kind == "full":
        return np.full(shape, white, stored.dtype)
    if kind == "where the mask is":
        return np.where(stored[..., :1] != 0, white, 0).astype(stored.dtype)
    steps = [0, white] if kind == "none or full" else [0, white / 3, white / 2, white]
    return generator.choice(np.array(steps).astype(stored.dtype), shape)


def premultiplied(stored: np.ndarray, cover: np.ndarray, bits: int) -> np.ndarray:
    """Return colours times opacity, as files with an associated opacity store them."""
    white = 2**bits - 1 if stored.dtype.kind == "u" else 1
    return (stored.astype(np.float64) * cover / white).astype(stored.dtype)


def palettes(size: int, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Return palettes of `size` colours in [0, 1] by name."""
    greys = np.rint(np.linspace(0, 255, size)) / 255
    colours = generator.integers(0, 256, (size, 3)) / 255
    found = {"colours": colours, "rising greys": np.repeat(greys[:, None], 3, axis=1)}
    found["falling greys"] = found["rising greys"][::-1]
    found["greys in any order"] = found["rising greys"][generator.permutation(size)]
    if size == 256:
        found["two greys"] = np.repeat((np.arange(256) % 2 == 0).astype(float)[:, None], 3, axis=1)
    return found
