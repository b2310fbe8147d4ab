"""A mask as DICOM segmentation object, in the frame of reference of its series."""

from pathlib import Path
from typing import Any

import numpy as np

import resunet_kit
from resunet_kit.data import atomic_write

NAME = "resunet_kit brain MRI example"


def write_segmentation(path: Path, mask: np.ndarray, sources: list[Any]) -> None:
    """Write a mask of 0 and 1, `(slices, rows, columns)`, one plane for each source.

    UIDs and the time are new at each call, as DICOM asks of a new object.

    Args:
        path: The file.
        mask: In the order of the sources.
        sources: Headers of the series' slices.
    """
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
    segmentation = highdicom.seg.Segmentation(
        source_images=sources,
        pixel_array=mask.astype(np.uint8),
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
    with atomic_write(path) as temporary:
        segmentation.save_as(temporary)
