import keras
import numpy as np
import pytest

from resunet_kit.losses import Dice
from resunet_kit.models import res_unet, res_unet_a, strip_deep_supervision


def images(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


def supervised(shape=(13, 10, 2), num_classes=1, **options):
    return res_unet(shape, num_classes, **{"filters": (4, 6, 8), "deep_supervision": True, **options})


@pytest.mark.parametrize("shape", [(13, 10, 2), (None, None, 2), (5, 7, 6, 2)])
@pytest.mark.parametrize("num_classes", [1, 3])
def test_every_level_scores_the_classes_at_the_images_size(shape, num_classes):
    model = supervised(shape, num_classes)
    assert model.output_names == ["segmentation", "segmentation_stride2", "segmentation_stride4"]
    fed = [side or 11 for side in shape]
    for scores in map(numpy_of, model(images(2, *fed), training=False)):
        assert scores.shape == (2, *fed[:-1], num_classes)
        assert scores.dtype == np.float32
        if num_classes > 1:
            np.testing.assert_allclose(scores.sum(-1), 1.0, atol=1e-5)


def test_logits_and_sigmoids_are_those_of_the_main_output():
    for activation, last in ((None, "linear"), ("sigmoid", "sigmoid")):
        model = supervised(num_classes=2, activation=activation)
        assert {model.get_layer(name).activation.__name__ for name in model.output_names} == {last}


def test_each_output_has_its_own_loss_and_weight_and_all_levels_are_trained():
    model = supervised()
    before = {weight.path: numpy_of(weight) for weight in model.trainable_weights}
    model.compile(keras.optimizers.SGD(0.1), loss=[Dice()] * 3, loss_weights=[1.0, 0.5, 0.25], run_eagerly=True)
    x, y = images(4, 13, 10, 2), np.random.default_rng(1).integers(0, 2, (4, 13, 10, 1)).astype("float32")
    history = model.fit(x, [y, y, y], batch_size=4, verbose=0).history
    parts = [history[f"{name}_loss"][0] for name in model.output_names]
    np.testing.assert_allclose(history["loss"][0], np.dot(parts, [1.0, 0.5, 0.25]), rtol=1e-5)
    heads = [weight for weight in model.trainable_weights if "segmentation" in weight.path and "kernel" in weight.path]
    assert len(heads) == 3
    assert all(np.abs(numpy_of(weight) - before[weight.path]).max() > 0 for weight in heads)


def test_one_loss_serves_all_outputs():
    model = supervised()
    model.compile("sgd", Dice(), run_eagerly=True)
    x, y = images(2, 13, 10, 2), np.zeros((2, 13, 10, 1), "float32")
    assert np.isfinite(model.evaluate(x, [y, y, y], verbose=0)).all()


def test_stripping_leaves_the_main_output_and_the_shared_weights():
    model = supervised()
    stripped = strip_deep_supervision(model)
    x = images(2, 13, 10, 2)
    np.testing.assert_array_equal(numpy_of(stripped(x)), numpy_of(model(x)[0]))
    assert stripped.output_shape == (None, 13, 10, 1)
    assert stripped.name == model.name
    paths = {weight.path for weight in model.weights} - {weight.path for weight in stripped.weights}
    assert paths == {f"segmentation_stride{s}_conv/{part}" for s in (2, 4) for part in ("kernel", "bias")}
    plain = res_unet((13, 10, 2), filters=(4, 6, 8))
    plain.set_weights(stripped.get_weights())
    np.testing.assert_array_equal(numpy_of(plain(x)), numpy_of(stripped(x)))
    assert strip_deep_supervision(stripped) is stripped


def test_a_reloaded_model_can_be_stripped(tmp_path):
    model = supervised()
    model.save(tmp_path / "model.keras")
    again = strip_deep_supervision(keras.models.load_model(tmp_path / "model.keras"))
    x = images(1, 13, 10, 2)
    np.testing.assert_allclose(numpy_of(again(x)), numpy_of(model(x)[0]), atol=1e-6)


def test_the_main_output_of_a_network_of_several_tasks_keeps_what_it_is_based_on():
    model = res_unet_a((9, 8, 1), filters=(4, 6), multitask=True)
    stripped = strip_deep_supervision(model)
    assert len(stripped.weights) == len(model.weights)


def test_one_level_has_nothing_to_supervise():
    with pytest.raises(ValueError, match="Expected filters of at least two levels for deep_supervision"):
        supervised(filters=(4,))


@pytest.mark.parametrize(
    ("model", "error"),
    [("model.keras", TypeError), (keras.layers.Dense(2), TypeError), (keras.Sequential(), ValueError)],
)
def test_only_functional_models_can_be_stripped(model, error):
    with pytest.raises(error, match=r"Expected a functional keras\.Model"):
        strip_deep_supervision(model)
