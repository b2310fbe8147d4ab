import inspect

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.blocks import conv_block
from resunet_kit.inference import export
from resunet_kit.losses import Dice
from resunet_kit.models import res_unet
from resunet_kit.models._composition import BLOCKS


def images(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


def tiny(shape=(9, 7, 3), num_classes=1, **options):
    return res_unet(shape, num_classes, **{"filters": (4, 6), **options})


def names(model):
    return [layer.name for layer in model.layers]


def test_the_default_is_the_deep_res_unet_of_the_paper():
    kernels = [weight.shape for weight in res_unet().trainable_weights if weight.path.endswith("/kernel")]
    sizes = {side: sum(int(np.prod(shape)) for shape in kernels if shape[0] == side) for side in (1, 3)}
    assert sizes[3] == 7_780_032
    assert sum(sizes.values()) == 8_210_368
    keras.utils.clear_session()


def test_two_class_softmax_is_the_sigmoid_of_the_difference_of_the_logits():
    softmax, logits = tiny(num_classes=2), tiny(num_classes=2, activation=None)
    logits.set_weights(softmax.get_weights())
    x = images(2, 9, 7, 3)
    values = numpy_of(logits(x))
    expected = 1.0 / (1.0 + np.exp(values[..., 0] - values[..., 1]))
    assert expected.std() > 0.01
    np.testing.assert_allclose(numpy_of(softmax(x))[..., 1], expected, atol=1e-5)


# === Options ===


@pytest.mark.slow
@settings(max_examples=8)
@given(
    size=st.lists(st.one_of(st.none(), st.integers(1, 9)), min_size=2, max_size=3),
    channels=st.integers(1, 5),
    classes=st.integers(1, 3),
    filters=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    options=st.fixed_dictionaries(
        {
            "block": st.sampled_from(sorted(BLOCKS)),
            "downsampling": st.sampled_from(["stride", "max_pool"]),
            "skip": st.sampled_from(["concat", "add", "attention"]),
            "upsampling": st.sampled_from(["nearest", "linear", "transpose"]),
            "norm": st.sampled_from(["batch", "group", "layer", "instance", None]),
            "block_activation": st.sampled_from(["relu", "swish", None]),
            "dropout": st.sampled_from([0.0, 0.3]),
        }
    ),
)
def test_every_combination_gives_probabilities_of_the_images_size(size, channels, classes, filters, options):
    model = res_unet((*size, channels), classes, filters=filters, **options)
    fed = tuple(side or 5 for side in size)
    scores = numpy_of(model(images(1, *fed, channels), training=False))
    assert scores.shape == (1, *fed, classes)
    assert scores.min() >= 0.0
    assert scores.max() <= 1.0
    if classes > 1:
        np.testing.assert_allclose(scores.sum(-1), 1.0, atol=1e-5)
    keras.utils.clear_session()


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_a_network_has_one_level_for_each_width(depth):
    model = tiny((33, 19, 3), filters=(2, 3, 4, 5, 6)[:depth])
    assert model.output_shape == (None, 33, 19, 1)
    upsamplings = [layer for layer in model.layers if isinstance(layer, keras.layers.UpSampling2D)]
    assert len(upsamplings) == depth - 1


def test_max_pooling_replaces_strides():
    def convolution_strides(model):
        return {layer.strides for layer in model.layers if isinstance(layer, keras.layers.Conv2D)}

    assert convolution_strides(tiny(downsampling="stride")) == {(1, 1), (2, 2)}
    pooled = tiny(downsampling="max_pool")
    assert convolution_strides(pooled) == {(1, 1)}
    assert any(isinstance(layer, keras.layers.MaxPooling2D) for layer in pooled.layers)


def test_adding_projects_the_decoder_to_the_skip():
    added = tiny(skip="add")
    assert added.get_layer("decoder1_projection_conv").filters == 4
    assert added.get_layer("decoder1_skip").output.shape[-1] == 4
    assert tiny(skip="concat").get_layer("decoder1_concat").output.shape[-1] == 4 + 6


def test_attention_weights_the_skip_by_the_decoder():
    model = tiny(skip="attention")
    gate, concatenated = model.get_layer("decoder1_attention_scale"), model.get_layer("decoder1_concat")
    assert gate.output.shape[-1] == 4
    assert concatenated.input[1] is gate.output
    assert gate.input[0] is model.get_layer("encoder1_add").output


# === Encoders ===


def backbone(channels=3, volumes=False):
    inputs = keras.Input((*(None,) * (3 if volumes else 2), channels))
    x = conv_block(inputs, 3, strides=2, name="low")
    x = conv_block(x, 4, strides=2, name="middle")
    return keras.Model(inputs, conv_block(x, 5, strides=2, name="high"), name="own")


@pytest.mark.slow
@settings(max_examples=8)
@given(
    size=st.lists(st.one_of(st.none(), st.integers(1, 19)), min_size=2, max_size=3),
    channels=st.sampled_from([1, 2, 3, 4, 5]),
    options=st.fixed_dictionaries(
        {
            "filters": st.lists(st.integers(1, 5), min_size=1, max_size=4),
            "skip": st.sampled_from(["concat", "add", "attention"]),
            "upsampling": st.sampled_from(["nearest", "linear", "transpose"]),
            "deep_supervision": st.booleans(),
        }
    ),
)
def test_an_encoder_takes_images_of_any_size_and_channels(size, channels, options):
    model = res_unet((*size, channels), encoder=backbone(volumes=len(size) == 3), **options)
    fed = tuple(side or 7 for side in size)
    outputs = model(images(1, *fed, channels), training=False)
    outputs = outputs if options["deep_supervision"] else [outputs]
    assert [scores.shape for scores in outputs] == [(1, *fed, 1)] * (4 if options["deep_supervision"] else 1)
    keras.utils.clear_session()


def test_the_decoder_joins_the_encoders_features_where_there_are_some():
    model = tiny((24, 24, 3), encoder=backbone(), filters=(2, 6, 7))
    joined = {layer.name: layer.output.shape for layer in model.layers if layer.name.endswith("_concat")}
    # Strides 2 and 4; the bridge is the encoder's last level, and no feature has the image's full size.
    assert joined == {"decoder3_concat": (None, 6, 6, 5 + 4), "decoder2_concat": (None, 12, 12, 7 + 3)}
    assert model.get_layer("decoder1_add").output.shape == (None, 24, 24, 2)
    assert model.get_layer("encoder").weights


def test_a_named_encoder_preprocesses_inside():
    x = images(1, 40, 33, 3) * 0.2 + 0.5
    unit = tiny((None, None, 3), encoder="mobilenet_v3_small", filters=(2, 3))
    byte = tiny((None, None, 3), encoder="mobilenet_v3_small", filters=(2, 3), value_range=(0, 255))
    byte.set_weights(unit.get_weights())
    np.testing.assert_allclose(numpy_of(byte(255.0 * x)), numpy_of(unit(x)), atol=1e-5)


# === What users bring ===


def test_a_block_with_strides():
    def own(x, filters, strides=1):
        return keras.layers.SeparableConv2D(filters, 3, strides=strides, padding="same")(x)

    model = tiny(block=own)
    assert model.output_shape == (None, 9, 7, 1)
    assert not any(isinstance(layer, keras.layers.MaxPooling2D) for layer in model.layers)


def test_a_block_without_strides_is_pooled_before():
    model = tiny(block=lambda x, filters: keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
    assert model.output_shape == (None, 9, 7, 1)
    assert sum(isinstance(layer, keras.layers.MaxPooling2D) for layer in model.layers) == 1


def test_a_block_with_any_keyword_gets_all_options():
    calls = []

    def own(x, filters, **options):
        calls.append((filters, options))
        return conv_block(x, filters, **options)

    tiny(block=own, filters=(4, 6, 8), norm="group", dropout=0.1, block_activation="elu")
    assert [(filters, options["strides"]) for filters, options in calls] == [(4, 1), (6, 2), (8, 2), (6, 1), (4, 1)]
    assert [options["name"] for _, options in calls] == ["encoder1", "encoder2", "bridge", "decoder2", "decoder1"]
    for _, options in calls:
        assert (options["norm"], options["dropout"], options["activation"]) == ("group", 0.1, "elu")


def test_a_skip_gets_the_encoder_first_and_the_cropped_decoder_second():
    calls = []

    def own(skip, decoder):
        calls.append((tuple(skip.shape), tuple(decoder.shape)))
        return keras.layers.Concatenate()([skip, decoder])

    assert tiny(skip=own).output_shape == (None, 9, 7, 1)
    assert calls == [((None, 9, 7, 4), (None, 9, 7, 6))]


def test_a_norm_can_be_a_callable():
    model = tiny(norm=lambda x: keras.layers.UnitNormalization()(x))
    kinds = {type(layer).__name__ for layer in model.layers}
    assert "UnitNormalization" in kinds
    assert "BatchNormalization" not in kinds


def test_a_stem_of_ones_own():
    model = tiny(stem=lambda x, filters: keras.layers.Conv2D(filters, 5, padding="same", name="own_stem")(x))
    assert model.get_layer("own_stem").input is model.input


# === Defaults ===


def test_every_default_is_what_the_documentation_promises():
    defaults = {name: p.default for name, p in inspect.signature(res_unet).parameters.items()}
    assert defaults["input_shape"] == (256, 256, 3)
    assert defaults["filters"] == (64, 128, 256, 512)
    assert (defaults["block"], defaults["skip"], defaults["activation"]) == ("preactivation", "concat", "auto")


# === A classification of the image beside the mask ===


@pytest.mark.parametrize("shape", [(33, 20, 2), (None, None, 2), (9, 12, 8, 1)])
@pytest.mark.parametrize(("classes", "last"), [(1, "sigmoid"), (3, "softmax")])
def test_image_classes_are_a_further_output(shape, classes, last):
    model = res_unet(shape, 2, filters=(4, 8), image_classes=classes)
    assert model.output_names == ["segmentation", "classification"]
    assert model.output_shape == [(None, *shape[:-1], 2), (None, classes)]
    assert model.get_layer("classification").activation.__name__ == last
    masks, scores = model(np.ones((2, *(side or 21 for side in shape)), "float32"), training=False)
    assert masks.shape[0] == scores.shape[0] == 2
    plain = res_unet(shape, 2, filters=(4, 8))
    assert model.count_params() - plain.count_params() == 8 * classes + classes


def test_image_classes_come_after_deep_supervision_and_are_logits_where_the_mask_is():
    options = {"filters": (4, 6, 8), "deep_supervision": True, "image_classes": 1}
    model = res_unet((32, 32, 1), **options)
    names = ["segmentation", "segmentation_stride2", "segmentation_stride4", "classification"]
    assert model.output_names == names
    # Weights of one network load into that for any size, since their order is the same.
    variable = res_unet((None, None, 1), activation=None, dropout=0.1, **options)
    assert [weight.path for weight in variable.weights] == [weight.path for weight in model.weights]
    assert variable.get_layer("classification").activation.__name__ == "linear"


@pytest.mark.parametrize("kind", ["dict", pytest.param("list", marks=pytest.mark.slow)])
def test_both_outputs_are_trained_together(kind):
    model = res_unet((16, 16, 1), filters=(4, 8), image_classes=1)
    losses = {"segmentation": Dice(), "classification": "binary_crossentropy"}
    weights = {"segmentation": 1.0, "classification": 0.5}
    as_kind = dict if kind == "dict" else lambda values: list(values.values())
    model.compile("sgd", loss=as_kind(losses), loss_weights=as_kind(weights), run_eagerly=True)
    images = np.random.default_rng(0).random((4, 16, 16, 1)).astype("float32")
    truths = {"segmentation": (images > 0.9).astype("float32"), "classification": np.array([[0], [1], [1], [0]])}
    before = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights]
    history = model.fit(images, as_kind(truths), batch_size=4, verbose=0).history
    expected = history["segmentation_loss"][0] + 0.5 * history["classification_loss"][0]
    np.testing.assert_allclose(history["loss"][0], expected, rtol=1e-5)
    moved = [
        np.abs(keras.ops.convert_to_numpy(w) - b).max() for w, b in zip(model.trainable_weights, before, strict=True)
    ]
    assert all(moved)


@pytest.mark.slow
def test_both_outputs_are_exported(tmp_path):
    pytest.importorskip("tf2onnx")
    model = res_unet((16, 16, 1), filters=(4, 8), image_classes=1)
    export(model, tmp_path / "joint.onnx", format="onnx")
    run = pytest.importorskip("onnxruntime").InferenceSession(tmp_path / "joint.onnx").run
    assert [output.shape for output in run(None, {"image": np.zeros((2, 16, 16, 1), "float32")})] == [
        (2, 16, 16, 1),
        (2, 1),
    ]


@pytest.mark.parametrize(
    ("image_classes", "error"),
    [(0, ValueError), (-1, ValueError), (1.5, TypeError), ("2", TypeError), (True, TypeError)],
)
def test_image_classes_are_a_count(image_classes, error):
    with pytest.raises(error, match=r"Expected image_classes .* Received image_classes="):
        res_unet((16, 16, 1), filters=(4, 8), image_classes=image_classes)
