import json
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from examples.brain_mri import cli, fitting, training
from examples.brain_mri.config import Options
from examples.brain_mri.run_folder import RunFolder
from resunet_kit.inference import Cascade
from tests.examples.brain_mri.conftest import TRAIN_OPTIONS


def test_training_leaves_split_histories_and_cascades(trained):
    run = RunFolder.open(trained)
    assert len(run.epochs_done("classifier")) == len(run.epochs_done("final_classifier")) == 1
    assert len(run.epochs_done("segmenter")) == len(run.epochs_done("final_segmenter")) == 2
    for path in (run.cascade, run.final_cascade):
        cascade = Cascade.load(path)
        assert cascade.segmenter.output_shape == (None, 32, 32, 1)
        assert cascade.classifier.output_shape == (None, 1)
    left = {path.name for path in trained.iterdir()}
    assert not {name for name in left if name.endswith((".keras", ".h5"))}


def test_the_cascade_is_not_below_its_segmenter_on_validation_patients(trained):
    scores = json.loads(RunFolder.open(trained).validation.read_text())
    assert scores["cascade_dice"] >= scores["segmenter_dice"]


def test_flips_are_averaged_where_asked_for():
    inputs = keras.Input((8, 8, 3))
    segmenter = keras.Model(inputs, keras.layers.Conv2D(1, 3, padding="same")(inputs))
    images = np.random.default_rng(0).random((2, 8, 8, 3), "float32")
    for flips, equal in ((False, False), (True, True)):
        together = training.predicting(segmenter, Options(data="", flips=flips))
        turned = together.predict_on_batch(images[:, ::-1])[:, ::-1]
        assert np.allclose(turned, together.predict_on_batch(images), atol=1e-6) == equal


@pytest.mark.slow
def test_an_interrupted_run_is_no_trained_one_and_continues(cohort, small_stages, tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    command = ["train", "--data", str(cohort), *TRAIN_OPTIONS, "--classes", "2", "--no-refit", "--out", str(out)]
    whole_epoch = fitting.Checkpoint.on_epoch_end

    def interrupted(self, epoch, logs=None):
        whole_epoch(self, epoch, logs)
        if self.stage.name == "segmenter" and epoch == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(fitting.Checkpoint, "on_epoch_end", interrupted)
    assert cli.main(command) == 130
    assert not (out / "cascade").exists()
    assert cli.main(["evaluate", "--run", str(out), "--data", str(cohort)]) == 1
    assert "--resume" in capsys.readouterr().err
    monkeypatch.setattr(fitting.Checkpoint, "on_epoch_end", whole_epoch)
    assert cli.main([*command, "--resume"]) == 0
    run = RunFolder.open(out)
    assert run.options().classes == 2
    assert [row["epoch"] for row in run.epochs_done("segmenter")] == [0, 1]
    assert Cascade.load(run.trained()).segmenter.output_shape[-1] == 2
    assert not run.final_cascade.exists()


OF_EVALUATION = {"report.html", "model_card.md"}


def assert_equal_runs(ours, theirs):
    assert ours.split() == theirs.split()
    for stage in ("classifier", "segmenter", "final_classifier", "final_segmenter"):
        assert [row["epoch"] for row in ours.epochs_done(stage)] == [row["epoch"] for row in theirs.epochs_done(stage)]
    for path, other in ((ours.cascade, theirs.cascade), (ours.final_cascade, theirs.final_cascade)):
        a, b = Cascade.load(path), Cascade.load(other)
        assert (a.threshold, a.postprocess) == (pytest.approx(b.threshold, rel=1e-4), b.postprocess)
        for mine, others in ((a.classifier, b.classifier), (a.segmenter, b.segmenter)):
            for x, y in zip(mine.get_weights(), others.get_weights(), strict=True):
                np.testing.assert_allclose(x, y, atol=1e-5)
    visible = [{path.name for path in run.path.iterdir() if path.name != ".lock"} for run in (ours, theirs)]
    assert visible[0] == visible[1] - {path.name for path in theirs.path.glob("*metrics*")} - OF_EVALUATION


@pytest.mark.slow
def test_a_run_killed_at_any_moment_ends_as_it_would_have(trained, cohort, tmp_path):
    # Before there is a run; then at random, in half written files too, counted from the resumption before. A run writes
    # about two dozen files.
    moments = [1.5, *np.random.default_rng(0).uniform(2, 9, 2).round(1)]
    out = tmp_path / "run"
    for moment in [*moments, 1e9]:
        resume = ["--resume"] if (out / "config.json").is_file() else []
        arguments = ["train", "--data", str(cohort), "--out", str(out), *([] if resume else TRAIN_OPTIONS), *resume]
        command = [sys.executable, "-m", "tests.examples.brain_mri.killed_training", str(moment), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[3])
        assert done.returncode == (-signal.SIGKILL if moment < 1e9 else 0), done.stderr[-2000:]
    assert_equal_runs(RunFolder.open(out), RunFolder.open(trained))
