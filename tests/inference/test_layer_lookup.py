import keras
import pytest
from keras import layers

from resunet_kit.inference._layer_lookup import find_layer, last_convolution, layers_in_order
from resunet_kit.models import res_unet


def backbone(name):
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="first")(inputs)
    return keras.Model(inputs, layers.ReLU(name="act")(layers.Conv2D(4, 3, name="second")(x)), name=name)


def nested(*backbones):
    inputs = keras.Input((8, 8, 3))
    features = [model(inputs) for model in backbones]
    x = features[0] if len(features) == 1 else layers.Add(name="sum")(features)
    return keras.Model(inputs, layers.Dense(2, name="scores")(layers.GlobalAveragePooling2D(name="pool")(x)))


def test_layers_are_listed_in_the_order_of_computation():
    paths = [found.path for found in layers_in_order(nested(backbone("net")))]
    assert paths == ["net/first", "net/second", "net/act", "net", "pool", "scores"]


@pytest.mark.parametrize("name", ["second", "net/second"])
def test_a_layer_is_found_by_its_name_and_its_path(name):
    inner = backbone("net")
    found = find_layer(nested(inner), name)
    assert found.layer is inner.get_layer("second")
    assert found.path == "net/second"


def test_the_layer_itself_and_a_nested_model():
    inner = backbone("net")
    model = nested(inner)
    assert find_layer(model, inner.get_layer("act")).path == "net/act"
    assert find_layer(model, "net").layer is inner


def test_ambiguous_names_are_refused_and_paths_are_not():
    a, b = backbone("a"), backbone("b")
    with pytest.raises(ValueError, match="stands for 2: 'a/second', 'b/second'"):
        find_layer(nested(a, b), "second")
    assert find_layer(nested(a, b), "b/second").layer is b.get_layer("second")


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'second'"):
        find_layer(nested(backbone("net")), "secnd")
    with pytest.raises(ValueError, match="'pool', 'scores'"):
        find_layer(nested(backbone("net")), layers.Dense(1))
    with pytest.raises(TypeError, match="the name of a layer"):
        find_layer(nested(backbone("net")), 3)


def test_the_last_convolution():
    assert last_convolution(nested(backbone("net")), has_maps=False).path == "net/second"
    segmenter = res_unet((8, 8, 3), filters=(2, 4))
    assert last_convolution(segmenter, has_maps=True).path == "decoder1_2_conv"


def test_convolutions_of_a_single_pixel_are_passed_over():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, name="features")(inputs)
    x = layers.Conv2D(2, 1)(layers.GlobalAveragePooling2D(keepdims=True)(x))
    model = keras.Model(inputs, layers.Flatten()(x))
    assert last_convolution(model, has_maps=False).path == "features"


def test_a_model_without_convolutions_is_refused():
    inputs = keras.Input((8, 8, 3))
    with pytest.raises(ValueError, match="use occlusion"):
        last_convolution(keras.Model(inputs, layers.Flatten()(inputs)), has_maps=False)
