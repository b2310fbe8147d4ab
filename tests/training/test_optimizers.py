"""AdamW with a warm-up and a cosine: as Keras's with its schedule."""

import keras
import numpy as np
import pytest

from resunet_kit.training import adamw_with_warm_up

STEPS = 8


def network():
    inputs = keras.Input((4,))
    kernel = keras.initializers.GlorotUniform(seed=0)
    return keras.Model(inputs, keras.layers.Dense(1, kernel_initializer=kernel)(inputs))


def keras_adamw(warm_up):
    schedule = keras.optimizers.schedules.CosineDecay(
        0.02 if warm_up else 0.1,
        STEPS - warm_up,
        alpha=0.01,
        warmup_target=0.1 if warm_up else None,
        warmup_steps=warm_up,
    )
    return keras.optimizers.AdamW(schedule, weight_decay=0.05)


@pytest.mark.parametrize("warm_up", [pytest.param(0, marks=pytest.mark.slow), 3])
def test_trains_as_the_optimizer_of_keras_with_its_schedule(warm_up):
    data = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    ours, theirs = network(), network()
    ours.compile(adamw_with_warm_up(0.1, STEPS, warm_up=warm_up / STEPS, start=0.2, weight_decay=0.05), "mse")
    theirs.compile(keras_adamw(warm_up), "mse")
    start = ours.get_weights()
    for model in (ours, theirs):
        model.fit(data, data[:, :1], epochs=STEPS + 2, verbose=0)
    for found, expected, before in zip(ours.get_weights(), theirs.get_weights(), start, strict=True):
        assert not np.allclose(expected, before, atol=1e-3)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_single_step_is_taken_at_the_highest():
    assert float(adamw_with_warm_up(0.1, 1).learning_rate) == pytest.approx(0.1)


def test_a_saved_model_goes_on_where_it_was(tmp_path):
    data = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    model = network()
    model.compile(adamw_with_warm_up(0.1, STEPS), "mse")
    model.fit(data, data[:, :1], epochs=3, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for one in (model, loaded):
        one.fit(data, data[:, :1], epochs=3, verbose=0)
    np.testing.assert_allclose(loaded.get_weights()[0], model.get_weights()[0], rtol=1e-6)
    assert type(loaded.optimizer).from_config(loaded.optimizer.get_config()).get_config() == (
        model.optimizer.get_config()
    )


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"learning_rate": 0}, ValueError),
        ({"learning_rate": "fast"}, TypeError),
        ({"steps": 0}, ValueError),
        ({"steps": 1.5}, TypeError),
        ({"warm_up": 1}, ValueError),
        ({"start": -0.1}, ValueError),
        ({"final": 1.1}, ValueError),
        ({"weight_decay": -1}, ValueError),
    ],
)
def test_bad_options_are_refused(options, error):
    with pytest.raises(error, match=next(iter(options))):
        adamw_with_warm_up(**{"learning_rate": 1e-3, "steps": 10, **options})
