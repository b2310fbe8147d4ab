import json

import numpy as np
import pytest

from examples.brain_mri import cli, fitting, training
from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.config import Options
from examples.brain_mri.run_folder import RunFolder
from resunet_kit.inference import Cascade
from tests.examples.brain_mri.conftest import TRAIN_OPTIONS


def test_the_split_is_by_person_and_covers_all(cohort):
    index = index_folder(cohort)
    split = training.split_patients(index.slices, Options(data=str(cohort)))
    assert split.keys() == set(index.patients)
    assert set(split.values()) == {"train", "validation", "test"}
    assert split == training.split_patients(index.slices, Options(data=str(cohort)))
    assert split != training.split_patients(index.slices, Options(data=str(cohort), seed=5))


def test_a_part_without_healthy_slices_is_refused(cohort):
    tumour_only = [item for item in index_folder(cohort).slices if item.has_tumour]
    with pytest.raises(ValueError, match="Expected slices with and without tumour"):
        training.split_patients(tumour_only, Options(data=str(cohort)))


def test_too_few_patients_are_refused(cohort):
    slices = [item for item in index_folder(cohort).slices if item.patient.startswith("TCGA_SM_0000")]
    with pytest.raises(ValueError, match="group"):
        training.split_patients(slices, Options(data=str(cohort)))


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


@pytest.mark.slow
def test_an_interrupted_run_ends_as_it_would_have(cohort, small_stages, tmp_path, monkeypatch, capsys):
    command = ["train", "--data", str(cohort), *TRAIN_OPTIONS, "--classes", "2", "--out"]
    assert cli.main([*command, str(tmp_path / "whole")]) == 0
    out = tmp_path / "run"
    whole_epoch = fitting.Checkpoint.on_epoch_end

    def interrupted(self, epoch, logs=None):
        whole_epoch(self, epoch, logs)
        if self.stage.name == "segmenter" and epoch == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(fitting.Checkpoint, "on_epoch_end", interrupted)
    assert cli.main([*command, str(out)]) == 130
    assert not (out / "cascade").exists()
    assert cli.main(["evaluate", "--run", str(out), "--data", str(cohort)]) == 1
    assert "--resume" in capsys.readouterr().err
    monkeypatch.setattr(fitting.Checkpoint, "on_epoch_end", whole_epoch)
    assert cli.main([*command, str(out), "--resume"]) == 0
    run, whole = RunFolder.open(out), RunFolder.open(tmp_path / "whole")
    assert run.options().classes == 2
    assert run.split() == whole.split()
    assert [row["epoch"] for row in run.epochs_done("segmenter")] == [0, 1]
    for name in ("cascade", "final_cascade"):
        ours, theirs = (Cascade.load(of.path / name) for of in (run, whole))
        assert (ours.threshold, ours.postprocess) == (theirs.threshold, theirs.postprocess)
        for mine, others in ((ours.classifier, theirs.classifier), (ours.segmenter, theirs.segmenter)):
            for a, b in zip(mine.get_weights(), others.get_weights(), strict=True):
                np.testing.assert_allclose(a, b, atol=1e-6)
