import math

import keras
import numpy as np
import pytest

from resunet_kit.blocks import conv_block
from resunet_kit.models import res_unet, resnet_classifier, set_trainable, trainable_summary

NORM = keras.layers.BatchNormalization
BACKBONE = {f"{part}_{kind}" for part in ("low", "middle", "top") for kind in ("conv", "norm")}
HEAD = {"presence_hidden1", "presence_dense"}


@pytest.fixture
def model():
    """Return a classifier on a backbone of three stages, with all layers trainable."""
    inputs = keras.Input((16, 16, 1))
    x = inputs
    for filters, name in [(2, "low"), (3, "middle"), (4, "top")]:
        x = conv_block(x, filters, strides=2, name=name)
    backbone = keras.Model(inputs, x, name="backbone")
    return resnet_classifier((16, 16, 1), 1, backbone=backbone, hidden_units=(4,), dropout=0.0, trainable="all")


def trainable_layers(model):
    names = set()
    for layer in [*model.layers, *model.get_layer("backbone").layers]:
        if layer.weights and layer.trainable and not isinstance(layer, keras.Model):
            names.add(layer.name)
    # These must be the layers of the weights that an optimiser gets.
    given = {weight.path.split("/")[-2] for weight in model.trainable_weights}
    assert names == given
    return names


def fit(model):
    generator = np.random.default_rng(0)
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy", run_eagerly=True)
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
def test_each_policy_unfreezes_its_layers_from_any_state(model, policy, expected):
    for before in ("all", "none"):
        set_trainable(model, before)
        start = trainable_layers(model)
        changed = set_trainable(model, policy)
        assert trainable_layers(model) == expected
        assert changed == {name: name in expected for name in start ^ expected}
    assert set_trainable(model, policy) == {}


def test_a_frozen_container_does_not_hide_its_layers(model):
    model.trainable = False
    set_trainable(model, 1)
    assert len(model.get_layer("backbone").trainable_weights) == 3
    assert trainable_layers(model) == HEAD | {"top_conv", "top_norm"}


def test_statistics_of_a_frozen_backbone_stay_and_those_of_a_trainable_one_move(model):
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
    with pytest.raises(
        ValueError, match=rf"in \[0, 3\]. Received policy={count}. The backbone 'backbone' has 3 stages"
    ):
        set_trainable(model, count)


@pytest.mark.parametrize(
    ("policy", "error", "message"),
    [
        ("haed", ValueError, "a number of top stages. Received policy='haed'. Did you mean 'head'"),
        (True, TypeError, "Received policy=True"),
        (1.0, TypeError, "Received policy=1.0"),
    ],
)
def test_unknown_policies_are_refused(model, policy, error, message):
    with pytest.raises(error, match=message):
        set_trainable(model, policy)


def test_only_models_have_trainable_layers_to_set():
    with pytest.raises(TypeError, match=r"Expected a keras\.Model"):
        set_trainable("model.keras", "all")


@pytest.mark.parametrize("policy", ["head", 1])
def test_a_model_without_a_backbone_is_refused_where_the_policy_needs_one(policy):
    plain = res_unet((8, 8, 1), filters=(2, 3))
    with pytest.raises(ValueError, match=r"Expected a model with one nested backbone.*0 nested models"):
        set_trainable(plain, policy)
    assert set_trainable(plain, "none")
    assert plain.trainable_weights == []


@pytest.mark.parametrize("policy", ["none", "head", 2, "all_but_norm"])
def test_trainable_layers_are_saved_with_the_model(model, policy, tmp_path):
    set_trainable(model, policy)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", compile=False)
    assert [weight.path for weight in again.trainable_weights] == [weight.path for weight in model.trainable_weights]
    if policy == 2:
        frozen = statistics_of(again, "low")
        fit(again)
        assert not any(moved(frozen, statistics_of(again, "low")))


def squeeze_excite(x, kind, name):
    """Scale channels by weights from global pooling, of features with or without spatial axes."""
    channels = x.shape[-1]
    pooled = keras.layers.GlobalAveragePooling2D(keepdims=kind == "pixel")(x)
    layer = keras.layers.Conv2D(channels, 1, name=name) if kind == "pixel" else keras.layers.Dense(channels, name=name)
    return keras.layers.Multiply()([x, keras.layers.Reshape((1, 1, channels))(layer(pooled))])


def nest(backbone, size):
    image = keras.Input((*size, backbone.inputs[0].shape[-1]))
    features = keras.tree.flatten(backbone(image))[-1]
    augmented = keras.Sequential([keras.layers.RandomFlip()])(image)  # nested, but no backbone
    pooled = [keras.layers.GlobalAveragePooling2D()(x) for x in (features, augmented)]
    return keras.Model(image, keras.layers.Dense(1, name="head")(keras.layers.Concatenate()(pooled)))


def freed(model, count):
    """Return the layers of the backbone that learn with `count` top stages, and test that they are what is moved."""
    set_trainable(model, count)
    return {weight.path.split("/")[-2] for weight in model.trainable_weights} - {"head"}


@pytest.mark.parametrize("kind", ["pixel", "vector"])
@pytest.mark.parametrize("side", [None, 4, 5, 16, 128])
def test_squeeze_and_excitation_and_input_statistics_are_no_stages(side, kind):
    """For any size: at 4 pixels the features of the second stage have one."""
    inputs = keras.Input((side, side, 2))
    x = keras.layers.Normalization()(inputs)
    for name in ("low", "top"):
        x = squeeze_excite(conv_block(x, 4, strides=2, name=name), kind, f"{name}_squeeze")
    x = conv_block(x, 4, name="top_last")
    model = nest(keras.Model(inputs, x), (side, side))
    top = {"top_conv", "top_norm", "top_squeeze", "top_last_conv", "top_last_norm"}
    assert freed(model, 1) == top
    assert freed(model, 2) == top | {"low_conv", "low_norm", "low_squeeze"}
    with pytest.raises(ValueError, match="has 2 stages"):
        set_trainable(model, 3)


@pytest.mark.parametrize("side", [None, 8, 9])
def test_layers_of_models_nested_in_the_backbone_belong_to_their_stages(side):
    """As ConvNeXt's Sequential between stages, or a whole backbone that an encoder holds; with several outputs."""
    inputs = keras.Input((side, side, 1))
    low = conv_block(inputs, 2, strides=2, name="low")
    down = [keras.layers.LayerNormalization(name="low_last"), keras.layers.Conv2D(2, 2, 2, "same", name="middle")]
    middle = keras.Sequential(down)(low)
    inner = keras.Input((None, None, 2))
    held = keras.Model(inner, conv_block(inner, 2, strides=2, name="top"))
    early = keras.layers.BatchNormalization(name="low_out")(low)  # late in the list of layers, and yet of the first
    model = nest(keras.Model(inputs, [early, held(middle)]), (side, side))
    assert freed(model, 1) == {"top_conv", "top_norm"}
    assert freed(model, 2) == {"top_conv", "top_norm", "middle"}
    assert freed(model, 0) == set()
    assert "low_out" not in freed(model, "all_but_norm")


@pytest.mark.parametrize("side", [32, 33, 65, 70])
def test_stages_do_not_depend_on_the_images_size(side):
    """Odd sizes are rounded up at every stage, so that five halvings of 65 leave 3."""
    x = inputs = keras.Input((side, side, 1))
    for stage in range(1, 6):
        x = keras.layers.Conv2D(1, 3, 2, "same", name=f"stage{stage}")(x)
    model = nest(keras.Model(inputs, x), (side, side))
    assert [freed(model, count) - freed(model, count - 1) for count in range(1, 6)] == [
        {f"stage{stage}"} for stage in range(5, 0, -1)
    ]


def test_a_backbone_without_spatial_axes_is_one_stage():
    inputs = keras.Input((4,))
    backbone = keras.Model(inputs, keras.layers.Dense(3, name="second")(keras.layers.Dense(3, name="first")(inputs)))
    model = keras.Sequential([keras.Input((4,)), backbone, keras.layers.Dense(1, name="head")])
    assert freed(model, 1) == {"first", "second"}


def test_all_but_norm_reaches_into_layers_of_layers():
    inputs = keras.Input((3, 4))
    wrapped = keras.layers.TimeDistributed(keras.layers.BatchNormalization(name="inside"), name="outside")
    model = keras.Model(inputs, keras.layers.Dense(1, name="dense")(wrapped(inputs)))
    assert set_trainable(model, "all_but_norm") == {"inside": False}
    assert [weight.path.split("/")[0] for weight in model.trainable_weights] == ["dense", "dense"]
    assert set_trainable(model, "all") == {"inside": True}
    assert len(model.trainable_weights) == 4
    assert trainable_summary(model).splitlines()[-1].split()[-1] == "trainable"


def table(model):
    """Return the summary's rows by part: layers, weights, trainable weights, and the state of normalisations."""
    rows = [row.split() for row in trainable_summary(model).replace(",", "").splitlines()[1:]]
    return {
        " ".join(row[:start]): (*map(int, row[start : start + 3]), " ".join(row[start + 3 :]))
        for row in rows
        for start in [next(i for i in range(1, len(row)) if all(map(str.isdigit, row[i : i + 3])))]
    }


@pytest.mark.parametrize("policy", ["all", "none", "head", "all_but_norm", 0, 1, 2])
def test_the_summary_adds_up_to_what_keras_says(model, policy):
    set_trainable(model, policy)
    *parts, total = table(model).values()
    sums = [sum(column) for column in zip(*(part[:3] for part in parts), strict=True)]
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert [*total[:3]] == sums == [8, model.count_params(), trainable]


def test_the_summary_has_stages_head_and_normalisations(model):
    set_trainable(model, 1)
    rows = table(model)
    assert [*rows] == [*(f"backbone stage {i} (1/{2**i})" for i in (1, 2, 3)), "presence", "total"]
    assert [row[3] for row in rows.values()] == ["frozen", "frozen", "trainable", "-", "2 of 3 frozen"]
    assert rows["backbone stage 1 (1/2)"] == (2, 9 * 2 + 4 * 2, 0, "frozen")
    assert rows["backbone stage 3 (1/8)"] == (2, 9 * 3 * 4 + 4 * 4, 9 * 3 * 4 + 2 * 4, "trainable")
    model.trainable = False
    assert table(model)["total"] == (8, model.count_params(), 0, "frozen")


def test_the_summary_of_a_model_without_a_backbone_goes_by_names():
    rows = table(res_unet((8, 8, 1), filters=(2, 3, 4), block="residual"))
    assert [*rows] == ["encoder1", "encoder2", "bridge", "decoder2", "decoder1", "segmentation", "total"]


def test_the_summary_names_each_of_several_nested_models():
    image = keras.Input((4,))
    halves = [keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)], name=name) for name in ("left", "right")]
    model = keras.Model(image, keras.layers.Add()([half(image) for half in halves]))
    assert table(model) == {"left": (1, 10, 10, "-"), "right": (1, 10, 10, "-"), "total": (2, 20, 20, "-")}
