import keras
import numpy as np
import pytest

from resunet_kit.models import healthcare_ai_classifier, healthcare_ai_res_unet


def count(weights):
    return sum(int(np.prod(weight.shape)) for weight in weights)


def test_the_res_unet_has_the_notebooks_number_of_weights_in_its_order():
    model = healthcare_ai_res_unet()
    assert count(model.weights) == 1_210_513
    assert count(model.trainable_weights) == 1_206_129
    # The stem activates before it normalises, twice.
    stem = [type(layer).__name__ for layer in model.layers[1:7]]
    assert stem == ["Conv2D", "ReLU", "BatchNormalization"] * 2
    assert model.output_shape == (None, 256, 256, 1)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert all(layer.use_bias for layer in convolutions)


def test_the_classifier_has_the_notebooks_number_of_weights_and_head():
    model = healthcare_ai_classifier()
    assert count(model.weights) == 25_751_426
    assert model.get_layer("pool").output.shape == (None, 2, 2, 2048)
    dense = [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert dense == [256, 256, 2]
    keras.utils.clear_session()


def test_the_res_unet_is_for_images():
    with pytest.raises(ValueError, match=r"Expected input_shape \(height, width, channels\) without"):
        healthcare_ai_res_unet((16, 16, 16, 1))


@pytest.mark.parametrize("shape", [(96, 128, 3), (None, 256, 3)])
def test_the_classifier_refuses_images_too_small_for_its_pooling(shape):
    with pytest.raises(ValueError, match="Expected a static input_shape of at least 97 pixels"):
        healthcare_ai_classifier(shape)
