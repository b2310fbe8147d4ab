import csv
import json

import numpy as np
import pytest
from PIL import Image

from resunet_kit.cli import evaluate
from resunet_kit.masks import PostProcess
from resunet_kit.training import RunSettings
from resunet_kit.training.run_folder import write_settings
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


@pytest.fixture
def run_folder(folder):
    """A run that one image of the folder trained, and one tested."""
    (folder / "run").mkdir()
    copying_segmenter().save("run/model.keras")
    write_settings(folder / "run", RunSettings(num_classes=1, image_size=(SIDE, SIDE), postprocess=PostProcess()))
    rows = "image,mask,group,part\nimages/p1_1.png,,p1,train\nimages/p2_1.png,,p2,test\n"
    (folder / "run" / "split.csv").write_text(rows)
    return folder / "run"


def test_scores_of_images_that_trained_the_run_come_with_a_warning(run_folder, capsys):
    arguments = ["--run", "run", "--images", "images", "--masks", "masks"]
    assert run(evaluate, *arguments) == 0
    found = capsys.readouterr()
    assert found.out.startswith("3 cases")
    assert "among these 3: 1 trained its weights, so the scores are optimistic" in found.err
    assert run(evaluate, *arguments, "--part", "test", "--out", "scores") == 0
    found = capsys.readouterr()
    assert (found.out.startswith("1 case,"), found.err) == (True, "")
    assert json.loads((run_folder.parent / "scores" / "scores.json").read_text())["cases"][0]["case"] == "p2_1"
    rows = "image,mask,group,part\nimages/p1_1.png,,p1,train\nimages/p1_2.png,,p1,train\nimages/p2_1.png,,p2,test\n"
    (run_folder / "split.csv").write_text(rows)
    assert run(evaluate, *arguments) == 0
    assert capsys.readouterr().out.startswith("3 cases, 2 groups")
    with pytest.raises(ValueError, match="validation part"):
        run(evaluate, *arguments, "--part", "validation")
    with pytest.raises(ValueError, match="--part with --run"):
        run(evaluate, "--predictions", "found", "--masks", "masks", "--part", "test")
