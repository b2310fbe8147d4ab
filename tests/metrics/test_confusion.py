"""The confusion matrix of pixels, against scikit-learn, eagerly and in `fit`."""

import json

import keras
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from resunet_kit import plots
from resunet_kit.losses import CrossEntropy
from resunet_kit.metrics import ConfusionMatrix

CLASSES, VOID = 4, 255
BACKEND = keras.backend.backend()


def matrix(metric, *batches):
    for batch in batches:
        metric.update_state(*batch)
    exact = metric.to_numpy()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(metric.result()), exact, rtol=1e-6)
    return exact


def case(seed=0, images=3):
    """Return labels without class 3, and predicted classes."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 3, (images, 5, 6)), rng.integers(0, CLASSES, (images, 5, 6))


def reference(labels, predicted, **options):
    return confusion_matrix(labels.ravel(), predicted.ravel(), labels=range(CLASSES), **options)


def test_labels_and_one_hot_classes_equal_scikit_learn():
    labels, predicted = case()
    probabilities = 0.7 * np.eye(CLASSES)[predicted] + 0.3 / CLASSES
    for truth in (labels, labels[..., None], np.eye(CLASSES)[labels]):
        np.testing.assert_array_equal(matrix(ConfusionMatrix(), (truth, probabilities)), reference(labels, predicted))
    parts = [(labels[i : i + 1], probabilities[i : i + 1]) for i in range(3)]
    np.testing.assert_array_equal(matrix(ConfusionMatrix(), *parts), reference(labels, predicted))
    logits = matrix(ConfusionMatrix(from_logits=True), (labels, 5 * probabilities - 9))
    np.testing.assert_array_equal(logits, reference(labels, predicted))


@pytest.mark.parametrize(("normalize", "theirs"), [("truth", "true"), ("prediction", "pred"), ("all", "all")])
def test_each_normalization_equals_scikit_learn(normalize, theirs):
    labels, predicted = case()
    found = matrix(ConfusionMatrix(normalize=normalize), (labels, np.eye(CLASSES)[predicted]))
    np.testing.assert_allclose(found, reference(labels, predicted, normalize=theirs), rtol=1e-6)


def test_one_channel_has_background_and_foreground():
    rng = np.random.default_rng(0)
    truth, prediction = rng.random((2, 5, 6, 1)) > 0.6, rng.random((2, 5, 6, 1))
    found = matrix(ConfusionMatrix(threshold=0.7), (truth, prediction))
    np.testing.assert_array_equal(found, confusion_matrix(truth.ravel(), prediction.ravel() >= 0.7))
    volume = matrix(ConfusionMatrix(threshold=0.7), (truth[None], prediction[None]))
    np.testing.assert_array_equal(volume, found)


def test_ignored_labels_and_weights_equal_scikit_learn():
    labels, predicted = case()
    prediction, rng = np.eye(CLASSES)[predicted], np.random.default_rng(1)
    void = rng.random(labels.shape) < 0.3
    found = matrix(ConfusionMatrix(ignore_class=VOID), (np.where(void, VOID, labels), prediction))
    np.testing.assert_array_equal(found, reference(labels[~void], predicted[~void]))
    # A class of the prediction: its true pixels are left out.
    found = matrix(ConfusionMatrix(ignore_class=1), (labels, prediction))
    np.testing.assert_array_equal(found, reference(labels[labels != 1], predicted[labels != 1]))
    pixels, images = rng.uniform(0, 2, labels.shape), np.array([1.0, 0.0, 2.5])
    for weight, of_pixels in ((pixels, pixels), (images, np.broadcast_to(images[:, None, None], labels.shape))):
        found = matrix(ConfusionMatrix(), (labels, prediction, weight))
        expected = reference(labels, predicted, sample_weight=of_pixels.ravel())
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    masks = matrix(ConfusionMatrix(ignore_class=VOID), (np.where(void, VOID, labels > 0), prediction[..., 1:2]))
    np.testing.assert_array_equal(masks, confusion_matrix(labels[~void] > 0, predicted[~void] == 1))


def test_soft_labels_follow_the_option():
    truth = np.array([[[0.25, 0.75], [1.0, 0.0]]])[..., None]
    prediction = np.ones_like(truth)
    with pytest.raises(ValueError, match="soft_labels"):
        ConfusionMatrix().update_state(truth, prediction)
    assert matrix(ConfusionMatrix(soft_labels="threshold"), (truth, prediction)).tolist() == [[0, 2], [0, 2]]
    assert matrix(ConfusionMatrix(soft_labels="count"), (truth, prediction)).tolist() == [[0, 2], [0, 2]]
    truth[0, 0, 0] = 0.5
    assert matrix(ConfusionMatrix(soft_labels="count"), (truth, prediction)).tolist() == [[0, 1.75], [0, 2.25]]


def test_counts_are_exact_beyond_what_float32_tells_apart():
    metric = ConfusionMatrix()
    one = np.ones((1, 1, 1, 1))
    metric.update_state(one, one)
    metric.counts.assign(np.float32([[0, 0], [0, 2**24]]))
    for _ in range(301):
        metric.update_state(one, one)
    assert metric.to_numpy()[1, 1] == 2**24 + 301


def test_before_data_and_after_a_reset():
    metric = ConfusionMatrix(normalize="truth")
    assert metric.to_numpy().shape == metric.result().shape == (0, 0)
    assert matrix(metric, (np.zeros((1, 2, 2, 1)), np.zeros((1, 2, 2, 1)))).tolist() == [[1, 0], [0, 0]]
    metric.reset_state()
    assert metric.to_numpy().tolist() == [[0, 0], [0, 0]]
    with pytest.raises(ValueError, match=r"Expected y_pred of 2 classes, .* Received 3\. Use"):
        metric.update_state(*case()[:1], np.eye(3)[case()[0]])


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"normalize": True}, TypeError),
        ({"normalize": "rows"}, ValueError),
        ({"threshold": 2}, ValueError),
        ({"soft_labels": "hard"}, ValueError),
        ({"from_logits": 1}, TypeError),
        ({"ignore_class": 0.5}, TypeError),
    ],
)
def test_bad_options_are_refused(options, error):
    [name] = options
    with pytest.raises(error, match=rf"Expected {name} to be .*\. Received {name}="):
        ConfusionMatrix(**options)


def model_of(metric, **compiling):
    inputs, scores = keras.Input((5, 6, CLASSES)), keras.layers.Conv2D(CLASSES, 1, activation="softmax")
    model = keras.Model(inputs, scores(inputs))
    scores.set_weights([np.eye(CLASSES)[None, None], np.zeros(CLASSES)])
    model.compile(keras.optimizers.SGD(0.0), CrossEntropy(), weighted_metrics=[metric], **compiling)
    return model


@pytest.mark.slow
@pytest.mark.parametrize(
    "xla",
    [
        False,
        pytest.param(
            True, marks=[pytest.mark.slow, pytest.mark.skipif(BACKEND == "torch", reason="PyTorch has no XLA")]
        ),
    ],
)
def test_fit_and_evaluate_give_the_matrix(tmp_path, xla):
    labels, predicted = case(images=5)
    images = np.float32(4 * np.eye(CLASSES)[predicted])
    metric = ConfusionMatrix()
    model = model_of(metric, jit_compile=xla)
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    data = {"validation_data": (images, labels), "callbacks": [log]}
    history = model.fit(images, labels, batch_size=2, epochs=2, **data)  # with its progress bar
    expected = reference(labels, predicted)
    for name in ("confusion_matrix", "val_confusion_matrix"):
        for found in history.history[name]:
            np.testing.assert_array_equal(found, expected)
    weights = np.array([1.0, 0, 2, 1, 1])
    scores = model.evaluate(images, labels, sample_weight=weights, batch_size=2, verbose=0, return_dict=True)
    assert isinstance(scores["confusion_matrix"], np.ndarray)
    expected = reference(labels, predicted, sample_weight=np.repeat(weights, 30))
    np.testing.assert_array_equal(scores["confusion_matrix"], expected)
    np.testing.assert_array_equal(metric.to_numpy(), expected)
    np.testing.assert_array_equal(plots.confusion_matrix(metric.to_numpy()).data[0].z, expected)


def test_a_matrix_cannot_be_monitored():
    labels, predicted = case()
    images = np.float32(4 * np.eye(CLASSES)[predicted])
    stop = keras.callbacks.EarlyStopping("confusion_matrix")
    with pytest.raises(ValueError, match="automatically determine"):
        model_of(ConfusionMatrix()).fit(images, labels, verbose=0, callbacks=[stop])


@pytest.mark.filterwarnings("ignore:The result is NaN:RuntimeWarning")
def test_wrong_values_in_a_compiled_step_are_an_error_or_nan():
    labels, predicted = case()
    images = np.float32(4 * np.eye(CLASSES)[predicted])
    model = model_of(ConfusionMatrix(normalize="truth"))
    wrong = np.where(labels == 2, 9, labels)
    if BACKEND == "jax":
        found = model.evaluate(images, wrong, verbose=0, return_dict=True)
        assert np.isnan(found["confusion_matrix"]).all()
    else:
        with pytest.raises(Exception, match=r"integer labels from 0 to 3|[Ll]abel"):
            model.evaluate(images, wrong, verbose=0)


@pytest.mark.slow
def test_a_reloaded_model_has_the_same_matrix(tmp_path):
    labels, predicted = case()
    images = np.float32(4 * np.eye(CLASSES)[predicted])
    options = {"normalize": "truth", "ignore_class": 2, "threshold": np.float32(0.25), "name": "counts"}
    metric = ConfusionMatrix(**options)
    assert ConfusionMatrix.from_config(json.loads(json.dumps(metric.get_config()))).get_config() == metric.get_config()
    model = model_of(metric)
    expected = model.evaluate(images, labels, verbose=0, return_dict=True)["counts"]
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.evaluate(images, labels, verbose=0, return_dict=True)["counts"], expected)
    assert expected[0].sum() == pytest.approx(1)
    assert not expected[2].any()


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_counts_in_float32(policy):
    labels = np.random.default_rng(0).integers(0, 2, (1, 512, 512))
    metric = ConfusionMatrix(dtype=policy)
    assert matrix(metric, (labels, np.eye(2)[labels])).tolist() == np.diag(np.bincount(labels.ravel())).tolist()
