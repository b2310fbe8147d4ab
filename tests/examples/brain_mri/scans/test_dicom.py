import numpy as np

from examples.brain_mri.scans.dicom import DicomStudy
from examples.brain_mri.scans.dicom_series import DicomSeries
from tests.examples.brain_mri.volume_files import write_series


def series(folder, uid, **tags):
    files = write_series(folder, series=uid, **tags)
    return DicomSeries("P-1", tuple(files), uid)


def test_a_study_is_read_at_the_pixels_of_flair(tmp_path):
    flair = series(tmp_path / "flair", "1.2.3")
    # Slices are 10 mm apart, and the box is at 10 and 20 mm.
    wide = DicomSeries("P-1", tuple(write_series(tmp_path / "post", 4, series="1.2.4", every=2.0)), "1.2.4")
    study = DicomStudy.of(flair, {"post": wide})
    [stack] = study.read()
    assert stack.images.shape == (6, 24, 20, 3)
    assert (stack.images[..., 0] == stack.images[..., 1]).all()
    box = stack.images[:, 6, 4]  # at 0, 5, … 25 mm
    assert box[:, 1].tolist() == [100, 3000, 3000, 100, 100, 100]
    assert box[:, 2].tolist() == [100, 1550, 3000, 3000, 3000, 1550]
    assert study.outputs() == flair.outputs()
    assert len(study.files) == 10


def test_what_a_study_lacks_without_some_files(tmp_path):
    flair, post = series(tmp_path / "flair", "1.2.3"), series(tmp_path / "post", "1.2.4")
    study = DicomStudy.of(flair, {"post": post})
    assert study.check().slices == 6
    rest = study.without([flair.files[0]])
    assert isinstance(rest, DicomStudy)
    assert np.shape(rest.read()[0].images) == (5, 24, 20, 3)
    assert study.without([post.files[0]]) == flair
    assert study.without(flair.files) is None


def test_a_damaged_t1_file_is_named_and_t1_alone_is_left_out(tmp_path):
    flair, post = series(tmp_path / "flair", "1.2.3"), series(tmp_path / "post", "1.2.4")
    bad = post.files[2]
    bad.write_bytes(bad.read_bytes()[:-300])
    check = DicomStudy.of(flair, {"post": post}).check()
    assert list(check.unreadable) == [bad]
    assert check.slices == 6
    assert check.notes == [f"The series of {post.files[0]} is left out, since a file of it cannot be used."]
