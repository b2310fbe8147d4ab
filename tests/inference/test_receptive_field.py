import math

import keras
import numpy as np
import pytest

from resunet_kit.inference import receptive_field
from resunet_kit.models import deep_res_unet, healthcare_ai_res_unet, res_unet, res_unet_plus_plus

SMALL = {"filters": (4, 8)}


def seen(model, size, position):
    """Return how far from an output pixel a change of the image changes it, to either side, by looking."""
    image = np.random.default_rng(0).random((1, size, size, 1)).astype("float32")
    image = np.repeat(image, size, axis=0)
    changed = image.copy()
    changed[range(size), range(size), :] += 1  # row i of image i
    outputs = [model.predict(batch, verbose=0)[:, position, :, 0] for batch in (image, changed)]
    rows = np.flatnonzero(np.abs(outputs[0] - outputs[1]).max(axis=1) > 1e-7)
    return max(position - rows.min(), rows.max() - position)


@pytest.mark.parametrize("size", [None, 64])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"upsampling": "linear"},
        {"upsampling": "transpose", "downsampling": "max_pool"},
        {"skip": "attention"},
        {"filters": (2, 4, 8)},
    ],
)
def test_the_radius_bounds_what_an_output_depends_on(size, options):
    if size is None and options.get("upsampling") == "linear":
        pytest.skip("linear resizing to a variable size is a product of matrices, which counts as unbounded")
    if size is None and options.get("skip") == "attention":
        pytest.skip("attention resizes its gate so too")
    keras.utils.set_random_seed(0)
    model = res_unet((size, size, 1), **{**SMALL, **options}, norm=None, block_activation="elu")
    field = receptive_field(model)
    stride = 2 ** (len({**SMALL, **options}["filters"]) - 1)
    assert field.stride == (stride, stride)
    assert field.unbounded == ()
    found = seen(model, 64, 32)
    assert found <= field.radius[0] <= 2 * found


def test_the_numbers_of_a_convolution_and_a_pool_by_hand():
    inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(1, 5, dilation_rate=2, padding="same")(inputs)  # 4 to each side
    x = keras.layers.MaxPooling2D(2)(x)  # 1
    x = keras.layers.Conv2D(1, 3, padding="same")(x)  # 2
    x = keras.layers.UpSampling2D(2)(x)  # 1
    assert receptive_field(keras.Model(inputs, x)) == ((8, 8), (2, 2), ())


def test_nested_networks_are_followed():
    inputs = keras.Input((32, 32, 1))
    inner = keras.Sequential([keras.Input((32, 32, 1)), keras.layers.Conv2D(1, 3, padding="same")])
    assert receptive_field(keras.Model(inputs, inner(inner(inputs)))).radius == (2, 2)


@pytest.mark.parametrize(("builder", "stride"), [(deep_res_unet, 8), (healthcare_ai_res_unet, 16)])
def test_presets_are_bounded(builder, stride):
    for size in (None, 128):
        field = receptive_field(builder((size, size, 3)))
        assert field.stride == (stride, stride)
        assert field.unbounded == ()
        assert field.radius[0] < 100


def test_what_sees_the_whole_image_is_named():
    field = receptive_field(res_unet_plus_plus((None, None, 3), filters=(8, 16, 32)))
    assert field.radius == (math.inf, math.inf)
    assert field.stride == (2, 2)
    assert all(name.startswith("mean") for name in field.unbounded)


def test_other_models_are_refused():
    inputs = keras.Input((8, 8, 1))
    with pytest.raises(TypeError, match="functional or Sequential"):
        receptive_field("model")
    with pytest.raises(ValueError, match="one input and one output"):
        receptive_field(keras.Model(inputs, [inputs + 1, inputs + 2]))
    with pytest.raises(ValueError, match="one input and one output"):
        receptive_field(keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)]))
