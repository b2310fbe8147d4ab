"""What may stand in the run folder when a run begins."""

import json
import math
import re

import pytest

from resunet_kit.metrics import evaluate_masks
from resunet_kit.training import run_folder
from resunet_kit.training._folder_results import PLAN, begin, check_out, read_scores, read_split


@pytest.mark.parametrize("resume", [False, True])
def test_a_new_and_an_empty_folder_begin_a_run(tmp_path, resume):
    assert check_out(tmp_path / "new", resume=resume) is False
    assert check_out(tmp_path, resume=resume) is False


def test_other_files_are_never_mixed_with_a_run(tmp_path):
    (tmp_path / "notes.txt").touch()
    for resume in (False, True):
        with pytest.raises(ValueError, match="something else"):
            check_out(tmp_path, resume=resume)
        with pytest.raises(ValueError, match="something else"):
            check_out(tmp_path / "notes.txt", resume=resume)


def test_an_unfinished_and_a_finished_run_ask_for_resume(tmp_path):
    begin(tmp_path, {"epochs": 3}, resume=False)
    with pytest.raises(ValueError, match=r"unfinished.*resume=True"):
        check_out(tmp_path, resume=False)
    assert check_out(tmp_path, resume=True) is False
    (tmp_path / run_folder.SETTINGS).touch()
    with pytest.raises(ValueError, match=r"finished run.*resume=True"):
        check_out(tmp_path, resume=False)
    assert check_out(tmp_path, resume=True) is True


def test_a_run_is_resumed_with_its_own_options_alone(tmp_path):
    folder = begin(tmp_path, {"epochs": 3, "size": (4, 4)}, resume=True)
    assert json.loads((folder / PLAN).read_text()) == {"epochs": 3, "size": [4, 4]}
    begin(tmp_path, {"epochs": 3, "size": (4, 4)}, resume=True)
    with pytest.raises(ValueError, match="epochs of 5 instead of 3 and other size"):
        begin(tmp_path, {"epochs": 5, "size": (4, 5)}, resume=True)


def test_scores_are_read_as_they_were_written(tmp_path):
    disc = [[0, 1, 1, 0]] * 3
    nothing = [[0, 0, 0, 0]] * 3
    scores = evaluate_masks([disc, nothing], [nothing, nothing], names=["a", "b"], empty="skip")
    scores.to_json(tmp_path / run_folder.SCORES)
    read = read_scores(tmp_path)
    assert str(read) == str(scores)
    assert math.isinf(read.rows[0]["hausdorff_distance_px"])
    assert math.isnan(read.rows[1]["dice"])


@pytest.mark.parametrize(
    ("name", "text"),
    [("split.csv", "a,b\n1,2\n"), ("split.csv", None), ("scores.json", '{"cases": ['), ("scores.json", "[]")],
)
def test_a_damaged_file_of_a_run_is_named(tmp_path, name, text):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=rf"{re.escape(name)}.*cannot be read"):
        (read_split if name == "split.csv" else read_scores)(tmp_path)
