import numpy as np
import pydicom
import pytest

from examples.brain_mri.scans.dicom_studies import group_series
from tests.examples.brain_mri.volume_files import write_series


def series_of(folder):
    return group_series(sorted(file for file in folder.rglob("*") if file.is_file())).scans


@pytest.mark.parametrize(
    "orientation", [(1, 0, 0, 0, 1, 0), (0.96, 0.28, 0, -0.28, 0.96, 0)], ids=["straight", "oblique"]
)
def test_a_series_is_ordered_by_position_and_its_mask_lies_where_it_does(orientation, tmp_path, mark_bright):
    write_series(tmp_path / "in", suffix="", orientation=orientation)
    [stack] = mark_bright(tmp_path / "out", tmp_path / "in")
    assert [file.name for file in stack.files] == [f"im{number:03d}" for number in (6, 5, 4, 3, 2, 1)]
    assert stack.spacing == (5.0, 0.5, 0.8)
    stored = pydicom.dcmread(stack.files[1]).pixel_array
    assert (stack.images[1] == stored[..., None]).all()  # as radiologists see it: axial slices are not mirrored
    written = pydicom.dcmread(tmp_path / "out" / "1.2.3.4_pred.dcm")
    source = pydicom.dcmread(stack.files[1])
    assert written.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert written.StudyInstanceUID == source.StudyInstanceUID
    heights = sorted(
        float(frame.PlanePositionSequence[0].ImagePositionPatient[2])
        for frame in written.PerFrameFunctionalGroupsSequence
    )
    assert heights == [5.0, 10.0]
    expected = np.zeros((24, 20), bool)
    expected[4:12, 2:7] = True
    assert (written.pixel_array == expected).all()


@pytest.mark.parametrize(
    "syntax", [pydicom.uid.RLELossless, pydicom.uid.JPEGLSLossless], ids=lambda syntax: syntax.name
)
def test_compressed_series_are_read(syntax, tmp_path, mark_bright):
    write_series(tmp_path / "in", slices=3, compress=syntax)
    [stack] = mark_bright(tmp_path / "out", tmp_path / "in")
    assert (stack.images[..., 1] == 3000).sum() == 2 * 40


def test_rescaling_and_inverted_greys(tmp_path):
    write_series(tmp_path / "a", RescaleSlope="2", RescaleIntercept="-1024")
    [plain] = series_of(tmp_path / "a")
    assert (plain.read()[0].images == 2 * 3000 - 1024).sum() == 2 * 40 * 3
    write_series(tmp_path / "b", PhotometricInterpretation="MONOCHROME1")
    [inverted] = series_of(tmp_path / "b")
    assert (inverted.read()[0].images == -3000).sum() == 2 * 40 * 3


def test_uneven_distances_are_noted(tmp_path):
    write_series(tmp_path, slices=4)
    [even] = series_of(tmp_path)
    assert not even.check().notes
    header = pydicom.dcmread(even.files[-1])
    header.ImagePositionPatient[2] = float(header.ImagePositionPatient[2]) + 1
    header.save_as(even.files[-1])
    [uneven] = series_of(tmp_path)
    [note] = uneven.check().notes
    assert "5 to 6 mm apart" in note


def test_what_is_damaged_is_named_and_the_rest_stays(tmp_path):
    paths = write_series(tmp_path)
    paths[2].write_bytes(paths[2].read_bytes()[:-300])
    [found] = series_of(tmp_path)
    check = found.check()
    assert list(check.unreadable) == [paths[2]]
    assert check.slices == 5
    assert len(found.without(check.unreadable).files) == 5


def test_two_slices_at_one_position_are_refused(tmp_path):
    write_series(tmp_path, slices=2)
    for index, path in enumerate(write_series(tmp_path / "echo", slices=2)):
        header = pydicom.dcmread(path)
        header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = f"1.2.9.{index}"
        header.save_as(path)
    [found] = series_of(tmp_path)
    check = found.check()
    assert "one slice at each position" in next(iter(check.unreadable.values()))
    assert check.slices == 0
