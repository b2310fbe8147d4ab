"""Save models, load them in a new process, and compare what both compute."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

import resunet_kit
from tests.contracts.running import as_float32, run

SCRIPT = Path(__file__).with_name("reload_all.py")


def save(folder: Path, name: str, model: keras.Model, inputs: np.ndarray, targets: Sequence[np.ndarray] = ()) -> dict:
    """Save a model and its arrays; return what a new process must compute from them: outputs, and loss for targets."""
    file = folder / f"{name}.keras"
    model.save(file)
    np.savez(file.with_suffix(".in.npz"), inputs, *targets)
    expected = {f"output{i}": as_float32(output) for i, output in enumerate(run(model, inputs))}
    if targets:
        found = model.evaluate(inputs, list(targets) if len(targets) > 1 else targets[0], verbose=0)
        expected["loss"] = np.asarray(found)
    return expected


def reload_all(folder: Path, *, package: bool) -> None:
    """Run every saved model of the folder in one new process, in which this package can be imported or not."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if package:
        environment["PYTHONPATH"] = str(Path(resunet_kit.__file__).parent.parent)
    finished = subprocess.run(
        [sys.executable, "-P", str(SCRIPT), str(folder), "with" if package else "without"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]


def fault(folder: Path, name: str, expected: Mapping[str, np.ndarray]) -> str:
    """Say how the new process failed on a model or what it computed otherwise; "" where both agree."""
    error = folder / f"{name}.error"
    if error.exists():
        return error.read_text()
    found = np.load(folder / f"{name}.out.npz")
    if set(found) != set(expected):
        return f"gives {sorted(found)} instead of {sorted(expected)}"
    for key, value in expected.items():
        difference = np.max(np.abs(found[key] - value))
        if not difference <= 1e-5 * max(1.0, np.max(np.abs(value))):
            return f"{key} differs by {difference}"
    return ""
