"""A pipeline without networks, for tests of what lies around it: bright FLAIR is tumour."""

from types import SimpleNamespace

import numpy as np

from examples.brain_mri.pipeline import Prediction


class BrightIsTumour:
    channels = 3
    cascade = SimpleNamespace(threshold=0.5)

    def predict(self, images):
        assert images.dtype == np.float32
        assert images.min() >= 0
        assert images.max() <= 1
        pixels = images[..., 1]
        mask = (pixels > 0.5).astype("uint8")
        return Prediction(pixels.max(axis=(1, 2)), pixels, mask, mask)
