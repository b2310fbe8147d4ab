import keras
import pytest

from examples.brain_mri import networks, precision
from examples.brain_mri.config import Options
from resunet_kit.training import Tuning

LONG = Options(data=".", image_size=32, segmenter_epochs=10**9)


@pytest.fixture
def measured(monkeypatch):
    """Let the measurement say bfloat16, and return how often it was made."""
    calls = []

    def tune(build, **_):
        calls.append(build)
        keras.config.set_dtype_policy("mixed_bfloat16")
        return Tuning("mixed_bfloat16", None, "the fastest", {})

    monkeypatch.setattr(precision, "tune_for_machine", tune)
    return calls


def test_a_long_training_is_measured_once_and_keeps_what_was_found(measured):
    chosen = precision.with_precision(LONG, list)
    assert (chosen.precision, chosen.precision_reason) == ("mixed_bfloat16", "the fastest")
    assert keras.config.dtype_policy().name == "float32"
    assert precision.with_precision(chosen, list).precision == "mixed_bfloat16"
    assert measured == [list]


def test_a_short_training_and_a_choice_are_not_measured(measured):
    short = precision.with_precision(Options(data=".", image_size=32), list)
    assert short.precision == "float32"
    assert "short" in short.precision_reason
    chosen = precision.with_precision(Options(data=".", precision="float32", segmenter_epochs=10**9), list)
    assert (chosen.precision, chosen.precision_reason) == ("float32", "as --precision says")
    assert measured == []


@pytest.mark.parametrize("name", ["float32", "mixed_bfloat16"])
def test_both_stages_are_built_in_the_precision(name, monkeypatch):
    def stage(*_, **__):
        return keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(1, 1)])

    for builder in ("res_unet", "resnet_classifier"):
        monkeypatch.setattr(networks, builder, stage)
    options = Options(data=".", precision=name)
    for model in (networks.build_classifier(options), networks.build_segmenter(options)):
        assert model.layers[0].compute_dtype == name.removeprefix("mixed_")
    assert keras.config.dtype_policy().name == "float32"
