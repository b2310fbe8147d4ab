import csv
import json

import numpy as np
import pytest
from PIL import Image

from resunet_kit.cli import evaluate
from tests.cli.commands import run
from tests.inference.stages import SIDE, copying_segmenter


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("p1_1", "p1_2", "p2_1"):
        mask = np.tri(SIDE, dtype="uint8") * 255
        for kind, array in (("masks", mask), ("images", mask), ("found", np.roll(mask, 1, axis=0))):
            (tmp_path / kind).mkdir(exist_ok=True)
            Image.fromarray(array).save(tmp_path / kind / f"{name}.png")
    return tmp_path


def test_predictions_are_scored_and_written(folder, capsys):
    rule = r"(p\d)_"
    assert run(evaluate, "--predictions", "found", "--masks", "masks", "--groups", rule, "--out", "scores") == 0
    assert capsys.readouterr().out.startswith("3 cases, 2 groups. Mean over groups")
    content = json.loads((folder / "scores" / "scores.json").read_text())
    assert content["settings"]["distance_unit"] == "px"
    with open("scores/scores.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["group"] for row in rows] == ["p1", "p1", "p2"]
    assert float(rows[0]["dice"]) == content["cases"][0]["dice"]


def test_a_model_is_scored(folder, capsys):
    copying_segmenter().save("model.keras")
    assert run(evaluate, "--model", "model.keras", "--images", "images", "--masks", "masks") == 0
    assert "| 1 | dice | 1.000 |" in capsys.readouterr().out


def test_options_arrive(folder, capsys):
    arguments = ["--predictions", "found", "--masks", "masks", "--spacing", "2", "1", "--empty", "skip"]
    assert run(evaluate, *arguments, "--statistic", "median", "--groups", "folder", "--num-classes", "2") == 0
    printed = capsys.readouterr().out
    assert "3 cases, 1 group." in printed
    assert "hausdorff_distance_95_mm" in printed
    assert "whose truth is empty are left out" in printed


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--images", "images"], "--predictions, or"),
        (["--predictions", "found", "--images", "images"], "--predictions, or"),
        (["--model", "m.keras"], "--predictions, or"),
        (["--predictions", "absent"], "not a folder"),
        (["--predictions", "found", "--groups", "p"], "in brackets"),
        (["--predictions", "found", "--groups", "(p"], "regular expression"),
        (["--predictions", "found", "--groups", "(q)"], "does not match"),
        (["--predictions", "found", "--empty", "skp"], "Did you mean 'skip'"),
    ],
)
def test_bad_input_is_an_error(folder, arguments, says):
    with pytest.raises(ValueError, match=says):
        run(evaluate, *arguments, "--masks", "masks", "--out", "scores")
    assert not (folder / "scores").exists()
