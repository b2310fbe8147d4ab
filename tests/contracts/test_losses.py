"""Every loss is configured, rounded, compiled, trained with and reloaded without a change of its value."""

import dataclasses
import inspect
import json
from typing import Any

import keras
import numpy as np
import pytest

from resunet_kit import losses
from resunet_kit.masks import signed_distance_map
from tests.contracts.new_process import fault, reload_all, save
from tests.contracts.running import as_float32
from tests.gradients import value_and_gradient

NEEDS_XLA = pytest.mark.skipif(keras.backend.backend() == "torch", reason="no XLA there")
IMAGES, SPATIAL_SHAPE = 3, (6, 5)
VOID = 255


@dataclasses.dataclass(frozen=True)
class Descriptor:
    """A loss, and the truth and the output of a model that it compares."""

    loss: keras.losses.Loss
    form: str

    def __str__(self) -> str:
        return f"{self.loss.name}_{self.form}"


def _each(*kinds: type[losses.SegmentationLoss], form: str, **options: Any) -> list[Descriptor]:
    return [Descriptor(kind(**options), form) for kind in kinds]


OVERLAP = (losses.Dice, losses.Jaccard, losses.Tversky, losses.FocalTversky, losses.LogCoshDice)
OTHERS = (losses.GeneralizedDice, losses.MatthewsCorrelation, losses.Lovasz, losses.UnifiedFocal, losses.CenterlineDice)
PIXELS = (losses.CrossEntropy, losses.Focal)
DISTANCES = (losses.Boundary, losses.HausdorffDistance)

DESCRIPTORS = [
    # Each loss with one form of the truth, and each option with a few losses.
    *_each(*OVERLAP[:3], *DISTANCES, form="mask"),
    *_each(*OVERLAP[3:], *OTHERS[:2], form="classes", class_weights=(1, 2, 1), empty="skip"),
    *_each(*PIXELS, form="void", from_logits=True, ignore_class=VOID),
    *_each(*OTHERS[2:], form="multilabel", multilabel=True, from_logits=True, reduce="batch"),
    *_each(losses.Lovasz, *DISTANCES, form="classes", include_background=False, name="foreground"),
    *_each(*DISTANCES, form="maps", reduce="batch", spacing=(1.0, 2.0)),
    Descriptor(losses.Dice() + 0.5 * losses.weighted(0.5, keras.losses.BinaryCrossentropy()), "mask"),
]
# Names of several are made their own, so that a report of Keras tells them apart.
for _number, _descriptor in enumerate(DESCRIPTORS):
    _descriptor.loss.name += f"_{_number}"

NOT_DESCRIBED = {
    "SegmentationLoss": "the base of the others, which has no formula",
    "Explanation": "what a function returns",
    "explain": "explains a loss; see tests/losses/test_explanation.py",
    "option": "declares an option of a loss; see tests/losses/test_options.py",
    "weighted": "makes a LossSum, which has a descriptor",
}
each_loss = pytest.mark.parametrize("descriptor", DESCRIPTORS, ids=str)


# --- Data ------------------------------------------------------------------------------------------------


def truths() -> dict[str, np.ndarray]:
    """Return the truth of each form; the first image is healthy."""
    generator = np.random.default_rng(500)
    labels = generator.integers(0, 3, (IMAGES, *SPATIAL_SHAPE, 1))
    labels[0] = 0
    mask = labels > 0
    maps = [signed_distance_map(image, spacing=(1, 2)) for image in mask[..., 0]]
    found = {
        "mask": mask,
        "classes": labels,
        "multilabel": np.eye(3)[labels[..., 0]],
        "void": np.where(generator.random(labels.shape) < 0.3, VOID, labels),
        "maps": np.stack(maps)[..., None],
    }
    return {form: truth.astype("float32") for form, truth in found.items()}


def logits() -> np.ndarray:
    return np.random.default_rng(501).normal(size=(IMAGES, *SPATIAL_SHAPE, 3)).astype("float32")


TRUTHS = truths()


def output_of(form: str, x: Any) -> Any:
    """Return what a model with logits `x` gives a loss of this form."""
    if form in ("mask", "maps"):
        return keras.ops.sigmoid(x[..., :1])
    return keras.ops.softmax(x) if form == "classes" else x


def value(descriptor: Descriptor, x: Any) -> Any:
    return descriptor.loss(TRUTHS[descriptor.form], output_of(descriptor.form, x))


# --- One loss --------------------------------------------------------------------------------------------


def undescribed(public):
    described = {type(one.loss).__name__ for one in DESCRIPTORS}
    twins = {name for name in public if name.replace("_", "") in {kind.lower() for kind in described}}
    return set(public) - described - twins - set(NOT_DESCRIBED)


def test_every_public_loss_has_a_descriptor():
    assert undescribed(losses.__all__) == set()
    assert undescribed(["Dice", "dice", "ForgottenLoss", "forgotten_loss"]) == {"ForgottenLoss", "forgotten_loss"}
    assert set(NOT_DESCRIBED) <= set(losses.__all__)


@each_loss
def test_the_configuration_is_complete_and_survives_json(descriptor):
    loss = descriptor.loss
    config = loss.get_config()
    assert set(inspect.signature(type(loss)).parameters) <= set(config)
    again = keras.losses.deserialize(json.loads(json.dumps(keras.losses.serialize(loss))))
    assert type(again) is type(loss)
    assert again.get_config() == config
    assert as_float32(value(dataclasses.replace(descriptor, loss=again), logits())) == as_float32(
        value(descriptor, logits())
    )


@each_loss
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_rounds_the_prediction_and_nothing_else(descriptor, dtype):
    truth = TRUTHS[descriptor.form]
    half = keras.ops.cast(output_of(descriptor.form, logits()), dtype)
    expected = descriptor.loss(truth, keras.ops.cast(half, "float32"))
    found, slope = value_and_gradient(lambda x: descriptor.loss(truth, x), half, dtype)
    assert keras.backend.standardize_dtype(descriptor.loss(truth, half).dtype) == "float32"
    np.testing.assert_allclose(found, as_float32(expected), rtol=1e-6)
    assert np.isfinite(slope).all()
    assert slope.any()


@pytest.mark.slow
@NEEDS_XLA
@each_loss
def test_xla_gives_the_same_value_and_gradient(descriptor):
    def function(x):
        return value(descriptor, x)

    expected, slope = value_and_gradient(function, logits())
    found, compiled = value_and_gradient(function, logits(), compiled=True)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(compiled, slope, rtol=1e-4, atol=1e-7)


# --- All losses of one model -----------------------------------------------------------------------------


def model_of(**compiling: Any) -> keras.Model:
    """Return a model with an output for each loss, compiled with all of them."""
    inputs = keras.Input((*SPATIAL_SHAPE, 3))
    scores = keras.layers.Conv2D(3, 1, name="scores")
    x = scores(inputs)
    scores.set_weights([np.eye(3)[None, None], np.zeros(3)])
    activations = {"mask": "sigmoid", "maps": "sigmoid", "classes": "softmax"}
    outputs = [
        keras.layers.Activation(activations.get(one.form, "linear"), dtype="float32", name=f"output{number}")(
            x[..., :1] if activations.get(one.form) == "sigmoid" else x
        )
        for number, one in enumerate(DESCRIPTORS)
    ]
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.SGD(0.01), [one.loss for one in DESCRIPTORS], **compiling)
    return model


def targets() -> list[np.ndarray]:
    return [TRUTHS[one.form] for one in DESCRIPTORS]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "compiling"),
    [
        # A step is run sooner than traced, except on JAX; with XLA it is traced.
        ("mixed_float16", {} if keras.backend.backend() == "jax" else {"run_eagerly": True, "jit_compile": False}),
        pytest.param("float32", {"jit_compile": True}, marks=NEEDS_XLA),
    ],
    ids=["float16, eager", "float32, XLA"],
)
@pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`:UserWarning")
def test_a_model_trains_with_all_losses(policy, compiling):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = model_of(**compiling)
        found = model.train_on_batch(logits(), targets(), return_dict=True)
    finally:
        keras.config.set_dtype_policy(before)
    expected = [as_float32(value(one, logits())) for one in DESCRIPTORS]
    each = [found[f"output{number}_loss"] for number in range(len(DESCRIPTORS))]
    np.testing.assert_allclose(each, expected, rtol=1e-4 if policy == "float32" else 3e-3)
    kernel = keras.ops.convert_to_numpy(model.get_layer("scores").kernel)
    assert np.isfinite(kernel).all()
    assert (kernel[0, 0] != np.eye(3)).any()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`:UserWarning")
def test_a_model_with_all_losses_reloads_in_a_new_process(tmp_path):
    # A step is run sooner than traced, except on JAX; the test above traces.
    model = model_of(run_eagerly=keras.backend.backend() != "jax", jit_compile=False)
    expected = save(tmp_path, "model", model, logits(), targets())
    reload_all(tmp_path, package=True)
    assert fault(tmp_path, "model", expected) == ""
