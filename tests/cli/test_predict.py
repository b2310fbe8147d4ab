import argparse
import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resunet_kit.cli import predict
from resunet_kit.inference import Cascade
from tests.cli.commands import run
from tests.inference.stages import SIDE, copying_segmenter, mean_classifier


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    copying_segmenter().save("model.keras")
    (tmp_path / "images").mkdir()
    for name in "abc":
        Image.fromarray(np.tri(SIDE, dtype="uint8") * 200).save(tmp_path / "images" / f"{name}.png")
    return tmp_path


def masks():
    return {path.name: int((np.asarray(Image.open(path)) > 0).sum()) for path in sorted(Path("out").glob("*.png"))}


def test_shards_and_a_last_call_write_all_masks(folder, capsys):
    assert run(predict, "--model", "model.keras", "--out", "out", "--shard", "1/2", "images") == 0
    assert list(masks()) == ["a_pred.png", "c_pred.png"]
    assert run(predict, "--model", "model.keras", "--out", "out", "images") == 0
    assert list(masks()) == ["a_pred.png", "b_pred.png", "c_pred.png"]
    assert capsys.readouterr().out.splitlines()[-1] == "1 predicted, 2 predicted before, 0 errors: out/predictions.csv"
    with open("out/predictions.csv", newline="") as file:
        assert [row["image"] for row in csv.DictReader(file)] == ["a.png", "b.png", "c.png"]


def test_a_bad_image_is_named_and_the_exit_code_is_1(folder, capsys):
    (folder / "images" / "b.png").write_bytes(b"no image")
    assert run(predict, "--model", "model.keras", "--out", "out", "images/a.png", "images/b.png") == 1
    assert list(masks()) == ["a_pred.png"]
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: b.png: Cannot read")


def test_the_threshold_and_the_batch_size(folder):
    run(predict, "--model", "model.keras", "--threshold", "0.9", "--batch-size", "2", "--out", "out", "images")
    assert set(masks().values()) == {0}


def test_a_cascade_is_read_from_its_file(folder):
    Cascade(mean_classifier(), copying_segmenter(), threshold=0.9).save("cascade")
    assert run(predict, "--model", "cascade", "--out", "out", "images") == 0
    assert set(masks().values()) == {0}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--model", "absent.keras"], "does not exist"),
        (["--model", "broken.keras"], "cannot be read"),
        (["--model", "model.keras", "--shard", "0/2"], "Add 1"),
        (["--model", "model.keras", "--threshold", "2"], "threshold"),
        (["--model", "model.keras", "--channels", "2"], "channels"),
    ],
)
def test_bad_input_is_an_error_before_anything_is_written(folder, arguments, says):
    (folder / "broken.keras").write_bytes(b"no model")
    with pytest.raises(ValueError, match=says):
        run(predict, *arguments, "--out", "out", "images")
    assert masks() == {}


def test_a_run_has_its_own_threshold(folder):
    pytest.importorskip("resunet_kit.training.run_folder")
    with pytest.raises(ValueError, match="--threshold with --model"):
        run(predict, "--run", "absent", "--threshold", "0.5", "--out", "out", "images")
    with pytest.raises(ValueError, match="'absent'"):
        run(predict, "--run", "absent", "--out", "out", "images")


def test_the_windows_of_tile_are_passed_on():
    parser = argparse.ArgumentParser()
    predict.add_arguments(parser)
    chosen = parser.parse_args(["--model", "m.keras", "--out", "out", "--tile", "64", "32", "--", "images"])
    assert (chosen.tile, chosen.images) == ([64, 32], ["images"])
