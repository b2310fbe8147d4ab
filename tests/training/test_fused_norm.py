import copy
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.models import res_unet, set_trainable
from resunet_kit.training import fuse_normalization, fusion_report

needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only TensorFlow's normalisation is fused"
)
TOLERANCE = {"float32": 1e-4, "mixed_bfloat16": 1e-2, "mixed_float16": 2e-3}


def results(shape, *, fuse, training, trainable=True, compiled=None, images=None, **options):
    """Return the output, the gradients of the input and the weights, and the moving statistics, as float64."""
    import tensorflow as tf

    uniform = keras.initializers.RandomUniform
    layer = keras.layers.BatchNormalization(
        gamma_initializer=uniform(0.5, 2.0, seed=1),
        beta_initializer=uniform(-1.0, 1.0, seed=2),
        moving_mean_initializer=uniform(1.0, 3.0, seed=3),
        moving_variance_initializer=uniform(0.5, 2.0, seed=4),
        **options,
    )
    layer.trainable = trainable
    model = keras.Sequential([keras.Input(shape[1:]), layer])
    if fuse:
        fuse_normalization(model)
        assert set(fusion_report(model).values()) == {"fused"}
    generator = np.random.default_rng(0)
    x = tf.constant(3 + 5 * generator.normal(size=shape) if images is None else images, layer.compute_dtype)
    direction = tf.constant(generator.normal(size=shape), "float32")
    weights = [weight.value for weight in (layer.gamma, layer.beta) if weight is not None]

    def both(x):
        with tf.GradientTape() as tape:
            tape.watch([x, *weights])
            y = model(x, training=training)
            value = tf.reduce_sum(tf.cast(y, "float32") * direction)
        return [y, *tape.gradient(value, [x, *weights])]

    found = (both if compiled is None else tf.function(both, jit_compile=compiled))(x)
    return [np.asarray(tf.cast(value, "float64")) for value in [*found, layer.moving_mean, layer.moving_variance]]


def second_derivative(dtype, *, fuse):
    """Return the gradient of a squared gradient's sum, as a gradient penalty has it."""
    import tensorflow as tf

    layer = keras.layers.BatchNormalization(dtype=dtype)
    model = keras.Sequential([keras.Input((8, 8, 3), dtype=dtype), layer])
    if fuse:
        fuse_normalization(model)
    generator = np.random.default_rng(0)
    x = tf.constant(1 + 2 * generator.normal(size=(4, 8, 8, 3)), dtype)
    direction = tf.constant(generator.normal(size=x.shape), dtype)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            value = tf.reduce_sum(direction * tf.tanh(model(x, training=True)))
        penalty = tf.reduce_sum(inner.gradient(value, x) ** 2)
    return outer.gradient(penalty, x).numpy()


@needs_tensorflow
def test_second_derivatives_are_those_of_float64():
    expected = second_derivative("float64", fuse=False)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(second_derivative("float32", fuse=True), expected, atol=1e-5 * np.abs(expected).max())


def assert_equal(shape, tolerance=1e-4, **options):
    fused, plain = (results(shape, fuse=fuse, **options) for fuse in (True, False))
    for mine, theirs in zip(fused, plain, strict=True):
        size = np.abs(theirs[np.isfinite(theirs)]).max(initial=1e-2)
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance * size)


# Of few values, rounding rules the gradient of the plain layer and of the fused one.
SHAPES = st.lists(st.integers(1, 5), min_size=2, max_size=5).filter(lambda shape: np.prod(shape[:-1]) > 3)


@needs_tensorflow
@settings(max_examples=15, deadline=None)
@given(
    shape=SHAPES,
    dtype=st.sampled_from(sorted(TOLERANCE)),
    training=st.booleans(),
    trainable=st.booleans(),
    center=st.booleans(),
    scale=st.booleans(),
    momentum=st.sampled_from([0.0, 0.9, 1.0]),
    epsilon=st.sampled_from([1e-1, 1e-3, 1e-6]),
)
def test_fused_equals_plain(shape, dtype, **options):
    assert_equal(tuple(shape), TOLERANCE[dtype], dtype=dtype, **options)


@needs_tensorflow
@pytest.mark.parametrize("compiled", [False, True])
def test_fused_equals_plain_in_compiled_functions(compiled):
    assert_equal((2, 3, 4, 5, 2), training=True, compiled=compiled)


@needs_tensorflow
@pytest.mark.parametrize("shape", [(1, 3), (1, 1, 1, 3)])
def test_the_variance_of_one_value_is_zero(shape):
    assert_equal(shape, training=True, momentum=0.0)


@needs_tensorflow
def test_statistics_of_an_empty_batch_are_nan_as_in_keras():
    fused, plain = (results((0, 4, 4, 3), fuse=fuse, training=True) for fuse in (True, False))
    for index in (0, 1, -2, -1):  # output, gradient of the input, statistics
        np.testing.assert_array_equal(fused[index], plain[index])
    assert np.isnan(fused[-1]).all()


@needs_tensorflow
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("training", [True, False])
def test_values_that_are_not_finite_stay_so(value, training):
    images = np.random.default_rng(0).normal(size=(2, 4, 4, 3))
    images[0, 1, 1, 1] = value
    fused, plain = (results(images.shape, fuse=fuse, training=training, images=images) for fuse in (True, False))
    for mine, theirs in zip(fused, plain, strict=True):
        np.testing.assert_array_equal(np.isfinite(mine), np.isfinite(theirs))


@needs_tensorflow
def test_a_large_mean_costs_no_precision():
    images = 1e3 + np.random.default_rng(0).normal(size=(2, 16, 16, 3))
    options = {"training": True, "images": images, "momentum": 0.0}
    np.testing.assert_allclose(results(images.shape, fuse=True, **options)[-1], images.var((0, 1, 2)), rtol=1e-3)


def small(**options):
    keras.utils.set_random_seed(0)
    return res_unet((16, 16, 1), filters=(4, 8), **options)


def tiny():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(2, 3, padding="same"), keras.layers.BatchNormalization(), keras.layers.Conv2D(1, 1)]
    return keras.Sequential([keras.Input((16, 16, 1)), *layers, keras.layers.Activation("sigmoid")])


def trained(model, steps=3, **options):
    """Return a model's losses and weights after a few steps."""
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(4, 16, 16, 1)), generator.integers(0, 2, (4, 16, 16, 1))
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy", **options)
    history = model.fit(x, y, epochs=steps, batch_size=4, shuffle=False, verbose=0)
    return history.history["loss"], model.get_weights()


def assert_trained_alike(build, tolerance=1e-3, **options):
    (losses, weights), (plain_losses, plain_weights) = (
        trained(model, **options) for model in (fuse_normalization(build()), build())
    )
    np.testing.assert_allclose(losses, plain_losses, rtol=tolerance)
    for mine, theirs in zip(weights, plain_weights, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance)


def test_three_steps_of_training_equal_those_of_keras():
    assert_trained_alike(tiny)


@pytest.mark.slow
@needs_tensorflow
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_three_steps_of_a_network_equal_those_of_keras(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        assert_trained_alike(small, tolerance=1e-3 if policy == "float32" else 3e-2)
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.slow
@needs_tensorflow
@pytest.mark.parametrize("options", [{"jit_compile": True}, {"run_eagerly": True}, {"steps_per_execution": 3}])
def test_training_equals_that_of_keras_however_it_runs(options):
    assert_trained_alike(small, **options)


@pytest.mark.slow
@needs_tensorflow
def test_it_works_inside_a_distribution_strategy():
    import tensorflow as tf

    x, y = np.zeros((4, 8, 8, 2)) + np.arange(4)[:, None, None, None], np.zeros((4, 8, 8, 2))
    found = []
    for fuse in (True, False):
        with tf.distribute.MirroredStrategy(["/cpu:0"]).scope():
            model = keras.Sequential([keras.Input((8, 8, 2)), keras.layers.BatchNormalization()])
            if fuse:
                fuse_normalization(model)
            model.compile("sgd", "mean_squared_error")
        model.fit(x, y, verbose=0)
        found.append(model.get_weights())
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


def operations(model, shape=(1, 16, 16, 1)):
    """Return the types of TensorFlow's operations in a model's training."""
    import tensorflow as tf

    graph = tf.function(lambda x: model(x, training=True)).get_concrete_function(tf.TensorSpec(shape)).graph
    return [operation.type for operation in graph.get_operations()]


@needs_tensorflow
def test_each_layer_runs_as_one_operation():
    model = small()
    assert "FusedBatchNormV3" not in operations(model)
    layers = len(fusion_report(fuse_normalization(model)))
    assert layers > 0
    assert operations(model).count("FusedBatchNormV3") == layers


class OwnLayer(keras.layers.Layer):
    """A layer that makes its normalisation when it is built."""

    def build(self, shape):
        self.norm = keras.layers.BatchNormalization()
        self.norm.build(shape)

    def call(self, x, training=None):
        return self.norm(x, training=training)


class OwnModel(keras.Model):
    """A model with normalisations in a list, in a dictionary and in a layer of its own."""

    def __init__(self):
        super().__init__()
        self.listed = [keras.layers.BatchNormalization()]
        self.named = {"norm": keras.layers.BatchNormalization()}
        self.nested = keras.Sequential([OwnLayer()])

    def call(self, x, training=None):
        for part in (*self.listed, self.named["norm"], self.nested):
            x = part(x, training=training)
        return x


@needs_tensorflow
def test_layers_are_found_in_models_and_layers_of_ones_own():
    model = OwnModel()
    model(np.zeros((1, 16, 16, 1)))
    fuse_normalization(model)
    assert list(fusion_report(model).values()) == ["fused"] * 3
    assert operations(model).count("FusedBatchNormV3") == 3


def test_layers_of_one_name_are_all_reported():
    layers = [keras.layers.BatchNormalization(name="norm") for _ in range(3)]
    inputs = keras.Input((4,))
    parts = [keras.Model(inputs, layer(inputs), name="part") for layer in layers]

    class Parts(keras.Model):
        def __init__(self):
            super().__init__()
            self.parts = parts

    assert len(fusion_report(Parts())) == 3


@needs_tensorflow
def test_a_model_that_is_not_built_is_warned_about(caplog):
    model = fuse_normalization(OwnModel())
    assert "is not built" in caplog.text
    model(np.zeros((1, 16, 16, 1)))
    assert sorted(fusion_report(model).values()) == ["fused", "fused", "not fused yet"]


@needs_tensorflow
def test_layers_of_a_nested_backbone_are_fused_and_freeze():
    backbone = keras.applications.MobileNetV2((32, 32, 3), include_top=False, weights=None, alpha=0.35)
    inputs = keras.Input((32, 32, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(backbone(inputs))
    model = fuse_normalization(keras.Model(inputs, keras.layers.Dense(1, name="head")(pooled)))
    report = fusion_report(model)
    assert len(report) > 50
    assert set(report.values()) == {"fused"}
    set_trainable(model, "head")
    layer = next(part for part in backbone.layers if isinstance(part, keras.layers.BatchNormalization))
    before = layer.get_weights()
    backbone(np.ones((1, 32, 32, 3), "float32"), training=True)
    for mine, theirs in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@needs_tensorflow
def test_sizes_that_are_unknown_until_called():
    inputs = keras.Input((None, None, None, 2))
    model = fuse_normalization(keras.Model(inputs, keras.layers.BatchNormalization()(inputs)))
    assert model.predict(np.ones((1, 3, 4, 5, 2)), verbose=0).shape == (1, 3, 4, 5, 2)
    assert model.predict(np.ones((2, 1, 2, 3, 2)), verbose=0).shape == (2, 1, 2, 3, 2)


def normalized(**options):
    return keras.Sequential([keras.Input((4, 4, 4)), keras.layers.BatchNormalization(**options)])


class Doubled(keras.layers.BatchNormalization):
    """A normalisation that computes something else."""

    def call(self, inputs, training=None, mask=None):
        return 2 * super().call(inputs, training=training, mask=mask)


@needs_tensorflow
@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: keras.layers.BatchNormalization(axis=1), "axis 1"),
        (lambda: keras.layers.BatchNormalization(dtype="float64"), "float64"),
        (lambda: keras.layers.BatchNormalization(renorm=True), "renormalises"),
        (lambda: keras.layers.BatchNormalization(synchronized=True), "synchronises"),
        (Doubled, "of its own"),
    ],
)
def test_what_cannot_be_fused_is_left_with_a_reason(build, reason):
    layer = build()
    inputs = keras.Input((4, 4, 4))
    model = keras.Model(inputs, layer(inputs))
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 4))
    before = model.predict(x, verbose=0)
    (said,) = fusion_report(fuse_normalization(model)).values()
    assert reason in said
    np.testing.assert_array_equal(model.predict(x, verbose=0), before)


@needs_tensorflow
def test_a_mask_is_heeded():
    x = np.random.default_rng(0).normal(size=(2, 6, 3)).astype("float32")
    mask = np.arange(6)[None] < [[4], [6]]
    found = []
    for fuse in (True, False):
        layer = keras.layers.BatchNormalization(momentum=0.0)
        model = keras.Sequential([keras.Input((6, 3)), layer])
        if fuse:
            fuse_normalization(model)
        found.append([np.asarray(layer(x, training=True, mask=mask)), *layer.get_weights()])
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@needs_tensorflow
def test_a_precision_that_changes_later_is_heeded():
    layer = keras.layers.BatchNormalization()
    fuse_normalization(keras.Sequential([keras.Input((6, 3)), layer]))
    layer.dtype_policy = "float64"
    values = layer(np.ones((2, 6, 3)), training=True)
    assert keras.backend.standardize_dtype(values.dtype) == "float64"


@needs_tensorflow
def test_the_last_axis_may_be_counted_from_the_front():
    assert list(fusion_report(fuse_normalization(normalized(axis=3))).values()) == ["fused"]


def test_what_is_saved_is_stock(tmp_path):
    model = tiny()
    x = np.random.default_rng(0).normal(size=(2, 16, 16, 1)).astype("float32")
    config, names = model.to_json(), [weight.path for weight in model.weights]
    fuse_normalization(model)
    assert model.to_json() == config
    assert [weight.path for weight in model.weights] == names
    expected = model.predict(x, verbose=0)
    model.save(tmp_path / "model.keras")
    copies = [
        keras.models.load_model(tmp_path / "model.keras"),
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
    ]
    for found in copies:
        assert "fused" not in fusion_report(found).values()
        np.testing.assert_allclose(found.predict(x, verbose=0), expected, atol=1e-5)
    assert "fused" not in fusion_report(keras.models.clone_model(model)).values()


@pytest.mark.slow
def test_it_reloads_where_this_package_is_not_installed(tmp_path):
    fuse_normalization(tiny()).save(tmp_path / "model.keras")
    code = "import sys; sys.modules['resunet_kit'] = None; import keras; keras.models.load_model('model.keras')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)


@needs_tensorflow
def test_a_compiled_model_uses_it_in_its_next_fit_and_keeps_its_optimizer():
    model = tiny()
    trained(model, steps=1)
    optimizer, iterations = model.optimizer, int(model.optimizer.iterations)
    step = model.train_function
    fuse_normalization(model)
    assert model.train_function is None
    x = np.zeros((4, 16, 16, 1))
    model.fit(x, x, verbose=0)
    assert model.train_function is not step
    assert model.optimizer is optimizer
    assert int(optimizer.iterations) == iterations + 1


@needs_tensorflow
def test_fusing_again_changes_nothing():
    model = fuse_normalization(tiny())
    trained(model, steps=1)
    step = model.train_function
    assert fuse_normalization(model) is model
    assert model.train_function is step


def test_other_backends_are_told():
    model = fuse_normalization(tiny())
    backend = keras.backend.backend()
    expected = "fused" if backend == "tensorflow" else f"the backend is {backend}"
    assert set(fusion_report(model).values()) == {expected}


@pytest.mark.parametrize("function", [fuse_normalization, fusion_report])
@pytest.mark.parametrize("wrong", [None, "model", keras.layers.BatchNormalization])
def test_anything_but_a_model_is_refused(function, wrong):
    with pytest.raises(TypeError, match=r"Expected model to be a keras\.Model\. Received .* Pass"):
        function(wrong)


def test_a_model_without_normalisations_stays_as_it_is():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    assert fusion_report(fuse_normalization(model)) == {}
