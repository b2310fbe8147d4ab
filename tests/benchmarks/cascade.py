"""The cascade of the notebook's two networks, against one `predict` call for each slice and stage.

A third of the slices pass, by a threshold out of the classifier's own outputs.
"""

from collections.abc import Callable, Iterator

import keras
import numpy as np

from resunet_kit.inference import Cascade
from resunet_kit.models import healthcare_ai_classifier, healthcare_ai_res_unet

Pair = tuple[str, Callable[[], object], str, Callable[[], object]]
SLICES, SIZE = 256, 256


def one_by_one(classifier: keras.Model, segmenter: keras.Model, threshold: float, images: np.ndarray) -> list[object]:
    """Return masks by one call for each slice and stage."""
    found: list[object] = []
    for image in images:
        probability = 1 - classifier.predict(image[None], verbose=0)[0, 0]
        found.append(segmenter.predict(image[None], verbose=0) >= 0.5 if probability >= threshold else None)
    return found


def pairs(slices: int = SLICES) -> Iterator[Pair]:
    """Yield the cascade of Keras models, and the accelerated one."""
    keras.utils.set_random_seed(0)
    images = np.random.default_rng(0).random((slices, SIZE, SIZE, 3), "float32")
    images *= np.linspace(0.1, 1, slices, dtype="float32").reshape(-1, 1, 1, 1)  # so that probabilities differ
    cascade = Cascade(healthcare_ai_classifier(), healthcare_ai_res_unet())
    cascade.threshold = third(cascade, images)

    def peer() -> list[object]:
        return one_by_one(cascade.classifier, cascade.segmenter, cascade.threshold, images)

    label, peer_label = f"Cascade.predict of {slices} slices, a third positive", "one predict call a slice and stage"
    yield label, lambda: cascade.predict(images), peer_label, peer
    fast = cascade.accelerate()
    fast.threshold = third(fast, images)
    yield f"accelerated {label}", lambda: fast.predict(images), peer_label, peer


def third(cascade: Cascade, images: np.ndarray) -> float:
    """Return the threshold that a third of the images pass."""
    return float(np.sort(cascade.classify(images))[-(len(images) // 3)])
