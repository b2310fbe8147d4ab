import ast
import re
import struct

import nibabel
import numpy as np
import pytest
from PIL import Image

from resunet_kit.data import read_mask


def _save(path, array):
    array = np.asarray(array)
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        Image.fromarray(array).save(path)
    return path


@pytest.mark.parametrize(
    ("name", "stored", "options", "expected"),
    [
        ("a.png", np.uint8([[0, 255]]), {}, [0, 1]),
        ("a.png", np.uint8([[255, 255]]), {}, [1, 1]),
        ("a.png", np.uint8([[0, 1]]), {}, [0, 1]),
        ("a.png", np.array([[False, True]]), {}, [0, 1]),
        ("a.npy", np.array([[False, True]]), {}, [0, 1]),
        ("a.npy", np.array([[0.0, 1.0]]), {}, [0, 1]),
        ("a.tif", np.uint16([[0, 65535]]), {}, [0, 1]),
        ("a.png", np.uint8([[3, 7]]), {}, [3, 7]),
        ("a.npy", np.int64([[3, 7]]), {}, [3, 7]),
        ("a.png", np.uint8([[0, 255]]), {"num_classes": 2}, [0, 1]),
        ("a.png", np.uint8([[0, 255]]), {"num_classes": 1}, [0, 1]),
        ("a.png", np.uint8([[0, 255]]), {"num_classes": 3, "ignore_class": 255}, [0, 255]),
        ("a.png", np.uint8([[0, 255]]), {"num_classes": 2, "ignore_class": 255}, [0, 255]),
        ("a.png", np.uint8([[149, 255]]), {"num_classes": 150, "ignore_class": 255}, [149, 255]),
        ("a.png", np.full((1, 2, 3), 255, np.uint8), {}, [1, 1]),
        ("a.png", np.uint8([[[0, 0, 0, 255], [255, 255, 255, 255]]]), {}, [0, 1]),
    ],
)
def test_mask_values(tmp_path, name, stored, options, expected):
    mask = read_mask(_save(tmp_path / name, stored), **options)
    assert (mask.dtype, mask.shape) == (np.uint8, (1, 2, 1))
    assert mask.ravel().tolist() == expected


@pytest.mark.parametrize(
    ("stored", "options", "expected"),
    [
        (np.uint8([[0, 7, 255]]), {}, "0, 7, 255.*threshold"),
        (np.uint8([[0, 128]]), {}, "0, 128"),
        (np.uint8([range(0, 250, 10)]), {}, r"70, \.\.\."),
        (np.float64([[0, 0.5]]), {}, "0, 0.5"),
        (np.int64([[-1, 0]]), {}, "-1, 0"),
        (np.float64([[np.nan, 0]]), {}, "NaN at 1 of 2"),
        (np.uint8([[0, 3]]), {"num_classes": 3}, "below 3"),
        (np.uint8([[0, 2]]), {"num_classes": 1}, "below 2"),
        (np.uint8([[0, 255]]), {"num_classes": 3}, "below 3"),
        (np.uint8([[[0, 0, 9]]]), {}, "one channel"),
        (np.array([["a", "b"]]), {}, "class labels"),
    ],
)
def test_unexpected_mask_values_are_named(tmp_path, stored, options, expected):
    with pytest.raises(ValueError, match=expected) as error:
        read_mask(_save(tmp_path / "bad.npy", stored), **options)
    assert "bad.npy" in str(error.value)


@pytest.mark.parametrize("options", [{"num_classes": 0}, {"num_classes": 300}, {"ignore_class": 255}])
def test_impossible_classes_are_refused(tmp_path, options):
    with pytest.raises(ValueError, match="Expected"):
        read_mask(_save(tmp_path / "a.npy", np.zeros((2, 2))), **options)


@pytest.mark.parametrize(
    ("name", "stored", "options", "expected"),
    [
        ("a.png", np.uint8([[0, 1, 2, 4]]), {"classes": {4: 3}}, [0, 1, 2, 3]),
        ("a.png", np.uint8([[0, 1, 2, 4]]), {"classes": {4: 3}, "num_classes": 4}, [0, 1, 2, 3]),
        ("a.png", np.uint8([[0, 255]]), {"classes": {255: 2}}, [0, 2]),
        ("a.png", np.uint8([[0, 255]]), {"classes": {0: 1, 255: 0}}, [1, 0]),
        ("a.png", np.uint8([[1, 255]]), {"classes": {1: 0}, "ignore_class": 255}, [0, 255]),
        ("a.png", np.uint8([[0, 200, 255]]), {"foreground": True}, [0, 1, 1]),
        ("a.png", np.uint8([[0, 200, 255]]), {"foreground": True, "ignore_class": 255}, [0, 1, 255]),
        ("a.png", np.uint16([[0, 300, 65535]]), {"foreground": True}, [0, 1, 1]),
        ("a.tif", np.int32([[0, 70000]]), {"foreground": True}, [0, 1]),
        ("a.npy", np.float32([[np.nan, 0, 3]]), {"foreground": True, "nan": 0}, [0, 0, 1]),
        # NaN becomes a label, not a number of the table.
        ("a.npy", np.float32([[np.nan, 0, 4]]), {"classes": {4: 3, 0: 1}, "nan": 0}, [0, 1, 3]),
    ],
)
def test_what_was_meant(tmp_path, name, stored, options, expected):
    assert read_mask(_save(tmp_path / name, stored), **options).ravel().tolist() == expected


@pytest.mark.parametrize(
    ("stored", "cure"),
    [
        (np.uint8([[0, 130, 255]]), {"classes": {130: 1, 255: 2}}),
        (np.uint8([[0, 130, 255]]), {"foreground": True}),
        (np.uint16([[0, 300]]), {"classes": {300: 1}}),
        (np.uint8([[0, 1, 255]]), {"num_classes": 2, "ignore_class": 255}),
    ],
)
def test_the_error_about_large_numbers_names_cures_that_work(tmp_path, stored, cure):
    path = _save(tmp_path / "a.npy", stored)
    with pytest.raises(ValueError, match=r"num_classes.*ignore_class.*classes=\{\d+: \d\}.*foreground=True"):
        read_mask(path)
    read_mask(path, **cure)


@pytest.mark.parametrize(
    ("stored", "options", "cure"),
    [
        (np.uint8([[0, 1, 2, 4]]), {"num_classes": 4}, "classes={4: 3}"),  # BraTS
        (np.uint8([[1, 2, 3, 1]]), {"num_classes": 3}, "classes={3: 0}"),
        (np.uint8([[0, 200, 1, 0]]), {}, "classes={200: 2}"),
        (np.uint8([[0, 3, 1, 0]]), {"num_classes": 2}, "classes={3: 0, 0: 0}"),
        (np.int64([[-1, 0, 1]]), {}, "classes={-1: 2}"),
        (np.int64([[-1, 0, 1]]), {"num_classes": 2, "ignore_class": 255}, "classes={-1: 255}"),
    ],
)
def test_the_table_that_the_error_names_has_the_unexpected_number(tmp_path, stored, options, cure):
    path = _save(tmp_path / "a.npy", stored)
    with pytest.raises(ValueError, match=re.escape(cure)):
        read_mask(path, **options)
    read_mask(path, **options, classes=ast.literal_eval(cure.partition("=")[2]))


def test_fractions_are_not_sent_to_a_table_of_integers(tmp_path):
    for stored in (np.float32([[0, 0.25, 1]]), np.float32([[1 / 3, 2 / 3]])):
        with pytest.raises(ValueError, match=r"threshold the mask.*get_unscaled") as error:
            read_mask(_save(tmp_path / "a.npy", stored))
        assert "classes=" not in str(error.value)


def test_labels_under_a_scale_of_the_header_are_what_is_stored(tmp_path):
    path, stored = tmp_path / "a.nii", np.arange(4, dtype=np.uint8).reshape(2, 2, 1)
    volume = nibabel.Nifti1Image(stored, np.eye(4))
    nibabel.save(volume, path)
    data = bytearray(path.read_bytes())
    data[112:120] = struct.pack("<2f", 1 / 3, 0)  # slope and intercept
    path.write_bytes(data)
    with pytest.raises(ValueError, match="get_unscaled"):
        read_mask(path)
    cured = nibabel.Nifti1Image(nibabel.load(path).dataobj.get_unscaled(), np.eye(4))
    nibabel.save(cured, tmp_path / "cured.nii")
    assert read_mask(tmp_path / "cured.nii").ravel().tolist() == [0, 1, 2, 3]
