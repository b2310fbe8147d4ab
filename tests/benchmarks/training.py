"""A training step with `fuse_normalization` against PyTorch, against Keras as it is, and without normalisation.

Adam and binary cross-entropy on 256 x 256 images. PyTorch runs with channels last, compiled or not, and a fused
optimizer; the fastest of its settings counts, as the faster precision of ours does. Needs torch. `RESUNET_KIT_NETWORK`
names one network, for a run in pieces.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from resunet_kit import models
from resunet_kit.training import fuse_normalization
from tests.benchmarks.inference import Calls, best
from tests.benchmarks.machine import convolution_operations, matrix_rate

BATCHES = {"healthcare_ai_res_unet": 8, "deep_res_unet": 4}
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
SIZE = 256
RATE = 1e-4  # of learning
FORWARD_AND_BACKWARD = 3  # times the operations of the forward pass: the gradients of inputs and of kernels
Pair = tuple[str, Callable[[], object], str, Callable[[], object]]


class Untouched(keras.layers.Layer):
    """What stands in for a normalisation where a network has no such layer."""

    def call(self, inputs: Any, **_: Any) -> Any:
        """Return the inputs."""
        return inputs


def batch(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images and masks, a fifth of whose pixels are foreground."""
    generator = np.random.default_rng(0)
    images = generator.random((BATCHES[name], SIZE, SIZE, 3), dtype="float32")
    return images, (generator.random((BATCHES[name], SIZE, SIZE, 1)) < 0.2).astype("float32")


def keras_step(name: str, policy: str, *, fused: bool = True, normalized: bool = True) -> Callable[[], object]:
    """Return a training step of ours."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(POLICIES[policy])
    keras.utils.set_random_seed(0)
    model = getattr(models, name)()
    if not normalized:
        model = keras.models.clone_model(model, clone_function=_without_normalization)
    if fused:
        fuse_normalization(model)
    keras.config.set_dtype_policy(before)
    model.compile(keras.optimizers.Adam(RATE), "binary_crossentropy")
    images, masks = (keras.ops.convert_to_tensor(array) for array in batch(name))
    return lambda: model.train_on_batch(images, masks)


def _without_normalization(layer: Any) -> Any:
    if isinstance(layer, keras.layers.BatchNormalization):
        return Untouched(name=layer.name, dtype=layer.dtype_policy)
    return layer.__class__.from_config(layer.get_config())


def torch_step(name: str, dtype: str, *, compiled: bool) -> Callable[[], object]:
    """Return a training step of the twin in PyTorch."""
    import torch
    from torch.nn import functional

    from tests.benchmarks import torch_networks

    torch.manual_seed(0)
    network = getattr(torch_networks, name)().to(memory_format=torch.channels_last).train()
    forward = torch.compile(network) if compiled else network
    optimizer = torch.optim.Adam(network.parameters(), RATE, fused=True)
    images, masks = (torch.from_numpy(np.moveaxis(array, -1, 1)) for array in batch(name))

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
            probabilities = forward(images)
        loss = functional.binary_cross_entropy(probabilities.float(), masks)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def torch_calls(name: str, dtypes: tuple[str, ...] = tuple(POLICIES)) -> Calls:
    """Return PyTorch's settings."""
    return {
        f"PyTorch {dtype}{', compiled' if compiled else ''}": torch_step(name, dtype, compiled=compiled)
        for dtype in dtypes
        for compiled in (False, True)
    }


def chosen() -> list[str]:
    """Return the networks to measure."""
    return os.environ.get("RESUNET_KIT_NETWORK", ",".join(BATCHES)).split(",")


def pairs() -> Iterator[Pair]:
    """Yield, per network, our steps with those of the peers."""
    for name in chosen():
        ours = {policy: keras_step(name, policy) for policy in POLICIES}
        policy, step = best(ours)
        label = f"step of {name}, batch {BATCHES[name]}, fused, {policy}"
        yield label, step, *best(torch_calls(name))
        single = f"step of {name}, batch {BATCHES[name]}, fused, float32"
        yield single, ours["float32"], *best(torch_calls(name, ("float32",)))
        yield label, step, "Keras as it is", keras_step(name, policy, fused=False)
        yield label, step, "without normalisation", keras_step(name, policy, normalized=False)


def notes() -> Iterator[str]:
    """Yield what part of the rate of a matrix product the convolutions of a step attain."""
    from resunet_kit.inference._engines.timing import seconds_of

    for name in chosen():
        operations = FORWARD_AND_BACKWARD * BATCHES[name] * convolution_operations(getattr(models, name)())
        for policy in POLICIES:
            step = keras_step(name, policy)
            step()
            before = matrix_rate(policy)
            rate = operations / min(seconds_of(step) for _ in range(3))
            share = rate / max(before, matrix_rate(policy))  # a machine that is shared may be slow for seconds
            yield f"a step of {name} in {policy} reaches {rate / 1e9:.0f} GFLOP/s, {share:.0%} of a matrix product's"
