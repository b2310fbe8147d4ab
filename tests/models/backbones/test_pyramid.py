import keras
import pytest
from keras import layers

from resunet_kit.models._backbones.pyramid import find_pyramid


def levels(model):
    """Return the features of a model's pyramid by stride."""
    pyramid = find_pyramid(model)
    return dict(zip(pyramid.exact, pyramid.network.outputs, strict=True))


def widths(model):
    """Return the channels of a model's pyramid by stride."""
    return {stride: x.shape[-1] for stride, x in levels(model).items()}


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
    found = levels(model)
    assert widths(model) == {2: 4, 4: 6, 8: 8}
    assert found[8] is model.output
    assert find_pyramid(model).exact == {8: True, 4: True, 2: True}
    assert all("re_lu" in features._keras_history.operation.name for features in found.values())


def test_a_level_is_a_tensor_that_no_skip_connection_bypasses():
    inputs = keras.Input((32, 32, 3))
    whole = keras.layers.Conv2D(8, 3, strides=2, padding="same", name="whole")(inputs)
    branch = keras.layers.Conv2D(2, 3, padding="same", name="branch")(whole)
    branch = keras.layers.Conv2D(8, 3, strides=2, padding="same")(branch)
    shortcut = keras.layers.MaxPooling2D(2)(whole)
    assert levels(keras.Model(inputs, keras.layers.Add()([branch, shortcut])))[2] is whole


def test_preprocessing_is_not_a_level_and_strides_may_be_missing():
    inputs = keras.Input((None, None, 3))
    x = conv(layers.BatchNormalization()(layers.Rescaling(2.0)(inputs)), 4, strides=4)
    assert widths(keras.Model(inputs, conv(x, 6))) == {4: 4, 8: 6}


def test_padding_and_pooled_features_are_not_levels():
    inputs = keras.Input((32, 32, 3))
    x = conv(inputs, 4)
    x = layers.Multiply()([x, layers.Conv2D(4, 1)(layers.GlobalAveragePooling2D(keepdims=True)(x))])
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = conv(x, 6, padding="valid")
    found = levels(keras.Model(inputs, conv(x, 8)))
    assert {stride: x.shape[1:] for stride, x in found.items()} == {2: (16, 16, 4), 4: (8, 8, 6), 8: (4, 4, 8)}


def test_unpadded_convolutions_have_the_nearest_stride():
    inputs = keras.Input((None, None, 3))
    x = conv(conv(inputs, 4, padding="valid"), 5, strides=1, padding="valid")
    x = conv(conv(x, 6, padding="valid"), 8, padding="valid")
    model = keras.Model(inputs, x)
    assert widths(model) == {2: 5, 4: 6, 8: 8}
    assert not any(find_pyramid(model).exact.values())


@pytest.mark.parametrize("structure", [list, lambda tensors: dict(zip("cab", tensors, strict=True))])
def test_several_outputs_are_the_levels(structure):
    inputs = keras.Input((None, None, 3))
    first = conv(inputs, 4)
    second = conv(layers.ReLU()(first), 6)
    third = conv(second, 8)
    assert widths(keras.Model(inputs, structure([third, first, second]))) == {2: 4, 4: 6, 8: 8}


def test_the_outputs_of_sequential_blocks_are_levels():
    inputs = keras.Input((None, None, 3))
    blocks = [keras.Sequential([layers.Conv2D(f, 3, strides=2, padding="same"), layers.ReLU()]) for f in (4, 6)]
    assert widths(keras.Model(inputs, blocks[1](blocks[0](inputs)))) == {2: 4, 4: 6}
    plain = [layers.Conv2D(f, 3, strides=2, padding="same") for f in (4, 6)]
    assert widths(keras.Sequential([keras.Input((None, None, 3)), *plain])) == {2: 4, 4: 6}


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
        (anisotropic, "without one power-of-two stride"),
        (classifier, "which has no spatial axes"),
        (flat, r"at the strides \[1\] alone"),
        (nested, r"at the strides \[8\] alone"),
        (twice, "two outputs at the stride 2"),
        (vectors, "without one power-of-two stride"),
        (borrowed, "layers that are not its own"),
        (larger, "without one power-of-two stride"),
    ],
)
def test_features_without_a_pyramid_are_refused(build, received):
    with pytest.raises(ValueError, match=f"Expected an encoder whose features form a pyramid.*{received}.*include_top"):
        find_pyramid(build())
