"""Any model compiles with our losses, learns in two steps, and comes back from its file with loss and weights."""

import keras
import numpy as np
import pytest

from resunet_kit import blocks, losses
from tests.contracts.descriptors import ALL_BUT_LARGEST, BUILDERS, first_of_each_name, images, randomise
from tests.contracts.new_process import fault, reload_all, save

BACKEND = keras.backend.backend()
LOSSES = (losses.Tversky, losses.FocalTversky, losses.Dice)
CLASSES = 2
# Of each block and builder the first instance, and one of several outputs; every instance reloads in test_reload.py.
# JAX compiles each for ten seconds: there builders alone, which contain the blocks.
INSTANCES = ALL_BUT_LARGEST if BACKEND != "jax" else [one for one in BUILDERS if one in ALL_BUT_LARGEST]
LEARNERS = [
    *first_of_each_name(INSTANCES),
    *(descriptor for descriptor in ALL_BUT_LARGEST if descriptor.case == "deep supervision"),
]


def with_scores(descriptor, model):
    """Return the model, with a head where its outputs are features."""
    if descriptor.always_float32:
        return model
    return keras.Model(model.input, blocks.segmentation_head(model.output, CLASSES))


def compile_for(model, number):
    """Compile with one of our losses, which scores each output; classes of whole images take one of Keras's."""
    last = model.get_layer(model.output_names[0])
    from_logits = last.activation is keras.activations.linear
    of_pixels = len(model.outputs[0].shape) > 2
    loss = LOSSES[number % len(LOSSES)] if of_pixels else keras.losses.CategoricalCrossentropy
    # Two steps are run sooner than traced, except on JAX; test_compilation.py traces.
    eager = BACKEND != "jax"
    model.compile(keras.optimizers.SGD(0.1), loss(from_logits=from_logits), run_eagerly=eager, jit_compile=not eager)


def targets_for(shapes, *, batch):
    """Return random masks or one-hot classes for each output; outputs of one shape get the same."""
    made = []
    for *size, channels in shapes:
        labels = np.random.default_rng(2).integers(0, max(2, channels), (batch, *size))
        made.append(labels[..., None] if channels == 1 else np.eye(channels)[labels])
    return [target.astype("float32") for target in made]


def learn(model, inputs, targets):
    """Fit two steps, and say what is wrong with them; "" where nothing is."""
    before = model.get_weights()
    found = model.fit(inputs, targets if len(targets) > 1 else targets[0], batch_size=1, verbose=0).history["loss"]
    if not np.isfinite(found).all():
        return f"the loss became {found}"
    moved = (not np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))
    return "" if any(moved) else "no weight moved"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`:UserWarning")
def test_models_learn_and_reload_compiled(tmp_path):
    found, expected, descriptors = {}, {}, {}
    for i, descriptor in enumerate(LEARNERS):
        rank = descriptor.ranks[i % len(descriptor.ranks)]
        shape = descriptor.shape(rank)
        model = with_scores(descriptor, randomise(descriptor.build(descriptor.shape(rank, static=i % 3 > 0))))
        compile_for(model, i)
        shapes = descriptor.outputs(shape)
        if not descriptor.always_float32:
            shapes = [(*size, CLASSES) for *size, _ in shapes]
        name = f"model{i:03d}"
        inputs, targets = images(shape), targets_for(shapes, batch=2)
        descriptors[name], found[name] = descriptor, learn(model, inputs, targets)
        expected[name] = save(tmp_path, name, model, inputs, targets)

    reload_all(tmp_path, package=True)
    found = {name: found[name] or fault(tmp_path, name, expected[name]) for name in found}
    assert not any(found.values()), "\n".join(f"{descriptors[name]}: {text}" for name, text in found.items() if text)


def small_model():
    inputs = keras.Input((4, 4, 1))
    return keras.Model(inputs, blocks.segmentation_head(inputs, 1))


@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights:UserWarning")
def test_a_model_that_does_not_learn_is_named():
    inputs, targets = images((4, 4, 1)), targets_for([(4, 4, 1)], batch=2)
    model = small_model()
    compile_for(model, 0)
    assert learn(model, inputs, targets) == ""
    model.compile(loss=keras.losses.MeanSquaredError())  # ours refuse to be run on NaN
    assert learn(model, inputs * np.nan, targets) == "the loss became [nan]"
    frozen = small_model()
    frozen.trainable = False
    compile_for(frozen, 0)
    assert learn(frozen, inputs, targets) == "no weight moved"


@pytest.mark.slow
@pytest.mark.skipif(BACKEND != "tensorflow", reason="shows that the comparison can fail; one backend suffices")
def test_a_loss_that_the_new_process_lacks_or_computes_otherwise_is_named(tmp_path):
    @keras.saving.register_keras_serializable("resunet_kit_test")
    class Ours(losses.Dice):
        pass

    model, inputs, targets = small_model(), images((4, 4, 1)), targets_for([(4, 4, 1)], batch=2)
    model.compile(loss=Ours())
    save(tmp_path, "unknown", model, inputs, targets)
    model.compile(loss=losses.Dice())
    expected = save(tmp_path, "known", model, inputs, targets)
    reload_all(tmp_path, package=True)
    assert "Ours" in fault(tmp_path, "unknown", {})
    assert fault(tmp_path, "known", expected) == ""
    assert fault(tmp_path, "known", expected | {"loss": expected["loss"] + 1}).startswith("loss differs by 1")
