import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from resunet_kit.data.files.resizing import resize_image
from resunet_kit.inference import grad_cam
from resunet_kit.models import res_unet, resnet_classifier
from tests.inference.stages import eager

RNG = np.random.default_rng(0)
KERNEL = RNG.normal(size=(3, 3, 2, 4)).astype("float32")
WEIGHTS = RNG.normal(size=(4, 3)).astype("float32")
IMAGES = RNG.normal(size=(3, 8, 6, 2)).astype("float32")


def classifier(end=None, *, units=3, bias=0.0, front=None, shape=(8, 6, 2)):
    """Return convolution, ReLU, mean, dense scores and `end`, whose Grad-CAM `by_hand` computes in NumPy."""
    inputs = keras.Input(shape)
    x = inputs if front is None else front(inputs)
    x = layers.Conv2D(4, 3, padding="same", name="conv")(x)
    x = layers.GlobalAveragePooling2D()(layers.ReLU(name="relu")(x))
    x = layers.Dense(units, end if isinstance(end, str) else None, name="scores")(x)
    model = keras.Model(inputs, end(x) if callable(end) else x)
    model.get_layer("conv").set_weights([KERNEL, np.zeros(4)])
    model.get_layer("scores").set_weights([WEIGHTS[:, :units], np.full(units, bias)])
    return eager(model)


def features_by_hand(images=IMAGES):
    """Return the convolution, by sums of shifted images."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = images.shape[1:3]
    return sum(
        padded[:, row : row + height, column : column + width] @ KERNEL[row, column]
        for row in range(3)
        for column in range(3)
    )


def by_hand(labels, images=IMAGES, sign=1):
    """Return the map of each image's class: the gradient at the convolution is that of the mean through the ReLU."""
    features = features_by_hand(images)
    slopes = sign * WEIGHTS[:, labels].T[:, None, None] * (features > 0) / np.prod(images.shape[1:3])
    maps = np.maximum((features * slopes.mean(axis=(1, 2), keepdims=True)).sum(-1), 0)
    highest = maps.max(axis=(1, 2), keepdims=True)
    return maps / np.where(highest > 0, highest, 1)


def predicted():
    return (np.maximum(features_by_hand(), 0).mean(axis=(1, 2)) @ WEIGHTS).argmax(-1)


def close(found, expected):
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4)


# === Classifiers ===

ENDS = {
    "logits": None,
    "dense": "softmax",
    "activation": layers.Activation("softmax"),
    "layer": layers.Softmax(),
    "operation": ops.softmax,
    "sigmoid": "sigmoid",
    "casts": lambda x: layers.Activation("linear")(layers.Activation("softmax")(x)),
    "nested": keras.Sequential([keras.Input((3,)), layers.Softmax()]),
}


@pytest.mark.parametrize("end", ENDS)
def test_the_map_is_that_computed_by_hand_whatever_the_activation(end):
    """With the bias each sigmoid is 1 to rounding, and has no gradient itself."""
    model = classifier(ENDS[end], bias=200.0)
    close(grad_cam(model, IMAGES, target=1), by_hand([1, 1, 1]))
    assert "call" not in vars(model.layers[-1])


def test_the_predicted_class_is_explained_unless_another_is_asked_for():
    model = classifier("softmax")
    close(grad_cam(model, IMAGES), by_hand(predicted()))
    close(grad_cam(model, IMAGES, target=[0, 1, 2], batch_size=2), by_hand([0, 1, 2]))


def test_one_sigmoid_unit_speaks_for_its_class_and_against_it():
    model = classifier("sigmoid", units=1)
    close(grad_cam(model, IMAGES), by_hand([0, 0, 0]))
    close(grad_cam(model, IMAGES, target=1), by_hand([0, 0, 0]))
    close(grad_cam(model, IMAGES, target=0), by_hand([0, 0, 0], sign=-1))


def test_a_saturated_softmax_has_a_map_too():
    model = classifier("softmax")
    kernel, bias = model.get_layer("scores").get_weights()
    model.get_layer("scores").set_weights([1000 * kernel, bias])
    close(grad_cam(model, IMAGES, target=1), by_hand([1, 1, 1]))


def test_another_layer_by_its_name():
    features = np.maximum(features_by_hand(), 0)
    maps = np.maximum(features @ WEIGHTS[:, 2], 0)
    model = classifier("softmax")
    for layer in ("relu", model.get_layer("relu")):
        close(grad_cam(model, IMAGES, target=2, layer=layer), maps / maps.max(axis=(1, 2), keepdims=True))


def test_images_without_positive_evidence_have_a_zero_map():
    model = classifier("softmax")
    model.get_layer("scores").set_weights([-np.abs(WEIGHTS), np.zeros(3)])
    model.get_layer("conv").set_weights([np.abs(KERNEL), np.zeros(4)])
    found = grad_cam(model, np.abs(IMAGES))
    assert (found.shape, found.max(), found.min()) == ((3, 8, 6), 0, 0)
    assert grad_cam(model, np.zeros((1, 8, 6, 2))).max() == 0


def test_maps_are_resized_to_the_image():
    inputs = keras.Input((None, None, 2))
    x = layers.Conv2D(4, 3, strides=2, padding="same", name="conv")(inputs)
    model = keras.Model(inputs, layers.Dense(2, "softmax")(layers.GlobalMaxPooling2D()(x)))
    model.set_weights([np.abs(weight) for weight in model.get_weights()])  # evidence in every image
    images = RNG.random((2, 17, 20, 2), "float32")
    found = grad_cam(model, images)
    assert found.shape == (2, 17, 20)
    assert found.max(axis=(1, 2)).tolist() == [1, 1]
    assert found.min() >= 0


# === Nested backbones ===


def backbone():
    inputs = keras.Input((16, 16, 2))
    x = layers.Conv2D(4, 3, strides=2, padding="same", name="first")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    y = layers.Conv2D(4, 3, padding="same", name="second")(layers.ReLU()(x))
    return keras.Model(inputs, layers.Add(name="sum")([x, y]), name="net")


def nested_and_flat():
    """Return a classifier with a nested backbone behind preprocessing, and the same layers without nesting."""
    inner = backbone()
    inner.get_layer("norm").set_weights([RNG.random(4) + 0.5, RNG.random(4), RNG.random(4), RNG.random(4) + 0.5])
    pool, dense = layers.GlobalAveragePooling2D(), layers.Dense(3, "softmax")
    inputs = keras.Input((16, 16, 2))
    nested = keras.Model(inputs, dense(layers.Dropout(0.5)(pool(inner(layers.Rescaling(2.0, -1.0)(inputs))))))
    # The backbone's own graph, whose input is the preprocessed image.
    return nested, keras.Model(inner.inputs[0], dense(pool(inner.outputs[0])))


@pytest.mark.parametrize("layer", ["first", "net/second", "net"])
def test_a_nested_backbone_has_the_gradients_of_its_flat_twin(layer):
    nested, flat = nested_and_flat()
    images = RNG.random((2, 16, 16, 2), "float32")
    name = "sum" if layer == "net" else layer.removeprefix("net/")
    close(grad_cam(nested, images, layer=layer, target=1), grad_cam(flat, 2 * images - 1, layer=name, target=1))


def test_a_backbone_agrees_with_a_gradient_tape_by_hand():
    nested, flat = nested_and_flat()
    images = RNG.random((2, 16, 16, 2), "float32")
    twin = keras.Model(flat.inputs[0], [flat.get_layer("sum").output, flat.outputs[0]])
    flat.layers[-1].activation = None
    with tf.GradientTape() as tape:
        features, _ = twin(2 * images - 1, training=False)
        tape.watch(features)
        score = tf.reduce_sum(flat.layers[-1](flat.layers[-2](features))[:, 1])
    flat.layers[-1].activation = keras.activations.softmax
    slopes = tape.gradient(score, features).numpy()
    maps = np.maximum((features.numpy() * slopes.mean(axis=(1, 2), keepdims=True)).sum(-1), 0)
    resized = np.stack([resize_image(m[..., None], (16, 16))[..., 0] for m in maps])
    expected = resized / np.maximum(resized.max(axis=(1, 2), keepdims=True), 1e-30)
    close(grad_cam(nested, images, layer="sum", target=1), expected)


def test_frozen_backbones_and_the_model_stays_unchanged():
    model, _ = nested_and_flat()
    model.trainable = False
    images = RNG.random((2, 16, 16, 2), "float32")
    before = [np.array(ops.convert_to_numpy(variable)) for variable in model.variables]
    scores = np.asarray(model.predict_on_batch(images))
    assert np.isin(grad_cam(model, images).max(axis=(1, 2)), (0, 1)).all()
    for was, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(was, ops.convert_to_numpy(variable))
    np.testing.assert_array_equal(model.predict_on_batch(images), scores)


@pytest.mark.slow
def test_a_network_of_keras_applications_as_a_backbone():
    model = resnet_classifier((64, 64, 3), weights=None)
    images = RNG.random((1, 64, 64, 3), "float32")
    outer, inner = (grad_cam(model, images, layer=name) for name in ("resnet50", "resnet50/conv5_block3_out"))
    np.testing.assert_array_equal(outer, inner)
    np.testing.assert_array_equal(inner, grad_cam(model, images, layer="conv5_block3_out"))


# === Segmenters ===


def segmenter(classes=1, *, activation="auto"):
    """Return a network of pixels: 4 linear features, whose channels are weighed into scores."""
    end = {"auto": "sigmoid" if classes == 1 else "softmax"}.get(activation, activation)
    inputs = keras.Input((8, 6, 2))
    x = layers.Conv2D(4, 3, padding="same", name="conv")(inputs)
    model = keras.Model(inputs, layers.Conv2D(classes, 1, activation=end, name="scores")(x))
    model.get_layer("conv").set_weights([KERNEL, np.zeros(4)])
    model.get_layer("scores").set_weights([WEIGHTS[None, None, :, :classes], np.zeros(classes)])
    return eager(model)


def map_of(label, sign=1):
    """Return the map of a segmenter's class: the mean gradient is the class's weights over the number of pixels."""
    maps = np.maximum(sign * features_by_hand() @ WEIGHTS[:, label], 0)
    return maps / maps.max(axis=(1, 2), keepdims=True)


@pytest.mark.parametrize("activation", ["auto", None])
def test_a_segmenters_map_is_that_computed_by_hand(activation):
    model = segmenter(activation=activation)
    close(grad_cam(model, IMAGES), map_of(0))
    close(grad_cam(model, IMAGES, target=0), map_of(0, sign=-1))
    # At the scores themselves the map is the score's, over the predicted mask alone the gradient is not zero.
    close(grad_cam(model, IMAGES, layer="scores"), map_of(0))


def test_the_largest_predicted_class_is_explained():
    labels = (features_by_hand() @ WEIGHTS).argmax(-1)
    largest = [1 + np.argmax([(image == label).sum() for label in (1, 2)]) for image in labels]
    expected = np.stack([map_of(label)[index] for index, label in enumerate(largest)])
    close(grad_cam(segmenter(3), IMAGES), expected)
    close(grad_cam(segmenter(3), IMAGES, target=[0, 1, 2]), np.stack([map_of(label)[label] for label in (0, 1, 2)]))


def tail_model():
    """Return a network whose pixels see the features of their own position, weighed by a fixed map."""
    inputs = keras.Input((8, 6, 2))
    x = layers.Conv2D(4, 3, padding="same", name="conv")(inputs)
    weighed = layers.ReLU(name="relu")(x)
    model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid", name="scores")(weighed))
    model.get_layer("conv").set_weights([KERNEL, np.zeros(4)])
    model.get_layer("scores").set_weights([WEIGHTS[None, None, :, :1], np.full(1, -1.0)])
    return eager(model)


def test_the_score_is_the_mean_over_the_region_or_the_predicted_mask():
    features = features_by_hand()
    mask = np.maximum(features, 0) @ WEIGHTS[:, 0] - 1 >= 0
    region = np.zeros((8, 6), bool)
    region[2:5, 1:4] = True
    each = np.stack([region, region.T.reshape(8, 6), ~region])
    assert mask.any(axis=(1, 2)).all()
    for given, areas in ((None, mask), (region, np.stack([region] * 3)), (each, each), (each[..., None], each)):
        slopes = areas[..., None] / areas.sum(axis=(1, 2))[:, None, None, None] * (features > 0) * WEIGHTS[:, 0]
        maps = np.maximum((features * slopes.mean(axis=(1, 2), keepdims=True)).sum(-1), 0)
        close(grad_cam(tail_model(), IMAGES, region=given), maps / maps.max(axis=(1, 2), keepdims=True))


def test_an_empty_predicted_mask_is_replaced_by_the_whole_image():
    model = segmenter()
    model.get_layer("scores").set_weights([WEIGHTS[None, None, :, :1], np.full(1, -1000.0)])
    close(grad_cam(model, IMAGES), map_of(0))


@pytest.mark.slow
def test_a_network_for_volumes():
    found = grad_cam(res_unet((8, 8, 8, 1), 2, filters=(2, 4)), RNG.random((2, 8, 8, 8, 1), "float32"))
    assert found.shape == (2, 8, 8, 8)
    assert np.isfinite(found).all()


# === What is refused ===


@pytest.mark.parametrize(
    ("model", "options", "kind", "message"),
    [
        (classifier, {"target": 3}, ValueError, r"target to be an integer in \[0, 2\]"),
        (classifier, {"target": [0, 1]}, ValueError, "one for each of 3"),
        (classifier, {"target": "tumour"}, TypeError, "target"),
        (classifier, {"layer": "dense"}, ValueError, "the name of a layer of"),
        (classifier, {"layer": "scores"}, ValueError, "spatial axes. Received layer='scores'"),
        (classifier, {"region": np.ones((8, 6), bool)}, ValueError, "for a segmenter alone"),
        (segmenter, {"target": 2}, ValueError, r"\[0, 1\]"),
        (segmenter, {"region": np.zeros((8, 6), bool)}, ValueError, "an empty one for image 0"),
        (segmenter, {"region": np.ones((6, 8), bool)}, ValueError, r"region of shape \(8, 6\)"),
        (segmenter, {"region": np.full((8, 6), 0.5)}, TypeError, "a mask of booleans"),
        (segmenter, {"batch_size": 0}, ValueError, "batch_size"),
    ],
)
def test_wrong_options_are_refused(model, options, kind, message):
    with pytest.raises(kind, match=message):
        grad_cam(model(), IMAGES, **options)


def test_wrong_images_are_refused():
    with pytest.raises(ValueError, match="NaN in image 1"):
        grad_cam(classifier(), np.stack([IMAGES[0], np.full((8, 6, 2), np.nan)]))


def test_models_of_other_engines_are_refused_with_the_cure():
    class Accelerated:
        input_shape, output_shape = (None, 8, 6, 2), (None, 3)

        def __init__(self, model):
            self.model = model

        def predict_on_batch(self, x):
            return self.model.predict_on_batch(x)

    with pytest.raises(TypeError, match=r"Gradients pass through.*attribute \.model"):
        grad_cam(Accelerated(classifier()), IMAGES)


def test_several_outputs_are_refused():
    model = classifier()
    model = keras.Model(model.inputs, [model.outputs[0], model.outputs[0] + 1])
    with pytest.raises(ValueError, match="one output"):
        grad_cam(model, IMAGES)


def test_a_layer_that_is_called_twice_is_refused():
    inputs = keras.Input((8, 6, 2))
    conv = layers.Conv2D(2, 3, padding="same", name="twice")
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(conv(conv(inputs))))
    with pytest.raises(ValueError, match="that is called 2 times"):
        grad_cam(model, IMAGES)


def test_gradients_that_are_not_finite_are_refused():
    model = classifier("softmax")
    model.get_layer("scores").set_weights([np.full((4, 3), np.inf), np.zeros(3)])
    with pytest.raises(ValueError, match="finite outputs and gradients"):
        grad_cam(model, IMAGES)
