import pydicom
import pytest
from pydicom.encaps import encapsulate

from examples.brain_mri.scans import dicom_files
from examples.brain_mri.scans.dicom_files import decoded, is_dicom, refusal
from tests.examples.brain_mri.volume_files import write_series


@pytest.fixture
def file(tmp_path):
    return write_series(tmp_path, slices=1)[0]


def test_dicom_is_known_by_its_first_bytes(file, tmp_path):
    assert is_dicom(file)
    (tmp_path / "notes").write_text("DICM")
    assert not is_dicom(tmp_path / "notes")
    assert not is_dicom(tmp_path)


def test_a_file_that_cannot_be_read_is_not_passed_over(file, monkeypatch):
    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(file), "open", refused)
    assert is_dicom(file)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Modality": "CT"}, "Expected MR"),
        ({"NumberOfFrames": 5}, "frames of MR Image Storage"),
        ({"SamplesPerPixel": 3}, "Received colours"),
        ({"SeriesInstanceUID": "../../1.2"}, "digits and dots as SeriesInstanceUID"),
        ({"SeriesInstanceUID": "1.2/3"}, "digits and dots as SeriesInstanceUID"),
        ({"PixelSpacing": None}, "without PixelSpacing"),
        ({"PixelSpacing": [0.5, 0]}, "2 numbers as PixelSpacing"),
        ({"ImageOrientationPatient": [1, 0, 0]}, "6 numbers"),
        ({"Modality": "SEG"}, ""),
        ({}, None),
    ],
)
def test_what_is_not_a_slice_of_mr_is_refused(change, why, file):
    header = pydicom.dcmread(file)
    with dicom_files.quiet_pydicom():
        for name, value in change.items():
            setattr(header, name, value)
    found = refusal(header)
    assert found == why if not why else why in found


def test_a_compression_without_decoder_names_the_cure(file, monkeypatch):
    header = pydicom.dcmread(file)
    header.file_meta.TransferSyntaxUID = pydicom.uid.JPEGLosslessSV1
    header.PixelData = encapsulate([b"\xff\xd8\xff\xd9"])
    header["PixelData"].is_undefined_length = True
    header.save_as(file)
    decoder = pydicom.pixels.get_decoder(pydicom.uid.JPEGLosslessSV1)
    monkeypatch.setattr(decoder, "_available", {})
    with pytest.raises(ValueError, match=r"JPEG Lossless.*pip install python-gdcm") as caught:
        decoded(file)
    assert str(file) in str(caught.value)
    assert dicom_files._cannot_decode(file)
