"""Fitting of one stage, with a checkpoint after each epoch from which an interrupted run continues."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from examples.brain_mri.batches import ResumeEpoch, TrainingBatches
from examples.brain_mri.config import Options
from examples.brain_mri.devices import divisible
from examples.brain_mri.progress import progress_bar
from examples.brain_mri.run_folder import RunFolder
from resunet_kit.data import atomic_write
from resunet_kit.training import adamw_with_warm_up, fuse_normalization


@dataclass(frozen=True)
class Stage:
    """What one stage is trained on, and for how long.

    Attributes:
        name: Name of its files in the run folder.
        build: Builds the network.
        batches: Training batches.
        validation: Images and targets, scored after each epoch; None where every patient is trained on.
        epochs: Passes through the batches.
        loss: Loss, as `compile` takes it.
        metrics: Metrics, as `compile` takes them.
    """

    name: str
    build: Callable[[Options], keras.Model]
    batches: TrainingBatches
    validation: tuple[np.ndarray, np.ndarray] | None
    epochs: int
    loss: Any
    metrics: list[Any]


def fit(run: RunFolder, stage: Stage, options: Options) -> None:
    """Train a stage, or continue it after an interruption, and write its network.

    The steps are the same as without the interruption: batches depend only on the seed and their epoch.
    """
    if run.network(stage.name).is_file():
        return
    model = stage.build(options)
    fuse_normalization(model)
    model.compile(
        adamw_with_warm_up(options.learning_rate, len(stage.batches) * stage.epochs), stage.loss, metrics=stage.metrics
    )
    model.optimizer.build(model.trainable_variables)  # or Keras traces the first step twice
    checkpoint = run.checkpoint(stage.name)
    if checkpoint.is_file():
        model.load_weights(checkpoint)
    first = int(model.optimizer.iterations) // len(stage.batches)
    stage.batches.epoch = first  # Keras may read ahead before the epoch begins
    model.fit(
        stage.batches,
        validation_data=stage.validation and divisible(stage.validation, options.batch_size),
        validation_batch_size=options.batch_size,
        epochs=stage.epochs,
        initial_epoch=first,
        shuffle=False,  # the batches are random already
        verbose=0,
        callbacks=[
            ResumeEpoch(stage.batches),
            Checkpoint(run, stage, first),
            TimeLeft(stage, first),
        ],
    )
    with atomic_write(run.network(stage.name)) as file:
        model.save(file)
    checkpoint.unlink(missing_ok=True)


class Checkpoint(keras.callbacks.Callback):
    """Write the history and the weights, the optimizer's included, after each epoch: each file whole or not at all."""

    def __init__(self, run: RunFolder, stage: Stage, first: int) -> None:
        super().__init__()
        self.run, self.stage = run, stage
        self.rows = [row for row in run.epochs_done(stage.name) if row["epoch"] < first]

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write both; the history first, since a surplus epoch in it is dropped on resuming."""
        self.rows.append({"epoch": epoch, **(logs or {})})
        self.run.write_history(self.stage.name, self.rows)
        with atomic_write(self.run.checkpoint(self.stage.name)) as file:
            self.model.save_weights(file)


class TimeLeft(keras.callbacks.Callback):
    """A progress bar over all steps of a stage, with the time left."""

    def __init__(self, stage: Stage, first: int) -> None:
        super().__init__()
        self.bar = progress_bar(
            total=len(stage.batches) * stage.epochs,
            initial=len(stage.batches) * first,
            desc=stage.name,
            unit="step",
        )

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 (Keras's call)
        """Count the step."""
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 (Keras's call)
        """Show the epoch's scores."""
        self.bar.set_postfix({name: f"{value:.3f}" for name, value in (logs or {}).items()}, refresh=False)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 (Keras's call)
        """Leave the finished bar."""
        self.bar.close()
