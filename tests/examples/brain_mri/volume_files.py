"""NIfTI volumes and DICOM series on disk, for tests: a bright box in a dark head."""

import nibabel
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import EnhancedMRImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

AXIAL = (1, 0, 0, 0, 1, 0)
OBLIQUE = np.array([[-1.0, 0.1, 0, 90], [0.1, 1.0, 0.2, -120], [0, -0.07, 3.0, -60], [0, 0, 0, 1]])


def box(shape=(20, 24, 6), low=200, high=1000):
    """Return int16 `(i, j, k)`: dark, with a box that no mirroring maps to itself."""
    values = np.full(shape, low, np.int16)
    values[2:7, 12:20, 1:3] = high
    return values


def write_nifti(path, values, affine=OBLIQUE, codes=(1, 1), **scale):
    image = nibabel.Nifti1Image(values, affine)
    image.set_sform(affine, codes[0])
    image.set_qform(affine, codes[1], strip_shears=True)
    for name, value in scale.items():
        image.header[name] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(image, path)
    return path


def dicom_slice(pixels, number, position, *, series, orientation=AXIAL, **tags):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[series, str(number)])
    header = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    header.SOPClassUID, header.SOPInstanceUID = MRImageStorage, meta.MediaStorageSOPInstanceUID
    header.StudyInstanceUID, header.SeriesInstanceUID = generate_uid(entropy_srcs=["study"]), series
    header.FrameOfReferenceUID = generate_uid(entropy_srcs=["frame"])
    header.PatientID, header.PatientName, header.PatientBirthDate, header.PatientSex = "P-1", "Doe^Jane", "", ""
    header.StudyDate, header.StudyTime, header.AccessionNumber, header.ReferringPhysicianName = "", "", "", ""
    header.StudyID, header.SeriesNumber, header.InstanceNumber, header.Modality = "1", 3, number, "MR"
    header.ImagePositionPatient, header.ImageOrientationPatient = list(position), list(orientation)
    header.PixelSpacing, header.SliceThickness, header.SpacingBetweenSlices = [0.5, 0.8], 5, 5
    header.Rows, header.Columns = pixels.shape
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 12, 11, 0
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.PixelData = pixels.astype("uint16").tobytes()
    for name, value in tags.items():
        setattr(header, name, value)
    return header


def enhanced_image(values, heights, *, series="1.2.5", orientation=AXIAL, **tags):
    """Return an enhanced MR image, whose frames are slices at these heights."""
    header = dicom_slice(values[0], 1, (0, 0, 0), series=series)
    header.SOPClassUID = header.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        delattr(header, name)
    header.NumberOfFrames, header.PixelData = len(values), values.astype("uint16").tobytes()
    measures = dataset(PixelSpacing=[0.5, 0.8], SliceThickness=5, SpacingBetweenSlices=5)
    header.SharedFunctionalGroupsSequence = [
        dataset(
            PixelMeasuresSequence=[measures],
            PlaneOrientationSequence=[dataset(ImageOrientationPatient=list(orientation))],
        )
    ]
    organization = generate_uid(entropy_srcs=["organization"])
    header.DimensionOrganizationSequence = [dataset(DimensionOrganizationUID=organization)]
    pointers = {"DimensionIndexPointer": 0x00200032, "FunctionalGroupPointer": 0x00209113}
    header.DimensionIndexSequence = [dataset(DimensionOrganizationUID=organization, **pointers)]
    header.PerFrameFunctionalGroupsSequence = [
        dataset(
            PlanePositionSequence=[dataset(ImagePositionPatient=list(position))],
            FrameContentSequence=[dataset(DimensionIndexValues=[number], StackID="1", InStackPositionNumber=number)],
        )
        for number, position in enumerate(np.add([-8, -6, 0], np.outer(heights, normal(orientation))), start=1)
    ]
    for name, value in tags.items():
        setattr(header, name, value)
    return header


def normal(orientation):
    return np.cross(*np.reshape(orientation, (2, 3)))


def dataset(**tags):
    found = Dataset()
    for name, value in tags.items():
        setattr(found, name, value)
    return found


def write_enhanced(path, heights=(25, 20, 15, 10, 5, 0), **tags):
    """Write an enhanced MR image whose box lies at heights of 5 and 10."""
    values = np.full((len(heights), 24, 20), 100, np.uint16)
    values[np.isin(heights, (5, 10)), 4:12, 2:7] = 3000
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, enhanced_image(values, heights, **tags), enforce_file_format=True)
    return path


def write_series(folder, slices=6, *, series="1.2.3.4", suffix=".dcm", compress=None, skip=(), every=1.0, **tags):
    """Write a series whose box lies in slices 1 and 2; files are named in the reverse of their order in the head.

    Slices are `every` times 5 mm apart.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in range(slices):
        if index in skip:
            continue
        pixels = np.full((24, 20), 100, np.uint16)
        if index in (1, 2):
            pixels[4:12, 2:7] = 3000
        header = dicom_slice(pixels, slices - index, (-8, -6, 5.0 * every * index), series=series, **tags)
        if compress:
            header.compress(compress)
        path = folder / f"im{slices - index:03d}{suffix}"
        pydicom.dcmwrite(path, header, enforce_file_format=True)
        paths.append(path)
    return paths
