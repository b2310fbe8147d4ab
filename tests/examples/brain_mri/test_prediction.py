import csv
import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from examples.brain_mri import cli, prediction
from examples.brain_mri.commands import predict as command
from examples.brain_mri.config import Options
from tests.examples.brain_mri.slice_files import write_slice
from tests.examples.brain_mri.stand_in_pipeline import BrightIsTumour
from tests.examples.brain_mri.volume_files import box, write_nifti, write_series


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run whose pipeline is the stand-in, since most of this needs no networks."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(dataclasses.asdict(Options("data", refit=False))))
    (folder / "cascade").write_bytes(b"weights")
    monkeypatch.setattr(prediction.Pipeline, "load", lambda *_, **__: BrightIsTumour())
    monkeypatch.setattr(command, "load_tensorflow", lambda: None)
    return folder


@pytest.fixture
def three(tmp_path):
    """Three patients of two slices."""
    for patient in "abc":
        for number in (1, 2):
            write_slice(tmp_path / "data", patient, number, tumour=number == 1)
    return tmp_path / "data"


def predict(run, out, *arguments):
    return cli.main(["predict", "--run", str(run), "--out", str(out), *map(str, arguments)])


def test_a_folder_is_predicted_slice_by_slice(trained, cohort, tmp_path):
    out = tmp_path / "predictions"
    patient = sorted(cohort.iterdir())[0]
    assert predict(trained, out, patient) == 0
    rows = rows_of(out / "predictions.csv")
    assert len(rows) == 4
    for row in rows:
        stem = row["image"].rsplit("/", 1)[-1].removesuffix(".tif")
        with Image.open(out / f"{stem}_pred.png") as file:
            mask = np.asarray(file)
        assert mask.shape == (40, 40)
        assert set(np.unique(mask)) <= {0, 255}
        assert (mask > 0).sum() == int(row["area_px"])
        assert len(json.loads(row["boxes"])) == int(row["components"])
        assert 0 <= float(row["tumour_probability"]) <= 1
    [patient] = rows_of(out / "patients.csv")
    assert int(patient["slices_with_tumour"]) == sum(int(row["has_tumour"]) for row in rows)


def test_a_grey_image_is_each_sequence(trained, tmp_path):
    grey = np.random.default_rng(0).integers(0, 255, (40, 48), dtype=np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(np.dstack([grey] * 3)).save(tmp_path / "rgb.png")
    assert predict(trained, tmp_path / "out", tmp_path / "grey.png", tmp_path / "rgb.png") == 0
    masks = [(tmp_path / "out" / f"{name}_pred.png").read_bytes() for name in ("grey", "rgb")]
    assert masks[0] == masks[1]


def test_every_kind_and_size_goes_into_one_folder(run, three, tmp_path):
    write_nifti(three / "scan.nii.gz", box())
    write_series(three / "series")
    Image.fromarray(np.zeros((30, 20, 3), np.uint8)).save(three / "a" / "a_3.png")
    assert predict(run, tmp_path / "out", three, "--spacing", "5", "0.5", "1") == 0
    patients = rows_of(tmp_path / "out" / "patients.csv")
    assert [row["patient"] for row in patients] == ["a", "a", "b", "c", "scan", "P-1"]
    assert [int(row["slices"]) for row in patients] == [2, 1, 2, 2, 6, 6]
    square = next(row for row in patients if row["patient"] == "b")
    assert float(square["volume_ml"]) == pytest.approx(4 * 2.5 / 1000, abs=5e-4)
    assert len(rows_of(tmp_path / "out" / "predictions.csv")) == 19
    names = {"scan_pred.nii.gz", "1.2.3.4_pred.dcm", "a_3_pred.png", "patients.csv", "predictions.csv"}
    assert names <= set(contents(tmp_path / "out"))
    assert "unfinished" not in contents(tmp_path / "out")


def test_a_bad_image_in_the_middle_leaves_nothing(run, three, tmp_path, capsys):
    bad = three / "b" / "b_2.tif"
    bad.write_bytes(bad.read_bytes()[:100])
    assert predict(run, tmp_path / "out", three) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ")
    assert "b_2.tif" in error
    assert "--skip-unreadable" in error
    assert not (tmp_path / "out").exists()


def test_bad_files_can_be_left_out_and_are_listed(run, three, tmp_path, capsys):
    bad = three / "b" / "b_2.tif"
    bad.write_bytes(bad.read_bytes()[:100])
    (three / "=evil_1.png").write_bytes(b"")
    assert predict(run, tmp_path / "out", three, "--skip-unreadable") == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[-1].startswith("left out: 2 files")
    assert str(bad) in captured.err
    skipped = rows_of(tmp_path / "out" / "skipped.csv")
    assert {row["file"] for row in skipped} == {str(bad), str(three / "=evil_1.png")}
    assert len(rows_of(tmp_path / "out" / "predictions.csv")) == 5
    assert predict(run, tmp_path / "none", bad, "--skip-unreadable") == 1
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("moment", ["predict", "record", "tables"])
def test_an_interrupted_prediction_continues_to_the_same_bytes(moment, run, three, tmp_path, monkeypatch, capsys):
    assert predict(run, tmp_path / "whole", three) == 0
    out = tmp_path / "out"
    calls = []

    def interrupt(original, at):
        def wrapped(*arguments, **options):
            calls.append(arguments)
            if len(calls) == at:
                raise KeyboardInterrupt
            return original(*arguments, **options)

        return wrapped

    with monkeypatch.context() as patch:
        owner, name, at = {
            "predict": (BrightIsTumour, "predict", 2),
            "record": (prediction.Records, "add", 3),
            "tables": (prediction, "write_table", 2),
        }[moment]
        patch.setattr(owner, name, interrupt(getattr(owner, name), at))
        assert predict(run, out, three) == 130
    assert "--resume" in capsys.readouterr().err
    assert not (out / "predictions.csv").exists()
    assert predict(run, out, three) == 1
    assert "Continue it with --resume" in capsys.readouterr().err
    predicted = []
    original = BrightIsTumour.predict
    monkeypatch.setattr(BrightIsTumour, "predict", lambda self, images: predicted.append(1) or original(self, images))
    assert predict(run, out, three, "--resume") == 0
    assert len(predicted) == {"predict": 2, "record": 1, "tables": 0}[moment]
    assert contents(out) == contents(tmp_path / "whole")


def test_another_run_or_changed_images_are_not_continued(run, three, tmp_path, monkeypatch, capsys):
    def stop(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(prediction, "write_table", stop)
        assert predict(run, tmp_path / "out", three) == 1
    assert str(tmp_path / "out") in capsys.readouterr().err.splitlines()[-1]
    shutil.copy(three / "a" / "a_1.tif", three / "a" / "a_9.tif")
    (run / "cascade").write_bytes(b"other weights")
    assert predict(run, tmp_path / "out", three, "--resume") == 1
    assert "Expected the same run and images" in capsys.readouterr().err


def test_an_output_folder_that_holds_something_is_refused(run, three, tmp_path, capsys):
    assert predict(run, three, three) == 1
    assert "Expected a new or empty folder" in capsys.readouterr().err


def test_an_image_that_the_pipeline_refuses_is_named_by_its_file(run, three, tmp_path, monkeypatch, capsys):
    original = BrightIsTumour.predict

    def refuse(self, images):
        if images[..., 1].max() < 0.5:
            raise ValueError("Expected images with contrast. Received none. Take others.")
        return original(self, images)

    monkeypatch.setattr(BrightIsTumour, "predict", refuse)
    write_slice(three, "d", 5, tumour=False)
    assert predict(run, tmp_path / "out", three) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"Received {three / 'd' / 'd_5.tif'}: Expected images with contrast" in error


def test_help_explains_every_argument(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["predict", "--help"])
    out = capsys.readouterr().out
    for argument in ("--run", "--out", "--resume", "--skip-unreadable", "--spacing", "IMAGE_OR_DIR"):
        assert argument in out
    for wrong in ("0", "nan", "x"):
        with pytest.raises(SystemExit, match="2"):
            cli.main(["predict", "--run", "r", "--out", "o", "a.png", "--spacing", "1", "1", wrong])


def test_a_patient_without_contrast_is_noted(run, three, tmp_path, capsys):
    black = tmp_path / "black_1.png"
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(black)
    assert predict(run, tmp_path / "out", three, black) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "note: " in line]
    assert [f"every pixel of black ({black}) is the same" in note for note in notes] == [True]
