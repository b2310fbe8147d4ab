import numpy as np
import pydicom
import pytest

from examples.brain_mri.scans.dicom_seg import MAY_BE_EMPTY, segmentation, write_segmentation
from tests.examples.brain_mri.volume_files import write_series


@pytest.fixture
def headers(tmp_path):
    return [pydicom.dcmread(path, stop_before_pixels=True) for path in write_series(tmp_path / "in", slices=2)]


def test_headers_may_lack_what_dicom_lets_be_empty(headers, tmp_path):
    for header in headers:
        for name in (*MAY_BE_EMPTY, "SliceThickness"):
            delattr(header, name)
        header.PatientSex = "U"  # which DICOM does not know
    write_segmentation(tmp_path / "mask.dcm", segmentation(np.ones((2, 24, 20), np.uint8), headers, 5.0))
    written = pydicom.dcmread(tmp_path / "mask.dcm")
    assert written.pixel_array.all()
    assert written.SegmentSequence[0].SegmentLabel == "Tumour"


def test_a_mask_without_tumour_is_written_too(headers, tmp_path):
    write_segmentation(tmp_path / "mask.dcm", segmentation(np.zeros((2, 24, 20), np.uint8), headers, 5.0))
    assert not pydicom.dcmread(tmp_path / "mask.dcm").pixel_array.any()


def test_headers_that_do_not_suffice_are_an_error_of_one_kind(headers):
    del headers[0].SOPClassUID
    with pytest.raises(ValueError, match="Expected headers that a segmentation can refer to"):
        segmentation(np.ones((2, 24, 20), np.uint8), headers, 5.0)
