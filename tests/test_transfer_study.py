"""The tables of the guide to the study are those of its results."""

import re
from pathlib import Path

import pandas as pd
import pytest

from examples.brain_mri.study.grid import MODES, STARTS
from examples.guides import (
    transfer_classifier,
    transfer_modes,
    transfer_seconds_classifier,
    transfer_seconds_segmenter,
    transfer_segmenter,
)
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


@pytest.mark.parametrize(
    ("module", "prefix", "labels", "columns"),
    [
        (transfer_segmenter, "Dice", STARTS, slice(1, 5)),  # before it is the score at no step
        (transfer_classifier, "AUC", STARTS, slice(1, 5)),
        (transfer_modes, "Dice", MODES, slice(0, 4)),
    ],
)
def test_the_figures_show_the_tables(module, prefix, labels, columns):
    lines = {line.name: line.y for line in module.figure().data if line.name}
    for label in labels.values():
        assert list(lines[label]) == pytest.approx(row(f"{prefix}, {label}")[columns], abs=6e-4)


@pytest.mark.parametrize(
    ("module", "prefix"), [(transfer_seconds_segmenter, "Dice"), (transfer_seconds_classifier, "AUC")]
)
def test_the_curves_over_seconds_end_at_the_scores_of_ten_patients(module, prefix):
    lines = {line.name: line for line in module.figure().data if line.name}
    for label in MODES.values():
        assert lines[label].y[-1] == pytest.approx(row(f"{prefix}, {label}")[-1], abs=6e-4)
        assert (lines[label].x[1:] > lines[label].x[:-1]).all()
