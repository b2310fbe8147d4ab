import json

import pytest

from examples.brain_mri.model_card import card
from examples.brain_mri.provenance import first_line
from examples.brain_mri.run_folder import RunFolder

HEADINGS = [
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
]


@pytest.fixture
def summary(trained):
    return json.loads((trained / "metrics.json").read_text())


def test_the_card_has_the_headings_of_the_paper_below_the_line_of_its_origin(trained, summary):
    lines = (trained / "model_card.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == first_line(summary["provenance"])
    assert lines[0].startswith("**The patients are simulated**")
    assert [line[3:] for line in lines if line.startswith("## ")] == HEADINGS


def test_figures_are_those_of_the_evaluation(trained, summary):
    text = (trained / "model_card.md").read_text(encoding="utf-8")
    assert "**Not a medical device.**" in text
    for stage in ("segmenter", "cascade"):
        dice = summary[stage]["per_patient"]["dice"]
        assert f"{dice['mean']:.3f}" in text
    assert f"{summary['calibration']['expected_calibration_error']:.3f}" in text
    assert f"small below {summary['lesion_size_cut_points_px'][0]:,} pixels" in text
    train = summary["split"]["train"]
    assert f"| train | {train['patients']} | {train['slices']} | {train['with_tumour']} |" in text
    assert "SM, simulated" in text
    assert "not in millimetres" in text


def test_every_option_stands_with_its_meaning(trained):
    text = (trained / "model_card.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| segmenter_epochs |")]
    assert rows == ["| segmenter_epochs | 2 | epochs of the second stage |"]


def test_a_group_of_one_patient_says_that_it_has_no_interval(trained, summary):
    group = {**summary["by_institution"]["SM"], "patients": 1}
    group["cascade_dice"] = {"mean": 0.5, "interval": None}
    summary["by_institution"] = {"CS": group}
    rows = card.sections(RunFolder.open(trained), summary)["Quantitative analyses"]
    table = next(block for block in rows if isinstance(block, list) and "Institution" in block[0])
    assert table[0]["Institution"] == "CS, Thomas Jefferson University"
    assert table[0]["Dice, cascade"] == "0.500 (one patient, no interval)"


@pytest.mark.parametrize(("simulated", "says"), [(0, "The data are of people"), (1, "Some of the data are of people")])
def test_patients_that_are_not_simulated_are_not_called_so(trained, summary, simulated, says):
    summary["provenance"] |= {"test_patients": 2, "simulated_test_patients": simulated}
    found = card.sections(RunFolder.open(trained), summary)
    assert says in found["Ethical considerations"][0]
    assert "All test patients are simulated" not in str(found)


def test_every_table_has_a_cell_for_each_column(trained):
    text = (trained / "model_card.md").read_text(encoding="utf-8")
    for table in text.split("\n\n"):
        if table.startswith("| "):
            assert len({line.replace("\\|", "").count("|") for line in table.splitlines()}) == 1
