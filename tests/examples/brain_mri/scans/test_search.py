import sys

import numpy as np
import pytest
from PIL import Image

from examples.brain_mri.scans.search import find_images, find_scans
from tests.examples.brain_mri.test_folders import closed
from tests.examples.brain_mri.volume_files import box, write_nifti, write_series


def test_masks_are_left_out_and_names_must_differ(cohort, tmp_path):
    patients = sorted(cohort.iterdir())[:2]
    found = find_images(patients)
    assert len(found) == 8
    assert not [path for path in found if path.stem.endswith("_mask")]
    assert find_images([found[0], found[0]]) == [found[0]]
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "._a.tif").touch()
    (tmp_path / "b.tif").touch()
    assert find_images([tmp_path]) == [tmp_path / "b.tif"]
    (tmp_path / found[0].name.lower()).write_bytes(b"")
    with pytest.raises(ValueError, match="one image for each name"):
        find_scans([found[0], tmp_path])


def test_masks_of_an_earlier_prediction_are_left_out(tmp_path):
    for name in ("p_1.png", "p_1_pred.png", "q.nii.gz", "q_pred.nii.gz"):
        (tmp_path / name).touch()
    assert sorted(path.name for path in find_images([tmp_path])) == ["p_1.png", "q.nii.gz"]


def test_nothing_to_predict_is_said(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        find_images([tmp_path / "absent.tif"])
    with pytest.raises(ValueError, match="Received none"):
        find_images([tmp_path])


def test_a_folder_that_cannot_be_read_is_not_passed_over(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.png").touch()
    closed(monkeypatch, tmp_path / "a")
    found = find_scans([tmp_path])
    assert [scan.files for scan in found.scans] == [(tmp_path / "b" / "b.png",)]
    assert "Permission denied. Let this user read it" in found.unreadable[tmp_path / "a"]
    closed(monkeypatch, tmp_path / "a", tmp_path)
    assert find_scans([tmp_path]).unreadable.keys() == {tmp_path}


def test_kinds_are_told_apart_and_links_followed_once(tmp_path):
    data = tmp_path / "data"
    write_nifti(data / "scan.nii.gz", box())
    write_nifti(data / "scan_seg.nii.gz", box())
    write_series(data / "series", suffix="")
    (data / "series" / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(data / "été_1.png")
    (data / "notes.txt").write_text("x")
    (data / "up").symlink_to(data)
    (tmp_path / "link").symlink_to(data)
    found = find_scans([tmp_path / "link", data])
    assert [type(scan).__name__ for scan in found.scans] == ["SliceFiles", "NiftiVolume", "DicomSeries"]
    assert [len(scan.files) for scan in found.scans] == [1, 1, 6]


def test_the_output_folder_is_not_searched(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "out").mkdir()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "out" / "a_pred.png")
    assert find_images([tmp_path], tmp_path / "out") == [tmp_path / "a.png"]


def test_two_kinds_of_one_stem_do_not_collide_but_two_volumes_do(tmp_path):
    write_nifti(tmp_path / "a.nii.gz", box())
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.png")
    assert len(find_scans([tmp_path]).scans) == 2
    write_nifti(tmp_path / "a.nii", box())
    with pytest.raises(ValueError, match="one image for each name"):
        find_scans([tmp_path])


def test_dicom_without_its_packages_names_the_extra(tmp_path, monkeypatch):
    write_series(tmp_path)
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(ValueError, match=r"without highdicom.*pip install 'resunet-kit\[dicom\]'"):
        find_scans([tmp_path])
