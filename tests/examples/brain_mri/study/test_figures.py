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
    patients, *training = sections(results, COMPARISONS["starts"], ["classifier", "segmenter"])
    lines = [trace for trace in patients.data if trace.name]
    assert [trace.name for trace in lines] == ["random weights", "ImageNet"]
    assert list(lines[0].x) == [2, 4]
    assert list(lines[0].y) == pytest.approx([0.55, 0.55])
    band = patients.data[2]
    assert sorted(set(band.y)) == pytest.approx([0.5, 0.6])
    assert patients.layout.xaxis.type == "log"
    titles = [figure.layout.title.text.replace("<br>", " ") for figure in training]
    assert [title.rpartition("against ")[2] for title in titles] == [
        f"{axis}, {count} training patients" for axis in ("steps", "seconds") for count in (2, 4)
    ]
    for figure in (patients, *training):
        assert figure.layout.yaxis.title.text == "Mean Dice of the volumes"
    assert list(training[0].data[0].x) == [0, 10, 20]


def test_one_number_of_patients_has_no_curve_against_it(results):
    assert len(sections(results[results["patients"] == 2], COMPARISONS["starts"], ["segmenter"])) == 2
    assert sections(results, COMPARISONS["features"], ["segmenter"]) == []
