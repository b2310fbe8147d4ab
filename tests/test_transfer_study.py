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
    return pd.read_csv(TABLE).set_index(["stage", "start", "mode", "patients", "steps"]).score


def row(name: str) -> list[float]:
    """Return the numbers of a row of the guide."""
    [line] = re.findall(rf"^\| {re.escape(name)} \|(.*)\|$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    return [float(number) for number in line.split("|")]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(("stage", "name"), [("segmenter", "Dice"), ("classifier", "AUC")])
def test_the_table_of_starts_has_the_scores_of_the_study(scores, stage, name, start):
    found = row(f"{name}, {STARTS[start]}")
    expected = [scores[stage, start, "all", count, steps] for count, steps in [(10, 0), *((n, 320) for n in PATIENTS)]]
    assert found == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("mode", MODES)
def test_the_table_of_modes_has_the_scores_of_the_study(scores, mode):
    *found, _ = row(MODES[mode])
    assert found == pytest.approx([scores["segmenter", "imagenet", mode, n, 320] for n in PATIENTS], abs=6e-4)
