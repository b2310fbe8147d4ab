import keras
import pytest
from keras import layers

from resunet_kit.models._backbones.strides import halvings, nearest_strides, reference_shapes


def chain(shape):
    x = inputs = keras.Input(shape)
    layer = layers.Conv2D if len(shape) == 3 else layers.Conv3D
    outputs = [x := layer(2, 3, strides=2, padding="same")(x) for _ in range(3)]
    return keras.Model(inputs, outputs)


@pytest.mark.parametrize("shape", [(None, None, 3), (64, 32, 3), (None, 64, 1), (None, None, None, 1), (16, 8, 8, 1)])
def test_static_and_variable_shapes_have_the_same_strides(shape):
    model = chain(shape)
    assert nearest_strides(model, model.outputs) == [(2, True), (4, True), (8, True)]


def test_shapes_of_variable_size_are_those_of_a_reference_size():
    fixed, variable = chain((33, 33, 1)), chain((None, 33, 1))
    assert reference_shapes(fixed, fixed.outputs[:1]) == ((None, 33, 33, 1), [(None, 17, 17, 2)])
    assert reference_shapes(variable, variable.outputs[:1]) == ((1, 512, 33, 1), [(1, 256, 17, 2)])
    assert reference_shapes(variable, variable.outputs)[1][-1] == (1, 64, 5, 2)


def test_halvings_are_counted_where_small_sizes_are_rounded_up():
    assert halvings(65, {65, 33, 17, 9, 5, 3}) == {65: 0, 33: 1, 17: 2, 9: 3, 5: 4, 3: 5}
    assert halvings(64, {16, 15}) == {16: 2, 15: 2}
