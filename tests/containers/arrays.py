"""NIfTI and `.npy` files byte by byte."""

import gzip
import struct

import numpy as np

from tests.containers.container import Container

NIFTI_CODES = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "f8": 64, "i1": 256, "u2": 512, "u4": 768, "i8": 1024, "u8": 1280}


def nifti(
    stored: np.ndarray,
    *,
    order: str = "<",
    slope: float = 0.0,
    intercept: float = 0.0,
    affine: np.ndarray | None = None,
    sform: bool = True,
    qform: tuple[float, ...] | None = None,
    compressed: bool = False,
) -> Container:
    """Return a NIfTI-1 file of `stored`, whose axes are those of the file, first the fastest.

    Args:
        stored: The numbers, of two to five axes.
        order: Of bytes.
        slope: Of the header; 0 says that numbers are not scaled.
        intercept: Of the header.
        affine: Rows of the sform.
        sform: Whether the header has one.
        qform: Quaternion b, c, d, offsets x, y, z and qfac, if the header has one.
        compressed: By gzip.
    """
    kind = stored.dtype.str[1:]
    affine = np.diag([2.0, 2.0, 3.0, 1.0]) if affine is None else affine
    dim = [stored.ndim, *stored.shape] + [1] * (7 - stored.ndim)
    quaternion = qform or (0, 0, 0, 0, 0, 0, 1)
    spacing = [quaternion[6], *np.linalg.norm(affine[:3, :3], axis=0), 1, 1, 1, 1]
    header = struct.pack(f"{order}i10s18sihcB8hfffhhhh8f", 348, b"", b"", 0, 0, b"r", 0, *dim, 0, 0, 0, 0,
                         NIFTI_CODES[kind], stored.dtype.itemsize * 8, 0, *spacing)  # fmt: skip
    header += struct.pack(f"{order}fffhBBffffii", 352, slope, intercept, 0, 0, 10, 0, 0, 0, 0, 0, 0)
    header += struct.pack(f"{order}80s24shh6f", b"", b"", qform is not None, sform, *quaternion[:6])
    header += struct.pack(f"{order}12f", *affine[:3].ravel()) + struct.pack(f"{order}16s4s", b"", b"n+1\0")
    data = header + bytes(4) + stored.astype(stored.dtype.newbyteorder(order)).tobytes(order="F")
    scaled = slope != 0 and (slope, intercept) != (1, 0)
    return Container(
        kind=f"NIfTI {kind}{' scaled' if scaled else ''}",
        name=f"{stored.ndim} axes, {order}, slope {slope:g}, intercept {intercept:g}, gz {compressed}",
        suffix=".nii.gz" if compressed else ".nii",
        data=gzip.compress(data) if compressed else data,
        stored=_channels_last(stored if not scaled else stored * np.float64(slope) + intercept),
        full_scale=2 ** (8 * stored.dtype.itemsize) - 1 if stored.dtype.kind == "u" and not scaled else None,
        scaled=scaled,
    )


def _channels_last(array: np.ndarray) -> np.ndarray:
    if array.ndim == 2:
        return array[..., None]
    return array.reshape(*(array.shape[:2] if array.shape[2] == 1 else array.shape[:3]), -1)


def npy(stored: np.ndarray, *, version: int = 1, fortran: bool = False) -> Container:
    """Return an `.npy` file of `stored`, `(height, width)` or with channels, or of a volume with channels."""
    text = f"{{'descr': {stored.dtype.str!r}, 'fortran_order': {fortran}, 'shape': {stored.shape}, }}"
    size = struct.calcsize("<H" if version == 1 else "<L")
    text += " " * (-(8 + size + len(text) + 1) % 64) + "\n"
    data = b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<L", len(text)) + text.encode()
    data += stored.tobytes(order="F" if fortran else "C")
    return Container(
        kind=f"npy {stored.dtype.str[1:]}",
        name=f"{stored.dtype.str}, {stored.ndim} axes, version {version}, {'Fortran' if fortran else 'C'}",
        suffix=".npy",
        data=data,
        stored=stored[..., None] if stored.ndim == 2 else stored,
        full_scale=np.iinfo(stored.dtype).max if stored.dtype.kind == "u" else 1 if stored.dtype == bool else None,
    )
