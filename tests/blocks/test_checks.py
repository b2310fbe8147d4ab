import keras
import pytest

from resunet_kit.blocks._checks import ACTIVATIONS, check_activation, check_norm


@pytest.mark.parametrize(
    ("norm", "error", "message"),
    [
        (
            "bacth",
            ValueError,
            "'group', 'instance', 'layer', None or a callable. Received norm='bacth'. Did you mean 'batch'",
        ),
        (3, TypeError, "Received norm=3"),
        (keras.layers.BatchNormalization, TypeError, "Pass a function that makes a new layer each time"),
        (keras.layers.LayerNormalization(), TypeError, "Pass a function that makes a new layer each time"),
    ],
)
def test_a_wrong_norm_is_named_with_the_cure(norm, error, message):
    with pytest.raises(error, match=message):
        check_norm(norm)


def test_activations_of_keras_and_callables_pass_and_others_are_named():
    for activation in (None, "relu", "silu", keras.ops.tanh, *ACTIVATIONS):
        check_activation("activation", activation)
    with pytest.raises(TypeError, match="Received activation=3"):
        check_activation("activation", 3)
    with pytest.raises(ValueError, match=r"Received block_activation='rleu'. Did you mean 'relu'"):
        check_activation("block_activation", "rleu")
