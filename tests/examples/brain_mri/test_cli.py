"""Bad input: one line that names the file and the cure, a non-zero exit, nothing written."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from examples.brain_mri import cli
from examples.brain_mri.run_folder import RunFolder


@pytest.fixture
def data(cohort, tmp_path):
    """A copy of the cohort to spoil."""
    return shutil.copytree(cohort, tmp_path / "data")


def image(data, number=1, suffix=""):
    return sorted(data.iterdir())[0] / f"TCGA_SM_0000_20000101_{number}{suffix}.tif"


def truncate(data):
    image(data).write_bytes(image(data).read_bytes()[:300])
    return image(data)


def lose_mask(data):
    image(data, 2, "_mask").unlink()
    return image(data, 2)


def misname(data):
    return shutil.copy(image(data), image(data).with_name("scan.tif"))


def heal(data):
    for mask in image(data).parent.glob("*_mask.tif"):
        Image.fromarray(np.zeros((40, 40), np.uint8)).save(mask)
    return image(data).parent


@pytest.mark.parametrize("spoil", [truncate, lose_mask, misname, heal], ids=lambda spoil: spoil.__name__)
def test_check_names_the_file_and_train_refuses(spoil, data, tmp_path, capsys):
    name = spoil(data).name
    assert cli.main(["check", str(data)]) == 1
    problems = [line for line in capsys.readouterr().out.splitlines() if line.startswith("problem: ")]
    assert any(name in line for line in problems)
    assert cli.main(["train", "--data", str(data), "--out", str(tmp_path / "run")]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert f"check {data}" in error
    assert not (tmp_path / "run").exists()


def test_check_names_all_problems_at_once(data, capsys):
    truncate(data)
    lose_mask(data)
    misname(data)
    assert cli.main(["check", str(data)]) == 1
    assert "3 problems" in capsys.readouterr().out


def test_check_of_data_without_problems_exits_zero(data, capsys):
    (data / "data.csv").write_text("Patient,gender\nTCGA_SM_0000,1\nTCGA_SM_9999,2\n")
    assert cli.main(["check", str(data)]) == 0
    out = capsys.readouterr().out
    assert "TCGA_SM_9999" in out
    assert "8 patients, 32 slices, 16 with tumour, 0 problems" in out


def test_healthy_patients_can_be_allowed(data):
    heal(data)
    assert cli.main(["check", str(data), "--allow-healthy"]) == 0


@pytest.mark.parametrize("kind", ["missing", "empty"])
@pytest.mark.parametrize("command", ["check", "train"])
def test_a_missing_or_empty_folder(kind, command, tmp_path, capsys):
    data = tmp_path / "data"
    if kind == "empty":
        data.mkdir()
    out = tmp_path / "run"
    arguments = [str(data)] if command == "check" else ["--data", str(data), "--out", str(out)]
    assert cli.main([command, *arguments]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert str(data) in line
    assert not out.exists()


def test_an_existing_run_folder_is_refused(cohort, tmp_path, capsys):
    (tmp_path / "notes.txt").touch()
    assert cli.main(["train", "--data", str(cohort), "--out", str(tmp_path)]) == 1
    assert "--resume" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("command", [["train", "--data", "absent"], ["demo"], ["study"]])
def test_an_out_that_cannot_be_made_is_refused_before_any_work(command, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    folder = tmp_path / "folder"
    folder.mkdir()
    allowed = os.access  # who runs the tests may be allowed to write everywhere
    monkeypatch.setattr(os, "access", lambda path, mode: path != folder and allowed(path, mode))
    for out, why in ((tmp_path / "file" / "run", "is a file"), (folder / "a" / "run", "without permission to write")):
        assert cli.main([*command, "--out", str(out)]) == 1
        assert why in capsys.readouterr().err
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", "--run", "RUN", "--data", "DATA"],
        ["predict", "--run", "RUN", "--out", "OUT", "DATA"],
        ["train", "--resume", "--out", "RUN", "--data", "DATA"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_an_unknown_run_is_named(arguments, cohort, tmp_path, capsys):
    run, out = tmp_path / "absent", tmp_path / "out"
    paths = {"RUN": str(run), "OUT": str(out), "DATA": str(cohort)}
    assert cli.main([paths.get(argument, argument) for argument in arguments]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert str(run) in line
    assert not run.exists()
    assert not out.exists()


def test_a_run_is_continued_with_its_own_options_alone(trained, cohort, capsys):
    command = ["train", "--data", str(cohort), "--out", str(trained), "--resume"]
    for option, value in (("--segmenter-epochs", "30"), ("--no-flips", None)):
        assert cli.main([*command, option, *([value] if value else [])]) == 1
        assert f"Expected {option.replace('no-', '')} " in capsys.readouterr().err
    assert cli.main([*command, "--seed", "0", "--precision", "auto"]) == 0


def test_what_the_machine_lacks_is_one_line_and_other_faults_are_not_hidden(monkeypatch, capsys):
    def run(_):
        raise RuntimeError(said)

    monkeypatch.setattr(cli.check, "run", run)
    said = "Unable to close file (errno = 28, error message = 'No space left on device')"
    assert cli.main(["check", "data"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: Expected space for the results.")
    said = "a fault"
    with pytest.raises(RuntimeError, match="a fault"):
        cli.main(["check", "data"])


def test_weights_that_cannot_be_had_leave_no_run_folder(cohort, tmp_path, capsys):
    out = tmp_path / "run"
    weights = str(tmp_path / "absent.weights.h5")
    arguments = ["--image-size", "32", "--backbone", "resnet18", "--classifier-weights", weights]
    assert cli.main(["train", "--data", str(cohort), "--out", str(out), *arguments]) == 1
    assert weights in capsys.readouterr().err
    assert not out.exists()


def test_a_demo_refuses_what_an_earlier_one_left(cohort, tmp_path, capsys):
    assert cli.main(["demo", "--out", str(tmp_path / "new"), "--patients", "2"]) == 1
    assert not (tmp_path / "new").exists()
    shutil.copytree(cohort, tmp_path / "old" / "cohort")
    assert cli.main(["demo", "--out", str(tmp_path / "old"), "--patients", "9"]) == 1
    assert f"Delete {tmp_path / 'old'}" in capsys.readouterr().err


def test_an_unreadable_clinical_table_hides_no_problem(data, capsys):
    (data / "data.csv").write_bytes(b"\xff\xfe\x00" * 9)
    lose_mask(data)
    assert cli.main(["check", str(data)]) == 1
    out = capsys.readouterr().out
    assert "not a readable CSV" in out
    assert "1 problems" in out


def test_other_data_is_refused_at_evaluate_and_resume(trained, data, capsys):
    test = next(patient for patient, part in RunFolder.open(trained).split().items() if part == "test")
    for end in (".tif", "_mask.tif"):
        (data / test / f"{test}_4{end}").unlink()
    before = (trained / "metrics.json").read_bytes()
    for command in (["evaluate", "--run"], ["train", "--resume", "--out"]):
        assert cli.main([*command, str(trained), "--data", str(data)]) == 1
        assert "Received 3 slices" in capsys.readouterr().err
    assert (trained / "metrics.json").read_bytes() == before


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    out = capsys.readouterr().out
    for command in ("demo", "simulate", "check", "train", "evaluate", "predict", "study"):
        assert command in out
