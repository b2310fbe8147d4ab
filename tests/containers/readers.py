"""Readers that have nothing in common with each other: do they, too, find what a container's writer wrote?"""

import gzip
import io
import struct
import warnings
from collections.abc import Callable

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from tests.containers.container import Container
from tests.containers.truth import container_values

Reader = Callable[[bytes], np.ndarray]


def by_pillow(data: bytes) -> np.ndarray:
    """Return Pillow's array; of a palette file the indices."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def by_tifffile(data: bytes) -> np.ndarray:
    """Return the first page as stored, channels last."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        array = page.asarray()
        return np.moveaxis(array, 0, -1) if array.ndim == 3 and page.planarconfig == 2 else array


def by_libtiff(data: bytes) -> np.ndarray:
    """Return the first page as libtiff decodes it, channels last."""
    array = imagecodecs.tiff_decode(data)
    return np.moveaxis(array, 0, -1) if array.ndim == 3 and array.shape[0] < array.shape[-1] else array


def by_numpy(data: bytes) -> np.ndarray:
    return np.load(io.BytesIO(data))


def by_the_npy_specification(data: bytes) -> np.ndarray:
    """Parse the header by hand."""
    [length], start = (
        (struct.unpack_from("<H", data, 8), 10) if data[6] == 1 else (struct.unpack_from("<L", data, 8), 12)
    )
    header = eval(data[start : start + length], {"__builtins__": {}})
    flat = np.frombuffer(data[start + length :], header["descr"])
    return flat.reshape(header["shape"], order="F" if header["fortran_order"] else "C")


def by_nibabel(data: bytes) -> np.ndarray:
    import nibabel

    raw = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    kind = nibabel.Nifti2Image if raw[:4] == struct.pack("<i", 540) else nibabel.Nifti1Image
    return np.asanyarray(kind.from_bytes(raw).dataobj)


def by_the_nifti_specification(data: bytes) -> np.ndarray:
    raw = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    order = "<" if struct.unpack_from("<i", raw)[0] == 348 else ">"
    dim = struct.unpack_from(f"{order}8h", raw, 40)
    [code], [slope, intercept] = struct.unpack_from(f"{order}h", raw, 70), struct.unpack_from(f"{order}2f", raw, 112)
    kinds = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
    array = np.frombuffer(raw[352:], order + kinds[code]).reshape(dim[1 : dim[0] + 1], order="F")
    return array * np.float64(slope) + intercept if slope not in (0, 1) or intercept else array


def by_the_netpbm_specification(data: bytes) -> np.ndarray:
    """Parse PBM, PGM and PPM with one comment after the first line."""
    number = int(data[1:2])
    lines = data.split(b"\n", 3 if number in (1, 4) else 4)
    width, height = map(int, lines[2].split())
    maxval, body, channels = (
        (1, lines[3], 1) if number in (1, 4) else (int(lines[3]), lines[4], 3 if number % 3 == 0 else 1)
    )
    if number < 4:
        return np.array(body.split(), int).reshape(height, width, channels)
    if number == 4:
        return np.unpackbits(np.frombuffer(body, np.uint8).reshape(height, -1), axis=1)[:, :width, None]
    return np.frombuffer(body, "u1" if maxval < 256 else ">u2").reshape(height, width, channels)


READERS: dict[str, dict[str, Reader]] = {
    ".tif": {"tifffile": by_tifffile, "libtiff": by_libtiff, "Pillow": by_pillow},
    ".png": {"libpng": imagecodecs.png_decode, "Pillow": by_pillow},
    ".bmp": {"imagecodecs": imagecodecs.bmp_decode, "Pillow": by_pillow},
    ".gif": {"giflib": imagecodecs.gif_decode, "Pillow": by_pillow},
    ".webp": {"libwebp": imagecodecs.webp_decode, "Pillow": by_pillow},
    ".jpg": {"libjpeg": imagecodecs.jpeg_decode, "Pillow": by_pillow},
    ".jp2": {"OpenJPEG": imagecodecs.jpeg2k_decode, "Pillow": by_pillow},
    ".npy": {"NumPy": by_numpy, "specification": by_the_npy_specification},
    ".nii": {"nibabel": by_nibabel, "specification": by_the_nifti_specification},
} | {suffix: {"specification": by_the_netpbm_specification, "Pillow": by_pillow} for suffix in (".pbm", ".pgm", ".ppm")}
READERS |= {suffix: {"Pillow": by_pillow} for suffix in (".tga", ".pcx", ".sgi")}
READERS[".nii.gz"] = READERS[".nii"]


def what_readers_say(container: Container) -> dict[str, str]:
    """Return for each reader "agrees", "differs" or the name of its error."""
    found = {}
    for name, read in READERS[container.suffix].items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                array = read(container.data)
            except Exception as error:
                found[name] = type(error).__name__
                continue
        found[name] = "agrees" if agrees(array, container) else "differs"
    return found


def agrees(array: np.ndarray, container: Container) -> bool:
    """Return whether an array holds the container's numbers in one of the forms that readers give them."""
    if array.dtype.kind not in "buif":
        return False
    given = np.asarray(array, np.float64)
    return any(_same(given, rotated(view, container.rotation), container) or _same(given, view, container)
               for view in _views(container))  # fmt: skip


def _same(given: np.ndarray, view: np.ndarray, container: Container) -> bool:
    if given.shape == view.shape[:-1]:
        given = given[..., None]
    if given.ndim == view.ndim and view.shape[-1] == 1 and given.shape[-1] == 3:
        view = np.repeat(view, 3, axis=-1)
    if given.squeeze().shape != view.squeeze().shape:
        return False
    close = max(container.tolerance * 255, 1.0 if container.palette is not None else 0.51 if view.max() > 1 else 1e-6)
    return bool(np.allclose(given.squeeze(), view.squeeze(), rtol=1e-6, atol=close, equal_nan=True))


def _views(container: Container) -> list[np.ndarray]:
    stored = container.stored.astype(np.float64)
    views = [stored]
    values = container_values(container)
    if values is not None and container.full_scale:
        views += [
            values,
            values * 255,
            values * 65535,
            np.concatenate([values * 255, np.full((*values.shape[:-1], 1), 255)], -1),
        ]
        if container.transparent is not None:
            views.append(np.concatenate([values, 1.0 - container.transparent[..., None]], axis=-1) * 255)
            views.append(
                np.concatenate([values, 1.0 - container.transparent[..., None]], axis=-1) * container.full_scale
            )
    if container.palette is None and container.full_scale and container.opacity == "associated":
        opacity = values[..., -1:]
        colours = np.where(opacity > 0, np.minimum(values[..., :-1] / np.maximum(opacity, 1e-9), 1), values[..., :-1])
        views.append(np.concatenate([colours, opacity], axis=-1) * 255)
    return views


def rotated(array: np.ndarray, orientation: int) -> np.ndarray:
    """Return the array as a viewer that follows the orientation tag shows it."""
    turned = array.swapaxes(0, 1) if orientation >= 5 else array
    down, right = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}.get(orientation, (1, 1))
    return turned[::down, ::right]
