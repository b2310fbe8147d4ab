"""The tables of the guide to the study are those of its results."""

import re
from pathlib import Path

import pandas as pd
import pytest

from examples.brain_mri.study.grid import MODES, STARTS
from examples.guides.transfer_scores import TABLE

GUIDE = Path(__file__).parents[1] / "docs" / "pages" / "guides" / "transfer_study.md"
PATIENTS = [2, 4, 8, 10]


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    """Return the scores, of each seed."""
    return pd.read_csv(TABLE).set_index(["stage", "start", "mode", "patients", "steps", "seed"]).sort_index().score


def row(name: str) -> list[float]:
    """Return the numbers of a row of the guide."""
    [line] = re.findall(rf"^\| {re.escape(name)} \|(.*)\|$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    return [float(number) for number in line.split("|")]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(("stage", "name"), [("segmenter", "Dice"), ("classifier", "AUC")])
def test_the_table_of_starts_has_the_scores_of_the_study(scores, stage, name, start):
    found = row(f"{name}, {STARTS[start]}")
    moments = [(10, 0), *((count, 320) for count in PATIENTS)]
    expected = [scores[stage, start, "all", count, steps].mean() for count, steps in moments]
    assert found == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("stage", "name"), [("segmenter", "Dice"), ("classifier", "AUC")])
def test_the_table_of_modes_has_the_scores_of_the_study(scores, stage, name, mode):
    found = row(f"{name}, {MODES[mode]}")
    expected = [scores[stage, "imagenet", mode, count, 320][[0, 1]].mean() for count in PATIENTS]  # seeds of all modes
    assert found == pytest.approx(expected, abs=6e-4)


def test_the_features_of_a_frozen_encoder_are_those_of_the_study(scores):
    starts = ("random", "simulated", "imagenet", "imagenet_simulated")
    text = " ".join(GUIDE.read_text(encoding="utf-8").split())
    for stage, said in (
        ("segmenter", "Dice {} from random weights, {} from the simulated cohort, {} from ImageNet and {}"),
        ("classifier", "AUC {}, {}, {} and {}"),
    ):
        values = [f"{scores[stage, start, 'frozen', 10, 320].mean():.3f}" for start in starts]
        assert said.format(*values) in text
