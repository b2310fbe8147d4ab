"""Conversion of models on JAX or PyTorch: TensorFlow loads them in a separate process."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import keras

from resunet_kit.inference._float32_twin import float32_twin


def on_tensorflow() -> bool:
    """Return whether Keras runs on TensorFlow in this process."""
    return bool(keras.backend.backend() == "tensorflow")


def write(model: keras.Model, path: Path, form: str) -> None:
    """Write the model in a format, converted on TensorFlow.

    Args:
        model: A model of layers that another process can load: Keras's own, or those of importable modules.
        path: File, or folder for a SavedModel.
        form: As in `export`.

    Raises:
        ValueError: If TensorFlow cannot load or convert the model; the message ends with its reason.
    """
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder, "model.keras")
        float32_twin(model).save(saved)
        command = [sys.executable, "-m", "resunet_kit.inference._other_backend", str(saved), str(path), form]
        environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise ValueError(
            f"Expected a model that TensorFlow loads, which converts it to {form}. Received the error: "
            f"{lines[-1] if lines else done.returncode}. Export with KERAS_BACKEND=tensorflow, where the model's own "
            "layers are defined."
        )


def main(saved: str, path: str, form: str) -> None:
    """Convert a saved model on TensorFlow."""
    from resunet_kit.inference import _writing

    _writing.write(keras.saving.load_model(saved, compile=False), Path(path), form)


if __name__ == "__main__":
    main(*sys.argv[1:])
