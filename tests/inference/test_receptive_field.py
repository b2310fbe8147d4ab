import math

import keras
import numpy as np
import pytest

from resunet_kit.inference import accelerate, receptive_field
from resunet_kit.models import deep_res_unet, healthcare_ai_res_unet, res_unet, res_unet_plus_plus

SMALL = {"filters": (4, 8)}


def seen(model, size, position):
    """Return how far from an output pixel a change of the image changes it, to either side, by looking."""
    image = np.random.default_rng(0).random((1, size, size, 1)).astype("float32")
    image = np.repeat(image, size, axis=0)
    changed = image.copy()
    changed[range(size), range(size), :] += 1  # row i of image i
    # Called: a network that predicts two batches is run sooner than traced.
    outputs = [
        keras.ops.convert_to_numpy(model(batch, training=False))[:, position, :, 0] for batch in (image, changed)
    ]
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


def made(*layers):
    return keras.Sequential([keras.Input((None, None, 1)), *layers])


@pytest.mark.parametrize(
    ("layers", "stride"),
    [
        ([*[keras.layers.MaxPooling2D(3, padding="same")] * 3, keras.layers.UpSampling2D(27)], 27),
        ([keras.layers.ZeroPadding2D(32), keras.layers.MaxPooling2D(4), *[keras.layers.Conv2D(1, 5)] * 4], 4),
        ([keras.layers.UpSampling2D(2), keras.layers.MaxPooling2D(3)], 3),
    ],
)
def test_strides_are_multiplied_not_estimated(layers, stride):
    copies = [layer.__class__.from_config(layer.get_config() | {"name": None}) for layer in layers]
    assert receptive_field(made(*copies)).stride == (stride, stride)


@pytest.mark.parametrize("size", [20, 33])
def test_strides_of_a_fixed_size_with_remainders(size):
    assert receptive_field(res_unet((size, size, 1), filters=(2, 4, 4, 4))).stride == (8, 8)


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [keras.layers.Conv2DTranspose(1, 3, dilation_rate=4, padding="same")],
        lambda: [keras.layers.MaxPooling2D(4), keras.layers.UpSampling2D(4, interpolation="lanczos5")],
    ],
)
def test_the_radius_bounds_dilation_and_wide_interpolation(layers):
    model = keras.Sequential([keras.Input((64, 64, 1)), *layers()])
    assert seen(model, 64, 32) <= receptive_field(model).radius[0]


@pytest.mark.parametrize(
    "operation",
    [
        keras.layers.Softmax(axis=[1, 2]),
        lambda x: keras.ops.cumsum(x, axis=1),
        lambda x: x[:, ::-1],
        lambda x: keras.layers.Concatenate()(
            [x, keras.ops.split(keras.layers.Conv2D(2, 3, padding="same")(x), 2, axis=-1)[1]]
        ),
    ],
    ids=["softmax over positions", "cumulative sum", "reversed slice", "second output"],
)
def test_operations_along_positions_see_the_whole_image(operation):
    inputs = keras.Input((32, 32, 1))
    assert receptive_field(keras.Model(inputs, operation(inputs))).radius[0] == math.inf


def test_every_output_of_a_nested_network_is_followed():
    inputs = keras.Input((None, None, 1))
    inner = keras.Model(inputs, [inputs + 1, keras.layers.Conv2D(1, 9, padding="same")(inputs)])
    outer = keras.Input((None, None, 1))
    assert receptive_field(keras.Model(outer, keras.layers.Add()([outer, inner(outer)[1]]))).radius == (4, 4)


def test_other_models_are_refused():
    inputs = keras.Input((8, 8, 1))
    with pytest.raises(TypeError, match="functional or Sequential"):
        receptive_field("model")
    with pytest.raises(ValueError, match="one input and one output"):
        receptive_field(keras.Model(inputs, [inputs + 1, inputs + 2]))
    with pytest.raises(ValueError, match="one input and one output"):
        receptive_field(keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)]))


def test_of_an_accelerated_model_its_own_is_asked_for():
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 3, padding="same")])
    fast = accelerate(model, engine="keras", precision="float32", cache=False)
    with pytest.raises(TypeError, match=r"Received <AcceleratedModel.*Pass its attribute \.model\.$"):
        receptive_field(fast)
    assert receptive_field(fast.model) == receptive_field(model)
