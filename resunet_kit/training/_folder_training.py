"""Training of a network by a recipe, which can be resumed after an interruption."""

import contextlib
import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras

from resunet_kit._shared.writing import atomic_write
from resunet_kit.data import PairBatches
from resunet_kit.training._folder_plan import FolderPlan
from resunet_kit.training._folder_recipe import Recipe, compile_network, logits_of
from resunet_kit.training.depthwise import keep_depthwise_in_float32
from resunet_kit.training.fused_norm import fuse_normalization

BACKUP, BEST, EPOCHS = "backup", "best.keras", "epochs.json"
MONITOR = "val_dice"
CACHE_BYTES = 1 << 30  # decoded files are kept in memory up to this size


def batches(plan: FolderPlan, part: str, recipe: Recipe) -> PairBatches:
    """Return the batches of a part; those of training are shuffled and augmented."""
    images, masks = plan.part(part)
    height, width = plan.image_size
    return PairBatches(
        images,
        masks,
        image_size=plan.image_size,
        batch_size=recipe.batch_size,
        shuffle=part == "train",
        augment=recipe.augment if part == "train" else None,
        cache=len(images) * height * width * 4 * (plan.network_channels + 1) < CACHE_BYTES,
        seed=recipe.seed,
        num_classes=max(plan.num_classes, 2),
        **plan.reading,
    )


class Progress(keras.callbacks.Callback):
    """Callback that saves the epochs so far and the best model, so that both stay consistent over interruptions.

    Args:
        folder: The folder that they are saved in.
        training: Batches whose order and augmentation depend only on the epoch.
        network: The model to save; it may be the trained one with an activation added.
    """

    def __init__(self, folder: Path, training: PairBatches, network: keras.Model) -> None:
        super().__init__()
        self.folder, self.training, self.network = folder, training, network
        self.epochs = read_epochs(folder)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 (Keras's call)
        """Set the epoch of the batches."""
        self.training.set_epoch(epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save the model if it is the best so far, then the values of the epoch."""
        values = {name: float(value) for name, value in (logs or {}).items()}
        if not math.isfinite(values["loss"]):
            raise ValueError(
                f"Expected a loss that is a finite number. Received {values['loss']} in epoch {epoch + 1}. Lower "
                "learning_rate, or look for wrong values in the model's outputs."
            )
        before = [_merit(self.epochs[one]) for one in self.epochs if one < epoch]
        if not before or _merit(values) > max(before):
            with atomic_write(self.folder / BEST) as file:
                uncompiled(self.network).save(file)
        self.epochs = {**{one: own for one, own in self.epochs.items() if one < epoch}, epoch: values}
        with atomic_write(self.folder / EPOCHS) as file:
            file.write_text(json.dumps(list(self.epochs.values())) + "\n", encoding="utf-8")


def _merit(values: dict[str, float]) -> tuple[float, float]:
    """Return what epochs are compared by: the validation Dice and, where it is equal, as at first, the loss."""
    dice, loss = values[MONITOR], values["val_loss"]
    return (dice if math.isfinite(dice) else -math.inf, -loss if math.isfinite(loss) else -math.inf)


def read_epochs(folder: Path) -> dict[int, dict[str, float]]:
    """Return the values of each epoch that has ended."""
    file = folder / EPOCHS
    return dict(enumerate(json.loads(file.read_text(encoding="utf-8")))) if file.is_file() else {}


def best_epoch(epochs: dict[int, dict[str, float]]) -> int:
    """Return the first epoch with the highest validation Dice."""
    return max(epochs, key=lambda epoch: (_merit(epochs[epoch]), -epoch))


def train(
    model: keras.Model,
    plan: FolderPlan,
    recipe: Recipe,
    folder: Path,
    *,
    callbacks: Sequence[keras.callbacks.Callback],
    verbose: Any,
) -> dict[int, dict[str, float]]:
    """Train the remaining epochs, load the best weights into the model, and return the values of each epoch.

    Raises:
        ValueError: If a loss is not finite.
    """
    keep_depthwise_in_float32(fuse_normalization(model))
    logits = logits_of(model)
    trained = model if logits is None else logits
    compile_network(trained, plan, recipe, from_logits=logits is not None)
    training, validation = (batches(plan, part, recipe) for part in ("train", "validation"))
    progress = Progress(folder, training, model)
    if not _has_ended(progress.epochs, recipe):
        with _readable_errors():
            trained.fit(
                training,
                validation_data=validation,
                epochs=recipe.epochs,
                shuffle=False,  # the batches shuffle themselves, and are read ahead
                verbose=verbose,
                callbacks=[
                    progress,
                    *callbacks,
                    *([EarlyStop(progress, recipe.patience)] if recipe.patience is not None else []),
                    keras.callbacks.BackupAndRestore(folder / BACKUP, double_checkpoint=True),
                ],
            )
    uncompiled(model).load_weights(folder / BEST)  # the same layers, without an optimizer to restore
    return progress.epochs


@contextlib.contextmanager
def _readable_errors() -> Iterator[None]:
    """Turn the error of a value check in a compiled step into the `ValueError` that it is in an eager one."""
    try:
        yield
    except Exception as error:
        found = re.search(r"\[(Expected .*?)\]\s*(\[|$)", str(error), re.DOTALL)
        if found is None or isinstance(error, ValueError | TypeError):
            raise
        raise ValueError(found[1]) from error


class EarlyStop(keras.callbacks.Callback):
    """Stop after `patience` epochs without a better validation score, including those before an interruption."""

    def __init__(self, progress: Progress, patience: int) -> None:
        super().__init__()
        self.progress, self.patience = progress, patience

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 (Keras's call)
        """Compare with the best epoch."""
        if epoch - best_epoch(self.progress.epochs) >= self.patience:
            self.model.stop_training = True


def _has_ended(done: dict[int, dict[str, float]], recipe: Recipe) -> bool:
    stopped = recipe.patience is not None and bool(done) and max(done) - best_epoch(done) >= recipe.patience
    return len(done) >= recipe.epochs or stopped


def uncompiled(model: keras.Model) -> keras.Model:
    """Return the model without its loss and optimizer, so that it loads where this package is not installed."""
    if isinstance(model, keras.Sequential):
        return keras.Sequential(model.layers, name=model.name)
    if type(model).__name__ == "Functional":
        return keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    return model  # the user's own class, which loads by its own rules
