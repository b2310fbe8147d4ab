"""What the checks of values cost in a compiled training step: the same step with and without them."""

from collections.abc import Callable, Iterator

import keras
import numpy as np

from resunet_kit import losses, metrics
from resunet_kit._shared.value_checks import unchecked
from resunet_kit.models import healthcare_ai_res_unet

SIZE, BATCH = 256, 8
Pair = tuple[str, Callable[[], object], str, Callable[[], object]]


def step(*, checked: bool, network: bool) -> Callable[[], object]:
    """Return a training step with a sum of two losses and two metrics, of a network or of one convolution."""
    generator = np.random.default_rng(0)
    images = generator.random((BATCH, SIZE, SIZE, 3), dtype="float32")
    masks = (generator.random((BATCH, SIZE, SIZE, 1)) < 0.1).astype("uint8")
    keras.utils.set_random_seed(0)
    layers = [keras.Input((SIZE, SIZE, 3)), keras.layers.Conv2D(1, 1, activation="sigmoid")]
    model = healthcare_ai_res_unet((SIZE, SIZE, 3)) if network else keras.Sequential(layers)
    model.compile(
        keras.optimizers.SGD(1e-6),
        losses.Dice() + losses.CrossEntropy(),
        metrics=[metrics.DiceScore(), metrics.IoU(average="pooled")],
    )
    if checked:
        model.train_on_batch(images, masks)
    else:
        with unchecked():  # while the step is traced
            model.train_on_batch(images, masks)
    return lambda: model.train_on_batch(images, masks)


def pairs() -> Iterator[Pair]:
    """Yield a step of a network, and of one convolution, where the difference is not lost in the noise."""
    for name, network in (("the Healthcare_AI network", True), ("one convolution", False)):
        ours, peer = step(checked=True, network=network), step(checked=False, network=network)
        yield f"checked step of {name}", ours, "unchecked", peer
