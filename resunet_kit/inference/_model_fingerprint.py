"""Fingerprint of a model: a digest of its layers and weights, the same in every process."""

import dataclasses
import hashlib
import json
from typing import Any

import keras
import numpy as np

from resunet_kit.inference.cascade import Cascade


def fingerprint(model: Any) -> str:
    """Return a digest that is the same whenever a file is loaded, and different for other weights or layers.

    Args:
        model: A Keras model; a cascade; what `accelerate` returned, which has the digest of its model and precision;
            or another predictor, for which the outputs for one fixed batch count.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in _parts(model):
        digest.update(part)
    return digest.hexdigest()


def _parts(model: Any) -> list[bytes]:
    if isinstance(model, Cascade):
        settings = [model.threshold, dataclasses.asdict(model.postprocess), model.value_range]
        stages = [fingerprint(stage) for stage in (model.classifier, model.segmenter)]
        return [json.dumps([*stages, *settings], default=str).encode()]
    if isinstance(model, keras.Model):
        return [*_layers(model), *_weights(model)]
    if isinstance(getattr(model, "model", None), keras.Model):
        return [*_parts(model.model), str(getattr(model, "precision", "")).encode()]
    return [_answer(model)]


def _layers(model: keras.Model) -> list[bytes]:
    """Return the type and configuration of each layer without its name, which Keras numbers by earlier layers."""
    found = []
    for layer in model._flatten_layers(include_self=False):
        if not isinstance(layer, keras.Model):
            config = {key: value for key, value in _config(layer).items() if key != "name"}
            found.append(json.dumps([type(layer).__name__, config], default=_kind, sort_keys=True).encode())
    return found


def _config(layer: Any) -> dict[str, Any]:
    try:
        return dict(layer.get_config())
    except NotImplementedError:  # a user's own layer
        return {}


def _kind(value: Any) -> str:
    """Return a substitute for a value that JSON lacks: an address in memory would differ in every process."""
    return type(value).__name__


def _weights(model: keras.Model) -> list[bytes]:
    arrays = (np.ascontiguousarray(keras.ops.convert_to_numpy(weight)) for weight in model.weights)
    return [part for array in arrays for part in (f"{array.shape}{array.dtype}".encode(), array.tobytes())]


def _answer(model: Any) -> bytes:
    shape = (1, *(32 if size is None else size for size in model.input_shape[1:]))
    batch = np.random.default_rng(0).random(shape, dtype="float32")
    outputs = np.asarray(model.predict_on_batch(batch), "float64")
    means = outputs.mean(axis=tuple(range(outputs.ndim - 1))).round(3)  # engines differ in the last digits
    return repr((type(model).__name__, model.input_shape, model.output_shape, means.tolist())).encode()
