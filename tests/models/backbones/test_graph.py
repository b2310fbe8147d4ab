import keras
from keras import ops

from resunet_kit.models._backbones.graph import functional, walk


def test_operations_are_in_topological_order_and_depend_on_kernels():
    inputs = keras.Input((8, 8, 3))
    scaled = keras.layers.BatchNormalization(name="norm")(inputs * 2.0)
    convolved = keras.layers.Conv2D(3, 1, name="conv")(scaled)
    joined = ops.add(convolved, scaled)
    steps = list(walk(keras.Model(inputs, joined)))
    assert [(step.follows_kernel, step.depends_on_kernel) for step in steps] == [
        (False, False),
        (False, False),
        (False, True),
        (True, True),
    ]
    assert [step.output is tensor for step, tensor in zip(steps[1:], (scaled, convolved, joined), strict=True)]


def test_no_skip_connection_bypasses_an_articulation():
    inputs = keras.Input((8, 8, 3))
    stem = keras.layers.Conv2D(4, 1, name="stem")(inputs)
    inner = keras.layers.Conv2D(4, 1, name="inner")(keras.layers.ReLU(name="act")(stem))
    joined = keras.layers.Add(name="add")([stem, inner])
    # A nested model lists its own tensors, not those it is called on.
    nested = keras.Sequential([keras.Input((8, 8, 4)), keras.layers.Conv2D(2, 1)], name="nested")
    model = keras.Model(inputs, keras.layers.ReLU(name="last")(nested(joined)))
    found = {step.operation.name: step.articulation for step in walk(model)}
    assert found == {"stem": True, "act": False, "inner": False, "add": True, "nested": True, "last": True}


def test_layers_after_a_nested_model_follow_a_kernel():
    inner = keras.Input((8, 8, 3))
    nested = keras.Model(inner, keras.layers.Conv2D(2, 1)(inner))
    inputs = keras.Input((8, 8, 3))
    steps = list(walk(keras.Model(inputs, keras.layers.ReLU()(nested(inputs)))))
    assert steps[-1].follows_kernel


def test_a_sequential_has_a_functional_model_of_its_layers():
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 1, name="conv")], name="plain")
    assert [step.operation.name for step in walk(functional(model))] == ["conv"]
    assert functional(functional(model)).name == "plain"
