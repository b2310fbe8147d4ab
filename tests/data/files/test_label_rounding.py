import nibabel
import numpy as np
import pytest
from PIL import Image

from resunet_kit.data import read_mask
from resunet_kit.data.files.label_rounding import rounded_labels


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ([0.0, 1.00002, 3.9999], [0, 1, 4]),
        ([0.00002, 1.00002, 2.00002], [0, 1, 2]),
        ([-0.00001, 1.0], [0, 1]),
        ([0.0, 0.9990001], [0, 1]),
        ([0.0, 199.99], [0, 200]),
        ([0.99998, 1.00002], [1, 1]),
        ([0.00002, 0.00002], [0, 0]),
        ([0.0, 255.0002], [0, 255]),
        ([0.0, 300.0], [0, 300]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_near_labels_are_these_labels(raw, expected, dtype):
    rounded = rounded_labels(np.array(raw, dtype))
    assert rounded.tolist() == expected
    assert (rounded.dtype == np.uint8) == (max(expected) < 256)


@pytest.mark.parametrize(
    "raw", [[0.0, 0.5], [0.0, 0.998], [1.002, 2.0], [0.0, 0.0005], [0.0, 1 / 65535], [0.0, 199.9], [np.nan, 1.00002],
            [np.inf, 1.00002]],
)  # fmt: skip
def test_other_values_stay_as_they_are(raw):
    array = np.array(raw)
    assert rounded_labels(array) is array


def test_integers_are_not_touched():
    array = np.array([0, 7, 65535], np.uint16)
    assert rounded_labels(array) is array


def _scaled(path, stored, slope, inter=0.0):
    image = nibabel.Nifti1Image(np.array(stored).reshape(-1, 1, 2), np.eye(4))
    nibabel.save(image, path)
    data = bytearray(path.read_bytes())
    data[112:120] = np.float32([slope, inter]).tobytes()
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("stored", "slope", "inter", "expected"),
    [
        (np.int16([0, 1, 2, 4]), 1.00002, 0.0, [0, 1, 2, 4]),
        (np.int16([0, 1, 2, 4]), 0.999975, 0.0, [0, 1, 2, 4]),
        (np.int16([-32768, -16384, 0, 32766]), 1 / 16384, 2.0, [0, 1, 2, 4]),
        (np.uint8([0, 255, 255, 0]), 1 / 255, 0.0, [0, 1, 1, 0]),
        (np.uint8([0, 255, 255, 0]), 1.00001, 0.0, [0, 1, 1, 0]),
        (np.uint8([0, 1, 1, 0]), 255.0, 0.0, [0, 1, 1, 0]),
        (np.int16([0, 1, 3, 2]), 0.0, 5.0, [0, 1, 3, 2]),
        (np.int16([0, 1, 3, 2]), np.nan, 0.0, [0, 1, 3, 2]),
    ],
)
def test_scaled_labels_of_nifti(tmp_path, stored, slope, inter, expected):
    mask = read_mask(_scaled(tmp_path / "a.nii", stored, slope, inter))
    assert mask.dtype == np.uint8
    assert mask.ravel().tolist() == expected


@pytest.mark.parametrize(("slope", "shown"), [(0.5, "0, 0.5"), (0.0005, "0, 0.0005"), (1 / 255, "0.00392")])
def test_a_scale_that_is_not_of_labels_is_refused(tmp_path, slope, shown):
    with pytest.raises(ValueError, match=f"{shown}.*threshold"):
        read_mask(_scaled(tmp_path / "a.nii", np.uint8([0, 1, 0, 1]), slope))


@pytest.mark.parametrize("name", ["a.npy", "a.tif", "a.nii.gz"])
def test_floats_of_every_format_are_labels(tmp_path, name):
    path = tmp_path / name
    stored = np.float32([[0, 1.0000001], [2.0000002, 2.9999]])
    if name.endswith("npy"):
        np.save(path, stored)
    elif name.endswith("tif"):
        Image.fromarray(stored).save(path)
    else:
        nibabel.save(nibabel.Nifti1Image(stored, np.eye(4)), path)
    assert read_mask(path)[..., 0].tolist() == [[0, 1], [2, 3]]


def test_rounded_labels_obey_the_number_of_classes(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, [[0, 1.00002, 3.0001]])
    assert read_mask(path, num_classes=4).ravel().tolist() == [0, 1, 3]
    with pytest.raises(ValueError, match="below 3"):
        read_mask(path, num_classes=3)
