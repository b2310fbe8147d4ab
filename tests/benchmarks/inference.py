"""Prediction by `accelerate` against Keras, OpenVINO by hand and PyTorch, one image and eight at a time.

Every peer runs at its best: the fastest of several settings in a first round. Needs openvino and torch.
`RESUNET_KIT_NETWORK` names one network, for a run in pieces.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

NETWORKS = ("healthcare_ai_res_unet", "deep_res_unet", "resnet50", "volumes")
BATCHES = (1, 8)
VOLUME_FILTERS = (16, 32, 64, 128)
Pair = tuple[str, Callable[[], object], str, Callable[[], object]]
Calls = dict[str, Callable[[], object]]


def network(name: str) -> tuple[Any, Any]:
    """Return a network of ours, and its twin in PyTorch with as many parameters."""
    from resunet_kit import models
    from tests.benchmarks import torch_networks as twins

    ours, twin = {
        "healthcare_ai_res_unet": (models.healthcare_ai_res_unet, twins.healthcare_ai_res_unet),
        "deep_res_unet": (models.deep_res_unet, twins.deep_res_unet),
        "resnet50": (lambda: models.res_unet(encoder="resnet50"), twins.resnet50_res_unet),
        "volumes": (
            lambda: models.res_unet((64, 64, 64, 1), filters=VOLUME_FILTERS),
            lambda: twins.deep_res_unet(1, VOLUME_FILTERS, rank=3),
        ),
    }[name]
    keras.utils.set_random_seed(0)
    model, peer = ours(), twin()
    counts = model.count_params(), twins.parameters(peer)
    if counts[0] != counts[1]:
        raise ValueError(f"Expected twins with as many parameters. Received {counts}. Change torch_networks.py.")
    return model, peer


def keras_calls(model: Any, images: np.ndarray) -> Calls:
    """Return Keras's own call of a compiled batch, in float32 and in bfloat16."""
    from resunet_kit.inference._engines.keras_engine import bfloat16_twin

    half = bfloat16_twin(model)
    return {
        "Keras float32": lambda: model.predict_on_batch(images),
        "Keras bfloat16": lambda: half.predict_on_batch(images),
    }


def openvino_calls(model: Any, images: np.ndarray) -> Calls:
    """Return what a user of OpenVINO writes: convert, fix the shape, set hints, infer; one request or several."""
    import openvino
    import tensorflow as tf

    spec = tf.TensorSpec((None, *images.shape[1:]), tf.float32)
    function = tf.function(lambda x: model(x, training=False), input_signature=[spec])
    converted = openvino.convert_model(function.get_concrete_function())
    core, calls = openvino.Core(), {}
    for precision, hint in (("bf16", "LATENCY"), ("f32", "LATENCY"), ("bf16", "THROUGHPUT"), ("f32", "THROUGHPUT")):
        size = len(images) if hint == "LATENCY" else 1
        fixed = converted.clone()
        fixed.reshape([size, *images.shape[1:]])
        options = {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": precision}
        compiled = core.compile_model(fixed, "CPU", options)
        call = _whole(openvino, compiled, images) if hint == "LATENCY" else _in_streams(openvino, compiled, images)
        calls[f"OpenVINO {precision} {hint.lower()}"] = call
    return calls


def _whole(openvino: Any, compiled: Any, images: np.ndarray) -> Callable[[], object]:
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(images, shared_memory=True))

    def call() -> object:
        request.infer()
        return request.get_output_tensor(0).data.copy()

    return call


def _in_streams(openvino: Any, compiled: Any, images: np.ndarray) -> Callable[[], object]:
    queue = openvino.AsyncInferQueue(compiled)
    inputs = [openvino.Tensor(images[index : index + 1], shared_memory=True) for index in range(len(images))]
    outputs: list[Any] = [None] * len(images)
    queue.set_callback(lambda request, index: outputs.__setitem__(index, request.get_output_tensor(0).data.copy()))

    def call() -> np.ndarray:
        for index in range(len(images)):
            queue.start_async({0: inputs[index]}, index)
        queue.wait_all()
        return np.concatenate(outputs)

    return call


def torch_calls(peer: Any, images: np.ndarray) -> Calls:
    """Return PyTorch's settings."""
    import torch

    from tests.benchmarks.torch_networks import settings

    return settings(peer, torch.from_numpy(np.moveaxis(images, -1, 1).copy()))


def best(calls: Calls) -> tuple[str, Callable[[], object]]:
    """Return the fastest call, by its second run."""
    from resunet_kit.inference._engines.timing import seconds_of

    times = {name: (seconds_of(call), min(seconds_of(call) for _ in range(2)))[1] for name, call in calls.items()}
    name = min(times, key=lambda name: times[name])
    return name, calls[name]


def pairs() -> Iterator[Pair]:
    """Yield, per network and batch, ours with the best of each peer."""
    from resunet_kit.inference import accelerate

    for name in os.environ.get("RESUNET_KIT_NETWORK", ",".join(NETWORKS)).split(","):
        model, peer = network(name)
        for count in BATCHES:
            shape = (count, *model.input_shape[1:])
            images = np.random.default_rng(0).random(shape, "float32")
            fast = accelerate(model, batch_size=count, cache=False)
            label = f"{name}, batch {count}, {fast.engine} {fast.precision}"
            for calls in (keras_calls(model, images), openvino_calls(model, images), torch_calls(peer, images)):
                setting, call = best(calls)
                yield label, lambda fast=fast, images=images: fast.predict(images, verbose=0), setting, call  # type: ignore[misc]
