import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import resunet_kit
from resunet_kit import metrics
from resunet_kit.metrics._hints import MATRIX_OPTIONS, NAMES, OVERLAP_OPTIONS

STREAMING = ["ConfusionMatrix", "DiceScore", "IoU", "Precision", "Sensitivity", "Specificity"]
NEED_KERAS = [*STREAMING, "OverlapMetric", "per_class"]


def printed_by(code: str) -> list[str]:
    """Return the words that the code prints in a process of its own."""
    root = Path(resunet_kit.__file__).parent.parent
    return subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    ).stdout.split()


def test_numpy_scores_load_no_framework():
    names = [name for name in metrics.__all__ if name not in NEED_KERAS]
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


# === Names and options of other libraries ===


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("Dice", "It is DiceScore here"),
        ("DiceCoefficient", "It is DiceScore here"),
        ("F1Score", "It is DiceScore here"),
        ("MeanIoU", "It is IoU here"),
        ("Recall", "It is Sensitivity here"),
        ("hd95", r"hausdorff_distance\(truth, prediction, percentile=95\)"),
        ("confusion_matrix", "It is ConfusionMatrix here"),
        ("DiceScores", r"Did you mean DiceScore\?"),
        ("surface_score", r"Did you mean surface_scores\?"),
    ],
)
def test_names_of_other_libraries_are_refused_with_ours(name, cure):
    with pytest.raises(AttributeError, match=rf"has no attribute '{name}'\. .*{cure}"):
        getattr(metrics, name)
    with pytest.raises(ImportError, match=rf"cannot import name '{name}' .*{cure}"):
        exec(f"from resunet_kit.metrics import {name}")


def test_every_hint_names_what_there_is():
    assert not set(NAMES) & set(metrics.__all__)
    for hint in NAMES.values():
        found = re.findall(r"It is (\w+)", hint)
        assert found == ["in"] or found == ["keras"] or set(found) <= set(metrics.__all__), hint


@pytest.mark.parametrize(
    ("kind", "hints"), [(metrics.DiceScore, OVERLAP_OPTIONS), (metrics.ConfusionMatrix, MATRIX_OPTIONS)]
)
def test_options_of_other_libraries_are_refused_with_ours(kind, hints):
    options = set(inspect.signature(kind).parameters)
    assert not set(hints) & options
    for name, hint in hints.items():
        with pytest.raises(TypeError, match=rf"Expected an option of {kind.__name__}\. Received {name}=1\. ") as error:
            kind(**{name: 1})
        assert str(error.value).endswith(hint)
        named = re.findall(r"[Pp]ass (\w+)", hint)
        assert set(named) <= {*options, "per_class"}, hint


@pytest.mark.parametrize("kind", [metrics.DiceScore, metrics.Specificity, metrics.ConfusionMatrix])
def test_a_misspelt_option_is_refused_with_the_nearest(kind):
    with pytest.raises(TypeError, match=r"Received from_logit=True\. Did you mean from_logits\?"):
        kind(from_logit=True)
    with pytest.raises(TypeError, match=r"options of .* by name"):
        kind(0.5)


# === Docstrings ===


def options_of_docstring(kind: type) -> dict[str, str]:
    """Return the text of each argument in the section Args."""
    section = re.search(r"\n    Args:\n(.*?)\n\n", kind.__doc__, re.DOTALL)[1]
    parts = re.findall(r"^ {8}(\w+): (.*?)(?=^ {8}\w|\Z)", section, re.DOTALL | re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in parts}


@pytest.mark.parametrize("name", [*STREAMING, "OverlapMetric"])
def test_each_class_explains_every_option_itself(name):
    kind = getattr(metrics, name)
    explained = options_of_docstring(kind)
    assert set(explained) == set(inspect.signature(kind).parameters)
    if issubclass(kind, metrics.OverlapMetric):
        assert explained == options_of_docstring(metrics.OverlapMetric)
