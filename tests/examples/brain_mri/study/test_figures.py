import pytest

from examples.brain_mri.study.figures import sections
from examples.brain_mri.study.grid import COMPARISONS
from examples.brain_mri.study.results import result_table
from tests.examples.brain_mri.study.test_results import training


@pytest.fixture(scope="module")
def results():
    return result_table(
        [
            training(start, seed, [0, 0.2, 0.5 + 0.1 * seed], patients=patients)
            for start in ("random", "imagenet")
            for patients in (2, 4)
            for seed in (0, 1)
        ]
    )


def test_a_line_for_each_start_with_intervals(results):
    patients, steps, seconds = sections(results, COMPARISONS["starts"], ["classifier", "segmenter"])
    assert [trace.name for trace in patients.data] == ["random weights", "ImageNet"]
    [line, _] = patients.data
    assert list(line.x) == [2, 4]
    assert patients.layout.yaxis.title.text == steps.layout.yaxis.title.text == "mean Dice of the volumes"
    assert list(line.y) == pytest.approx([0.55, 0.55])
    assert list(line.error_y.array) == pytest.approx([0.05, 0.05])
    assert list(steps.data[0].x) == [0, 10, 20]
    assert len(steps.data) == len(seconds.data) == 4
    assert [note.text for note in steps.layout.annotations] == ["2 training patients", "4 training patients"]
    assert sum(trace.showlegend for trace in steps.data) == 2


def test_one_number_of_patients_has_no_curve_against_it(results):
    assert len(sections(results[results["patients"] == 2], COMPARISONS["starts"], ["segmenter"])) == 2
    assert sections(results, COMPARISONS["features"], ["segmenter"]) == []
