"""A training step with our losses against one with Keras's binary cross-entropy."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from resunet_kit.losses import Dice, FocalTversky, Tversky
from resunet_kit.models import healthcare_ai_res_unet

SIDE, BATCH = 128, 8
Pair = tuple[str, Callable[[], object], str, Callable[[], object]]


def step(loss: Any) -> Callable[[], object]:
    """Return a training step of the Healthcare_AI network."""
    generator = np.random.default_rng(0)
    images = generator.random((BATCH, SIDE, SIDE, 3), dtype="float32")
    masks = (generator.random((BATCH, SIDE, SIDE, 1)) > 0.9).astype("uint8")
    model = healthcare_ai_res_unet((SIDE, SIDE, 3))
    model.compile(keras.optimizers.SGD(1e-6), loss)
    return lambda: model.train_on_batch(images, masks)


def pairs() -> list[Pair]:
    """Return each loss against cross-entropy."""
    peer = step(keras.losses.BinaryCrossentropy())
    return [(f"step with {loss.name}", step(loss), "with BCE", peer) for loss in (Tversky(), FocalTversky(), Dice())]
