"""One test patient at a time: the predictions of both stages, and what of them is kept for the report."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from examples.brain_mri.cohort.slices import Slice, read_volume
from examples.brain_mri.pipeline import Pipeline


@dataclass(frozen=True)
class Volume:
    """One test patient: slices, truth and the predictions of both stages.

    Attributes:
        patient: Name of the patient.
        slices: In the order of the arrays below.
        truth: `(slices, height, width)` uint8, 1 where an expert marked tumour.
        probability: `(slices,)` of tumour, by the classifier.
        passes: `(slices,)`, whether the gate lets the slice through.
        segmented: Like `truth`, by the segmenter alone.
        cascaded: Like `truth`, by the segmenter where the classifier lets the slice through.
    """

    patient: str
    slices: Sequence[Slice]
    truth: np.ndarray
    probability: np.ndarray
    passes: np.ndarray
    segmented: np.ndarray
    cascaded: np.ndarray


@dataclass(frozen=True)
class Marked:
    """What is kept of a patient until the report is written: the cascade's mask, a few kilobytes when compressed.

    Attributes:
        patient: Name of the patient.
        slices: In order.
        probability: `(slices,)` of tumour, by the classifier.
        shape: Of the mask.
        packed: The mask's bits, compressed.
    """

    patient: str
    slices: Sequence[Slice]
    probability: np.ndarray
    shape: tuple[int, ...]
    packed: bytes

    @classmethod
    def of(cls, volume: Volume) -> "Marked":
        """Keep one volume's mask; images and truth are read again where they are drawn."""
        packed = zlib.compress(np.packbits(volume.cascaded).tobytes())
        return cls(volume.patient, volume.slices, volume.probability, volume.cascaded.shape, packed)

    def mask(self) -> np.ndarray:
        """Return the cascade's mask, `(slices, height, width)` uint8."""
        bits = np.frombuffer(zlib.decompress(self.packed), np.uint8)
        return np.unpackbits(bits, count=int(np.prod(self.shape))).reshape(self.shape)


def look_at(pipeline: Pipeline, patient: str, slices: Sequence[Slice]) -> Volume:
    """Run both stages over one patient's slices, at the slices' own size."""
    images, truth = read_volume(slices)
    found = pipeline.predict(images, every_slice=True)
    return Volume(patient, slices, truth, found.tumour, found.passes, found.segmented, found.mask)
