from pathlib import Path

import pytest

from examples.brain_mri.layout import Slice
from examples.brain_mri.run_folder import Options, RunFolder, write_beside

SPLIT = {"b": "test", "a": "train"}


def slice_of(patient, number=1):
    return Slice(patient, number, Path("i.tif"), Path("m.tif"), has_tumour=False)


def test_options_and_split_come_back(tmp_path):
    options = Options(data="cohort", classes=2, fractions=(0.5, 0.25, 0.25), classifier_weights="w.h5")
    run = RunFolder.open(RunFolder.create(tmp_path / "deep" / "run", options, SPLIT).path)
    assert run.options() == options
    assert run.split() == SPLIT


def test_slices_of_a_part(tmp_path):
    run = RunFolder.create(tmp_path / "run", Options(data="."), SPLIT)
    slices = [slice_of("a"), slice_of("b", 1), slice_of("b", 2), slice_of("c")]
    assert run.slices_of("test", slices) == slices[1:3]
    with pytest.raises(ValueError, match=r"1 test patients of the run .* are not in the data, the first b"):
        run.slices_of("test", slices[:1])


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Expected a run folder"):
        RunFolder.open(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="not the options of a run"):
        RunFolder.open(tmp_path).options()


def test_a_run_not_trained_to_its_end_says_how_to_go_on(tmp_path):
    run = RunFolder.create(tmp_path / "run", Options(data="."), SPLIT)
    with pytest.raises(ValueError, match="--resume"):
        run.trained()


def test_a_repeated_epoch_counts_once(tmp_path):
    run = RunFolder.create(tmp_path / "run", Options(data="."), SPLIT)
    assert run.epochs_done("segmenter") == []
    run.history("segmenter").write_text("epoch,loss\n0,0.9\n1,0.8\n1,0.7\n")
    assert run.epochs_done("segmenter") == [{"epoch": 0, "loss": 0.9}, {"epoch": 1, "loss": 0.7}]


def test_write_beside_leaves_the_old_file_where_writing_fails(tmp_path):
    path = tmp_path / "metrics.json"
    write_beside(path, lambda file: file.write_text("old"))

    def fail(file):
        file.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_beside(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
