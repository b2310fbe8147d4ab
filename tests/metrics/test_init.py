import subprocess
import sys
from pathlib import Path

import pytest

import resunet_kit
from resunet_kit import metrics

STREAMING = ["DiceScore", "IoU", "Precision", "Sensitivity", "Specificity"]


def printed_by(code: str) -> list[str]:
    """Return the words that the code prints in a process of its own."""
    root = Path(resunet_kit.__file__).parent.parent
    return subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    ).stdout.split()


def test_numpy_scores_load_no_framework():
    names = [name for name in metrics.__all__ if name not in [*STREAMING, "OverlapMetric", "per_class"]]
    code = f"import sys; from resunet_kit.metrics import {', '.join(names)}; print(*sys.modules)"
    assert not {"keras", "tensorflow", "jax", "torch"} & set(printed_by(code))


@pytest.mark.slow
def test_any_streaming_metric_registers_all_of_them():
    code = f"""
from resunet_kit.metrics import per_class
import keras
print(*(name for name in {STREAMING} if keras.saving.get_registered_object(f"resunet_kit>{{name}}")))
"""
    assert printed_by(code) == STREAMING


def test_every_public_name_is_listed_and_found():
    assert set(metrics.__all__) <= set(dir(metrics))
    assert all(getattr(metrics, name).__name__ == name for name in metrics.__all__)
    assert not hasattr(metrics, "forgotten_score")
