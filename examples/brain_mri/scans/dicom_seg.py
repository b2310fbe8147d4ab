"""A mask as DICOM segmentation object, in the frame of reference of its series."""

from pathlib import Path
from typing import Any

import resunet_kit
from examples.brain_mri.scans.dicom_files import quiet_pydicom, thickness
from resunet_kit.data import atomic_write

NAME = "resunet_kit brain MRI example"


# What the segmentation copies from its source. DICOM allows these to be empty there; some writers leave them out.
MAY_BE_EMPTY = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate",
    "StudyTime", "ReferringPhysicianName",
)  # fmt: skip


def write_segmentation(path: Path, made: Any) -> None:
    """Write what `segmentation` returns, whole or not at all."""
    with atomic_write(path) as temporary:
        made.save_as(temporary)


def segmentation(mask: Any, sources: list[Any], depth: float | None) -> Any:
    """Return a mask as a segmentation object, one plane for each source that has a marked pixel.

    UIDs and the time are new at each call, as DICOM asks of a new object.

    Args:
        mask: uint8 array `(slices, rows, columns)` of 0 and 1, in the order of the sources; or a highdicom volume.
        sources: Headers of the series' slices; or highdicom's image that holds all of them.
        depth: Distance of neighbouring slices in millimetres; None where it is not known.

    Raises:
        ValueError: If the headers do not suffice.
    """
    for header in sources:
        for name in MAY_BE_EMPTY:
            if name not in header:
                setattr(header, name, "")
        if header.PatientSex not in ("M", "F", "O"):
            header.PatientSex = ""
        if "NumberOfFrames" not in header and thickness(header) is None:
            header.SliceThickness = depth
    try:
        with quiet_pydicom():
            return _segmentation(mask, sources)
    except (ValueError, TypeError, AttributeError) as error:  # highdicom checks little in advance
        raise ValueError(
            f"Expected headers that a segmentation can refer to. Received some without: {error}. Export the original "
            "series, or convert it to NIfTI."
        ) from error


def _segmentation(mask: Any, sources: list[Any]) -> Any:
    import highdicom
    from highdicom.seg import SegmentAlgorithmTypeValues, SegmentationTypeValues, SegmentDescription
    from pydicom.sr.codedict import codes
    from pydicom.uid import generate_uid

    version = resunet_kit.__version__
    algorithm = highdicom.AlgorithmIdentificationSequence(
        name=NAME, version=version, family=codes.cid7162.ArtificialIntelligence
    )
    tumour = SegmentDescription(
        segment_number=1,
        segment_label="Tumour",
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Neoplasm,
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm,
    )
    return highdicom.seg.Segmentation(
        source_images=sources,
        pixel_array=mask,
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[tumour],
        series_instance_uid=generate_uid(),
        series_number=int(sources[0].get("SeriesNumber") or 0) + 9000,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="resunet_kit",
        manufacturer_model_name=NAME,
        software_versions=version,
        device_serial_number="0",
        series_description="Tumour, by software; not for diagnosis",
    )
