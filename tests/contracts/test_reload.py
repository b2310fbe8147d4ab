"""A saved model loads in a process that cannot import this package, and says the same."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.contracts.descriptors import DESCRIPTORS, images, randomise

# A model with a layer that only this process knows: it shows that the check can fail.
PLANTED = "planted"

# Loads every model of a folder, runs it on the inputs beside it, and writes the outputs or the error there.
STRANGER = """
import sys
import pathlib
import traceback

sys.modules["resunet_kit"] = None  # importing it is an ImportError from here on
try:
    import resunet_kit
except ImportError:
    pass
else:
    raise SystemExit("resunet_kit was importable")

import keras
import numpy as np

for file in sorted(pathlib.Path(sys.argv[1]).glob("*.keras")):
    try:
        model = keras.models.load_model(file)
        outputs = model(np.load(file.with_suffix(".in.npy")), training=False)
        np.save(file.with_suffix(".out.npy"), keras.ops.convert_to_numpy(outputs))
    except Exception:
        file.with_suffix(".error").write_text(traceback.format_exc()[-1500:])
    keras.utils.clear_session()
"""


def run_stranger(folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    finished = subprocess.run(
        [sys.executable, "-P", "-c", STRANGER, str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]


def save(folder: Path, name: str, model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    file = folder / f"{name}.keras"
    model.save(file)
    np.save(file.with_suffix(".in.npy"), inputs)
    return keras.ops.convert_to_numpy(model(inputs, training=False))


def save_planted(folder: Path) -> None:
    @keras.saving.register_keras_serializable("resunet_kit_test")
    class Ours(keras.layers.Layer):
        def call(self, x):
            return x

    inputs = keras.Input((4, 4, 1))
    save(folder, PLANTED, keras.Model(inputs, Ours()(inputs)), np.zeros((1, 4, 4, 1), "float32"))


@pytest.mark.slow
# Keras hands variables of TensorFlow to NumPy 2 in the old way when it saves.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_models_reload_where_the_package_does_not_exist(tmp_path):
    expected, descriptors = {}, {}
    for i, descriptor in enumerate(DESCRIPTORS):
        if descriptor.of == "healthcare_ai_classifier":
            continue  # keras.applications and a head that is described by itself; 100 MB to write and read
        rank = descriptor.ranks[i % len(descriptor.ranks)]
        model = randomise(descriptor.build(descriptor.shape(rank, known=i % 3 > 0)))
        name = f"model{i:03d}"
        descriptors[name] = descriptor
        expected[name] = save(tmp_path, name, model, images(descriptor.shape(rank), batch=1))

    save_planted(tmp_path)
    run_stranger(tmp_path)
    assert "Ours" in (tmp_path / f"{PLANTED}.error").read_text(), "a layer of our own should not reload there"

    faults = []
    for name, descriptor in descriptors.items():
        error = tmp_path / f"{name}.error"
        if error.exists():
            faults.append(f"{descriptor}: {error.read_text()}")
            continue
        difference = np.max(np.abs(np.load(tmp_path / f"{name}.out.npy") - expected[name]))
        scale = max(1.0, np.max(np.abs(expected[name])))
        if not difference <= 1e-5 * scale:
            faults.append(f"{descriptor}: outputs differ by {difference}")
    assert not faults, "\n".join(faults)
