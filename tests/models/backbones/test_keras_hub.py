"""Backbones of KerasHub, given as models, are encoders."""

import os

import keras
import numpy as np
import pytest

from resunet_kit.models import res_unet

try:
    import keras_hub
except ImportError:
    if os.environ.get("KERAS_HUB_REQUIRED"):
        raise
    pytest.skip("keras-hub is not installed: it is no dependency", allow_module_level=True)


def resnet():
    return keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 64, 64, 64],
        stackwise_num_blocks=[1, 1, 1, 1],
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="basic_block",
        image_shape=(None, None, 3),
    )


def vgg():
    options = {"stackwise_num_repeats": [1, 1, 1], "stackwise_num_filters": [4, 8, 16]}
    return keras_hub.models.VGGBackbone(**options, image_shape=(None, None, 3))


def densenet():
    options = {"stackwise_num_repeats": [1, 1, 1], "compression_ratio": 0.5, "growth_rate": 8}
    return keras_hub.models.DenseNetBackbone(**options, image_shape=(None, None, 3))


@pytest.mark.slow
@pytest.mark.parametrize(("backbone", "coarsest"), [(resnet, 32), (vgg, 8), (densenet, 16)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_backbone_is_an_encoder_with_its_weights(backbone, coarsest, channels):
    keras.utils.set_random_seed(0)
    given = backbone()
    model = res_unet((70, 45, channels), filters=(4, 8), encoder=given)
    encoder = model.get_layer("encoder")
    assert model.output_shape == (None, 70, 45, 1)
    sizes = [level.shape[-1] for level in encoder.outputs]
    assert len(sizes) >= 3
    gray = np.random.default_rng(0).normal(size=(1, 64, 64, 1)).astype("float32")
    features = encoder(np.repeat(gray, encoder.inputs[0].shape[-1], axis=-1), training=False)[0]
    expected = given(np.repeat(gray, 3, axis=-1), training=False)
    assert features.shape[1] == 64 // coarsest
    np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, (features, expected)), rtol=1e-4, atol=1e-5)
    keras.utils.clear_session()
