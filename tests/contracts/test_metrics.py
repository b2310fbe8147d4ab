"""Streaming metrics: values survive saving, batching, compilation, half precision and distribution."""

import contextlib
import dataclasses
import inspect
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resunet_kit
from resunet_kit import metrics
from tests.contracts.running import as_float32

BACKEND = keras.backend.backend()
SCRIPT = Path(__file__).with_name("new_metrics.py")
IMAGES, SIDE, CLASSES, BATCH = 6, 4, 3, 4
VOID = 255


@dataclasses.dataclass(frozen=True)
class Descriptor:
    """A metric with its options, and the model output that it scores."""

    of: str
    of_output: str
    options: dict[str, Any]

    def make(self) -> keras.metrics.Metric:
        return getattr(metrics, self.of)(**self.options, name=str(self))

    def __str__(self) -> str:
        return "_".join([self.of, self.of_output, *(f"{key}_{value}" for key, value in self.options.items())])


# The kinds of output that a metric scores, with their options; and the rules by which it averages.
FORMS: list[tuple[str, dict[str, Any]]] = [
    ("mask", {}),
    ("classes", {}),
    ("logits", {"from_logits": True}),
    ("multilabel", {"multilabel": True, "threshold": 0.4}),
    ("void", {"ignore_class": VOID, "class_id": 0}),
]
RULES: list[dict[str, Any]] = [{}, {"average": "pooled"}, {"empty": "skip"}]
STREAMING = ["DiceScore", "IoU", "Precision", "Sensitivity", "Specificity"]
# Each metric with each rule, and each form with each rule: all pairs would take five times as long to trace.
DESCRIPTORS = [
    Descriptor(name, form, options | rule)
    for row, rule in enumerate(RULES)
    for name, (form, options) in zip(STREAMING, FORMS[row:] + FORMS[:row], strict=True)
]
DESCRIPTORS += [
    Descriptor("IoU", "classes", {"class_average": "weighted", "empty": "skip_both"}),
    Descriptor("DiceScore", "multilabel", {"multilabel": True, "average": "pooled", "class_average": "micro"}),
]
NOT_DESCRIBED = {
    "ConfusionMatrix": "gives a matrix instead of a number; tested in tests/metrics/test_confusion.py",
    "OverlapMetric": "the base of the others, which has no fraction of its own",
    "per_class": "returns metrics that have descriptors",
    **dict.fromkeys(
        ["Evaluation", "Interval", "LesionScores", "OverlapScores", "ReliabilityBins", "SurfaceScores"],
        "what a function returns",
    ),
    **dict.fromkeys(
        ["average_surface_distance", "hausdorff_distance", "lesion_scores", "overlap_scores"],
        "scores two masks in NumPy",
    ),
    **dict.fromkeys(["surface_dice", "surface_scores"], "scores two masks in NumPy"),
    **dict.fromkeys(["expected_calibration_error", "reliability_bins"], "scores probabilities in NumPy"),
    **dict.fromkeys(["bootstrap_interval", "by_group", "evaluate_masks"], "summarises scores in NumPy"),
}
each_metric = pytest.mark.parametrize("descriptor", DESCRIPTORS, ids=str)


# --- Data and model --------------------------------------------------------------------------------------


def truths() -> dict[str, np.ndarray]:
    """Return masks and labels; three images have no foreground, one has no pixel to score."""
    generator = np.random.default_rng(400)
    labels = generator.integers(0, CLASSES, (IMAGES, SIDE, SIDE, 1))
    labels[:3] = 0
    void = np.where(generator.random(labels.shape) < 0.3, VOID, labels)
    void[4] = VOID
    masks = generator.random((IMAGES, SIDE, SIDE, CLASSES)) < 0.4
    masks[:3] = False
    found = {"mask": labels > 0, "classes": labels, "logits": labels, "multilabel": masks, "void": void}
    return {form: truth.astype("float32") for form, truth in found.items()}


def logits() -> np.ndarray:
    """Return the model's input; nothing is predicted in the first image and in one with foreground."""
    # Far enough from each other and from the thresholds that half precision gives the same masks.
    values = np.tile(np.float32([-2.5, -0.2, 1.5]), (IMAGES, SIDE, SIDE, 1))
    values = np.random.default_rng(401).permuted(values, axis=-1)
    values[[0, 5]] = -1, -9, -9
    return values


def model_of(**compiling: Any) -> keras.Model:
    """Return a model with one output per form, compiled with all metrics, whose weights never change."""
    activations = {"mask": "sigmoid", "classes": "softmax", "logits": "linear", "multilabel": "sigmoid"}
    inputs = keras.Input((SIDE, SIDE, CLASSES))
    scores = keras.layers.Conv2D(CLASSES, 1)
    x = scores(inputs)
    scores.set_weights([np.eye(CLASSES)[None, None], np.zeros(CLASSES)])
    outputs = {form: keras.layers.Activation(name, name=form)(x) for form, name in activations.items()}
    outputs["mask"] = outputs["mask"][..., :1]
    outputs["void"] = outputs["classes"] * 1
    model = keras.Model(inputs, outputs)
    lists = {form: [one.make() for one in DESCRIPTORS if one.of_output == form] for form, _ in FORMS}
    still, loss = keras.optimizers.SGD(0.0), {"multilabel": keras.losses.MeanSquaredError()}
    model.compile(still, loss, metrics=lists, **compiling)
    return model


@contextlib.contextmanager
def policy_of(name: str):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


# --- One metric ------------------------------------------------------------------------------------------


def undescribed(public):
    return set(public) - {one.of for one in DESCRIPTORS} - set(NOT_DESCRIBED)


def test_every_public_metric_has_a_descriptor():
    assert undescribed(metrics.__all__) == set()
    assert undescribed(["DiceScore", "ForgottenScore"]) == {"ForgottenScore"}
    assert {*STREAMING, *NOT_DESCRIBED} <= set(metrics.__all__)
    assert len({str(one) for one in DESCRIPTORS}) == len(DESCRIPTORS)


def predictions() -> dict[str, np.ndarray]:
    """Return each output of the model, computed in NumPy."""
    x = logits()
    sigmoid, powers = 1 / (1 + np.exp(-x)), np.exp(x)
    softmax = powers / powers.sum(axis=-1, keepdims=True)
    return {"mask": sigmoid[..., :1], "classes": softmax, "logits": x, "multilabel": sigmoid, "void": softmax}


TRUTHS, PREDICTIONS = truths(), predictions()


def data_of(descriptor: Descriptor) -> tuple[np.ndarray, np.ndarray]:
    return TRUTHS[descriptor.of_output], PREDICTIONS[descriptor.of_output]


def score(metric: keras.metrics.Metric, *batches: tuple[Any, ...]) -> float:
    for batch in batches:
        metric.update_state(*batch)
    return float(as_float32(metric.result()))


def test_the_data_tell_every_descriptor_from_the_others_of_its_output():
    """Otherwise an option could get lost without changing a value."""
    for form, _ in FORMS:
        values = sorted(score(one.make(), data_of(one)) for one in DESCRIPTORS if one.of_output == form)
        assert all(0.02 < value < 0.98 for value in values), (form, values)
        assert all(b - a > 1e-3 for a, b in itertools.pairwise(values)), (form, values)


@each_metric
def test_the_configuration_is_complete_and_survives_json(descriptor):
    metric = descriptor.make()
    config = metric.get_config()
    assert set(inspect.signature(type(metric)).parameters) <= set(config)
    assert descriptor.options.items() <= config.items()
    again = keras.saving.deserialize_keras_object(json.loads(json.dumps(keras.saving.serialize_keras_object(metric))))
    assert type(again) is type(metric)
    assert again.get_config() == config
    assert score(again, data_of(descriptor)) == score(metric, data_of(descriptor))


@settings(max_examples=40)
@given(
    st.sampled_from(DESCRIPTORS),
    st.permutations(range(IMAGES)),
    # Few sizes, because JAX compiles for each.
    st.sampled_from([(1, 2, 3), (3, 3), (2, 3, 1), (1,) * IMAGES, (2, 2, 2), (IMAGES,)]),
    st.sampled_from(["none", "images", "pixels"]),
)
def test_any_batching_gives_the_same_result(descriptor, order, sizes, weighting):
    data = data_of(descriptor)
    if weighting != "none":
        shape = (IMAGES,) if weighting == "images" else (IMAGES, SIDE, SIDE)
        data = (*data, np.random.default_rng(2).uniform(0.5, 2, shape))
    ends = np.cumsum(sizes)
    batches = [[array[list(order[end - size : end])] for array in data] for size, end in zip(sizes, ends, strict=True)]
    expected = score(descriptor.make(), data)
    assert score(descriptor.make(), *batches) == pytest.approx(expected, rel=1e-5)


@each_metric
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_rounds_the_prediction_and_nothing_else(descriptor, policy):
    truth, prediction = data_of(descriptor)
    rounded = keras.ops.cast(prediction, policy.removeprefix("mixed_"))
    expected = score(descriptor.make(), (truth, as_float32(rounded)))
    with policy_of(policy):
        metric = descriptor.make()
        found = score(metric, (truth, rounded))
        assert keras.backend.standardize_dtype(metric.result().dtype) == "float32"
    assert found == expected
    assert found == pytest.approx(score(descriptor.make(), (truth, prediction)), abs=1e-3)


# --- All metrics of one model ----------------------------------------------------------------------------


def by_hand(predicted: dict[str, np.ndarray]) -> dict[str, float]:
    """Return each metric by the name that `evaluate` gives it."""
    return {
        f"{one.of_output}_{one}": score(one.make(), (TRUTHS[one.of_output], predicted[one.of_output]))
        for one in DESCRIPTORS
    }


def without_losses(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if not name.endswith("loss")}


def evaluated(model: keras.Model) -> list[dict[str, float]]:
    return [model.evaluate(logits(), TRUTHS, batch_size=BATCH, verbose=0, return_dict=True)]


def fitted(model: keras.Model) -> list[dict[str, float]]:
    """Return the values of two epochs; a metric that is not reset has another value in the second."""
    found = model.fit(logits(), TRUTHS, batch_size=BATCH, epochs=2, verbose=0).history
    return [{name: values[epoch] for name, values in found.items()} for epoch in range(2)]


EAGER = (
    {"run_eagerly": True, "jit_compile": False} if BACKEND != "jax" else {}
)  # JAX has nothing cheaper than compiling


@pytest.mark.parametrize(
    ("run", "policy", "compiling"),
    [
        # Tracing all metrics takes many times what running them takes: each way of running is here once.
        (fitted, "float32", EAGER),
        pytest.param(fitted, "float32", {"jit_compile": True}, marks=pytest.mark.slow),
        pytest.param(evaluated, "mixed_float16", EAGER, marks=pytest.mark.slow),
        pytest.param(evaluated, "mixed_bfloat16", {"jit_compile": False}, marks=pytest.mark.slow),
    ],
    ids=["fit, eager", "fit, XLA", "evaluate, float16, eager", "evaluate, bfloat16, traced"],
)
@pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`:UserWarning")
def test_a_model_gives_what_its_metrics_give(run, policy, compiling):
    if compiling.get("jit_compile") and BACKEND == "torch":
        pytest.skip("PyTorch has no XLA")
    with policy_of(policy):
        model = model_of(**compiling)
        expected = by_hand({form: as_float32(output) for form, output in model(logits(), training=False).items()})
        for found in run(model):
            assert without_losses(found) == pytest.approx(expected, rel=1e-5)


@pytest.fixture(scope="module")
def new_process(tmp_path_factory):
    """Return the values of the reloaded model in a new process with two virtual devices, plain and distributed."""
    folder = tmp_path_factory.mktemp("metrics")
    model_of().save(folder / "model.keras")
    np.savez(folder / "data.npz", inputs=logits(), **TRUTHS)
    finished = subprocess.run(
        [sys.executable, "-P", str(SCRIPT), str(folder), str(BATCH)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(resunet_kit.__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    return json.loads((folder / "found.json").read_text())


@pytest.mark.slow
def test_a_new_process_evaluates_the_same(new_process):
    assert without_losses(new_process["plain"]) == pytest.approx(by_hand(PREDICTIONS), rel=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(BACKEND == "torch", reason="Keras distributes over TensorFlow's and JAX's devices alone")
def test_two_devices_evaluate_the_same(new_process):
    assert new_process["devices"] == 2
    assert without_losses(new_process["distributed"]) == pytest.approx(by_hand(PREDICTIONS), rel=1e-5)
