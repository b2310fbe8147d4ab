import logging
import math
import random

import keras
import numpy as np
import pytest

from resunet_kit.models import res_unet
from resunet_kit.training import Tuning, fuse_normalization, fusion_report, machine, tune_for_machine

FASTER = {"float32": 1.0, "mixed_bfloat16": 0.5}


def build():
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 3)])


@pytest.fixture(autouse=True)
def same_policy():
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)


def tell(monkeypatch, measured):
    monkeypatch.setattr(machine, "_measure", lambda *_: measured)


def test_it_measures_and_applies_its_choice(caplog):
    caplog.set_level(logging.INFO, "resunet_kit")
    name, numbers = keras.layers.ReLU().name, random.getstate()
    found = tune_for_machine(build, seconds=0.05)
    assert isinstance(found, Tuning)
    assert list(found.measurements)[:2] == ["float32", "mixed_bfloat16"]
    assert all(0 < taken < math.inf for taken in found.measurements.values())
    assert found.measurements[found.policy] <= 1.05 * min(found.measurements.values())
    assert found.policy in found.reason
    assert "hreads" in found.reason
    assert found.reason in caplog.text
    # What follows is as if nothing had been built.
    assert random.getstate() == numbers
    assert keras.layers.ReLU().name == f"re_lu_{int(name.removeprefix('re_lu').lstrip('_') or 0) + 1}"
    assert keras.config.dtype_policy().name == found.policy
    assert build().layers[0].compute_dtype == found.policy.removeprefix("mixed_")


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


@pytest.mark.slow
def test_without_arguments_a_small_network_is_measured():
    found = tune_for_machine()
    assert found.policy == keras.config.dtype_policy().name
    assert fuse_normalization(res_unet((16, 16, 1), filters=(4, 8))).compute_dtype == found.policy.removeprefix(
        "mixed_"
    )


@pytest.mark.parametrize("fuse", [True, False])
def test_the_measured_network_is_fused_on_request(fuse):
    models = []

    def remembered():
        models.append(keras.Sequential([keras.Input((None, 4, 1)), keras.layers.BatchNormalization()]))
        return models[-1]

    tune_for_machine(remembered, seconds=0.01, fuse=fuse, apply=False)
    assert [model.dtype_policy.name for model in models] == ["float32", "mixed_bfloat16"]
    on_tensorflow = keras.backend.backend() == "tensorflow"
    assert [set(fusion_report(model).values()) == {"fused"} for model in models] == [fuse and on_tensorflow] * 2


def test_a_step_without_a_finite_loss_is_not_chosen():
    def broken():
        layer = keras.layers.Dense(1, bias_initializer=keras.initializers.Constant(np.nan))
        return keras.Sequential([keras.Input((4,)), layer])

    with pytest.raises(ValueError, match=r"Expected a training step with a finite loss\. .* Check the network"):
        tune_for_machine(broken, seconds=0.01)
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


def test_the_policies_to_compare_can_be_given(monkeypatch):
    compared = []
    monkeypatch.setattr(machine, "_measure", lambda policies, *_: compared.append(policies) or FASTER)
    tune_for_machine(policies=["float32", "mixed_float16"], apply=False)
    tune_for_machine(apply=False)
    assert compared[0] == ("float32", "mixed_float16")
    assert compared[1][:2] == machine.POLICIES
    for wrong, error in (("float32", TypeError), ((), ValueError), (["float8"], ValueError)):
        with pytest.raises(error, match="policies"):
            tune_for_machine(policies=wrong)
