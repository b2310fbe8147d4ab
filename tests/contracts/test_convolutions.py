"""No model holds a convolution that crashes TensorFlow: a 1x1 kernel with strides.

With oneDNN on CPUs with AVX-512, the weight gradient of such a 2-D convolution of fewer than 16 input channels corrupts
the heap in TensorFlow 2.20 and 2.21; transposed and depthwise ones do too. The contract reads the configurations of the
layers, so that any CPU shows a violation. Encoders of keras.applications go through it in tests/models/backbones.
"""

import keras
import pytest

from tests.contracts.descriptors import DESCRIPTORS, label, rank_cases

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the configurations are the same on every backend"
)

CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
)
SAFE_CHANNELS = 16  # from here on the gradient is correct

# Descriptors with a network of keras.applications, which stands as its authors published it.
NOT_OURS = {"healthcare_ai_classifier": "Keras's ResNet50 strides its 1x1 convolutions; they have 64 channels and more"}


def strided_pointwise(model: keras.Model) -> dict[str, int]:
    """Return the channels that each strided 1x1 convolution of a model takes, by the layer's name."""
    return {
        layer.name: layer.input.shape[-1]
        for layer in model._flatten_layers()
        if isinstance(layer, CONVOLUTIONS) and set(layer.kernel_size) == {1} and max(layer.strides) > 1
    }


@pytest.mark.parametrize(("descriptor", "rank"), rank_cases(DESCRIPTORS), ids=label)
def test_no_convolution_strides_a_kernel_of_one_pixel(descriptor, rank):
    found = strided_pointwise(descriptor.build(descriptor.shape(rank)))
    if descriptor.of in NOT_OURS:
        assert min(found.values()) >= SAFE_CHANNELS
    else:
        assert found == {}


@pytest.mark.parametrize(
    ("layer", "strided"),
    [
        (keras.layers.Conv2D(4, 1, strides=2), True),
        (keras.layers.Conv2D(4, 1, strides=(1, 2)), True),
        (keras.layers.DepthwiseConv2D(1, strides=2), True),
        (keras.layers.Conv2D(4, 1), False),
        (keras.layers.Conv2D(4, (1, 3), strides=2), False),
    ],
)
def test_a_planted_convolution_is_found_inside_nested_models_too(layer, strided):
    inputs = keras.Input((8, 8, 3))
    inner = keras.Model(inputs, layer(inputs))
    outer = keras.Model(inputs, inner(inputs))
    assert strided_pointwise(outer) == ({layer.name: 3} if strided else {})
