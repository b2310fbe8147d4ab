import threading

import keras
import numpy as np
import pytest
from keras import ops

from resunet_kit._shared.value_checks import collected, known, refuse, unchecked

BACKEND = keras.backend.backend()
pytestmark = pytest.mark.filterwarnings("ignore:The result is NaN:RuntimeWarning")


def checked(x):
    """Return the square of a scalar of at most 1."""
    with collected() as failures:
        refuse(x > 1, "Expected x of at most 1. Received ", x, ". Divide it.")
    return failures.nan_where(failures.without_gradient_where(x) ** 2)


def compiled(function):
    """Return the function as a graph, compiled by XLA where there is one."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=True)
    if BACKEND == "jax":
        import jax

        return jax.jit(function)
    pytest.skip("PyTorch runs eagerly")
    return None


def test_eagerly_a_wrong_value_raises():
    assert float(checked(ops.convert_to_tensor(0.5))) == 0.25
    with pytest.raises(ValueError, match=r"^Expected x of at most 1. Received 1.5. Divide it.$"):
        checked(ops.convert_to_tensor(1.5))


def test_under_xla_the_result_is_nan_of_a_wrong_value_alone():
    function = compiled(checked)
    assert float(function(ops.convert_to_tensor(0.5))) == 0.25
    assert np.isnan(float(function(ops.convert_to_tensor(1.5))))


@pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow's assertions")
def test_a_graph_of_tensorflow_stops_before_it_writes_a_variable():
    import tensorflow as tf

    variable = tf.Variable(0.0)

    @tf.function
    def step(x):
        variable.assign(checked(x))

    step(tf.constant(0.5))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Expected x of at most 1. Received .*1.5.*Divide it."):
        step(tf.constant(1.5))
    assert float(variable) == 0.25


@pytest.mark.skipif(BACKEND != "jax", reason="transformations of JAX")
def test_jax_maps_and_differentiates_what_is_checked():
    import jax

    np.testing.assert_array_equal(jax.vmap(checked)(np.float32([0.5, 1.5, 1])), np.float32([0.25, np.nan, 1]))
    assert float(jax.grad(checked)(0.5)) == 1
    assert float(jax.jit(jax.grad(checked))(1.5)) == 0
    with pytest.raises(ValueError, match=r"Received 1\.5"):
        jax.grad(checked)(1.5)


def test_a_symbolic_model_holds_the_check():
    inputs = keras.Input((), batch_size=1)
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: x)(inputs))
    output = checked(ops.sum(model.output))
    again = keras.Model(inputs, output)
    assert float(again(np.float32([0.5]))) == 0.25
    assert np.isnan(float(again(np.float32([1.5]))))


def test_nothing_is_checked_in_a_branch():
    with unchecked():
        assert float(checked(ops.convert_to_tensor(2.0))) == 4
        with unchecked():
            pass
        assert float(checked(ops.convert_to_tensor(2.0))) == 4
    with pytest.raises(ValueError, match="Expected"):
        checked(ops.convert_to_tensor(2.0))


def test_nested_blocks_collect_into_the_outermost_and_each_thread_for_itself():
    with collected() as outer:
        with collected() as inner:
            assert inner is outer
        others = []

        def other_thread():
            with collected() as failures:
                others.append(failures)

        thread = threading.Thread(target=other_thread)
        thread.start()
        thread.join()
        assert others[0] is not outer
    with collected() as later:
        assert later is not outer


def test_known_conditions():
    assert known(ops.convert_to_tensor(1.0) > 0) is True
    assert known(np.bool_(False)) is False
    assert known(keras.Input((), batch_size=1) > 0) is None
