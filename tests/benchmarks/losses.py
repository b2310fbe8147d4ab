"""A training step with our losses against one with Keras's binary cross-entropy, and what memory the losses take."""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from resunet_kit import losses
from resunet_kit.masks import signed_distance_map
from resunet_kit.models import healthcare_ai_res_unet
from tests.benchmarks.machine import peak_bytes

SIZE, BATCH = 256, 8
LARGE = 4096
OVERLAP = [
    losses.Dice(),
    losses.Dice(squared=True, name="squared_dice"),
    losses.Jaccard(),
    losses.Tversky(),
    losses.FocalTversky(),
    losses.GeneralizedDice(),
    losses.LogCoshDice(),
    losses.MatthewsCorrelation(),
]
OTHERS = [
    losses.Lovasz(),
    losses.CrossEntropy(),
    losses.Focal(),
    losses.UnifiedFocal(),
    losses.CenterlineDice(),
    losses.Boundary(name="boundary_of_masks"),
    losses.Boundary(name="boundary_of_maps", distance_maps=True),
    losses.HausdorffDistance(),
]
Pair = tuple[str, Callable[[], object], str, Callable[[], object]]


def step(loss: Any) -> Callable[[], object]:
    """Return a training step of the Healthcare_AI network, on masks or, for a loss that asks for them, their maps."""
    generator = np.random.default_rng(0)
    images = generator.random((BATCH, SIZE, SIZE, 3), dtype="float32")
    masks = np.zeros((BATCH, SIZE, SIZE, 1), "uint8")
    for image, (row, column) in enumerate(generator.integers(20, 180, (BATCH // 2, 2))):  # the others are healthy
        masks[image, row : row + 50, column : column + 40] = 1
    targets = masks
    if getattr(loss, "distance_maps", False):
        targets = np.stack([signed_distance_map(mask) for mask in masks[..., 0]])[..., None]
    keras.utils.set_random_seed(0)
    model = healthcare_ai_res_unet((SIZE, SIZE, 3))
    model.compile(keras.optimizers.SGD(1e-6), loss)
    return lambda: model.train_on_batch(images, targets)


def pairs() -> Iterator[Pair]:
    """Yield each loss against cross-entropy."""
    peer = step(keras.losses.BinaryCrossentropy())
    for loss in [*OVERLAP, *OTHERS]:
        yield f"step with {loss.name}", step(loss), "with Keras's BCE", peer


def notes() -> Iterator[str]:
    """Yield what each loss holds at most, each measured in a new process."""
    for loss in [keras.losses.BinaryCrossentropy(), keras.losses.Dice(), *OVERLAP, *OTHERS]:
        code = f"from tests.benchmarks.losses import copies; print(copies({keras.losses.serialize(loss)!r}))"
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        name = loss.name if type(loss).__module__.startswith("resunet_kit") else f"Keras's {loss.name}"
        yield f"{name} holds {float(found.stdout):.1f} float32 copies of the prediction besides it and the truth"


def copies(config: dict[str, Any]) -> float:
    """Return the most memory that a loss and its gradient take, in sizes of a prediction of 4096² pixels."""
    import tensorflow as tf

    loss = keras.losses.deserialize(config)

    @tf.function
    def both(truth: Any, prediction: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(prediction)
            value = loss(truth, prediction)
        return value, tape.gradient(value, prediction)

    both(tf.zeros((1, 64, 64, 1)), tf.zeros((1, 64, 64, 1)))  # loads what is loaded once
    mask = np.zeros((1, LARGE, LARGE, 1), "float32")
    mask[:, LARGE // 4 : LARGE // 2, LARGE // 8 : LARGE // 4] = 1
    if getattr(loss, "distance_maps", False):
        mask = signed_distance_map(mask[0, ..., 0]).astype("float32")[None, ..., None]
    truth, prediction = tf.constant(mask), tf.random.uniform(mask.shape)
    del mask
    before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    both(truth, prediction)
    return (peak_bytes() - before) / (4 * LARGE**2)
