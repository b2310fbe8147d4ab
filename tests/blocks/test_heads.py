import keras
import numpy as np
import pytest

from resunet_kit.blocks import classification_head, segmentation_head

HEADS = [segmentation_head, classification_head]
by_name = pytest.mark.parametrize("head", HEADS, ids=lambda head: head.__name__)


def model_of(head, *args, **options):
    inputs = keras.Input((6, 5, 3))
    return keras.Model(inputs, head(inputs, *args, **options))


def scores(model, seed=0):
    x = np.random.default_rng(seed).normal(size=(4, 6, 5, 3)).astype("float32")
    return keras.ops.convert_to_numpy(model(x, training=False))


@by_name
@pytest.mark.parametrize("classes", [1, 2, 4])
def test_auto_is_sigmoid_for_one_class_and_softmax_for_more(head, classes):
    automatic, logits = (model_of(head, classes, activation=activation) for activation in ("auto", None))
    logits.set_weights(automatic.get_weights())
    values = scores(logits)
    odds = np.exp(values)
    expected = odds / (1.0 + odds) if classes == 1 else odds / odds.sum(-1, keepdims=True)
    assert not np.allclose(values, expected)  # logits are not scores already
    np.testing.assert_allclose(scores(automatic), expected, atol=1e-5)


@by_name
def test_sigmoid_lets_several_classes_overlap(head):
    totals = scores(model_of(head, 3, activation="sigmoid")).sum(-1)
    assert np.abs(totals - 1.0).max() > 0.01


@by_name
def test_softmax_over_one_class_is_refused_with_the_cure(head):
    with pytest.raises(ValueError, match=r"Expected activation='sigmoid' for one class.*activation='auto'"):
        model_of(head, 1, activation="softmax")


@by_name
def test_a_number_of_classes_below_one_is_refused(head):
    with pytest.raises(ValueError, match="num_classes=0"):
        model_of(head, 0)


@by_name
def test_other_ranks_are_refused(head):
    with pytest.raises(ValueError, match="Expected features of shape"):
        head(keras.Input((6, 3)), 1)


@by_name
def test_the_output_layer_has_the_name_given(head):
    assert model_of(head, 2, name="answer").layers[-1].name == "answer"


def test_segmentation_scores_each_pixel_by_itself():
    model = model_of(segmentation_head, 2, activation=None)
    kernel, bias = model.get_weights()
    x = np.random.default_rng(0).normal(size=(4, 6, 5, 3)).astype("float32")
    np.testing.assert_allclose(scores(model), x @ kernel[0, 0] + bias, atol=1e-5)


@pytest.mark.parametrize("pooling", ["avg", "max", "flatten"])
def test_pooling_matches_numpy(pooling):
    model = model_of(classification_head, 2, hidden_units=(), pooling=pooling, activation=None)
    kernel, bias = model.get_weights()
    x = np.random.default_rng(0).normal(size=(4, 6, 5, 3)).astype("float32")
    pooled = {"avg": x.mean((1, 2)), "max": x.max((1, 2)), "flatten": x.reshape(4, -1)}[pooling]
    np.testing.assert_allclose(scores(model), pooled @ kernel + bias, atol=1e-4)


def test_pooling_can_be_a_callable():
    model = model_of(classification_head, 2, hidden_units=(), pooling=lambda x: x[:, 0, 0], activation=None)
    kernel, bias = model.get_weights()
    x = np.random.default_rng(0).normal(size=(4, 6, 5, 3)).astype("float32")
    np.testing.assert_allclose(scores(model), x[:, 0, 0] @ kernel + bias, atol=1e-5)


def test_hidden_layers_are_rectified_and_each_is_followed_by_dropout():
    model = model_of(classification_head, 2, hidden_units=(8, 4), dropout=0.4)
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert [(layer.units, layer.activation.__name__) for layer in dense] == [(8, "relu"), (4, "relu"), (2, "linear")]
    drops = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.rate for layer in drops] == [0.4, 0.4]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"pooling": "average"},
            r"Expected pooling to be one of 'avg', 'flatten', 'max', or a callable. Received pooling=",
        ),
        ({"hidden_units": (8, 0)}, r"hidden_units\[1\]=0"),
        ({"dropout": 1.0}, "dropout=1.0"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        model_of(classification_head, 2, **options)


def test_flatten_needs_a_static_shape():
    with pytest.raises(ValueError, match="Expected features of a static shape for pooling='flatten'"):
        classification_head(keras.Input((None, 5, 3)), 2, pooling="flatten")
