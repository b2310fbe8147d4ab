import keras
import numpy as np
import pytest

from resunet_kit.models._backbones.channels import adapt_channels, complete_channels, fit_channels

GRAY = np.random.default_rng(0).uniform(0.0, 255.0, (2, 32, 32, 1)).astype("float32")
MEANS, VARIANCES = [100.0, 80.0, 30.0], [400.0, 900.0, 2500.0]


def features(model, images):
    return keras.ops.convert_to_numpy(model(images, training=False))


def randomise(model):
    generator = np.random.default_rng(1)
    for layer in model.layers:
        layer.set_weights([np.abs(weight + generator.normal(0, 0.1, weight.shape)) for weight in layer.get_weights()])
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
    return model


def network(*front):
    inputs = keras.Input((None, None, 3))
    x = inputs
    for layer in (*front, keras.layers.Conv2D(4, 3, strides=2, padding="same", name="first")):
        x = layer(x)
    return randomise(keras.Model(inputs, keras.layers.Conv2D(3, 3, name="second")(x), name="network"))


FRONTS = {
    "nothing": list,
    "padding": lambda: [keras.layers.ZeroPadding2D(1)],
    "rescaling": lambda: [keras.layers.Rescaling([0.1, 0.2, 0.3], [1.0, 2.0, 3.0]), keras.layers.ZeroPadding2D(1)],
    "array": lambda: [keras.layers.Rescaling(np.array([0.1, 0.2, 0.3]), 1.0)],
    "given normalization": lambda: [keras.layers.Normalization(mean=MEANS, variance=VARIANCES)],
    "adapted normalization": lambda: [keras.layers.Normalization()],
    "batch normalization": lambda: [keras.layers.BatchNormalization()],
    "sequential": lambda: [
        keras.Sequential([keras.layers.Rescaling([0.1, 0.2, 0.3]), keras.layers.Conv2D(3, 1)], name="stem"),
        keras.layers.Rescaling([0.3, 0.2, 0.1]),  # after a kernel: these are not the image's channels
    ],
}


@pytest.mark.parametrize("channels", [4, 5, 7])
@pytest.mark.parametrize("front", FRONTS)
def test_a_gray_image_has_the_same_features(front, channels):
    model = network(*FRONTS[front]())
    adapted = adapt_channels(model, (None, None, channels))
    expected = features(model, np.repeat(GRAY, 3, axis=-1))
    found = features(adapted, np.repeat(GRAY, channels, axis=-1))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    assert adapted.name == model.name
    assert [layer.name for layer in adapted.layers] == [layer.name for layer in model.layers]


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("EfficientNetB0", "block1a_project_bn"),
        pytest.param("ConvNeXtTiny", "convnext_tiny_stage_0_block_0_layernorm", marks=pytest.mark.slow),
        pytest.param("MobileNetV2", "expanded_conv_project_BN", marks=pytest.mark.slow),
        pytest.param("EfficientNetV2B0", "block1a_project_bn", marks=pytest.mark.slow),
        pytest.param("ResNet50", "pool1_pool", marks=pytest.mark.slow),
    ],
)
def test_a_gray_image_has_the_same_features_in_the_networks_of_keras(name, end):
    whole = getattr(keras.applications, name)(include_top=False, weights=None, input_shape=(None, None, 3))
    model = keras.Model(whole.input, whole.get_layer(end).output)  # the later layers are not adapted
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization) and layer.weights:
            layer.set_weights([np.array(MEANS) / 255, np.array(VARIANCES) / 255**2, np.array(0)])
            layer.finalize_state()
    adapted = adapt_channels(model, (None, None, 4))
    expected = features(model, np.repeat(GRAY, 3, axis=-1))
    found = features(adapted, np.repeat(GRAY, 4, axis=-1))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    keras.utils.clear_session()


def test_each_channel_takes_the_kernel_of_its_source():
    model = network()
    adapted = adapt_channels(model, (None, None, 4), [2, 1, 0, 2])
    old, new = (network.get_layer("first").get_weights() for network in (model, adapted))
    for channel, (source, count) in enumerate([(2, 2), (1, 1), (0, 1), (2, 2)]):
        np.testing.assert_allclose(new[0][:, :, channel], old[0][:, :, source] / count, rtol=1e-6)
    np.testing.assert_array_equal(new[1], old[1])


@pytest.mark.parametrize("channels", [1, 2])
def test_fewer_channels_are_completed_by_their_mean(channels):
    images = np.random.default_rng(0).normal(size=(2, 8, 9, channels)).astype("float32")
    inputs = keras.Input((8, 9, channels))
    completed = features(keras.Model(inputs, complete_channels(inputs)), images)
    assert completed.shape == (2, 8, 9, 3)
    np.testing.assert_array_equal(completed[..., :channels], images)
    for missing in range(channels, 3):
        np.testing.assert_allclose(completed[..., missing], images.mean(-1), rtol=1e-6)
    # An adapted kernel gives what the original gives for the completed image.
    model = network()
    found = features(adapt_channels(model, (None, None, channels)), images)
    np.testing.assert_allclose(found, features(model, completed), rtol=1e-4, atol=1e-5)


def test_the_image_or_the_model_is_adapted_where_their_channels_differ():
    model = network()
    image = keras.Input((8, 8, 3))
    assert fit_channels(image, model) == (image, model)
    completed, same = fit_channels(keras.Input((8, 8, 2)), model)
    assert (completed.shape[-1], same) == (3, model)
    four = keras.Input((8, 8, 4))
    image, adapted = fit_channels(four, model)
    assert image is four
    assert adapted.input_shape == (None, None, None, 4)


@pytest.mark.parametrize(
    ("front", "cause"),
    [
        (lambda: [keras.layers.DepthwiseConv2D(3)], "filters each channel separately"),
        (lambda: [keras.layers.SeparableConv2D(3, 3)], "filters each channel separately"),
        (lambda: [keras.layers.Conv2D(6, 3, groups=3)], ""),
        (lambda: [network()], ""),
    ],
    ids=["depthwise", "separable", "grouped", "nested"],
)
def test_networks_that_cannot_be_adapted_are_refused(front, cause):
    with pytest.raises(ValueError, match=f"Expected a functional network.*4 channels. Received 'network': .*{cause}"):
        adapt_channels(network(*front()), (None, None, 4))
