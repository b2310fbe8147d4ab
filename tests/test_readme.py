"""Every code block of the README runs: Python here, the example's commands here, the make targets in .ci/run."""

import re
import shlex
import warnings
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from examples.brain_mri import cli
from tests.examples.brain_mri.conftest import stand_in_stages

CHECKOUT = Path(__file__).parent.parent
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", (CHECKOUT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
COMMANDS = [line for language, code in BLOCKS if language == "shell" for line in code.strip().splitlines()]
EXAMPLE = "python -m examples.brain_mri "


def test_every_block_is_of_a_kind_that_is_run():
    assert {language for language, _ in BLOCKS} == {"python", "shell"}
    assert len(PYTHON) == 3
    assert all(line.startswith((EXAMPLE, "make ")) for line in COMMANDS)


@pytest.mark.parametrize(
    "code",
    [*(pytest.param(code, marks=pytest.mark.slow) for code in PYTHON[:2]), PYTHON[2]],
    ids=["two folders", "own images", "own block"],
)
def test_python_blocks_run(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    for folder, shape in (("images", (64, 80, 3)), ("masks", (64, 80))):
        (tmp_path / folder).mkdir()
        for number in range(14):
            values = generator.integers(0, 2, shape, dtype=np.uint8) * 255
            Image.fromarray(values).save(tmp_path / folder / f"{number:02}.png")
    # Tracing two dozen layers takes longer than running them.
    tf.config.run_functions_eagerly(True)
    warnings.filterwarnings("ignore", "Even though the `tf.config.experimental_run_functions_eagerly`")
    try:
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    finally:
        tf.config.run_functions_eagerly(False)
    assert (tmp_path / "segmenter.keras").exists() == ("model.save" in code)
    assert (tmp_path / "run" / "report.html").exists() == ("fit_folder" in code)


@pytest.mark.slow
def test_the_commands_of_the_example_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with stand_in_stages():  # `make demo` trains the real networks
        for line in COMMANDS:
            if line.startswith(EXAMPLE):
                assert cli.main(shlex.split(line.removeprefix(EXAMPLE))) == 0, line
    assert (tmp_path / "run" / "report.html").stat().st_size > 1_000_000
    slices = len(list((tmp_path / "cohort").rglob("*_mask.tif")))
    assert len(list((tmp_path / "predictions").glob("*_pred.png"))) == slices
    assert f"{slices} slices" in capsys.readouterr().out


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("make ")])
def test_the_make_commands_run_in_continuous_integration(line):
    script = (CHECKOUT / ".ci" / "run").read_text().splitlines()
    assert any(step == line or step.startswith(f"{line} ") for step in script)


def test_files_that_the_readme_names_exist():
    text = (CHECKOUT / "README.md").read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert target.startswith("https://") or (CHECKOUT / target).exists(), target
