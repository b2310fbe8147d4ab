import json

import pytest

from examples.brain_mri import cli
from examples.brain_mri.study.plan import Plan, from_stated


def test_options_come_back_from_json():
    plan = Plan(patients=("3", "all"), seeds=2, encoder="resnet18")
    assert from_stated(json.loads(json.dumps(plan.stated()))) == plan


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("--stages", ["classifer"]),
        ("--stages", ["segmenter", "segmenter"]),
        ("--comparisons", ["all"]),
        ("--patients", ["all", "2"]),
        ("--patients", ["4", "2"]),
        ("--patients", ["2", "2"]),
        ("--patients", ["0"]),
        ("--patients", ["many"]),
        ("--patients", ["-1"]),
        ("--starts", ["imgnet"]),
        ("--starts", ["imagenet"]),
        ("--steps", ["7"]),
    ],
)
def test_what_cannot_be_a_study_is_one_line(option, values, cohort, tmp_path, capsys):
    out = tmp_path / "study"
    arguments = ["study", "--data", str(cohort), "--out", str(out), option, *values]
    if values == ["-1"]:
        arguments = [*arguments[:-2], f"{option}=-1"]
    assert cli.main(arguments) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: Expected {option} ")
    assert not out.exists()


def test_starts_are_chosen():
    plan = Plan(starts=("imagenet", "random"))
    starts, modes, features = plan.compared()
    assert starts.values == features.values == ("random", "imagenet")  # with random weights the others are compared
    assert len(modes.values) == 4
    assert {cell.start for cell in plan.cells(10)} == {"random", "imagenet"}


def test_sizes():
    assert Plan().sizes(10) == [2, 4, 8, 10]
    assert Plan().sizes(8) == [2, 4, 8]
    assert Plan(patients=("4",)).sizes(10) == [4]
    with pytest.raises(ValueError, match=r"at least 8 patients .* with 7, .*pass --patients 2 4 all\."):
        Plan().sizes(7)
    with pytest.raises(ValueError, match="at least 4 patients"):
        Plan(patients=("4",)).sizes(3)


def test_an_epoch_is_the_time_between_two_moments():
    options = Plan(steps=60, moments=4).options(imagenet=True, seed=3, epochs=4)
    assert (options.steps_per_epoch, options.segmenter_epochs, options.classifier_epochs, options.seed) == (15, 4, 4, 3)
    assert options.encoder_weights == options.classifier_weights == "imagenet"
    assert Plan().options(imagenet=False, seed=0, epochs=1).encoder_weights is None
