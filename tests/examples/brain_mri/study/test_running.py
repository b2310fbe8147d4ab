"""The command: its results, interruption and resumption, and what it refuses."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from examples.brain_mri import cli
from examples.brain_mri.cohort.index import index_folder
from tests.examples.brain_mri.study.conftest import SMALL

GRID = ["--stages", "segmenter", "--comparisons", "modes", "--patients", "2", "all"]


def study(out, data, *arguments):
    return cli.main(["study", "--out", str(out), "--data", str(data), *arguments])


@pytest.fixture
def quick_trainings(monkeypatch, small_networks):
    """Let a training be a score that depends on it and its patients alone; return the names of those done."""
    from examples.brain_mri.study import cells, running

    monkeypatch.setattr(running, "check", lambda *_: None)
    quick = SimpleNamespace(stop_at=None, trained=[])

    def train(cell, patients, held_out, networks, starts, on_step):
        if len(quick.trained) + 1 == quick.stop_at:
            raise KeyboardInterrupt
        quick.trained.append(cell.name)
        names = [patient.name for patient in patients]
        scores = [sum(map(ord, cell.name + "".join(names))) % 97 / 97 * part for part in (0.5, 1)]
        moments = [
            {"steps": 2 * i, "seconds": float(i), "score": score, "by_patient": {p.name: score for p in held_out}}
            for i, score in enumerate(scores)
        ]
        return {"training": names, "moments": moments}

    monkeypatch.setattr(cells, "train", train)
    return quick


def test_an_interrupted_study_ends_as_it_would_have(cohort, quick_trainings, tmp_path, capsys):
    whole, out = tmp_path / "whole", tmp_path / "study"
    assert study(whole, cohort, *GRID, *SMALL) == 0
    assert "report: " in capsys.readouterr().out
    names = list(quick_trainings.trained)
    assert len(names) == len(set(names)) == 8

    quick_trainings.trained.clear()
    quick_trainings.stop_at = 4
    assert study(out, cohort, *GRID, *SMALL) == 130
    assert len(pd.read_csv(out / "results.csv")) == 3 * 2
    assert "3 of 8 training runs are done" in (out / "report.html").read_text()
    quick_trainings.stop_at = None
    assert study(out, cohort, "--resume") == 0
    assert quick_trainings.trained == names
    for name in ("results.csv", "summary.csv"):
        assert (out / name).read_text() == (whole / name).read_text()
    text = (out / "report.html").read_text()
    assert "The patients are simulated" in text
    assert "Segmenter, encoder frozen against all layers at once." in text

    # Nothing is left to do, and the data are known; a damaged file is named.
    assert cli.main(["study", "--out", str(out), "--resume"]) == 0
    assert quick_trainings.trained == names
    capsys.readouterr()
    (out / "cells" / f"{names[0]}.json").write_text('{"stage"')
    assert study(out, cohort, "--resume") == 1
    assert names[0] in capsys.readouterr().err


def test_other_options_other_data_and_other_folders_are_refused(cohort, quick_trainings, tmp_path, capsys):
    out, data = tmp_path / "study", shutil.copytree(cohort, tmp_path / "data")
    assert study(out, data, *GRID, *SMALL) == 0
    stored = json.loads((out / "plan.json").read_text())
    assert set(stored["training"]) | set(stored["held_out"]) == set(index_folder(data).patients)
    assert not set(stored["training"]) & set(stored["held_out"])
    files = {path: path.read_bytes() for path in out.rglob("*.*") if path.is_file()}

    def refusal(*arguments):
        capsys.readouterr()
        assert study(out, data, *arguments) == 1
        return next(line for line in capsys.readouterr().err.splitlines() if line.startswith("error: "))

    assert "exists. Continue its study with --resume" in refusal()
    assert "Expected --steps 4, as at the start" in refusal("--resume", "--steps", "8")
    assert "Expected --patients 2 all" in refusal("--resume", "--patients", "all")
    assert "as at the start" in refusal("--resume", "--quick")
    changed = stored["training"][0]
    shutil.copy(data / changed / f"{changed}_2.tif", data / changed / f"{changed}_3.tif")
    assert f"{changed}: images or masks changed" in refusal("--resume")
    assert study(out, data, "--resume", *GRID, *SMALL) == 1  # the options are those of the start, the data are not
    assert {path: path.read_bytes() for path in files} == files


def test_what_is_refused_leaves_no_folder(cohort, small_networks, tmp_path, capsys):
    for arguments, said in (
        ([], "at least 8 patients for training"),
        (["--patients", "2", "--encoder", "none"], "Expected --encoder with ImageNet weights"),
    ):
        assert study(tmp_path / "study", cohort, *arguments, *SMALL) == 1
        assert said in capsys.readouterr().err.splitlines()[-1]
    assert study(tmp_path / "study", cohort, "--resume") == 1
    assert "Expected the folder of a study" in capsys.readouterr().err
    assert cli.main(["study", "--out", str(tmp_path / "study")]) == 1
    assert "Expected --data" in capsys.readouterr().err
    assert not (tmp_path / "study").exists()


HOLDER = """
import sys, time
from pathlib import Path
from examples.brain_mri.run_folder import RunFolder
with RunFolder(Path(sys.argv[1])).locked():
    print("held", flush=True)
    time.sleep(60)
"""


def test_another_process_is_refused(cohort, quick_trainings, tmp_path, capsys):
    out = tmp_path / "study"
    out.mkdir()
    checkout = Path(__file__).parents[4]
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(out)], cwd=checkout, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        assert study(out, cohort, *GRID, *SMALL) == 1
        assert "no other process" in capsys.readouterr().err.splitlines()[-1]
        holder.kill()
    assert quick_trainings.trained == []
    assert not (out / "plan.json").exists()


def test_half_written_files_of_a_killed_study_are_in_nobodys_way(cohort, quick_trainings, tmp_path):
    out = tmp_path / "study"
    (out / ".0123abcd-data").mkdir(parents=True)
    (out / ".0123abcd-plan.json").touch()
    assert study(out, cohort, *GRID, *SMALL) == 0
    assert not list(out.glob(".0123*"))


@pytest.mark.slow
def test_real_trainings_end_as_they_would_have(cohort, small_networks, simulated, tmp_path, monkeypatch):
    """Killed within a training, at any of its steps, and within that on the simulated cohort."""
    from examples.brain_mri.study import trainer

    arguments = ["--comparisons", "starts", "--starts", "random", "simulated", "--patients", "2", *SMALL]
    assert study(tmp_path / "whole", cohort, *arguments) == 0
    out = tmp_path / "study"
    real, steps = trainer.Moments.on_train_batch_end, []

    def interrupted(self, batch, logs=None):
        steps.append(batch)
        if len(steps) in (7, 14, 20):
            raise KeyboardInterrupt
        real(self, batch, logs)

    monkeypatch.setattr(trainer.Moments, "on_train_batch_end", interrupted)
    codes = [study(out, cohort, *arguments)]
    while codes[-1] == 130:
        codes.append(study(out, cohort, "--resume"))
    assert codes == [130, 130, 130, 0]
    ours, theirs = (pd.read_csv(folder / "results.csv").drop(columns="seconds") for folder in (out, tmp_path / "whole"))
    pd.testing.assert_frame_equal(ours, theirs, atol=1e-6)
