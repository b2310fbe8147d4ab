import numpy as np
import pydicom
import pytest

from examples.brain_mri.scans.dicom_studies import group_series
from tests.examples.brain_mri.volume_files import write_series

FLAIR, PRE, POST = "AX T2 FLAIR", "AX T1", "AX T1 POST"


def grouped(folder):
    return group_series(sorted(file for file in folder.rglob("*") if file.is_file()))


def write_study(folder, **descriptions):
    """Write a series for each name, whose pixels are its position among them plus 1, and return their files."""
    found = {}
    for number, (name, description) in enumerate(descriptions.items(), start=1):
        found[name] = write_series(folder / name, series=f"1.2.3.{number}", SeriesDescription=description)
        for path in found[name]:
            change(path, PixelData=np.full((24, 20), number, np.uint16).tobytes())
    return found


def change(path, **tags):
    header = pydicom.dcmread(path)
    for name, value in tags.items():
        setattr(header, name, value)
    header.save_as(path)


def channels(scan):
    """Return the intensity of each channel, which is the same everywhere."""
    [stack] = scan.read()
    assert (stack.images == stack.images[0, 0, 0]).all()
    return stack.images[0, 0, 0].tolist()


def test_t1_before_and_after_contrast_are_joined_with_flair(tmp_path, mark_bright):
    write_study(tmp_path / "in", flair=FLAIR, post=POST, pre=PRE)
    found = grouped(tmp_path / "in")
    [study] = found.scans
    assert channels(study) == [3, 1, 2]  # pre-contrast, FLAIR, post-contrast
    assert study.check().slices == 6
    assert len(study.files) == 18
    assert [name for _, name in study.outputs()] == ["1.2.3.1_pred.dcm"]
    assert not found.unreadable
    assert [note.split(" is ")[1].split(" of ")[0] for note in found.notes] == [
        "taken as pre-contrast T1",
        "taken as post-contrast T1",
    ]
    [stack] = mark_bright(tmp_path / "out", tmp_path / "in")
    assert {file.parent.name for file in stack.files} == {"flair"}
    written = pydicom.dcmread(tmp_path / "out" / "1.2.3.1_pred.dcm")
    referenced = written.ReferencedSeriesSequence[0].SeriesInstanceUID
    assert referenced == "1.2.3.1"


def test_a_missing_sequence_is_replaced_by_flair(tmp_path):
    write_study(tmp_path, flair=FLAIR, post=POST)
    [study] = grouped(tmp_path).scans
    assert channels(study) == [1, 1, 2]


def test_a_contrast_agent_in_the_header_tells_two_t1_series_apart(tmp_path):
    files = write_study(tmp_path, flair=FLAIR, pre="T1 SE", post="T1 SE")
    for path in files["post"]:
        change(path, ContrastBolusAgent="GADAVIST")
    [study] = grouped(tmp_path).scans
    assert channels(study) == [2, 1, 3]


def test_series_that_do_not_fit_are_left_out_with_the_reason(tmp_path):
    files = write_study(tmp_path, flair=FLAIR, pre=PRE, post=POST, t2="AX T2", other="PERFUSION")
    for path in files["post"]:
        change(path, FrameOfReferenceUID="1.2.77")
    for path in files["pre"][1:]:
        path.unlink()
    found = grouped(tmp_path)
    [series] = found.scans
    assert channels(series) == [1, 1, 1]
    assert not found.unreadable
    told = dict(zip(sorted(("pre", "post", "t2", "other")), sorted(found.notes), strict=True))
    assert "does not say that it is pre- or post-contrast T1" in told["other"]
    assert "another frame of reference" in told["post"]
    assert "does not cover FLAIR" in told["pre"]
    assert "does not say that it is pre- or post-contrast T1" in told["t2"]


def test_two_series_of_one_sequence_are_both_left_out(tmp_path):
    write_study(tmp_path, flair=FLAIR, a="AX T1 PRE", b="3D T1 PRE", post=POST)
    found = grouped(tmp_path)
    [study] = found.scans
    assert channels(study) == [1, 1, 4]
    assert any("pass one of them" in note for note in found.notes)


def test_studies_are_kept_apart(tmp_path):
    write_study(tmp_path / "a", flair=FLAIR, pre=PRE)
    for name, paths in write_study(tmp_path / "b", flair=FLAIR, pre=PRE).items():
        for path in paths:
            change(path, StudyInstanceUID="1.2.88", SeriesInstanceUID=f"1.2.88.{len(name)}")
    assert [channels(scan) for scan in grouped(tmp_path).scans] == [[2, 1, 1], [2, 1, 1]]


def test_without_flair_a_described_series_is_refused(tmp_path):
    [first, *_] = write_series(tmp_path, SeriesDescription=PRE)
    found = grouped(tmp_path)
    assert not found.scans
    assert "Received the series 'AX T1'" in found.unreadable[first]


def test_a_damaged_slice_of_flair_is_left_out(tmp_path):
    files = write_study(tmp_path, flair=FLAIR, pre=PRE)
    bad = files["flair"][2]
    bad.write_bytes(bad.read_bytes()[:-300])
    [study] = grouped(tmp_path).scans
    check = study.check()
    assert list(check.unreadable) == [bad]
    rest = study.without(check.unreadable)
    [stack] = rest.read()
    assert len(stack.images) == 5
    assert len(rest.files) == 11


def test_of_two_flair_series_the_axial_one_is_used(tmp_path):
    sagittal = (0, 1, 0, 0, 0, -1)
    write_study(tmp_path, flair=FLAIR, other="SAG FLAIR")
    for path in (tmp_path / "other").iterdir():
        number = pydicom.dcmread(path).InstanceNumber
        change(path, ImageOrientationPatient=list(sagittal), ImagePositionPatient=[5.0 * number, 0, 0])
    found = grouped(tmp_path)
    assert [scan.uid for scan in found.scans] == ["1.2.3.1"]
    assert "Expected axial slices" in found.notes[0]
    for path in (tmp_path / "flair").iterdir():
        path.unlink()
    [alone] = grouped(tmp_path).scans
    assert "Expected axial slices" in next(iter(alone.check().unreadable.values()))


def test_what_cannot_be_used_beside_flair_is_a_note_and_without_flair_an_error(tmp_path):
    files = write_study(tmp_path, flair=FLAIR, colours="FA colour", bare="AX T1", scout="SCOUT")
    for path in files["colours"]:
        change(path, SamplesPerPixel=3)
    change(files["bare"][0], PixelSpacing=None)
    change(files["scout"][0], Modality="CT")
    found = grouped(tmp_path)
    assert len(found.scans) == 1
    assert not found.unreadable
    assert sum("Received colours" in note and "and 5 other files" in note for note in found.notes) == 1
    assert sum("without PixelSpacing" in note for note in found.notes) == 1
    assert sum("Received the modality CT" in note for note in found.notes) == 1
    change(files["flair"][0], PixelSpacing=None)
    assert list(grouped(tmp_path).unreadable) == [files["flair"][0]]
    for path in files["flair"]:
        path.unlink()
    assert set(files["colours"]) <= set(grouped(tmp_path).unreadable)


def test_a_series_whose_description_names_no_sequence_is_taken_as_flair_with_a_note(tmp_path):
    write_series(tmp_path)
    found = grouped(tmp_path)
    assert len(found.scans) == 1
    assert "taken as FLAIR" in found.notes[0]


def test_reformatted_series_do_not_compete_with_the_original(tmp_path):
    files = write_study(tmp_path, flair=FLAIR, pre=PRE, again="AX T1 MPR")
    for path in files["again"]:
        change(path, ImageType=["DERIVED", "SECONDARY", "MPR"])
    [study] = grouped(tmp_path).scans
    assert channels(study) == [2, 1, 1]


def test_a_thickness_that_is_no_number_is_not_needed(tmp_path):
    files = write_study(tmp_path, flair=FLAIR)
    for path in files["flair"]:
        before, name, after = path.read_bytes().partition(b"\x18\x00\x50\x00DS")
        size = after[0]
        path.write_bytes(before + name + after[:2] + b"5 mm  "[:size].rjust(size, b"m") + after[2 + size :])
        with pytest.raises(ValueError, match="could not convert"):
            float(pydicom.dcmread(path).SliceThickness)
    [series] = grouped(tmp_path).scans
    check = series.check()
    assert not check.unreadable
    assert series.read()[0].spacing[0] == 5


def test_series_of_one_folder_are_separated_and_copies_count_once(tmp_path):
    write_series(tmp_path)
    for path in write_series(tmp_path / "copies")[:2]:
        path.rename(tmp_path / f"copy_{path.name}")
    write_series(tmp_path / "b", series="1.2.3.5", skip=(1, 3))
    found = grouped(tmp_path)
    assert sorted((one.uid, len(one.files)) for one in found.scans) == [("1.2.3.4", 6), ("1.2.3.5", 4)]
    assert not found.unreadable
    with_gap = next(one for one in found.scans if one.uid == "1.2.3.5")
    assert "has gaps" in with_gap.check().notes[0]
    assert with_gap.read()[0].spacing[0] == 5


@pytest.mark.parametrize("stop", [-300, 300], ids=["pixels", "header"])
def test_a_cut_file_is_named_and_the_rest_stays(stop, tmp_path):
    paths = write_series(tmp_path)
    paths[2].write_bytes(paths[2].read_bytes()[:stop])
    found = grouped(tmp_path)
    [series] = found.scans
    check = series.check()
    assert list(found.unreadable | check.unreadable) == [paths[2]]
    assert check.slices == 5
