import keras
import numpy as np
import pytest

from resunet_kit.blocks import conv_block
from resunet_kit.models import res_unet, resnet_classifier, set_trainable

NORM = keras.layers.BatchNormalization
BACKBONE = {f"{part}_{kind}" for part in ("low", "middle", "top") for kind in ("conv", "norm")}
HEAD = {"presence_hidden1", "presence_dense"}


@pytest.fixture
def model():
    """Return a classifier on a backbone of three stages, with everything learning."""
    inputs = keras.Input((16, 16, 1))
    x = inputs
    for filters, name in [(2, "low"), (3, "middle"), (4, "top")]:
        x = conv_block(x, filters, strides=2, name=name)
    backbone = keras.Model(inputs, x, name="backbone")
    return resnet_classifier((16, 16, 1), 1, backbone=backbone, hidden_units=(4,), dropout=0.0, trainable="all")


def learning(model):
    names = set()
    for layer in [*model.layers, *model.get_layer("backbone").layers]:
        if layer.weights and layer.trainable and not isinstance(layer, keras.Model):
            names.add(layer.name)
    # What the names say must be what an optimiser would be given.
    given = {weight.path.split("/")[-2] for weight in model.trainable_weights}
    assert names == given
    return names


def fit(model):
    generator = np.random.default_rng(0)
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    images = generator.normal(2.0, 3.0, (8, 16, 16, 1)).astype("float32")
    model.fit(images, generator.integers(0, 2, (8, 1)), batch_size=4, epochs=1, verbose=0)


def weights_of(model, *parts):
    layers = model.get_layer("backbone").layers
    return [weight for layer in layers if layer.name.startswith(parts) for weight in layer.get_weights()]


def statistics_of(model, *parts):
    layers = [layer for layer in model.get_layer("backbone").layers if isinstance(layer, NORM)]
    values = [layer.get_weights()[2:] for layer in layers if layer.name.startswith(parts)]
    return [value for pair in values for value in pair]


def moved(before, after):
    return [not np.array_equal(old, new) for old, new in zip(before, after, strict=True)]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("all", BACKBONE | HEAD),
        ("none", set()),
        ("head", HEAD),
        ("all_but_norm", {name for name in BACKBONE | HEAD if not name.endswith("norm")}),
        (0, HEAD),
        (1, HEAD | {"top_conv", "top_norm"}),
        (2, (BACKBONE | HEAD) - {"low_conv", "low_norm"}),
        (3, BACKBONE | HEAD),
    ],
)
def test_each_policy_lets_its_layers_learn_whatever_was_before(model, policy, expected):
    for before in ("all", "none"):
        set_trainable(model, before)
        start = learning(model)
        changed = set_trainable(model, policy)
        assert learning(model) == expected
        assert changed == {name: name in expected for name in start ^ expected}
    assert set_trainable(model, policy) == {}


def test_a_frozen_container_does_not_hide_its_layers(model):
    model.trainable = False
    set_trainable(model, 1)
    assert len(model.get_layer("backbone").trainable_weights) == 3
    assert learning(model) == HEAD | {"top_conv", "top_norm"}


def test_statistics_of_a_frozen_backbone_stay_and_those_of_a_learning_one_move(model):
    set_trainable(model, "head")
    before = model.get_layer("backbone").get_weights()
    fit(model)
    assert not any(moved(before, model.get_layer("backbone").get_weights()))

    set_trainable(model, "all")
    before = statistics_of(model, "low", "middle", "top")
    fit(model)  # compiles again
    assert all(moved(before, statistics_of(model, "low", "middle", "top")))


def test_the_unfrozen_top_stage_learns_and_the_rest_stays(model):
    set_trainable(model, "head")
    fit(model)
    set_trainable(model, 1)
    below, top = weights_of(model, "low", "middle"), weights_of(model, "top")
    fit(model)
    assert not any(moved(below, weights_of(model, "low", "middle")))
    assert all(moved(top, weights_of(model, "top")))


def test_all_but_norm_keeps_statistics_and_scales_while_kernels_learn(model):
    set_trainable(model, "all_but_norm")
    backbone = model.get_layer("backbone")
    norms = [layer for layer in backbone.layers if isinstance(layer, NORM)]
    before = [weight for layer in norms for weight in layer.get_weights()]
    kernel = backbone.get_layer("low_conv").get_weights()
    fit(model)
    assert not any(moved(before, [weight for layer in norms for weight in layer.get_weights()]))
    assert all(moved(kernel, backbone.get_layer("low_conv").get_weights()))


@pytest.mark.parametrize("count", [-1, 4])
def test_more_stages_than_there_are_is_refused(model, count):
    with pytest.raises(ValueError, match=f"from 0 to 3 for the backbone 'backbone'. Received {count}"):
        set_trainable(model, count)


@pytest.mark.parametrize(("policy", "message"), [("haed", "Did you mean 'head'"), (True, "True"), (1.0, "1.0")])
def test_unknown_policies_are_refused(model, policy, message):
    with pytest.raises(ValueError, match=f"Unknown policy .*{message}"):
        set_trainable(model, policy)


@pytest.mark.parametrize("policy", ["head", 1])
def test_a_model_without_a_backbone_is_refused_where_the_policy_needs_one(policy):
    plain = res_unet((8, 8, 1), filters=(2, 3))
    with pytest.raises(ValueError, match=r"Expected a model with one nested backbone.*0 nested models"):
        set_trainable(plain, policy)
    assert set_trainable(plain, "none")
    assert plain.trainable_weights == []
