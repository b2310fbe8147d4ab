"""The short examples: what their commands take, and that each learns what it says."""

import ast
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from examples import export_openvino, own_folder

CHECKOUT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (CHECKOUT / "examples").glob("[a-z]*.py"))
# The score that each prints, and what it must exceed: a network that has learned nothing stays far below.
SCORES = {
    "coco": (r"class mean: Dice (\S+)", 0.7),
    "custom_block": (r"convnext_block: .* validation Dice (\S+)", 0.8),
    "export_openvino": (r"Dice of OpenVINO's mask: (\S+)", 0.9),
    "large_image": (r"Dice (\S+); tiles differ from the whole by [\d.]+e-0[5-9]", 0.95),
    "multi_class": (r"Mean IoU .*: (\S+)", 0.6),
    "volume_3d": (r"Dice .*: (\S+)", 0.7),
}
OTHER_TESTS = {"other_backend", "own_folder", "run_openvino", "several_processes"}


@pytest.mark.parametrize("name", NAMES)
def test_a_script_explains_itself(name, capsys):
    module = importlib.import_module(f"examples.{name}")
    with pytest.raises(SystemExit, match="0"):
        module.parser().parse_args(["--help"])
    help_text = capsys.readouterr().out
    command = "python run_openvino.py" if name == "run_openvino" else f"python -m examples.{name}"
    assert command in module.__doc__
    assert module.__doc__.splitlines()[0] in help_text


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"run_openvino", "several_processes"}))
def test_a_script_needs_no_options(name):
    options = importlib.import_module(f"examples.{name}").parser().parse_args([])
    assert options.html == Path(f"runs/{name}.html")


def test_every_script_is_run_by_a_test():
    assert {*SCORES, *OTHER_TESTS} == set(NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCORES)
def test_a_script_learns_and_draws(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, "--html", str(tmp_path / "new" / "figure.html")])
    importlib.import_module(f"examples.{name}").main()
    printed = capsys.readouterr().out
    pattern, lowest = SCORES[name]
    assert float(re.search(pattern, printed)[1]) > lowest, printed
    assert "Plotly.newPlot" in (tmp_path / "new" / "figure.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_own_folders_are_trained_on(tmp_path, monkeypatch):
    """Masks have other names than the images, as in many data sets."""
    images, masks = own_folder.draw_cells(tmp_path / "cells")
    for mask in masks.iterdir():
        mask.rename(mask.with_name(f"{mask.stem}_mask.png"))
    options = ["--images", str(images), "--masks", str(masks), "--run", str(tmp_path / "run"), "--html", "f.html"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["own_folder", *options])
    own_folder.main()
    scores = json.loads((tmp_path / "run" / "scores.json").read_text(encoding="utf-8"))
    [dice] = [row["mean"] for row in scores["summary"] if row["score"] == "dice"]
    assert dice > 0.8
    assert (tmp_path / "f.html").exists()


def test_own_folders_come_in_pairs(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["own_folder", "--images", "images"])
    with pytest.raises(SystemExit, match="2"):
        own_folder.main()
    assert "pass both --images and --masks" in capsys.readouterr().err


@pytest.mark.slow
def test_another_backend_trains_on_pretrained_weights(tmp_path):
    pytest.importorskip("torch")
    command = [sys.executable, "-m", "examples.other_backend", "--html", str(tmp_path / "figure.html")]
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert float(re.search(r"torch, weights imagenet: .* (\S+)$", done.stdout, re.MULTILINE)[1]) > 0.6
    assert (tmp_path / "figure.html").exists()


def test_what_runs_on_a_device_imports_openvino_numpy_and_pillow_alone():
    tree = ast.parse(export_openvino.RUNNER.read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {name for node in nodes for name in ([node.module] if isinstance(node, ast.ImportFrom) else
                                                 [alias.name for alias in node.names])}  # fmt: skip
    assert {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) == {"numpy", "openvino", "PIL"}
