"""A trained run as one function: from a patient's slices to the tumour's mask in them."""

from dataclasses import dataclass

import numpy as np

from examples.brain_mri.run_folder import RunFolder
from resunet_kit.inference import Cascade


@dataclass(frozen=True)
class Prediction:
    """What both stages say of one patient's slices.

    Attributes:
        tumour: `(slices,)`, the probability that a slice shows tumour, by the first stage.
        pixels: `(slices, height, width)` float32, the probability of each pixel, by the second stage.
        segmented: Like `pixels`, uint8: 1 where the second stage alone marks tumour.
        mask: Like `segmented`, of the cascade: nothing in slices that the first stage holds back.
    """

    tumour: np.ndarray
    pixels: np.ndarray
    segmented: np.ndarray
    mask: np.ndarray


class Pipeline:
    """Both stages with their preparation of images and their thresholds.

    Args:
        cascade: The trained models and what was chosen on validation patients.
    """

    def __init__(self, cascade: Cascade) -> None:
        self.cascade = cascade

    @classmethod
    def load(cls, run: RunFolder) -> "Pipeline":
        """Return what a run has trained."""
        return cls(Cascade.load(run.trained()))

    @property
    def channels(self) -> int:
        """Number of channels of the images."""
        return self.cascade.classifier.input_shape[-1]

    def predict(self, images: np.ndarray) -> Prediction:
        """Run both stages over the slices of one patient.

        Args:
            images: `(slices, height, width, channels)` in [0, 1], in the order of the slices.
        """
        tumour = self.cascade.classify(images)
        maps = self.cascade.segment(images)
        segmented = self.cascade.mark(maps)
        shown = tumour >= self.cascade.threshold
        return Prediction(tumour, maps[..., -1], segmented, segmented * shown[:, None, None])
