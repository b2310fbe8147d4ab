"""Loading of PyTorch weights from files into the same networks, built from Keras layers."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from resunet_kit._shared.errors import reason
from resunet_kit.models._backbones.torch_pickles import read_torch_file

StateDict = dict[str, np.ndarray]

TORCH_SUFFIXES = (".pth", ".pt", ".bin", ".ckpt")
SUFFIXES = (*TORCH_SUFFIXES, ".safetensors")
# Keys under which training checkpoints store the state dict.
NESTED_UNDER = ("state_dict", "model_state_dict", "model")
# How many batches a torch.nn.BatchNorm2d was trained on, which affects no output.
COUNTER = "num_batches_tracked"


def is_state_dict(path: Any) -> bool:
    """Whether a path names a file of PyTorch or safetensors, by its suffix."""
    return isinstance(path, str | os.PathLike) and Path(path).suffix.lower() in SUFFIXES


def read_state_dict(path: str | os.PathLike[str]) -> StateDict:
    """Return the arrays of a state dict by name; in a checkpoint, those of the entry `state_dict` or `model`.

    Args:
        path: A file written by `torch.save` or safetensors. No code from it is run.

    Raises:
        ImportError: If it is a file of the package safetensors, which is not installed.
        ValueError: If it cannot be read, or holds no state dict.
    """
    content = _read_safetensors(path) if Path(path).suffix.lower() == ".safetensors" else read_torch_file(path)
    if isinstance(content, Mapping):
        content = next((content[key] for key in NESTED_UNDER if isinstance(content.get(key), Mapping)), content)
    if not isinstance(content, Mapping) or not all(isinstance(value, np.ndarray) for value in content.values()):
        raise ValueError(
            f"Expected a state dict, arrays by their names. Received {os.fspath(path)!r} with another content. Save "
            "it with torch.save(model.state_dict(), path)."
        )
    # torch.nn.DataParallel prefixes every name with its own.
    return {str(name).removeprefix("module."): value for name, value in content.items()}


def load_state_dict(
    model: keras.Model,
    state: Mapping[str, np.ndarray],
    torch_name: Callable[[str], str],
    *,
    ignored: tuple[str, ...],
    source: str,
) -> None:
    """Load a state dict into a model, whose layers are convolutions without biases and batch normalisations.

    Args:
        model: The network of Keras layers.
        state: Arrays by name.
        torch_name: Function from a layer's name to that of the module in PyTorch.
        ignored: Prefixes of names that may be present but are not loaded, those of the classifier.
        source: Name of the state dict for the messages, a path or a package.

    Raises:
        ValueError: If a name is missing or unexpected, or an array has another shape; the model is then unchanged.
    """
    wanted = {layer.name: _names(layer, torch_name(layer.name)) for layer in model.layers if layer.weights}
    known = {name for names in wanted.values() for name in names}
    left_over = [name for name in state if name not in known and not name.endswith(COUNTER)]
    problems = {
        "missing": sorted(known - state.keys()),
        "unexpected": [name for name in left_over if not name.startswith(ignored)],
        "not numbers": [name for name in known & state.keys() if state[name].dtype.kind not in "fiu"],
    }
    values: dict[str, list[np.ndarray]] = {}
    if not any(problems.values()):
        values = {layer: [_for_keras(state[name], names) for name in names] for layer, names in wanted.items()}
        problems = {"of another shape": _other_shapes(model, values, wanted, state)}
    if any(problems.values()):
        found = "; ".join(f"{kind}: {_first_few(names)}" for kind, names in problems.items() if names)
        raise ValueError(
            f"Expected the state dict of the architecture {model.name!r}. Received {source!r} with names that do not "
            f"fit ({found}). Choose the architecture that it was saved from, or another file."
        )
    for layer, arrays in values.items():
        model.get_layer(layer).set_weights(arrays)


def _names(layer: keras.layers.Layer, prefix: str) -> list[str]:
    """Return the names in PyTorch of a layer's weights, in the order of Keras."""
    if isinstance(layer, keras.layers.BatchNormalization):
        return [f"{prefix}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
    return [f"{prefix}.weight"]


def _for_keras(value: np.ndarray, names: list[str]) -> np.ndarray:
    # Convolutions are (filters, channels, height, width); depthwise ones (channels, 1, height, width).
    if value.ndim != 4:
        return value
    return value.transpose(2, 3, 0, 1) if "depthwise" in names[0] else value.transpose(2, 3, 1, 0)


def _other_shapes(
    model: keras.Model,
    values: Mapping[str, list[np.ndarray]],
    names: Mapping[str, list[str]],
    state: Mapping[str, np.ndarray],
) -> list[str]:
    return [
        f"{name} {state[name].shape}"
        for layer, arrays in values.items()
        for name, array, weight in zip(names[layer], arrays, model.get_layer(layer).weights, strict=True)
        if array.shape != tuple(weight.shape)
    ]


def _first_few(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _read_safetensors(path: str | os.PathLike[str]) -> StateDict:
    try:
        from safetensors.numpy import load_file
    except ImportError as error:
        raise ImportError(
            f"Cannot read {os.fspath(path)!r}: Expected the package safetensors. Received an installation without it. "
            'Run: pip install "resunet-kit[pretrained]"'
        ) from error
    try:
        return load_file(path)
    except Exception as error:  # the reader raises its own errors, and those of NumPy for unsupported types
        raise ValueError(
            f"Expected a file of safetensors. Received {os.fspath(path)!r}, which cannot be read: {reason(error)} "
            "Copy or download it again."
        ) from error
