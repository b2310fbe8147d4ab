import numpy as np
import pydicom
import pytest

from examples.brain_mri.scans.dicom import group_series
from tests.examples.brain_mri.volume_files import write_series


def series_of(folder):
    return group_series(sorted(file for file in folder.rglob("*") if file.is_file()))


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
    [plain], *_ = series_of(tmp_path / "a")
    assert (plain.read()[0].images == 2 * 3000 - 1024).sum() == 2 * 40 * 3
    write_series(tmp_path / "b", PhotometricInterpretation="MONOCHROME1")
    [inverted], *_ = series_of(tmp_path / "b")
    assert (inverted.read()[0].images == -3000).sum() == 2 * 40 * 3


def test_series_of_one_folder_are_separated_and_gaps_noted(tmp_path):
    write_series(tmp_path)
    for path in write_series(tmp_path / "copies")[:2]:
        path.rename(tmp_path / f"copy_{path.name}")
    write_series(tmp_path / "b", series="1.2.3.5", skip=(1, 3))
    found, unreadable, _ = series_of(tmp_path)
    assert sorted((one.uid, len(one.files)) for one in found) == [("1.2.3.4", 6), ("1.2.3.5", 4)]
    assert not unreadable
    with_gap = next(one for one in found if one.uid == "1.2.3.5")
    assert "has gaps" in with_gap.check().notes[0]
    assert with_gap.read()[0].spacing[0] == 5


def test_uneven_distances_are_noted(tmp_path):
    write_series(tmp_path, slices=4)
    [even], *_ = series_of(tmp_path)
    assert not even.check().notes
    header = pydicom.dcmread(even.files[-1])
    header.ImagePositionPatient[2] = float(header.ImagePositionPatient[2]) + 1
    header.save_as(even.files[-1])
    [uneven], *_ = series_of(tmp_path)
    [note] = uneven.check().notes
    assert "5 to 6 mm apart" in note


def test_of_a_study_with_flair_the_rest_is_left_out(tmp_path):
    write_series(tmp_path / "a", SeriesDescription="AX T2 FLAIR")
    [first, *_] = write_series(tmp_path / "b", series="1.2.3.5", SeriesDescription="AX T1")
    found, unreadable, notes = series_of(tmp_path)
    assert [one.uid for one in found] == ["1.2.3.4"]
    assert not unreadable
    assert len(notes) == 1
    found, unreadable, _ = series_of(tmp_path / "b")
    assert not found
    assert "Received the series 'AX T1'" in unreadable[first]


def test_what_is_damaged_is_named_and_the_rest_stays(tmp_path):
    paths = write_series(tmp_path)
    paths[2].write_bytes(paths[2].read_bytes()[:-300])
    paths[4].write_bytes(paths[4].read_bytes()[:300])
    [found], unreadable, _ = series_of(tmp_path)
    assert list(unreadable) == [paths[4]]
    check = found.check()
    assert list(check.unreadable) == [paths[2]]
    assert check.slices == 4
    assert len(found.without(check.unreadable).files) == 4


def test_two_slices_at_one_position_are_refused(tmp_path):
    write_series(tmp_path, slices=2)
    for index, path in enumerate(write_series(tmp_path / "echo", slices=2)):
        header = pydicom.dcmread(path)
        header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = f"1.2.9.{index}"
        header.save_as(path)
    [found], *_ = series_of(tmp_path)
    check = found.check()
    assert "one slice at each position" in next(iter(check.unreadable.values()))
    assert check.slices == 0
