import gzip

import nibabel
import numpy as np
import pytest

from resunet_kit.data import read_image, read_mask


def _save(path, array, *, slope=None):
    image = nibabel.Nifti1Image(array, np.diag([0.5, 0.5, 3.0, 1.0]))
    if slope is not None:
        image.header.set_slope_inter(slope, 0)
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".NII.GZ"])
@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((4, 5), (4, 5, 1)),
        ((4, 5, 1), (4, 5, 1)),
        ((4, 5, 6), (4, 5, 6, 1)),
        ((4, 5, 6, 2), (4, 5, 6, 2)),
        ((4, 5, 1, 2), (4, 5, 2)),
        ((4, 5, 6, 1, 3), (4, 5, 6, 3)),
    ],
)
def test_spatial_shape_and_channels(tmp_path, suffix, shape, expected):
    stored = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    image = read_image(_save(tmp_path / f"a{suffix}", stored))
    assert (image.shape, image.dtype) == (expected, np.float32)
    np.testing.assert_array_equal(image, np.float32(stored.reshape(expected)) / np.float32(255))


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64, ">i2"])
def test_files_of_any_unit_are_normalised(tmp_path, dtype):
    stored = np.random.default_rng(1).integers(-100, 4000, (6, 5, 4)).astype(dtype)
    path = _save(tmp_path / "mri.nii.gz", stored)
    expected = (stored - stored.mean(dtype=float)) / stored.std(dtype=float)
    np.testing.assert_allclose(read_image(path, normalize="image")[..., 0], expected, atol=1e-5)
    with pytest.raises(ValueError, match="normalize"):
        read_image(path)


def test_the_headers_scale_is_applied(tmp_path):
    stored = np.array([[0, 2], [1, 2]], np.int16)
    image = nibabel.Nifti1Image(stored, np.eye(4))
    path = tmp_path / "a.nii"
    nibabel.save(image, path)
    data = bytearray(path.read_bytes())
    data[112:116] = np.float32(0.25).tobytes()  # scl_slope
    path.write_bytes(data)
    np.testing.assert_array_equal(read_image(path)[..., 0], stored / 4)


def test_big_endian_images_are_read(tmp_path):
    stored = np.array([[0, 13107, 65535]], ">u2")
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(np.uint16)
    nibabel.save(nibabel.Nifti1Image(stored, np.eye(4), header), tmp_path / "a.nii")
    np.testing.assert_array_equal(read_image(tmp_path / "a.nii").ravel(), np.float32([0, 0.2, 1]))


def test_masks_keep_their_labels(tmp_path):
    stored = np.random.default_rng(2).choice([0, 1, 2, 4], (4, 5, 6)).astype(np.float64)
    mask = read_mask(_save(tmp_path / "seg.nii.gz", stored))
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask[..., 0], stored)


def _truncated(data):
    return data[: len(data) * 2 // 3]


def _replaced(data):
    return b"no volume" * len(data)


def _emptied(data):
    return data[:0]


def _changed(data):
    return data[:40] + b"\xff\x7f" * 4 + data[48:]


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("damage", [_truncated, _changed, _emptied, _replaced])
def test_damaged_files_are_named(tmp_path, suffix, damage):
    path = _save(tmp_path / f"bad{suffix}", np.random.default_rng(3).integers(0, 256, (9, 9, 9), dtype=np.uint8))
    if suffix == ".nii.gz" and damage is _changed:
        path.write_bytes(gzip.compress(_changed(gzip.decompress(path.read_bytes()))))
    else:
        path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"Cannot read .*bad\.nii"):
        read_image(path)


def test_a_header_may_not_announce_more_than_its_file_can_hold(tmp_path):
    path = _save(tmp_path / "bad.nii", np.zeros((2, 2, 2), np.uint8))
    data = bytearray(path.read_bytes())
    data[42:48] = np.int16([32000] * 3).tobytes()
    path.write_bytes(data)
    with pytest.raises(ValueError, match="announces 32768000000000 bytes"):
        read_image(path)


def test_colours_are_not_numbers(tmp_path):
    colours = np.zeros((2, 2, 2), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(ValueError, match="numbers"):
        read_image(_save(tmp_path / "rgb.nii", colours))


def test_missing_files_are_named(tmp_path):
    with pytest.raises(ValueError, match="existing file"):
        read_image(tmp_path / "gone.nii.gz")


def _patched(path, offset, data):
    content = bytearray(path.read_bytes())
    content[offset : offset + len(data)] = data
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["bad.nii", "bad.NII"])
def test_an_uncompressed_file_holds_what_its_header_announces(tmp_path, name):
    path = _save(tmp_path / name, np.zeros((20, 20, 20), np.uint8))
    _patched(path, 42, np.int16([200]).tobytes())
    with pytest.raises(ValueError, match="announces 80000 bytes"):
        read_image(path)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64,
                                   np.float32, np.float64])  # fmt: skip
def test_labels_of_every_type(tmp_path, dtype):
    stored = np.random.default_rng(4).integers(0, 5, (4, 5, 6)).astype(dtype)
    image = nibabel.Nifti1Image(stored, np.eye(4), dtype=dtype)
    nibabel.save(image, tmp_path / "a.nii.gz")
    assert nibabel.load(tmp_path / "a.nii.gz").get_data_dtype() == dtype
    np.testing.assert_array_equal(read_mask(tmp_path / "a.nii.gz")[..., 0], stored)
    normalised = read_image(tmp_path / "a.nii.gz", normalize="image")[..., 0]
    numbers = stored.astype(float)
    np.testing.assert_allclose(normalised, (numbers - numbers.mean()) / numbers.std(), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float32])
def test_negative_labels_are_refused(tmp_path, dtype):
    path = tmp_path / "bad.nii"
    nibabel.save(nibabel.Nifti1Image(np.array([[-1, 1]], dtype), np.eye(4), dtype=dtype), path)
    with pytest.raises(ValueError, match="-1, 1"):
        read_mask(path)


@pytest.mark.parametrize("slope", [0.0, np.nan])
def test_a_slope_of_zero_or_nan_scales_nothing(tmp_path, slope):
    stored = np.array([[0, 51], [102, 255]], np.uint8)
    path = _patched(_save(tmp_path / "a.nii", stored), 112, np.float32([slope, 7]).tobytes())
    np.testing.assert_array_equal(read_image(path)[..., 0], stored / np.float32(255))


def test_an_intercept_that_is_not_a_number_is_refused(tmp_path):
    path = _patched(_save(tmp_path / "bad.nii", np.zeros((2, 2), np.uint8)), 112, np.float32([1, np.nan]).tobytes())
    with pytest.raises(ValueError, match=r"bad\.nii.*intercept"):
        read_image(path)


def test_negative_pixel_sizes_do_not_move_voxels(tmp_path):
    stored = np.random.default_rng(5).integers(0, 256, (4, 5, 6), dtype=np.uint8)
    path = _patched(_save(tmp_path / "a.nii", stored), 76, np.float32([-1, -0.5, 0.5, 3]).tobytes())  # qfac, pixdim
    np.testing.assert_array_equal(read_image(path)[..., 0], stored / np.float32(255))


@pytest.mark.parametrize("dtype", [np.complex64, [("R", "u1"), ("G", "u1"), ("B", "u1"), ("A", "u1")]])
def test_what_is_not_one_number_per_voxel_is_refused(tmp_path, dtype):
    path = _save(tmp_path / "bad.nii.gz", np.zeros((2, 2, 2), dtype))
    for read in (read_image, read_mask):
        with pytest.raises(ValueError, match=r"bad\.nii\.gz.*Expected numbers"):
            read(path)
