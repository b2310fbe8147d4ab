import threading

import keras
import numpy as np
import pytest

from resunet_kit.inference._replaced_functions import Replacement, replaced_functions


def doubled(call):
    return lambda *args, **kwargs: 2 * call(*args, **kwargs)


def test_a_layer_computes_another_function_within_the_context():
    layer = keras.layers.Rescaling(1.0)
    layer(np.ones(1))
    before = dict(vars(layer))
    with replaced_functions([Replacement(layer, "call", doubled), Replacement(layer, "call", doubled)]):
        assert float(layer(np.ones(1))[0]) == 4
    assert float(layer(np.ones(1))[0]) == 1
    assert vars(layer) == before


def test_an_attribute_of_the_layer_itself_is_restored_after_an_error():
    layer = keras.layers.Activation("sigmoid")
    found = []

    def fail():
        with replaced_functions([Replacement(layer, "activation", lambda _: lambda x: x)]):
            found.append(float(layer(np.full(1, 3.0))[0]))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert found == [3]
    assert layer.activation is keras.activations.sigmoid


def test_other_threads_call_the_original():
    layer, found = keras.layers.Rescaling(1.0), []
    with replaced_functions([Replacement(layer, "call", doubled)]):
        thread = threading.Thread(target=lambda: found.append(float(layer(np.ones(1))[0])))
        thread.start()
        thread.join()
    assert found == [1]
