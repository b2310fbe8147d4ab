import csv
import json

import numpy as np
import pytest
from PIL import Image

from examples.brain_mri import cli, prediction
from resunet_kit.data import read_image
from resunet_kit.inference import Detection


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_is_predicted_slice_by_slice(trained, cohort, tmp_path):
    out = tmp_path / "predictions"
    patient = sorted(cohort.iterdir())[0]
    assert cli.main(["predict", "--run", str(trained), "--out", str(out), str(patient)]) == 0
    rows = rows_of(out / "predictions.csv")
    assert list(rows[0]) == list(prediction.COLUMNS)
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
        assert row["has_tumour"] == str(int(float(row["tumour_probability"]) >= 0.5))


def test_images_of_several_sizes_are_predicted_together(trained, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for name, size in (("a", (40, 40)), ("b", (64, 48)), ("c", (40, 40))):
        Image.fromarray(generator.integers(0, 255, (*size, 3), dtype=np.uint8)).save(folder / f"{name}.png")
    assert cli.main(["predict", "--run", str(trained), "--out", str(tmp_path / "out"), str(folder)]) == 0
    with Image.open(tmp_path / "out" / "b_pred.png") as file:
        assert file.size == (48, 64)
    assert [row["image"][-5:] for row in rows_of(tmp_path / "out" / "predictions.csv")] == ["a.png", "b.png", "c.png"]


def test_a_bad_image_in_the_middle_leaves_nothing(trained, cohort, tmp_path, capsys):
    folder = tmp_path / "images"
    folder.mkdir()
    good = next(cohort.rglob("*_1.tif"))
    (folder / "a.tif").write_bytes(good.read_bytes())
    (folder / "b.tif").write_bytes(good.read_bytes()[:500])
    assert cli.main(["predict", "--run", str(trained), "--out", str(tmp_path / "out"), str(folder)]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ")
    assert "b.tif" in error
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


def test_a_gray_image_is_named(trained, tmp_path, capsys):
    Image.fromarray(np.zeros((40, 40), np.uint8)).save(tmp_path / "gray.png")
    out = tmp_path / "out"
    assert cli.main(["predict", "--run", str(trained), "--out", str(out), str(tmp_path / "gray.png")]) == 1
    assert "gray.png" in capsys.readouterr().err
    assert not out.exists()


def test_masks_are_left_out_and_names_must_differ(cohort, tmp_path):
    patients = sorted(cohort.iterdir())[:2]
    found = prediction.find_images(patients)
    assert len(found) == 8
    assert not [path for path in found if path.stem.endswith("_mask")]
    assert prediction.find_images([found[0], found[0]]) == [found[0]]
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "._a.tif").touch()
    (tmp_path / "b.tif").touch()
    assert prediction.find_images([tmp_path]) == [tmp_path / "b.tif"]
    (tmp_path / found[0].name).write_bytes(b"")
    with pytest.raises(ValueError, match="one image for each name"):
        prediction.find_images([found[0], tmp_path])


def test_nothing_to_predict_is_said(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        prediction.find_images([tmp_path / "absent.tif"])
    with pytest.raises(ValueError, match="Received none"):
        prediction.find_images([tmp_path])


def test_an_output_folder_that_holds_something_is_refused(trained, cohort, tmp_path, capsys):
    (tmp_path / "notes.txt").touch()
    assert cli.main(["predict", "--run", str(trained), "--out", str(tmp_path), str(next(cohort.rglob("*_1.tif")))]) == 1
    assert "Expected a new or empty folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_row_gives_the_centroid_of_all_marked_pixels(tmp_path):
    mask = np.zeros((8, 8), "uint8")
    mask[0, 0] = mask[4, 6] = 1
    found = Detection(0.75, mask, [(0, 0, 1, 1), (4, 6, 5, 7)], [(0.0, 0.0), (4.0, 6.0)], 2)
    row = prediction.row(tmp_path / "a.tif", found, 0.5)
    assert json.loads(row["centroid"]) == [2.0, 3.0]
    assert (row["has_tumour"], row["components"], row["area_px"]) == (1, 2, 2)
    empty = Detection(0.2, np.zeros((8, 8), "uint8"), [], [], 0)
    assert prediction.row(tmp_path / "a.tif", empty, 0.5)["centroid"] == ""


def test_an_image_that_the_cascade_refuses_is_named_by_its_file(trained, cohort, tmp_path, monkeypatch, capsys):
    files = sorted(cohort.rglob("*_[1-4].tif"))[:4]

    def with_nan(path):
        return read_image(path) * (np.nan if path == files[2] else 1)

    monkeypatch.setattr(prediction, "read_image", with_nan)
    arguments = ["predict", "--run", str(trained), "--out", str(tmp_path / "out"), *map(str, files)]
    assert cli.main(arguments) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"Received {files[2]}: Expected images of finite numbers" in error
