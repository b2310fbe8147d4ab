"""Images opened by Pillow, with what is known besides the pixels: bits, palette, opacity, rotation, compression."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from resunet_kit.data.files.compressions import lossy_format, lossy_tiff, may_be_lossy_tiff
from resunet_kit.data.files.errors import UnsupportedFile
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.stored import Meaning, StoredImage
from resunet_kit.data.files.tiff import doubt, no_mask, without_rotation

_BITS, _COMPRESSION, _ORIENTATION = 258, 259, 274
_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES = 273, 279, 324, 325
# Pillow's modes that hold what the file holds, and what their channels are.
_MEANINGS: dict[str, Meaning] = {
    **dict.fromkeys(("1", "L", "LA", "F", "I", "I;16", "I;16B", "I;16L"), "grey"),
    **dict.fromkeys(("RGB", "RGBA", "RGBX"), "rgb"),
    "CMYK": "cmyk",
    "P": "palette",
}
_CONVERTED = {"La": "LA", "RGBa": "RGBA", "PA": "RGBA", "YCbCr": "RGB"}


def refuse_several_images(image: Image.Image, cure: str = "Save each as one file.") -> None:
    """Refuse a file of several pages, frames or sizes.

    A camera's JPEG may have a smaller preview or gain map after it.

    Raises:
        UnsupportedFile: If there are several.
    """
    sizes = image.info.get("sizes", ()) if image.format in ("ICO", "ICNS") else ()
    if len(sizes) > 1:
        raise UnsupportedFile(f"Expected one image. Received {len(sizes)} sizes of an icon. {cure}")
    pages = getattr(image, "n_frames", 1)
    if pages == 1 or (image.format == "MPO" and _has_small_companions(image, pages)):
        return
    raise UnsupportedFile(f"Expected one image. Received {pages} pages. {cure}")


def _has_small_companions(image: Image.Image, pages: int) -> bool:
    size = image.size
    others = []
    for page in range(1, pages):
        image.seek(page)
        others.append(image.size)
    image.seek(0)
    return all(other[0] < size[0] and other[1] < size[1] for other in others)


def pillow_image(path: PathLike, image: Image.Image) -> StoredImage:
    """Return the pixels of an opened image.

    Raises:
        Exception: Pillow's, if the file is damaged.
        UnsupportedFile: If Pillow cannot turn its colours into RGB.
    """
    lossy = _lossy(path, image)
    tags = dict(image.tag_v2) if image.format == "TIFF" else {}  # type: ignore[attr-defined]
    image, is_patched = _with_indices(path, image)
    bits = _bits_below_8(image)
    image, orientation = _unrotated(path, image)
    if image.mode not in _MEANINGS:
        image = _converted(image)
    array: np.ndarray[Any, Any] = np.asarray(image)
    if image.mode.startswith("I") and (image.mode != "I" or image.format == "PNG"):
        # Before Pillow 11.3 a 16-bit PNG opens as 32-bit integers.
        array = array.astype(np.uint16)
    if bits:
        array = array // (255 // (2**bits - 1))  # Pillow has stretched them over 8 bits
    if array.ndim == 2:
        array = array[..., None]
    return StoredImage(
        array,
        _MEANINGS[image.mode],
        white=2 ** (bits or _bits_in_16(array, tags)) - 1,
        has_opacity=image.mode in ("LA", "RGBA"),
        palette=_palette(image, is_patched=is_patched),
        transparent=_transparent(image, array),
        lossy=lossy,
        orientation=orientation,
        no_mask=no_mask(tags),
        doubt=doubt(tags),
    )


def _unrotated(path: PathLike, image: Image.Image) -> tuple[Image.Image, int]:
    """Return the image with its pixels as stored, and its EXIF tag.

    Pillow rotates TIFF files, some of them wrongly, and swaps their size first: it gets them without the tag.
    """
    orientation = image.getexif().get(_ORIENTATION, 1)
    if image.format == "TIFF" and orientation != 1:
        image = Image.open(io.BytesIO(without_rotation(Path(path).read_bytes())))
    return image, orientation if isinstance(orientation, int) else 1


def _converted(image: Image.Image) -> Image.Image:
    if image.mode not in _CONVERTED:
        raise UnsupportedFile(
            f"Expected grey, RGB, CMYK or palette colours. Received {image.mode}. Convert the file to RGB."
        )
    return image.convert(_CONVERTED[image.mode])


def _bits_in_16(array: np.ndarray, tags: Mapping[int, Any]) -> int:
    """Return how many bits of a TIFF's 16 are used, 0 for other files: they use those of their type."""
    return tags.get(_BITS, (16,))[0] if tags and array.dtype == np.uint16 else 0


def _bits_below_8(image: Image.Image) -> int | None:
    """Return 2 or 4 for a grey file of so many bits per pixel, and None for others."""
    modes = {str(part) for tile in getattr(image, "tile", ()) for part in np.atleast_1d(np.array(tile[3], object))}
    return next((bits for bits in (2, 4) if any(mode.startswith(f"L;{bits}") for mode in modes)), None)


def _with_indices(path: PathLike, image: Image.Image) -> tuple[Image.Image, bool]:
    """Return a BMP as indices and True where Pillow would take bytes or half bytes for bits, or half bytes for bytes.

    It does so where the palette is a ramp of greys. One bit of the first colour is changed, so that it does not.
    """
    if image.format != "BMP" or image.mode not in ("1", "L"):
        return image, False
    data = bytearray(Path(path).read_bytes())
    size = int.from_bytes(data[14:18], "little")
    bits = int.from_bytes(data[24:26] if size == 12 else data[28:30], "little")
    if bits == (1 if image.mode == "1" else 8):
        return image, False
    data[14 + size] ^= 1  # blue of the first colour
    return Image.open(io.BytesIO(data)), True


def _palette(image: Image.Image, *, is_patched: bool) -> np.ndarray | None:
    if image.mode != "P":
        return None
    palette = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    palette[0, 2] ^= is_patched
    transparent = image.info.get("transparency")
    if transparent is None:
        return palette
    opacity = np.full((max(len(palette), 256), 1), 255, np.uint8)
    if isinstance(transparent, bytes):
        opacity[: len(transparent), 0] = np.frombuffer(transparent, np.uint8)
    else:
        opacity[transparent] = 0
    return np.concatenate([palette, opacity[: len(palette)]], axis=1)


def _transparent(image: Image.Image, array: np.ndarray) -> np.ndarray | None:
    """Return the pixels of the one colour that a grey or RGB file calls transparent."""
    colour = image.info.get("transparency")
    if colour is None or image.mode not in ("1", "L", "I;16", "I", "RGB"):
        return None
    if image.mode == "1":
        colour = colour > 0
    return (array == np.array(colour)).all(axis=-1)


def _lossy(path: PathLike, image: Image.Image) -> str | None:
    if image.format == "TIFF":
        tags: Mapping[int, Any] = image.tag_v2  # type: ignore[attr-defined]
        compression = tags.get(_COMPRESSION, 1)
        return lossy_tiff(compression, _first_piece(path, tags) if may_be_lossy_tiff(compression) else b"")
    name = image.format or ""
    return lossy_format(name, Path(path).read_bytes() if name in ("WEBP", "JPEG2000") else b"")


def _first_piece(path: PathLike, tags: Mapping[int, Any]) -> bytes:
    start, count = ((tags.get(one) or tags.get(other) or (0,))[0] for one, other in (
        (_STRIPS, _TILES), (_STRIP_BYTES, _TILE_BYTES)))  # fmt: skip
    with open(path, "rb") as file:
        file.seek(start)
        return file.read(count)
