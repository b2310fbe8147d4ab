import keras
from keras import ops

from resunet_kit.models._backbones.graph import functional, walk


def test_operations_come_in_order_and_know_of_kernels():
    inputs = keras.Input((8, 8, 3))
    scaled = keras.layers.BatchNormalization(name="norm")(inputs * 2.0)
    convolved = keras.layers.Conv2D(3, 1, name="conv")(scaled)
    joined = ops.add(convolved, scaled)
    steps = list(walk(keras.Model(inputs, joined)))
    assert [(step.learned_before, step.learned) for step in steps] == [
        (False, False),
        (False, False),
        (False, True),
        (True, True),
    ]
    assert [step.output is tensor for step, tensor in zip(steps[1:], (scaled, convolved, joined), strict=True)]


def test_bottlenecks_are_what_no_path_evades():
    inputs = keras.Input((8, 8, 3))
    stem = keras.layers.Conv2D(4, 1, name="stem")(inputs)
    inner = keras.layers.Conv2D(4, 1, name="inner")(keras.layers.ReLU(name="act")(stem))
    joined = keras.layers.Add(name="add")([stem, inner])
    # What a nested model is called on, only that model knows.
    nested = keras.Sequential([keras.Input((8, 8, 4)), keras.layers.Conv2D(2, 1)], name="nested")
    model = keras.Model(inputs, keras.layers.ReLU(name="last")(nested(joined)))
    found = {step.operation.name: step.bottleneck for step in walk(model)}
    assert found == {"stem": True, "act": False, "inner": False, "add": True, "nested": True, "last": True}


def test_what_follows_a_nested_model_is_learned():
    inner = keras.Input((8, 8, 3))
    nested = keras.Model(inner, keras.layers.Conv2D(2, 1)(inner))
    inputs = keras.Input((8, 8, 3))
    steps = list(walk(keras.Model(inputs, keras.layers.ReLU()(nested(inputs)))))
    assert steps[-1].learned_before


def test_a_sequential_shows_its_layers():
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 1, name="conv")], name="plain")
    assert [step.operation.name for step in walk(functional(model))] == ["conv"]
    assert functional(functional(model)).name == "plain"
