"""`.keras` files for inference, and checks before Keras reads one: only stock or registered layers, and no code."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
KERAS = {"keras", "keras_hub", "builtins"}
MAX_RATIO = 10  # of the size that an archive unpacks to; compression of networks achieves about 1.1
FREE = 2**20  # bytes that any archive may unpack to


def save_for_inference(model: keras.Model, path: Path) -> None:
    """Write a model, and nested models, without losses and optimizers, whose state is twice as large as the weights."""
    model.save(path)
    if any(getattr(part, "optimizer", None) is not None for part in model._flatten_layers()):
        copy = keras.models.load_model(path, compile=False)
        for part in copy._flatten_layers():  # Keras compiles nested models all the same
            if isinstance(part, keras.Model):
                part.optimizer, part.compiled = None, False
        copy.save(path)


def check_unpacked_size(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse an archive that unpacks to far more than its size: Keras and `Cascade.save` do not compress.

    Raises:
        ValueError: If its members together are more than ten times as large.
    """
    packed, unpacked = path.stat().st_size, sum(member.file_size for member in archive.infolist())
    if unpacked > MAX_RATIO * packed + FREE:
        raise ValueError(
            f"Expected {path.name} to hold about as much as its {packed} bytes. Received an archive that unpacks to "
            f"{unpacked} bytes. Do not trust it; take a file as Cascade.save writes it."
        )


def check_saved_model(path: Path) -> None:
    """Refuse a file with other members than Keras writes for a network, Lambda layers, or layers of unknown modules.

    Raises:
        ValueError: If it has any of these, unpacks to far more than its size, or is not a zip of a Keras model.
    """
    with zipfile.ZipFile(path) as archive:
        check_unpacked_size(path, archive)
        names = archive.namelist()
        if sorted(names) != sorted(MEMBERS):
            raise ValueError(
                f"Expected {path.name} to hold {', '.join(sorted(MEMBERS))}. Received {sorted(names)[:5]}. Save a "
                "model of layers with weights alone, by model.save(...)."
            )
        config = {**json.loads(archive.read("config.json")), "compile_config": None}  # which is not read
    for part in _objects(config):
        _check_object(path.name, part)


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Yield every description of an object in a configuration, at any depth."""
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "class_name" in part:
                yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _check_object(file: str, part: dict[str, Any]) -> None:
    kind, module = part["class_name"], part.get("module")
    if kind in ("Lambda", "__lambda__"):
        raise ValueError(
            f"Expected {file} to hold no code. Received a Lambda layer. Replace it by keras.ops or a registered layer."
        )
    if not isinstance(module, str) or module.split(".")[0] in KERAS:
        return
    name = part.get("config") if kind == "function" else part.get("registered_name")
    if not isinstance(name, str) or keras.saving.get_registered_object(name) is None:
        raise ValueError(
            f"Expected {file} to hold layers of Keras, or registered ones. Received {module}.{kind}. Import the module "
            "that registers it first, with keras.saving.register_keras_serializable."
        )


def check_weights(name: str, model: keras.Model) -> None:
    """Refuse a model whose weights hold NaN, which would be saved and read without an error.

    Raises:
        ValueError: If a weight holds NaN.
    """
    for weight in model.weights:
        values = keras.ops.convert_to_numpy(weight)
        if values.dtype.kind not in "iub" and np.isnan(values).any():
            raise ValueError(
                f"Expected {name} with weights that are numbers. Received NaN in {weight.path}. Load the weights of an "
                "earlier epoch, or train again."
            )
