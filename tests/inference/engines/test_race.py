import numpy as np
import pytest

from resunet_kit.inference._engines import race, timing
from resunet_kit.inference._engines.candidates import Candidate
from resunet_kit.inference._engines.engine import Engine
from resunet_kit.inference._engines.race import Race


class Clock:
    """A time that calls alone make pass, so that no other process changes what is measured."""

    now = 0.0

    def perf_counter(self):
        return self.now


CLOCK = Clock()


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    for module in (race, timing):
        monkeypatch.setattr(module, "time", CLOCK)


class Timed(Engine):
    """A mean, after a given time, with a given error."""

    def __init__(self, seconds, error=0.0):
        super().__init__("float32")
        self.seconds, self.error = seconds, error

    def infer(self, batch):
        CLOCK.now += self.seconds + 1e-6
        return [batch.mean(axis=(1, 2)) + np.float32(self.error)]


class Stable:
    """Engines by name; one that is an exception is raised."""

    def __init__(self, **engines):
        self.engines, self.model = engines, None
        self.reference = engines["keras_float32"]

    def make(self, engine, precision):
        made = self.engines[f"{engine}_{precision}"]
        if isinstance(made, Exception):
            raise made
        return made


IMAGES = np.random.default_rng(0).random((6, 4, 4, 1), "float32")
ALL = [("keras", "float32"), ("openvino", "float32"), ("openvino", "bfloat16"), ("onnxruntime", "float32")]


def run(seconds=5.0, names=ALL, **engines):
    return Race(Stable(keras_float32=Timed(0.006), **engines), IMAGES, 3, seconds).fastest(names)


def test_the_fastest_that_agrees_is_chosen_and_the_others_have_reasons():
    found = run(
        openvino_float32=Timed(0.003), openvino_bfloat16=Timed(0.0, 0.2), onnxruntime_float32=RuntimeError("no Conv")
    )
    assert found.chosen == Candidate("openvino", "float32")
    reasons = {candidate.name: candidate.reason for candidate in found.candidates}
    assert reasons["openvino in float32"].startswith("the fastest; keras in float32, the next, took")
    assert "as long as openvino in float32" in reasons["keras in float32"]
    assert reasons["openvino in bfloat16"].startswith("left out: outputs differ by 0.2")
    assert reasons["onnxruntime in float32"] == "left out: no Conv"
    assert found.chosen.seconds == pytest.approx(0.001, rel=0.01)


def test_what_seldom_wins_is_left_out_when_the_time_is_over():
    found = run(0.001, openvino_float32=Timed(0), openvino_bfloat16=Timed(0.001), onnxruntime_float32=Timed(0))
    assert found.candidates[-1].reason == "not measured: the 0.001 seconds were over"
    assert found.chosen.engine == "openvino"


def test_an_engine_that_was_asked_for_must_agree():
    measured = Race(Stable(keras_float32=Timed(0), openvino_float32=Timed(0, 0.2)), IMAGES, 3, 1.0)
    with pytest.raises(ValueError, match=r"Received openvino in float32: left out: outputs differ by up to 0\.2"):
        measured.only("openvino", "float32")


def test_none_that_agrees_is_an_error_with_all_reasons():
    measured = Race(Stable(keras_float32=Timed(0), openvino_float32=Timed(0, 0.2)), IMAGES, 3, 1.0)
    with pytest.raises(ValueError, match=r"Received none: openvino in float32: left out: outputs differ"):
        measured.fastest([("openvino", "float32")])


def test_slow_models_are_measured_on_two_images():
    measured = Race(Stable(keras_float32=Timed(0.02)), IMAGES, 6, 0.1)
    assert len(measured.images) == 2
