from pathlib import Path

import pytest

from examples.brain_mri.cohort.slices import Slice
from examples.brain_mri.config import Options
from examples.brain_mri.run_folder import RunFolder

SPLIT = {"b": "test", "a": "train", "v": "validation"}


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """The files of all slices."""
    monkeypatch.chdir(tmp_path)
    for name in ("i.tif", "m.tif"):
        Path(name).write_bytes(b"pixels")


def slice_of(patient, number=1):
    return Slice(patient, number, Path("i.tif"), Path("m.tif"), has_tumour=False)


def slices():
    """One slice of a, two of b, one of a patient outside the split."""
    return [slice_of("a"), slice_of("b", 1), slice_of("b", 2), slice_of("c")]


def create(path, options=None):
    return RunFolder.create(path, options or Options(data="."), SPLIT, slices())


def test_options_and_split_come_back(tmp_path):
    options = Options(data="cohort", classes=2, fractions=(0.5, 0.25, 0.25), classifier_weights="w.h5")
    run = RunFolder.open(create(tmp_path / "deep" / "run", options).path)
    assert run.options() == options
    assert run.split() == SPLIT


def test_a_run_is_never_overwritten(tmp_path):
    run = create(tmp_path / "run", Options(data=".", seed=1))
    with pytest.raises(ValueError, match="a run already"):
        create(run.path, Options(data=".", seed=2))
    assert run.options().seed == 1


def test_slices_of_a_part(tmp_path):
    run = create(tmp_path / "run")
    assert run.slices_of("test", slices()) == slices()[1:3]
    with pytest.raises(ValueError, match="Received data without 1 of them, the first b"):
        run.slices_of("test", slices()[:1])
    with pytest.raises(ValueError, match=r"Expected 2 slices of b.* Received 1 slices"):
        run.slices_of("test", slices()[:2])


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "patient,part,slices\na,train,1\n", "patient,part,slices\na,test,x\n"]
)
def test_an_unreadable_split_is_named(text, tmp_path):
    run = create(tmp_path / "run")
    (run.path / "split.csv").write_text(text)
    with pytest.raises(ValueError, match=r"split\.csv"):
        run.split()


def test_an_unreadable_history_is_named(tmp_path):
    run = create(tmp_path / "run")
    run.history("classifier").write_text("epoch,loss\n0,x\n")
    with pytest.raises(ValueError, match=r"classifier\.history\.csv"):
        run.epochs_done("classifier")


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Expected a run folder"):
        RunFolder.open(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="Expected the options of a run"):
        RunFolder.open(tmp_path).options()


def test_an_untrained_run_says_how_to_continue(tmp_path):
    run = create(tmp_path / "run")
    with pytest.raises(ValueError, match="--resume"):
        run.trained()


def test_a_history_comes_back(tmp_path):
    run = create(tmp_path / "run")
    assert run.epochs_done("segmenter") == []
    rows = [{"epoch": 0, "loss": 0.9}, {"epoch": 1, "loss": 0.8}]
    run.write_history("segmenter", rows)
    assert run.epochs_done("segmenter") == rows


def test_a_run_is_trained_once_all_its_cascades_are_there(tmp_path):
    run = create(tmp_path / "run")
    run.cascade.touch()
    with pytest.raises(ValueError, match="--resume"):
        run.trained()
    run.final_cascade.touch()
    assert run.trained() == run.cascade
    once = create(tmp_path / "once", Options(data=".", refit=False))
    once.cascade.touch()
    assert once.trained() == once.cascade
