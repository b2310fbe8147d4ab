"""Fingerprint of what a measured choice is valid for: the processor, the versions and the model."""

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from resunet_kit.inference._engines.threads import allowed_threads

PACKAGES = ("keras", "tensorflow", "tensorflow-cpu", "jax", "torch", "openvino", "onnxruntime", "tf2onnx")


def machine() -> dict[str, Any]:
    """Return the processor, the threads and the versions that speed depends on."""
    return {
        "processor": _processor(),
        "threads": allowed_threads(),
        "python": platform.python_version(),
        "backend": keras.backend.backend(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
    }


def fingerprint(model: keras.Model, **options: Any) -> str:
    """Return a key for the model's architecture, the options and this machine.

    Names of layers do not count, because Keras numbers them consecutively. Neither do values of weights.
    """
    about = {"architecture": _architecture(model), "machine": machine(), **options}
    return hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()


def _architecture(model: keras.Model) -> list[Any]:
    weights = [[list(weight.shape), str(weight.dtype)] for weight in model.weights]
    shapes = [[list(tensor.shape), str(tensor.dtype)] for tensor in (*model.inputs, *model.outputs)]
    try:
        text = model.to_json()
    except (NotImplementedError, TypeError, ValueError):  # a model without configuration
        text = type(model).__qualname__
    for index, name in enumerate(dict.fromkeys(_names(model))):
        text = text.replace(f'"{name}"', f'"#{index}"')
    return [text, shapes, weights]


def _names(model: Any) -> Iterator[str]:
    yield model.name
    for operation in getattr(model, "operations", ()) or getattr(model, "layers", ()):
        yield from _names(operation)


def _processor() -> str:
    """Return the processor's name and features; two of the same name may differ in the latter."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return f"{platform.machine()} {platform.processor()}"
    wanted = ("model name", "stepping", "flags", "Features", "CPU part")
    return "; ".join(dict.fromkeys(line.strip() for line in lines if line.startswith(wanted)))


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
