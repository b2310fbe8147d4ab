"""Images and masks as PNG data URIs: a tenth of the size of the numbers as text, a third of their size as base64."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Limit for a picture: that of a 256 x 256 image of 8 bits, so that a figure with one stays below 150 kB with its masks.
BYTES_PER_PIXEL = 1.02
_SMALL = 256 * 256  # pixels; smaller pictures may take as much as this one
_LEVELS = (256, 128, 64, 32, 16, 8, 4)
_TRIED = 6  # pictures of a stack whose sizes choose the levels
_Color = tuple[int, int, int, int]


def png_uri(image: NDArray[np.uint8], levels: int = 256) -> str:
    """Return a uint8 image as a PNG data URI; three equal channels are stored as one.

    Args:
        image: `(height, width)` or `(height, width, 3)`.
        levels: How many values a channel may have: fewer values take fewer bytes.
    """
    return _uri(_png(image, levels))


def indexed_uri(codes: NDArray[np.uint8], colors: Sequence[_Color]) -> str:
    """Return an image of indices into `colors` (red, green, blue, alpha from 0 to 255) as a PNG with a palette."""
    picture = Image.fromarray(np.ascontiguousarray(codes))
    picture.putpalette([channel for color in colors for channel in color[:3]])
    return _uri(_saved(picture, bits=_bits(len(colors)), transparency=bytes(color[3] for color in colors)))


def fitted_uris(images: Sequence[NDArray[np.uint8]], limit: int) -> tuple[list[str], int]:
    """Return images as PNG data URIs, with as many levels as leave them within `limit` bytes of PNG together.

    Returns:
        The URIs, and the number of levels of each channel: 256 if nothing was left out.
    """
    tried = images[:: -(-len(images) // _TRIED)]
    for levels in _LEVELS:
        estimate = sum(len(_png(image, levels)) for image in tried) * len(images) / len(tried)
        if estimate > limit * 1.02 and levels != _LEVELS[-1]:
            continue
        found = [_png(image, levels) for image in images]
        if sum(map(len, found)) <= limit or levels == _LEVELS[-1]:
            break
    return [_uri(png) for png in found], levels


def picture_limit(shape: tuple[int, ...], *, parts: float = 1.0) -> int:
    """Return how many bytes a picture of this size may take, if `parts` pictures together may take those of one."""
    return round(max(shape[0] * shape[1], _SMALL) * BYTES_PER_PIXEL / parts)


def _png(image: NDArray[np.uint8], levels: int) -> bytes:
    if image.ndim == 3 and bool((image == image[..., :1]).all()):
        image = image[..., 0]
    if levels == 256:
        return _saved(Image.fromarray(np.ascontiguousarray(image)))
    codes = np.round(image * ((levels - 1) / 255)).astype(np.uint8)
    values = np.round(np.arange(levels) * (255 / (levels - 1))).astype(np.uint8)
    if image.ndim == 3 or levels > 64:
        return _saved(Image.fromarray(values[codes]))
    picture = Image.fromarray(codes)
    picture.putpalette(np.repeat(values, 3).tolist())
    return _saved(picture, bits=_bits(levels))


def _bits(colors: int) -> int:
    return next(bits for bits in (1, 2, 4, 8) if colors <= 2**bits)


def _saved(picture: Image.Image, **options: int | bytes) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True, **options)
    return buffer.getvalue()


def _uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
