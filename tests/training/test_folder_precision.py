"""The precision of a run: given, kept from its beginning, or measured where training takes long."""

import json
from dataclasses import replace

import keras
import pytest

from resunet_kit.training import _folder_precision, _folder_results
from resunet_kit.training._folder_precision import with_precision
from resunet_kit.training._folder_recipe import Recipe
from resunet_kit.training.machine import Tuning
from tests.training.folders import planned, write_discs

RECIPE = Recipe(
    filters=(4, 8),
    augment=None,
    batch_size=1,
    epochs=1,
    learning_rate=1e-3,
    patience=None,
    precision="auto",
    seed=0,
    steps=1,
)
LONG = replace(RECIPE, epochs=10**9)


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return planned(write_discs(tmp_path_factory.mktemp("discs"), 4))


@pytest.fixture
def measured(monkeypatch):
    """Let the measurement say bfloat16, and return what it was called with."""
    calls = []

    def tune(build, **options):
        calls.append((build, options))
        return Tuning("mixed_bfloat16", None, "mixed_bfloat16 is the fastest.", {})

    monkeypatch.setattr(_folder_precision, "tune_for_machine", tune)
    return calls


def test_a_long_training_is_measured_with_its_own_network(plan, measured, tmp_path):
    recipe, said = with_precision(LONG, plan, None, tmp_path)
    assert recipe == replace(LONG, precision="mixed_bfloat16")
    assert "Precision: mixed_bfloat16, by measuring" in said
    assert "is the fastest." in said
    ((build, options),) = measured
    assert options["policies"] == ("float32", "mixed_bfloat16")
    assert options["apply"] is False
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = build()
    finally:
        keras.config.set_dtype_policy(before)
    assert network.input_shape == (None, *plan.input_shape)
    assert any(layer.compute_dtype == "bfloat16" for layer in network.layers)


def test_a_short_training_is_not_measured(plan, measured, tmp_path):
    recipe, said = with_precision(RECIPE, plan, None, tmp_path)
    assert recipe.precision == "float32"
    assert "Precision: float32, since" in said
    assert measured == []


def test_what_the_user_gives_or_has_set_wins(plan, measured, tmp_path):
    asked = replace(LONG, precision="float32")
    assert with_precision(asked, plan, None, tmp_path)[0] == asked
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 1, dtype="float32")])
    recipe, said = with_precision(LONG, plan, model, tmp_path)
    assert (recipe.precision, "in which the model was built" in said) == ("float32", True)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        assert with_precision(LONG, plan, None, tmp_path)[0].precision == "float64"
    finally:
        keras.config.set_dtype_policy(before)
    assert measured == []


def test_a_resumed_run_keeps_its_precision(plan, measured, tmp_path):
    recipe, said = with_precision(LONG, plan, None, tmp_path)
    _folder_results.begin(tmp_path, {"precision": recipe.precision, "precision_reason": said}, resume=False)
    assert with_precision(LONG, plan, None, tmp_path) == (recipe, said)
    assert with_precision(replace(LONG, precision="mixed_bfloat16"), plan, None, tmp_path) == (recipe, said)
    assert len(measured) == 1
    other, said = with_precision(replace(LONG, precision="float32"), plan, None, tmp_path)
    with pytest.raises(ValueError, match="precision of 'float32' instead of 'mixed_bfloat16'"):
        _folder_results.begin(tmp_path, {"precision": other.precision, "precision_reason": said}, resume=True)


def test_a_damaged_plan_is_named(plan, tmp_path):
    folder = _folder_results.begin(tmp_path, {"precision": "float32"}, resume=False)
    (folder / _folder_results.PLAN).write_text(json.dumps({"precision": "float32"})[:-3])
    with pytest.raises(ValueError, match=r"plan\.json.*damaged"):
        with_precision(RECIPE, plan, None, tmp_path)
