import keras
import pytest
from keras import layers

from resunet_kit.models._backbones.pyramid import find_pyramid


def strides(model):
    return {stride: level.features.shape[-1] for stride, level in find_pyramid(model).items()}


def conv(x, filters, *, strides=2, name=None, padding="same"):
    layer = layers.Conv2D if len(x.shape) == 4 else layers.Conv3D
    return layer(filters, 3, strides=strides, padding=padding, name=name)(x)


def chain(shape=(None, None, 3), filters=(4, 6, 8)):
    inputs = keras.Input(shape)
    x = inputs
    for width in filters:
        x = layers.ReLU()(conv(x, width))
    return keras.Model(inputs, x, name="chain")


@pytest.mark.parametrize("shape", [(None, None, 3), (64, 32, 3), (None, 64, 1), (None, None, None, 2), (16, 16, 16, 1)])
def test_every_stride_gives_its_last_features(shape):
    model = chain(shape)
    found = find_pyramid(model)
    assert {stride: level.features.shape[-1] for stride, level in found.items()} == {2: 4, 4: 6, 8: 8}
    assert found[8].features is model.output
    assert all(level.exact for level in found.values())
    assert all("re_lu" in level.features._keras_history.operation.name for level in found.values())


def test_a_tensor_that_a_shortcut_evades_is_no_level_where_another_is():
    inputs = keras.Input((32, 32, 3))
    whole = keras.layers.Conv2D(8, 3, strides=2, padding="same", name="whole")(inputs)
    branch = keras.layers.Conv2D(2, 3, padding="same", name="branch")(whole)
    branch = keras.layers.Conv2D(8, 3, strides=2, padding="same")(branch)
    shortcut = keras.layers.MaxPooling2D(2)(whole)
    found = find_pyramid(keras.Model(inputs, keras.layers.Add()([branch, shortcut])))
    assert found[2].features is whole


def test_preprocessing_is_no_level_and_missing_strides_stay_missing():
    inputs = keras.Input((None, None, 3))
    x = conv(layers.BatchNormalization()(layers.Rescaling(2.0)(inputs)), 4, strides=4)
    assert strides(keras.Model(inputs, conv(x, 6))) == {4: 4, 8: 6}


def test_pads_and_squeezed_maps_are_no_levels():
    inputs = keras.Input((32, 32, 3))
    x = conv(inputs, 4)
    x = layers.Multiply()([x, layers.Conv2D(4, 1)(layers.GlobalAveragePooling2D(keepdims=True)(x))])
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = conv(x, 6, padding="valid")
    found = find_pyramid(keras.Model(inputs, conv(x, 8)))
    assert {stride: level.features.shape[1:] for stride, level in found.items()} == {
        2: (16, 16, 4),
        4: (8, 8, 6),
        8: (4, 4, 8),
    }


def test_convolutions_that_round_down_count_as_the_nearest_power():
    inputs = keras.Input((None, None, 3))
    x = conv(conv(inputs, 4, padding="valid"), 5, strides=1, padding="valid")
    x = conv(conv(x, 6, padding="valid"), 8, padding="valid")
    found = find_pyramid(keras.Model(inputs, x))
    assert {stride: (level.features.shape[-1], level.exact) for stride, level in found.items()} == {
        2: (5, False),
        4: (6, False),
        8: (8, False),
    }


@pytest.mark.parametrize("structure", [list, lambda tensors: dict(zip("cab", tensors, strict=True))])
def test_several_outputs_are_the_levels(structure):
    inputs = keras.Input((None, None, 3))
    first = conv(inputs, 4)
    second = conv(layers.ReLU()(first), 6)
    third = conv(second, 8)
    assert strides(keras.Model(inputs, structure([third, first, second]))) == {2: 4, 4: 6, 8: 8}


def test_sequential_blocks_are_seen():
    inputs = keras.Input((None, None, 3))
    blocks = [keras.Sequential([layers.Conv2D(f, 3, strides=2, padding="same"), layers.ReLU()]) for f in (4, 6)]
    assert strides(keras.Model(inputs, blocks[1](blocks[0](inputs)))) == {2: 4, 4: 6}
    plain = [layers.Conv2D(f, 3, strides=2, padding="same") for f in (4, 6)]
    assert strides(keras.Sequential([keras.Input((None, None, 3)), *plain])) == {2: 4, 4: 6}


def anisotropic():
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, conv(conv(inputs, 4, strides=(2, 4)), 6))


def classifier():
    inputs = keras.Input((32, 32, 3))
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(chain()(inputs))))


def flat():
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, conv(conv(inputs, 4, strides=1), 4, strides=1))


def nested():
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, chain()(layers.Rescaling(2.0)(inputs)))


def twice():
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, [conv(inputs, 4), conv(inputs, 6)])


def vectors():
    inputs = keras.Input((32, 32, 3))
    x = conv(inputs, 4)
    return keras.Model(inputs, [x, layers.GlobalAveragePooling2D()(x)])


def borrowed():
    theirs = conv(keras.Input((None, None, 3)), 4, name="theirs")
    layer = theirs._keras_history.operation
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, conv(layer(inputs), 6))


def larger():
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, layers.UpSampling2D()(conv(inputs, 3, strides=1)))


@pytest.mark.parametrize(
    ("build", "received"),
    [
        (anisotropic, "not shrunk alike along every side"),
        (classifier, "without sides"),
        (flat, r"at the strides \[1\] alone"),
        (nested, r"at the strides \[8\] alone"),
        (twice, "two outputs at the stride 2"),
        (vectors, "not shrunk alike"),
        (borrowed, "layers that are not its own"),
        (larger, "not shrunk alike"),
    ],
)
def test_what_forms_no_pyramid_is_refused(build, received):
    with pytest.raises(ValueError, match=f"Expected an encoder whose features form a pyramid.*{received}.*include_top"):
        find_pyramid(build())
