import gzip

import nibabel
import numpy as np
import pytest

from resunet_kit.data import Geometry, read_geometry, read_image
from resunet_kit.data.files.geometry import geometry_of, header_geometry

OBLIQUE = nibabel.affines.from_matvec(
    nibabel.eulerangles.euler2mat(0.3, -0.2, 0.4) @ np.diag([0.7, 0.8, 2.5]), [-90, 40, 7.5]
)


def _save(path, shape=(4, 5, 6), affine=OBLIQUE, *, change=None, dtype=np.uint8):
    image = nibabel.Nifti1Image(np.zeros(shape, dtype), affine)
    if change is not None:
        change(image.header)
    nibabel.save(image, path)
    return path


def _patched(path, offset, data):
    content = bytearray(path.read_bytes())
    content[offset : offset + len(data)] = data
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".NII"])
@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((4, 5, 6), (4, 5, 6)),
        ((4, 5, 6, 2), (4, 5, 6)),
        ((4, 5, 6, 1), (4, 5, 6)),
        ((4, 5, 6, 1, 3), (4, 5, 6)),
        ((4, 5, 1), (4, 5)),
        ((4, 5, 1, 2), (4, 5)),
        ((4, 5), (4, 5)),
        ((1, 4, 5), (1, 4, 5)),
    ],
)
def test_shape_and_spacing_are_those_of_the_array(tmp_path, suffix, shape, expected):
    path = _save(tmp_path / f"a{suffix}", shape)
    geometry = read_geometry(path)
    assert geometry.shape == expected == read_image(path).shape[:-1]
    assert geometry.spacing == pytest.approx((0.7, 0.8, 2.5)[: len(expected)], rel=1e-6)
    np.testing.assert_allclose(geometry.affine, nibabel.load(path).affine)
    assert geometry.form == "sform"
    assert geometry.file_shape == shape


@pytest.mark.parametrize(
    ("code", "factor"), [(0, 1), (1, 1000), (2, 1), (3, 0.001), (2 + 8, 1), (3 + 16, 0.001), (6, 1)]
)
def test_any_unit_becomes_millimetres(tmp_path, code, factor):
    path = _patched(_save(tmp_path / "a.nii"), 123, bytes([code]))  # xyzt_units
    geometry = read_geometry(path)
    assert geometry.spacing == pytest.approx(factor * np.array([0.7, 0.8, 2.5]), rel=1e-6)
    np.testing.assert_allclose(geometry.affine[:3], factor * nibabel.load(path).affine[:3])
    assert geometry.affine[3].tolist() == [0, 0, 0, 1]


def test_the_sform_is_used_before_the_qform(tmp_path):
    flipped = OBLIQUE @ np.diag([-1, 1, 1, 1])

    def only_qform(header):
        header.set_sform(None, 0)
        header.set_qform(flipped, 1)

    def both(header):
        header.set_sform(OBLIQUE, 2)
        header.set_qform(flipped, 1)

    for change, affine, form in ((only_qform, flipped, "qform"), (both, OBLIQUE, "sform")):
        path = _save(tmp_path / "a.nii", affine=None, change=change)
        geometry = read_geometry(path)
        np.testing.assert_allclose(geometry.affine, affine, atol=1e-5)
        np.testing.assert_allclose(geometry.affine, nibabel.load(path).affine)
        assert geometry.form == form
        assert geometry.form_contradicted == (form == "sform")
        assert geometry.orientation == ("RAS" if form == "sform" else "LAS")


def test_a_qform_contradicts_only_if_it_differs(tmp_path):
    assert not read_geometry(_save(tmp_path / "a.nii")).form_contradicted
    path = _save(tmp_path / "a.nii", change=lambda header: header.set_qform(OBLIQUE, 1))
    assert not read_geometry(path).form_contradicted
    assert read_geometry(_patched(path, 256, np.float32([5, 5, 5]).tobytes())).form_contradicted  # quatern_b, c, d


def test_a_qform_may_have_negative_qfac(tmp_path):
    left_handed = np.diag([0.7, 0.8, -2.5, 1])

    def only_qform(header):
        header.set_sform(None, 0)
        header.set_qform(left_handed, 1)

    path = _save(tmp_path / "a.nii", affine=None, change=only_qform)
    assert nibabel.load(path).header["pixdim"][0] == -1
    geometry = read_geometry(path)
    np.testing.assert_allclose(geometry.affine, left_handed, atol=1e-6)
    assert geometry.spacing == (0.7, 0.8, 2.5)
    assert geometry.orientation == "RAI"


def test_without_forms_spacing_is_all_that_is_known(tmp_path):
    path = _save(tmp_path / "a.nii", affine=None, change=lambda header: header.set_zooms((0.5, 1, 2)))
    geometry = read_geometry(path)
    assert (geometry.form, geometry.orientation, geometry.spacing) == (None, None, (0.5, 1.0, 2.0))


def test_orientation_is_nibabels(tmp_path):
    for affine in (OBLIQUE, np.diag([-1, -1, 1, 1]), OBLIQUE[:, [2, 0, 1, 3]]):
        path = _save(tmp_path / "a.nii", affine=affine)
        assert read_geometry(path).orientation == "".join(nibabel.aff2axcodes(nibabel.load(path).affine))


@pytest.mark.parametrize("endianness", ["<", ">"])
@pytest.mark.parametrize(
    "kinds", [(nibabel.Nifti1Image, nibabel.Nifti1Header), (nibabel.Nifti2Image, nibabel.Nifti2Header)]
)
def test_byte_orders_and_versions(tmp_path, endianness, kinds):
    header = kinds[1](endianness=endianness)
    header.set_data_dtype(np.int16)
    nibabel.save(kinds[0](np.zeros((4, 5, 6), np.int16), OBLIQUE, header), tmp_path / "a.nii")
    geometry = read_geometry(tmp_path / "a.nii")
    assert (geometry.shape, geometry.spacing) == ((4, 5, 6), (0.7, 0.8, 2.5))


def test_the_header_is_a_copy(tmp_path):
    geometry = read_geometry(_save(tmp_path / "a.nii"))
    geometry.header.set_sform(np.eye(4), 1)
    geometry.affine[:] = 0
    assert geometry.spacing == (0.7, 0.8, 2.5)


def test_geometry_of_a_geometry_or_a_file(tmp_path):
    geometry = read_geometry(_save(tmp_path / "a.nii"))
    assert geometry_of(geometry) is geometry
    assert isinstance(geometry_of(tmp_path / "a.nii"), Geometry)
    assert geometry_of(tmp_path / "a.png") is None


@pytest.mark.parametrize("affine", [np.zeros(16), np.full(16, np.nan)])
def test_a_header_without_spacing_is_refused_with_a_cure(tmp_path, affine):
    path = _patched(_save(tmp_path / "bad.nii"), 280, np.float32(affine[:12]).tobytes())  # srow_x, srow_y, srow_z
    with pytest.raises(ValueError, match=r"bad\.nii.*spacing above 0.*set_sform"):
        read_geometry(path)
    assert header_geometry(path).orientation is None


@pytest.mark.parametrize("qform", [0, 1])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_pixdim_of_zero_is_not_read_as_one(tmp_path, qform, compressed):
    path = _save(tmp_path / "bad.nii", affine=np.diag([0.5, 1, 2, 1]))
    _patched(path, 252, np.int16([qform, 0]).tobytes())  # qform_code and sform_code
    _patched(path, 80, np.float32([0.5, 0, 2]).tobytes())  # pixdim[1:4]
    if compressed:
        path = tmp_path / "bad.nii.gz"
        path.write_bytes(gzip.compress((tmp_path / "bad.nii").read_bytes()))
    with pytest.raises(ValueError, match=r"bad\.nii.*spacing above 0.*\(0\.5, 0\.0, 2\.0\).*set_sform"):
        read_geometry(path)


@pytest.mark.parametrize("name", ["a.png", "a.npy", "a.nii.bz2", "nii"])
def test_other_formats_have_no_geometry(tmp_path, name):
    with pytest.raises(ValueError, match=r"Cannot read .*NIfTI file.*no geometry"):
        read_geometry(tmp_path / name)


@pytest.mark.parametrize("damage", [lambda data: data[:200], lambda _: b"", lambda _: b"no volume" * 99])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_damaged_headers_are_named(tmp_path, suffix, damage):
    path = _save(tmp_path / f"bad{suffix}")
    data = path.read_bytes()
    path.write_bytes(gzip.compress(damage(gzip.decompress(data))) if suffix == ".nii.gz" else damage(data))
    with pytest.raises(ValueError, match=r"Cannot read .*bad\.nii.*undamaged"):
        read_geometry(path)


def test_missing_files_and_single_rows_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"gone\.nii.*existing file"):
        read_geometry(tmp_path / "gone.nii")
    with pytest.raises(ValueError, match=r"row\.nii.*image or volume"):
        read_geometry(_save(tmp_path / "row.nii", (4,)))
