import gzip
import os

import keras
import nibabel
import numpy as np
import pytest
from nibabel.processing import resample_from_to
from skimage.transform import resize

from resunet_kit.data import read_geometry, read_image, read_mask, write_volume
from resunet_kit.masks import to_labels

SHAPE = (6, 5, 4)
OBLIQUE = nibabel.affines.from_matvec(
    nibabel.eulerangles.euler2mat(0.3, -0.2, 0.4) @ np.diag([0.7, 0.8, 2.5]), [-90, 40, 7.5]
)
LABELS = np.random.default_rng(0).integers(0, 4, SHAPE).astype(np.uint8)


def _scan(path, shape=SHAPE, affine=OBLIQUE, *, change=None, kind=nibabel.Nifti1Image, dtype=np.int16):
    stored = np.random.default_rng(1).integers(-100, 900, shape).astype(dtype)
    image = kind(stored, affine)
    image.header["descrip"] = b"of the scanner"
    image.header["cal_max"] = 900
    if change is not None:
        change(image.header)
    nibabel.save(image, path)
    return path


def _same_geometry(written, source, axes=3):
    one, other = nibabel.load(written), nibabel.load(source)
    np.testing.assert_array_equal(one.affine, other.affine)
    assert one.header.get_zooms()[:axes] == other.header.get_zooms()[:axes]
    assert one.shape[:axes] == other.shape[:axes]
    assert one.header.get_xyzt_units()[0] == other.header.get_xyzt_units()[0]
    for name in ("sform", "qform"):
        forms = [getattr(image.header, f"get_{name}")(coded=True) for image in (one, other)]
        assert forms[0][1] == forms[1][1]
        assert (forms[0][0] is None and forms[1][0] is None) or np.array_equal(forms[0][0], forms[1][0])
    assert one.header["pixdim"][0] == other.header["pixdim"][0]


def _forms(header):
    header.set_sform(OBLIQUE, "mni")
    header.set_qform(OBLIQUE @ np.diag([1, 1, -1, 1]), "scanner")
    header.set_xyzt_units("micron", "sec")


def _qform(header):
    header.set_sform(None, 0)
    header.set_qform(OBLIQUE @ np.diag([1, 1, -1, 1]), 1)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".NII.GZ"])
@pytest.mark.parametrize("change", [None, _forms, _qform])
def test_what_is_written_has_the_geometry_of_its_source(tmp_path, suffix, change):
    source = _scan(tmp_path / "scan.nii.gz", change=change)
    written = tmp_path / f"mask{suffix}"
    write_volume(written, LABELS[..., None], like=source)
    _same_geometry(written, source)
    stored = nibabel.load(written)
    assert stored.get_data_dtype() == np.uint8
    np.testing.assert_array_equal(np.asarray(stored.dataobj), LABELS)
    np.testing.assert_array_equal(read_mask(written, num_classes=4, like=source)[..., 0], LABELS)
    assert (stored.header["cal_max"], stored.dataobj.slope, stored.dataobj.inter) == (0, 1, 0)


def test_without_forms_the_spacing_remains(tmp_path):
    source = _scan(tmp_path / "scan.nii", affine=None, change=lambda header: header.set_zooms((0.5, 1, 2)))
    write_volume(tmp_path / "mask.nii", LABELS, like=source)
    _same_geometry(tmp_path / "mask.nii", source)
    assert read_geometry(tmp_path / "mask.nii").form is None


@pytest.mark.parametrize(
    ("shape", "array", "stored"),
    [
        ((6, 5, 4), (6, 5, 4), (6, 5, 4)),
        ((6, 5, 4), (6, 5, 4, 1), (6, 5, 4)),
        ((6, 5, 4), (6, 5, 4, 3), (6, 5, 4, 3)),
        ((6, 5, 4, 2), (6, 5, 4, 1), (6, 5, 4)),
        ((6, 5, 4, 1), (6, 5, 4, 1), (6, 5, 4)),
        ((6, 5, 1), (6, 5), (6, 5, 1)),
        ((6, 5, 1), (6, 5, 1), (6, 5, 1)),
        ((6, 5, 1), (6, 5, 3), (6, 5, 1, 3)),
        ((6, 5, 1, 3), (6, 5, 1), (6, 5, 1)),
        ((6, 5), (6, 5, 1), (6, 5)),
        ((6, 5), (6, 5, 3), (6, 5, 1, 3)),
        ((1, 6, 5), (1, 6, 5, 1), (1, 6, 5)),
    ],
)
def test_channels_become_the_fourth_axis(tmp_path, shape, array, stored):
    source = _scan(tmp_path / "scan.nii", shape, change=lambda header: header.set_xyzt_units("mm", "sec"))
    values = np.random.default_rng(2).random(array).astype(np.float32)
    write_volume(tmp_path / "map.nii.gz", values, like=read_geometry(source))
    written = nibabel.load(tmp_path / "map.nii.gz")
    assert written.shape == stored
    assert written.get_data_dtype() == np.float32
    np.testing.assert_array_equal(np.asarray(written.dataobj), values.reshape(stored))
    _same_geometry(tmp_path / "map.nii.gz", source, axes=2)
    assert written.header.get_zooms()[3:] == (1,) * (len(stored) - 3)
    image = read_image(tmp_path / "map.nii.gz")
    np.testing.assert_array_equal(image, values.reshape(image.shape))


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.array([True, False]), np.uint8),
        (np.array([0, 255]), np.uint8),
        (np.array([0, 255], np.float64), np.float32),
        (np.array([0, 0.25], np.float16), np.float32),
        (np.array([-1, 3], np.int8), np.int32),
        (np.array([0, 256], np.uint64), np.int32),
        (np.array([0, 2**31 - 1]), np.int32),
    ],
)
def test_values_are_written_exactly(tmp_path, values, dtype):
    source = _scan(tmp_path / "scan.nii", (1, 1, 2))
    write_volume(tmp_path / "a.nii", values.reshape(1, 1, 2), like=source)
    stored = nibabel.load(tmp_path / "a.nii")
    assert stored.get_data_dtype() == dtype
    np.testing.assert_array_equal(np.asarray(stored.dataobj).ravel(), values)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (np.full(SHAPE, np.nan), "finite.*120 of 120"),
        (np.full(SHAPE, np.inf), "finite"),
        (np.full(SHAPE, 1e300), "finite"),
        (np.full(SHAPE, 2**31), "32 bits.*Renumber"),
        (np.full(SHAPE, -(2**31) - 1), "32 bits"),
        (np.full(SHAPE, 2**64 - 1, np.uint64), "32 bits"),
    ],
)
def test_values_that_do_not_fit_are_refused(tmp_path, values, error):
    source = _scan(tmp_path / "scan.nii")
    with pytest.raises(ValueError, match=error):
        write_volume(tmp_path / "a.nii", values, like=source)
    assert sorted(os.listdir(tmp_path)) == ["scan.nii"]


@pytest.mark.parametrize("values", [np.full(SHAPE, 1j), np.full(SHAPE, "1"), np.full(SHAPE, None)])
def test_other_types_are_refused(tmp_path, values):
    with pytest.raises(TypeError, match="array of numbers"):
        write_volume(tmp_path / "a.nii", values, like=_scan(tmp_path / "scan.nii"))


@pytest.mark.parametrize(
    ("shape", "cure"),
    [
        ((1, 6, 5, 4, 1), r"array\[0\]"),
        ((1, 6, 5, 4), r"array\[0\]"),
        ((4, 5, 6), "resize"),
        ((8, 8, 8, 1), r"resize\(array, \(6, 5, 4, 1\)"),
        ((6, 5), "one image or volume"),
        ((6, 5, 4, 0), "one image or volume"),
        ((2, 6, 5, 4, 1), "one image or volume"),
        ((), "one image or volume"),
    ],
)
def test_another_shape_is_refused_with_both_and_a_cure(tmp_path, shape, cure):
    source = _scan(tmp_path / "scan.nii")
    with pytest.raises(ValueError, match=cure) as error:
        write_volume(tmp_path / "a.nii", np.zeros(shape), like=source)
    assert f"shape (6, 5, 4), with or without channels. Received shape {shape}" in str(error.value)


def test_the_cure_for_resized_predictions_works(tmp_path):
    source = _scan(tmp_path / "scan.nii")
    small = read_mask(_written(tmp_path / "full.nii", LABELS, source), num_classes=4, image_size=(12, 10, 8))
    with pytest.raises(ValueError, match="resize") as error:
        write_volume(tmp_path / "a.nii", small, like=source)
    message = str(error.value)
    call = message[message.index("skimage.transform.resize(") :].partition(", or with")[0]
    names = {"skimage": __import__("skimage.transform"), "array": small.astype(np.float32)}
    write_volume(tmp_path / "a.nii", eval(call, names), like=source)
    labels = resize(small, (6, 5, 4, 1), order=0, preserve_range=True, anti_aliasing=False)
    np.testing.assert_array_equal(
        read_mask(_written(tmp_path / "b.nii", labels, source), num_classes=4)[..., 0], LABELS
    )


def _written(path, array, source):
    write_volume(path, array, like=source)
    return path


@pytest.mark.parametrize("name", ["a.png", "a", "a.npy", "a.nii.bz2"])
def test_only_nifti_is_written_and_only_its_geometry_is_known(tmp_path, name):
    source = _scan(tmp_path / "scan.nii")
    with pytest.raises(ValueError, match=r"end in \.nii or \.nii\.gz"):
        write_volume(tmp_path / name, LABELS, like=source)
    with pytest.raises(ValueError, match="no geometry"):
        write_volume(tmp_path / "mask.nii", LABELS, like=tmp_path / name)


def test_the_source_is_not_overwritten(tmp_path):
    source = _scan(tmp_path / "scan.nii")
    before = source.read_bytes()
    with pytest.raises(ValueError, match="two files"):
        write_volume(os.path.relpath(source), LABELS, like=source)
    assert source.read_bytes() == before


def test_files_are_written_whole_and_equal_masks_are_equal_files(tmp_path, monkeypatch):
    source = _scan(tmp_path / "scan.nii")
    write_volume(tmp_path / "new" / "a.nii.gz", LABELS, like=source)
    write_volume(tmp_path / "b.nii.gz", LABELS, like=source)
    before = (tmp_path / "b.nii.gz").read_bytes()
    assert (tmp_path / "new" / "a.nii.gz").read_bytes() == before
    assert before[4:8] == bytes(4)  # the time of writing
    assert len(gzip.decompress(before)) == 352 + LABELS.size

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(gzip.GzipFile, "write", broken)
    with pytest.raises(OSError, match="disk full"):
        write_volume(tmp_path / "b.nii.gz", np.zeros(SHAPE), like=source)
    assert (tmp_path / "b.nii.gz").read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["b.nii.gz", "new", "scan.nii"]


@pytest.mark.parametrize("endianness", ["<", ">"])
def test_nifti_2_and_byte_order(tmp_path, endianness):
    header = nibabel.Nifti2Header(endianness=endianness)
    header.set_data_dtype(np.int16)
    nibabel.save(nibabel.Nifti2Image(np.zeros(SHAPE, np.int16), OBLIQUE, header), tmp_path / "scan.nii")
    write_volume(tmp_path / "mask.nii", LABELS, like=tmp_path / "scan.nii")
    assert isinstance(nibabel.load(tmp_path / "mask.nii"), nibabel.Nifti2Image)
    _same_geometry(tmp_path / "mask.nii", tmp_path / "scan.nii")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.nii", num_classes=4)[..., 0], LABELS)


def test_a_volume_read_predicted_and_written_lies_where_it_was(tmp_path):
    source = _scan(tmp_path / "scan.nii.gz", change=_forms)
    inputs = keras.Input((*SHAPE, 1))
    convolution = keras.layers.Conv3D(1, 1, activation="sigmoid", kernel_initializer="ones")
    model = keras.Model(inputs, convolution(inputs))
    prediction = model.predict(read_image(source, normalize="image")[None], verbose=0)[0]
    write_volume(tmp_path / "probability.nii.gz", prediction, like=source)
    write_volume(tmp_path / "mask.nii.gz", to_labels(prediction[None])[0], like=source)
    for name in ("probability.nii.gz", "mask.nii.gz"):
        _same_geometry(tmp_path / name, source)

    scan, mask = nibabel.load(source), nibabel.load(tmp_path / "mask.nii.gz")
    values = np.asarray(scan.dataobj)
    brighter = values > values.mean()
    np.testing.assert_array_equal(np.asarray(mask.dataobj), brighter)
    # The brightest voxel's position in millimetres, found again in the mask by its own affine.
    index = np.unravel_index(values.argmax(), SHAPE)
    position = nibabel.affines.apply_affine(scan.affine, index)
    found = nibabel.affines.apply_affine(np.linalg.inv(mask.affine), position)
    np.testing.assert_allclose(found, index, atol=1e-6)
    # Another program's grid sees both at the same positions.
    grid = (9, 9, 9), OBLIQUE @ nibabel.affines.from_matvec(np.diag([0.6, 0.5, 0.4]))
    seen = [np.asarray(resample_from_to(one, grid, order=0, mode="grid-constant").dataobj) for one in (scan, mask)]
    np.testing.assert_array_equal(seen[0] > values.mean(), seen[1] == 1)
