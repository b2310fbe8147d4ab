from dataclasses import fields

import numpy as np
import pytest

from examples.brain_mri import cli
from examples.brain_mri.config import Options
from examples.brain_mri.run_folder import RunFolder

TRAIN = ["train", "--data", "d", "--out", "o"]


def parsed(*arguments):
    return Options.from_arguments(cli.parser().parse_args([*TRAIN, *arguments]))


def test_without_arguments_the_options_are_their_defaults():
    assert parsed() == Options(data="d")


def test_each_argument_sets_its_option():
    given = {
        "classes": 2,
        "backbone": "resnet34",
        "encoder": "resnet18",
        "encoder_weights": "e.h5",
        "classifier_weights": "w.h5",
        "image_size": 64,
        "classifier_epochs": 3,
        "segmenter_epochs": 4,
        "steps_per_epoch": 5,
        "batch_size": 2,
        "learning_rate": 0.01,
        "seed": 7,
        "precision": "mixed_bfloat16",
    }
    arguments = [text for name, value in given.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    assert parsed(*arguments) == Options(data="d", **given)
    assert not parsed("--no-refit").refit
    assert not parsed("--no-flips").flips
    without = {"data", "fractions", "precision_reason", "refit", "flips"}
    assert given.keys() == {option.name for option in fields(Options)} - without


def test_weights_can_be_random():
    assert parsed("--classifier-weights", "none").classifier_weights is None
    assert parsed("--classifier-weights", "imagenet") == parsed()


def test_each_default_has_a_reason():
    for option in fields(Options):
        assert option.metadata["help"]
        assert option.name in ("data", "precision_reason", "fractions") or option.metadata["why"]


def test_a_refused_argument_is_named(capsys):
    with pytest.raises(SystemExit, match="2"):
        parsed("--learning-rate", "nan")
    assert "argument --learning-rate: Expected" in capsys.readouterr().err


def test_the_help_tells_every_default(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["train", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for option in fields(Options):
        if "argument" in option.metadata:
            assert f"(default: {option.default}; " in text


def test_numpy_scalars_are_saved_and_reload_equal(tmp_path):
    chosen = Options(
        data="cohort",
        classes=np.int64(1),
        image_size=np.int32(64),
        learning_rate=np.float32(0.25),
        fractions=np.array([0.5, 0.25, 0.25]),
        seed=np.uint8(3),
    )
    run = RunFolder.create(tmp_path / "run", chosen, {}, [])
    assert run.options() == chosen
    assert chosen.fractions == (0.5, 0.25, 0.25)
