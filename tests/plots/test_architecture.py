import re

import keras
import numpy as np
import pytest
from keras import layers

from resunet_kit import models, plots
from resunet_kit.plots._model_stages import group, steps_of


def texts(figure):
    """Return the first lines of a diagram's bars by side."""
    return {trace.name: [text.split("<br>")[0] for text in trace.text] for trace in figure.data}


def parameters(figure):
    """Return the sum of the exact numbers in the labels."""
    return sum(
        int(re.search(r"([\d,]+) parameters", words)[1].replace(",", ""))
        for trace in figure.data
        for words in trace.customdata
    )


@pytest.mark.parametrize("size", [(32, 48, 3), (None, None, 3)])
def test_a_u_net_has_a_row_for_each_size_and_all_its_parameters(size):
    model = models.res_unet(size, filters=(4, 8, 16), num_classes=3)
    figure = plots.architecture_diagram(model, input_shape=(32, 48, 3))
    assert texts(figure) == {
        "Encoder": ["32 × 48 · 4", "16 × 24 · 8", "8 × 12 · 16"],
        "Decoder": ["16 × 24 · 8", "32 × 48 · 3"],
    }
    assert [list(trace.y) for trace in figure.data] == [[0, 1, 2], [1, 0]]
    assert parameters(figure) == model.count_params()
    assert figure.layout.title.text.startswith("res_unet · ")
    assert len(figure.layout.annotations) == 6  # two down, two across, one from the bottom, one up


def test_volumes_are_drawn_too():
    model = models.res_unet((None, None, None, 1), filters=(4, 8))
    found = texts(plots.architecture_diagram(model, input_shape=(8, 16, 32, 1)))
    assert found == {"Encoder": ["8 × 16 × 32 · 4", "4 × 8 × 16 · 8"], "Decoder": ["8 × 16 × 32 · 1"]}


def test_a_classifier_on_top_of_a_segmenter_is_its_head():
    model = models.res_unet((32, 32, 1), filters=(4, 8), image_classes=5, deep_supervision=True)
    figure = plots.architecture_diagram(model)
    assert texts(figure)["Head"] == ["5 outputs"]
    assert parameters(figure) == model.count_params()
    assert texts(figure)["Encoder"][-1] == "16 × 16 · 8"  # not the one channel of the supervised output


def test_squeeze_and_excitation_padding_and_nested_models_belong_to_their_stage():
    inner_in = keras.Input((16, 16, 6))
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(inner_in)
    gate = layers.Conv2D(6, 1, activation="sigmoid")(pooled)
    inner = keras.Model(inner_in, layers.multiply([inner_in, gate]))
    inputs = keras.Input((32, 32, 1))
    x = layers.Conv2D(6, 3, strides=2, padding="valid")(layers.ZeroPadding2D(2)(inputs))
    x = layers.Cropping2D(((0, 1), (1, 0)))(x)
    x = layers.GlobalMaxPooling2D()(inner(x))
    shared = layers.Dense(6)
    model = keras.Model(inputs, shared(shared(x)))
    figure = plots.architecture_diagram(model)
    assert texts(figure) == {"Encoder": ["36 × 36 · 1", "16 × 16 · 6"], "Head": ["6 outputs"]}
    assert parameters(figure) == model.count_params()
    assert "2 Dense" in figure.data[1].customdata[0]
    assert figure.data[1].customdata[0].startswith("vectors<br>42 parameters, ")
    assert all(word in figure.data[0].customdata[1] for word in ("Multiply", "GlobalAveragePooling2D", "2 Conv2D"))


def test_sequential_models_are_followed():
    model = keras.Sequential([keras.Input((16, 16, 1)), layers.Conv2D(2, 3), layers.MaxPooling2D(), layers.Flatten()])
    assert texts(plots.architecture_diagram(model)) == {"Encoder": ["14 × 14 · 2", "7 × 7 · 2"], "Head": ["98 outputs"]}


def test_a_halving_to_one_pixel_is_a_stage_and_no_head():
    inputs = keras.Input((4, 4, 1))
    x = layers.Conv2D(2, 3, padding="same")(inputs)
    down = layers.Conv2D(4, 3, strides=2, padding="same")(x)
    lowest = layers.Conv2D(8, 3, strides=2, padding="same")(down)
    up = layers.concatenate([layers.UpSampling2D()(lowest), down])
    up = layers.concatenate([layers.UpSampling2D()(layers.Conv2D(3, 1)(up)), x])
    found = texts(plots.architecture_diagram(keras.Model(inputs, layers.Conv2D(1, 1)(up))))
    assert found == {"Encoder": ["4 × 4 · 2", "2 × 2 · 4", "1 × 1 · 8"], "Decoder": ["2 × 2 · 3", "4 × 4 · 1"]}


def test_a_border_around_a_small_map_does_not_make_a_decoder():
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(2, 3, strides=4, padding="same")(inputs)
    x = layers.Conv2D(3, 3)(layers.ZeroPadding2D(1)(x))  # 2 pixels, 4 with their border, and 2
    assert texts(plots.architecture_diagram(keras.Model(inputs, x))) == {"Encoder": ["2 × 2 · 3"]}


def test_what_has_no_graph_or_size_is_refused():
    class Own(keras.Model):
        pass

    with pytest.raises(TypeError, match=r"Expected a functional or Sequential Keras model.*Received Own"):
        plots.architecture_diagram(Own())
    with pytest.raises(TypeError, match="Received str"):
        plots.architecture_diagram("res_unet")
    variable = models.res_unet((None, None, 3), filters=(4, 8))

    class Accelerated:
        model = variable

    with pytest.raises(TypeError, match=r"Pass its attribute \.model"):
        plots.architecture_diagram(Accelerated())
    with pytest.raises(ValueError, match="Expected input_shape for a model of variable size"):
        plots.architecture_diagram(variable)
    with pytest.raises(ValueError, match=r"fits the model's input \(None, None, 3\). Received \(32, 32, 1\)"):
        plots.architecture_diagram(variable, input_shape=(32, 32, 1))
    with pytest.raises(ValueError, match="fits the model's input"):
        plots.architecture_diagram(variable, input_shape=(1, 32, 32, 3))
    with pytest.raises(TypeError, match="Expected input_shape"):
        plots.architecture_diagram(variable, input_shape=32)


@pytest.mark.slow
@pytest.mark.parametrize(
    "build",
    [
        lambda: models.res_unet((64, 64, 3), encoder="efficientnet_lite0", encoder_weights=None),
        lambda: models.res_unet((64, 64, 3), filters=(4, 8, 16), skip="attention", upsampling="transpose"),
        lambda: models.res_unet_plus_plus((64, 64, 3)),
        lambda: models.res_unet_a((128, 128, 3)),
        lambda: models.resnet_classifier((160, 96, 3), backbone="mobilenetv2", weights=None),
    ],
)
def test_networks_of_hundreds_of_layers_keep_their_parameters_in_few_rows(build):
    model = build()
    figure = plots.architecture_diagram(model)
    assert parameters(figure) == model.count_params()
    assert max(max(trace.y) for trace in figure.data) <= 12
    stages, edges = group(steps_of(model, [tuple(tensor.shape) for tensor in model.inputs]))
    assert {end for _, end in edges} | {0} == set(range(len(stages)))
    assert len(figure.to_json()) < 30_000
    assert all(np.isfinite(trace.y).all() for trace in figure.data)
