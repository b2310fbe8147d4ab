"""Geometry of a NIfTI file: the size of its voxels and where they lie, in millimetres."""

import os
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from resunet_kit.data.files.errors import file_error
from resunet_kit.data.files.nifti import is_nifti, load_nifti, spatial_shape
from resunet_kit.data.files.paths import PathLike

# From the header's code of the unit to millimetres. Files without a unit are in millimetres nearly always.
_MILLIMETRES = {1: 1000.0, 3: 0.001}


class Geometry:
    """Shape, spacing and affine of an image or volume, as `read_geometry` reads them and `write_volume` writes them.

    Spacing and affine are in millimetres, whatever unit the header has; without a unit it is taken for millimetres. The
    affine is the header's sform if its code is above 0, else its qform, as in nibabel; `form` says which. Spacing is
    the length of the affine's steps, or the header's pixdim where there is neither form.

    Args:
        header: nibabel's header of the file, which is copied.
    """

    def __init__(self, header: Any) -> None:
        self._header = header.copy()

    @property
    def shape(self) -> tuple[int, ...]:
        """Spatial shape of the array that `read_image` returns: `(height, width)` or `(depth, height, width)`."""
        return spatial_shape(self.file_shape)

    @property
    def spacing(self) -> tuple[float, ...]:
        """Distance between neighbouring voxels along each axis of `shape`, in millimetres."""
        steps = np.linalg.norm(self.affine[:3, :3], axis=0)[: len(self.shape)]
        return tuple(float(f"{step:.7g}") for step in steps)  # the header's float32 holds no more digits

    @property
    def affine(self) -> NDArray[np.float64]:
        """`(4, 4)`, from indices along the file's first three axes to millimetres."""
        affine = np.array(self._header.get_best_affine(), np.float64)
        affine[:3] *= _MILLIMETRES.get(int(self._header["xyzt_units"]) & 7, 1.0)
        return affine

    @property
    def form(self) -> Literal["sform", "qform"] | None:
        """The header's transform that the affine is; None if it has neither, and spacing is all that is known."""
        if self._header["sform_code"] > 0:
            return "sform"
        return "qform" if self._header["qform_code"] > 0 else None

    @property
    def form_contradicted(self) -> bool:
        """Whether the header has a qform too, which differs from the sform by more than 0.01 of the header's unit."""
        if self.form != "sform" or self._header["qform_code"] <= 0:
            return False
        try:
            qform = self._header.get_qform()
        except ValueError:  # numbers that are not of a rotation
            return True
        return not np.allclose(qform, self._header.get_sform(), rtol=0, atol=1e-2)

    @property
    def orientation(self) -> str | None:
        """Where the axes point, as in "RAS": right, anterior, superior. None if the header does not say."""
        import nibabel

        if not self.form or not np.isfinite(self.affine).all():
            return None
        codes = nibabel.aff2axcodes(self.affine)  # None for an axis without extent
        return None if None in codes else "".join(codes)

    @property
    def file_shape(self) -> tuple[int, ...]:
        """Shape of the file, with channels as its last axes."""
        return tuple(int(size) for size in self._header.get_data_shape())

    @property
    def header(self) -> Any:
        """A copy of nibabel's header."""
        return self._header.copy()

    def __repr__(self) -> str:
        return (
            f"Geometry(shape={self.shape}, spacing={self.spacing}, orientation={self.orientation!r}, "
            f"form={self.form!r})"
        )


def read_geometry(path: PathLike) -> Geometry:
    """Read the geometry of a NIfTI file from its header, without its values.

    `geometry.spacing` is what `metrics.surface_scores`, `metrics.evaluate_masks` and `masks.area` take as `spacing`,
    in the order of the axes of `read_image` and `read_mask`.

    Args:
        path: `.nii` or `.nii.gz`.

    Returns:
        Its geometry.

    Raises:
        ValueError: If the file does not exist, is damaged, is not NIfTI, or its header has no spacing; the message
            names it.

    Example:
        >>> import nibabel, pathlib, tempfile
        >>> volume = nibabel.Nifti1Image(np.zeros((4, 5, 6), "uint8"), np.diag([0.5, 0.5, 3, 1]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "scan.nii.gz")
        ...     nibabel.save(volume, path)
        ...     read_geometry(path)
        Geometry(shape=(4, 5, 6), spacing=(0.5, 0.5, 3.0), orientation='RAS', form='sform')
    """
    if not is_nifti(path):
        raise file_error(
            path, "Expected a NIfTI file, .nii or .nii.gz. Received another, which has no geometry. Pass its source."
        )
    geometry = header_geometry(path)
    spacing = geometry.spacing if geometry.form == "sform" else _stored_pixdim(path, geometry)
    if not all(step > 0 and np.isfinite(step) for step in (*spacing, *geometry.spacing)):
        raise file_error(
            path,
            f"Expected a spacing above 0. Received {spacing} from the header's {geometry.form or 'pixdim'}. "
            "Set it with nibabel: image.set_sform(affine, 1).",
        )
    return geometry


def _stored_pixdim(path: PathLike, geometry: Geometry) -> tuple[float, ...]:
    """Return the file's pixdim along its spatial axes without its sign: nibabel's own reading has 1 for a 0."""
    from nibabel.openers import ImageOpener

    with ImageOpener(os.fspath(path)) as opened:
        header = type(geometry.header).from_fileobj(opened, check=False)
    return tuple(abs(float(step)) for step in header["pixdim"][1 : 1 + len(geometry.shape)])


def header_geometry(path: PathLike) -> Geometry:
    """Return the geometry of a file that is NIfTI by its name, whatever its header says.

    Raises:
        ValueError: If the file does not exist, is damaged, or has fewer than two axes.
    """
    try:
        geometry = Geometry(load_nifti(path).header)
    except FileNotFoundError:
        raise file_error(path, "Expected an existing file. Received a path that does not exist. Check it.") from None
    except Exception as error:  # nibabel and zlib raise nearly anything on damaged bytes
        why = (str(error) or type(error).__name__).rstrip(".")
        raise file_error(path, f"Expected an undamaged file. Received the error: {why}. Replace the file.") from error
    if len(geometry.file_shape) < 2:
        raise file_error(path, f"Expected an image or volume. Received shape {geometry.file_shape}. Pass another file.")
    return geometry


def geometry_of(source: PathLike | Geometry) -> Geometry | None:
    """Return a geometry as it is, that of a NIfTI file, and None for files of other formats."""
    if isinstance(source, Geometry):
        return source
    return header_geometry(source) if is_nifti(os.fspath(source)) else None
