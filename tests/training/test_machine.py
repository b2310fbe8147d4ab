import logging
import math
import random

import keras
import numpy as np
import pytest

from resunet_kit.models import res_unet
from resunet_kit.training import Tuning, fusion_report, machine, tune_for_machine

FASTER = {"float32": 1.0, "mixed_bfloat16": 0.5}


def build():
    return res_unet((16, 16, 1), filters=(4, 8))


@pytest.fixture(autouse=True)
def same_policy():
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)


def tell(monkeypatch, measured):
    monkeypatch.setattr(machine, "_measure", lambda *_: measured)


def test_it_measures_and_applies_its_choice(caplog):
    caplog.set_level(logging.INFO, "resunet_kit")
    names, numbers = keras.layers.ReLU().name, random.getstate()
    found = tune_for_machine(build, seconds=0.05)
    assert isinstance(found, Tuning)
    assert list(found.measurements)[:2] == ["float32", "mixed_bfloat16"]
    assert all(0 < taken < math.inf for taken in found.measurements.values())
    assert found.measurements[found.policy] <= 1.05 * min(found.measurements.values())
    assert found.policy in found.reason
    assert "hreads" in found.reason
    assert found.reason in caplog.text
    assert keras.config.dtype_policy().name == found.policy
    assert build().layers[1].compute_dtype == found.policy.removeprefix("mixed_")
    # What follows is as if nothing had been built, up to the names of the layers made here.
    assert random.getstate() == numbers
    assert keras.layers.ReLU().name == f"re_lu_{int(names.removeprefix('re_lu').lstrip('_') or 0) + 1}"


@pytest.mark.parametrize(
    ("measured", "policy"),
    [
        (FASTER, "mixed_bfloat16"),
        ({"float32": 1.0, "mixed_bfloat16": 0.97}, "float32"),  # not worth its rounding
        ({"float32": 0.5, "mixed_bfloat16": 1.0}, "float32"),
        ({"float32": 1.0, "mixed_bfloat16": math.inf}, "float32"),
        ({"float32": 1.0, "mixed_bfloat16": 0.5, "mixed_float16": 0.49}, "mixed_bfloat16"),
        ({"float32": 1.0, "mixed_bfloat16": 1.5, "mixed_float16": 0.3}, "mixed_float16"),
    ],
)
def test_the_most_precise_of_the_fastest_is_chosen(monkeypatch, measured, policy):
    tell(monkeypatch, measured)
    found = tune_for_machine()
    assert found.policy == policy == keras.config.dtype_policy().name
    assert found.measurements == measured


def test_without_apply_nothing_is_set(monkeypatch):
    tell(monkeypatch, FASTER)
    assert tune_for_machine(apply=False).policy == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("fuse", [True, False])
def test_the_measured_network_is_fused_on_request(fuse):
    models = []

    def remembered():
        models.append(keras.Sequential([keras.Input((None, 4, 2)), keras.layers.BatchNormalization()]))
        return models[-1]

    tune_for_machine(remembered, seconds=0.01, fuse=fuse, apply=False)
    assert [model.dtype_policy.name for model in models] == ["float32", "mixed_bfloat16"]
    on_tensorflow = keras.backend.backend() == "tensorflow"
    assert [set(fusion_report(model).values()) == {"fused"} for model in models] == [fuse and on_tensorflow] * 2


def test_a_step_without_a_finite_loss_is_not_chosen():
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, keras.ops.log(inputs - 2.0))
    with pytest.raises(ValueError, match=r"Expected a training step with a finite loss\. .* Check the network"):
        tune_for_machine(lambda: keras.models.clone_model(model), seconds=0.01)
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"build": 3}, TypeError, r"Expected build to be a function .* pass what builds it"),
        ({"build": lambda: 3}, TypeError, r"Expected build to return a keras\.Model\. .* Return the model"),
        ({"build": keras.Sequential}, ValueError, r"Expected build to return a functional model .* Leave build out"),
        ({"seconds": 0}, ValueError, r"Expected seconds"),
        ({"seconds": np.nan}, ValueError, r"Expected seconds"),
        ({"fuse": 1}, TypeError, r"Expected fuse"),
        ({"apply": None}, TypeError, r"Expected apply"),
    ],
)
def test_wrong_arguments(options, error, message):
    with pytest.raises(error, match=message):
        tune_for_machine(**options)
