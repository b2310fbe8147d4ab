"""One DICOM file: whether it is a slice that can be predicted, and its intensities."""

import contextlib
import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from examples.brain_mri.scans.scan import unusable

IDENTIFIERS = ("SeriesInstanceUID", "SOPInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID")
GEOMETRY = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
# SOP classes of Enhanced MR Image Storage, and of its conversion from older images.
ENHANCED = ("1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.4.4")


def is_dicom(path: Path) -> bool:
    """Return whether a file is DICOM by its first bytes; one that cannot be read may be, and reading it says why."""
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except PermissionError:
        return True
    except OSError:
        return False


@contextlib.contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Silence the warnings of pydicom about values in a non-standard form, which many scanners write."""
    logger = logging.getLogger("pydicom")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def read_header(path: Path) -> Any:
    """Return pydicom's data set without the pixels.

    Raises:
        ValueError: If the file cannot be read.
    """
    import pydicom

    try:
        with quiet_pydicom():
            return pydicom.dcmread(path, stop_before_pixels=True)
    except OSError as error:
        raise unusable(path, f"Expected a readable file. Received {error}. Check it.") from error
    except Exception as error:  # pydicom raises nearly anything on damaged bytes
        raise unusable(path, f"Expected an undamaged DICOM file. Received the error: {error}. Replace it.") from error


def refusal(header: Any) -> str | None:
    """Return None for a slice, the reason for an image that cannot be used, and "" for what is not an image."""
    try:
        with quiet_pydicom():
            return _refusal(header)
    except (ValueError, TypeError) as error:  # pydicom converts a number when it is asked for
        return f"Expected numbers in the header. Received: {error}. Replace the file."


def _refusal(header: Any) -> str | None:
    kind = header.file_meta.get("MediaStorageSOPClassUID", "")
    if header.get("Modality") == "SEG" or (kind and "Image" not in kind.name):
        return ""
    if "Rows" not in header:
        return "Expected an image. Received a header without its size; the file may be cut off. Replace it."
    if header.get("Modality", "MR") not in ("MR", "OT"):
        return f"Expected MR. Received the modality {header.Modality}. Leave it out."
    if int(header.get("SamplesPerPixel") or 1) != 1:
        return "Expected grey slices. Received colours. Leave it out."
    if is_enhanced(header):
        return _without(header, IDENTIFIERS)
    if int(header.get("NumberOfFrames") or 1) > 1:
        return f"Expected a slice or an enhanced MR image. Received frames of {kind.name}. Convert it to NIfTI."
    return _without(header, IDENTIFIERS + GEOMETRY) or _wrong_geometry(header)


def is_enhanced(header: Any) -> bool:
    """Return whether a file is an enhanced MR image, which holds slices as frames."""
    return str(header.get("SOPClassUID", "")) in ENHANCED


def _without(header: Any, names: tuple[str, ...]) -> str | None:
    absent = [name for name in names if header.get(name) in (None, "")]
    if absent:
        return f"Expected a slice's geometry. Received a file without {', '.join(absent)}. Export the original series."
    for name in ("SeriesInstanceUID", "SOPInstanceUID"):  # masks are named after them: no path into other folders
        uid = str(header[name].value)
        if not re.fullmatch(r"[\d.]+", uid, re.ASCII):
            return f"Expected digits and dots as {name}. Received {uid!r}. Export the original series."
    return None


def _wrong_geometry(header: Any) -> str | None:
    for name, length in (("ImagePositionPatient", 3), ("ImageOrientationPatient", 6), ("PixelSpacing", 2)):
        numbers = np.atleast_1d(np.array(header[name].value, float))
        if (
            numbers.shape != (length,)
            or not np.isfinite(numbers).all()
            or (name == "PixelSpacing" and min(numbers) <= 0)
        ):
            return f"Expected {length} numbers as {name}. Received {header[name].value}. Export the original series."
    return None


def thickness(header: Any) -> float | None:
    """Return the thickness of a slice in millimetres; None where the header does not tell."""
    try:
        return float(header.get("SliceThickness") or 0) or None
    except (ValueError, TypeError):  # such as "5 mm"
        return None


def geometry_key(header: Any) -> tuple[Any, ...]:
    """Return what is equal in all slices of one grid."""
    orientation = tuple(round(float(number), 3) for number in header.ImageOrientationPatient)
    spacing = tuple(round(float(number), 4) for number in header.PixelSpacing)
    return header.Rows, header.Columns, orientation, spacing, header.FrameOfReferenceUID


def decoded(path: Path) -> np.ndarray:
    """Return the rescaled intensities `(rows, columns)`, float32; larger numbers are brighter.

    Raises:
        ValueError: If the pixels cannot be decoded.
    """
    import pydicom
    from pydicom.pixels import apply_modality_lut

    try:
        with quiet_pydicom():
            slice_ = pydicom.dcmread(path)
            values = apply_modality_lut(slice_.pixel_array, slice_).astype(np.float32)
    except Exception as error:  # pydicom and its decoders raise nearly anything on damaged bytes
        raise unusable(
            path, _cannot_decode(path) or f"Expected undamaged pixels. Received: {error}. Replace it."
        ) from error
    if values.ndim != 2 or not np.isfinite(values).all():
        raise unusable(path, f"Expected finite numbers (rows, columns). Received shape {values.shape}. Replace it.")
    return -values if slice_.PhotometricInterpretation == "MONOCHROME1" else values


def _cannot_decode(path: Path) -> str:
    """Return the cure for a compression whose decoder is not installed; "" for others."""
    from pydicom.pixels import get_decoder

    try:
        syntax = read_header(path).file_meta.TransferSyntaxUID
        if not syntax.is_compressed or get_decoder(syntax).is_available:
            return ""
    except NotImplementedError:
        return f"Expected a transfer syntax that pydicom decodes. Received {syntax.name}. Export it uncompressed."
    except Exception:  # the file itself is damaged
        return ""
    return (
        f"Expected a transfer syntax that an installed package decodes. Received {syntax.name}. Install "
        "one: pip install python-gdcm."
    )
