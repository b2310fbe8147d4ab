import keras
import pytest

from resunet_kit.inference._predictor import Predictor, check_predictor


def test_a_model_predicts():
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, keras.layers.Conv2D(1, 1)(inputs))
    assert isinstance(model, Predictor)
    check_predictor("model", model)


@pytest.mark.parametrize("model", [None, "model.keras", keras.Model, lambda x: x])
def test_others_are_refused_by_name(model):
    with pytest.raises(TypeError, match=r"Expected segmenter to be a keras\.Model"):
        check_predictor("segmenter", model)


def test_several_outputs_and_models_not_built_are_refused():
    inputs = keras.Input((None, None, 1))
    two = keras.Model(inputs, [keras.layers.Conv2D(1, 1)(inputs) for _ in range(2)])
    with pytest.raises(ValueError, match=r"one output. Received output shape"):
        check_predictor("model", two)
    with pytest.raises(ValueError, match=r"to be built"):
        check_predictor("model", keras.Sequential([keras.layers.Conv2D(1, 1)]))
