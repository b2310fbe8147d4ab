import highdicom
import numpy as np
import pydicom
import pytest

from examples.brain_mri.scans.dicom_enhanced import EnhancedImage
from examples.brain_mri.scans.dicom_series import DicomSeries
from examples.brain_mri.scans.dicom_studies import group_series
from tests.examples.brain_mri.volume_files import AXIAL, enhanced_image, write_enhanced, write_series

OBLIQUE = (0.96, 0.28, 0, -0.28, 0.96, 0)


@pytest.mark.parametrize("orientation", [AXIAL, OBLIQUE], ids=["straight", "oblique"])
@pytest.mark.parametrize("heights", [(0, 5, 10, 15), (15, 10, 5, 0), (5, 15, 0, 10)])
def test_frames_are_the_slices_of_a_series(heights, orientation, tmp_path):
    path = write_enhanced(tmp_path / "in" / "image.dcm", heights, orientation=orientation)
    files = write_series(tmp_path / "series", slices=4, orientation=orientation)
    [found] = EnhancedImage("P-1", (path,), "1.2.5").read()
    [expected] = DicomSeries("P-1", tuple(files), "1.2.3").read()
    assert (found.images == expected.images).all()
    assert found.spacing == pytest.approx(expected.spacing)
    assert found.files == [path] * 4


def test_the_mask_lies_where_the_tumour_does(tmp_path, mark_bright):
    path = write_enhanced(tmp_path / "in" / "image.dcm")
    mark_bright(tmp_path / "out", tmp_path / "in")
    source = pydicom.dcmread(path)
    mask = highdicom.seg.segread(tmp_path / "out" / f"{source.SOPInstanceUID}_pred.dcm")
    assert (
        mask.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    )
    volume = mask.get_volume()
    assert volume.array.shape == (2, 24, 20, 1)
    expected = np.zeros((24, 20), bool)
    expected[4:12, 2:7] = True
    assert (volume.array[..., 0] == expected).all()
    heights = sorted(volume.map_indices_to_reference(np.array([[0, 0, 0], [1, 0, 0]]))[:, 2])
    assert heights == pytest.approx([5, 10])


def test_flair_as_an_enhanced_image_is_joined_with_a_series_and_with_another_image(tmp_path):
    write_enhanced(tmp_path / "flair.dcm", SeriesDescription="T2 FLAIR")
    post = enhanced_image(np.full((6, 24, 20), 7), range(0, 30, 5), series="1.2.6", SeriesDescription="T1")
    post.ContrastBolusAgentSequence = [pydicom.Dataset()]
    pydicom.dcmwrite(tmp_path / "post.dcm", post, enforce_file_format=True)
    write_series(tmp_path / "pre", SeriesDescription="T1")
    found = group_series(sorted(file for file in tmp_path.rglob("*") if file.is_file()))
    [study] = found.scans
    assert study.check().slices == 6
    [stack] = study.read()
    assert (stack.images[..., 0] == stack.images[..., 1]).all()
    assert (stack.images[..., 2] == 7).all()
    assert not found.unreadable


def test_what_makes_no_volume_is_refused_with_a_cure(tmp_path):
    path = write_enhanced(tmp_path / "image.dcm", (0, 5, 5, 10))
    check = EnhancedImage("P-1", (path,), "1.2.5").check()
    assert "one volume of one echo" in check.unreadable[path]
    assert "dcm2niix" in check.unreadable[path]
    assert EnhancedImage("P-1", (path,), "1.2.5").without([path]) is None


def test_a_cut_file_is_refused(tmp_path):
    path = write_enhanced(tmp_path / "image.dcm")
    path.write_bytes(path.read_bytes()[:-300])
    assert list(EnhancedImage("P-1", (path,), "1.2.5").check().unreadable) == [path]
