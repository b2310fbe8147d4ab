"""A trained run as one function: from a patient's slices to the tumour's mask in them."""

from dataclasses import dataclass

import numpy as np

from examples.brain_mri.marking import mark
from examples.brain_mri.preparation import prepare
from examples.brain_mri.run_folder import RunFolder
from resunet_kit.inference import Cascade

BATCH = 16


@dataclass(frozen=True)
class Prediction:
    """What both stages predict for one patient's slices.

    Attributes:
        tumour: `(slices,)`, the probability that a slice shows tumour, by the first stage.
        passes: `(slices,)`, whether that is at least the gate's threshold.
        pixels: `(slices, height, width)` float32, the probability of each pixel, by the second stage.
        segmented: Like `pixels`, uint8: 1 where the second stage alone marks tumour.
        mask: Like `segmented`, of the cascade: nothing in slices that the first stage holds back.
    """

    tumour: np.ndarray
    passes: np.ndarray
    pixels: np.ndarray
    segmented: np.ndarray
    mask: np.ndarray


class Pipeline:
    """Both stages with the preparation of images and their thresholds.

    Args:
        cascade: The trained models for prepared slices, and what was chosen on validation patients.
    """

    def __init__(self, cascade: Cascade) -> None:
        self.cascade = cascade

    @classmethod
    def load(cls, run: RunFolder, *, final: bool = False) -> "Pipeline":
        """Return what a run has trained: the models that are scored, or with `final`, those for new patients.

        Raises:
            ValueError: If training has not ended.
        """
        trained = run.trained()
        return cls(Cascade.load(run.final_cascade if final and run.options().refit else trained))

    def predict(self, images: np.ndarray, *, every_slice: bool = False) -> Prediction:
        """Run both stages over the slices of one patient.

        Args:
            images: `(slices, height, width, channels)`, in the order of the slices, as `prepare` takes them.
            every_slice: Whether the second stage also runs over the slices that the first one holds back, which is
                needed to score it alone. Otherwise its probabilities are 0 there.
        """
        cascade = self.cascade
        prepared = prepare(images, cascade.segmenter.input_shape[1])
        tumour = cascade.classify(prepared.images, batch_size=BATCH)
        passes = passes_gate(tumour, cascade)
        looked_at = np.flatnonzero(passes | every_slice)
        pixels = np.zeros(images.shape[:3], "float32")
        if len(looked_at):
            maps = cascade.segment(prepared.images[looked_at], batch_size=BATCH)
            pixels[looked_at] = prepared.restore(maps[..., -1])
        segmented = mark(pixels, cascade.postprocess)
        mask = mark(pixels * passes[:, None, None], cascade.postprocess) if every_slice else segmented
        return Prediction(tumour, passes, pixels, segmented, mask)


def passes_gate(tumour: np.ndarray, cascade: Cascade) -> np.ndarray:
    """Return which slices the first stage lets through, in the precision that the cascade compares in."""
    return tumour >= np.float32(cascade.threshold)
