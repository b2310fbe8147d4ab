"""What a type checker says of calls of the metrics, without knowing Keras's types."""

import subprocess
import sys
from pathlib import Path

import pytest

import resunet_kit

pytestmark = pytest.mark.slow  # runs the type checker

SNIPPET = """
import resunet_kit
from resunet_kit import metrics
from resunet_kit.metrics import ConfusionMatrix, DiceScore, Specificity, hausdorff_distance, per_class

DiceScore(average="imag")  # refused
DiceScore(averag="image")  # refused
DiceScore(class_average="mean")  # refused
DiceScore(empty="skp")  # refused
DiceScore(soft_labels="hard")  # refused
DiceScore(threshold="0.5")  # refused
DiceScore(0.5)  # refused
Specificity(num_classes=3)  # refused
metrics.DiceScore(average="imag")  # refused
resunet_kit.metrics.DiceScore(average="imag")  # refused
ConfusionMatrix(normalize="rows")  # refused
ConfusionMatrix(classes=3)  # refused
metrics.Dice  # refused
hausdorff_distance([[1]], [[1]], percentil=95)  # refused

metric = DiceScore(average="pooled", class_average="weighted", empty="skip_both", threshold=0.4, ignore_class=255)
metric.update_state([[1]], [[1]])
metric.reset_state()
name: str = metric.name
result = float(metric.result())
metrics.IoU(empty=0.5, class_id=1)
scores: list[metrics.OverlapMetric] = per_class(DiceScore(), 3)
ConfusionMatrix(normalize=None).to_numpy().sum()


class Rate(metrics.OverlapMetric):
    direction = "down"
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """Return mypy's errors by line, checked as a user's file with mypy's own defaults but for Keras's types."""
    folder = tmp_path_factory.mktemp("typing")
    (folder / "snippet.py").write_text(SNIPPET)
    command = [sys.executable, "-m", "mypy", "--config-file=", "--ignore-missing-imports", "--follow-imports=silent"]
    root = Path(resunet_kit.__file__).parent.parent
    finished = subprocess.run(
        [*command, "--cache-dir", str(folder / "cache"), str(folder / "snippet.py")],
        cwd=root, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert finished.returncode in (0, 1), finished.stderr
    errors = [line for line in finished.stdout.splitlines() if "snippet.py:" in line and ": error: " in line]
    return {int(line.split("snippet.py:")[1].split(":")[0]): line for line in errors}


def test_wrong_names_and_values_are_refused_and_right_ones_are_not(said):
    expected = {number for number, line in enumerate(SNIPPET.splitlines(), 1) if line.endswith("# refused")}
    assert set(said) == expected, said
