"""Best weights, early stopping and what is saved."""

import keras
import numpy as np
import pytest

from resunet_kit.models import res_unet
from resunet_kit.training._folder_recipe import Recipe
from resunet_kit.training._folder_training import _has_ended, best_epoch, uncompiled


def epochs(*dice: float, loss: float = 1.0) -> dict[int, dict[str, float]]:
    return {epoch: {"val_dice": value, "val_loss": loss} for epoch, value in enumerate(dice)}


def recipe(patience: int | None) -> Recipe:
    return Recipe(
        filters=(4, 8),
        augment=None,
        batch_size=1,
        epochs=6,
        learning_rate=1e-3,
        patience=patience,
        precision="float32",
        seed=0,
        steps=1,
    )


def test_the_best_epoch_is_that_of_the_highest_dice_and_the_first_of_equal_ones():
    assert best_epoch(epochs(0.1, 0.5, 0.5, 0.4)) == 1
    assert best_epoch(epochs(np.nan, 0.0, 0.0)) == 1


def test_of_equal_dice_the_lower_loss_is_better():
    values = epochs(0.0, 0.0, 0.0)
    values[2]["val_loss"] = 0.5
    values[1]["val_loss"] = np.nan
    assert best_epoch(values) == 2


@pytest.mark.parametrize(
    ("dice", "patience", "ended"),
    [
        ((), 1, False),
        ((0.1,) * 6, None, True),
        ((0.1,) * 5, None, False),
        ((0.5, 0.4, 0.3), 2, True),
        ((0.5, 0.4), 2, False),
    ],
)
def test_training_ends_after_its_epochs_or_without_progress(dice, patience, ended):
    assert _has_ended(epochs(*dice), recipe(patience)) is ended


def test_a_model_is_saved_without_its_loss_and_keeps_the_form_of_its_input(tmp_path):
    model = res_unet((32, 32, 1), filters=(4, 8))
    model.compile("adam", "mse")
    uncompiled(model).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    images = np.zeros((1, 32, 32, 1), np.float32)  # a list is not asked for, which Keras would warn of
    found, expected = (keras.ops.convert_to_numpy(one(images)) for one in (loaded, model))
    np.testing.assert_array_equal(found, expected)
    assert not loaded.compiled
    sequence = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 1)])
    sequence.compile("adam", "mse")
    assert not uncompiled(sequence).compiled
