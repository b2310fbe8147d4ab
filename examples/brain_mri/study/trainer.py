"""A network compiled for one choice of trainable layers and one length, shared by all runs that need it.

Compiling takes longer than a short training run. So each network is compiled once, and each run gets it with its own
weights and a reset optimizer, as if it had been built anew.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras
import numpy as np

from examples.brain_mri.batches import Patient, ResumeEpoch, TrainingBatches
from examples.brain_mri.config import Options
from examples.brain_mri.fitting import Stage
from examples.brain_mri.study.plan import Plan
from examples.brain_mri.training import FINAL, stages
from resunet_kit.models import set_trainable
from resunet_kit.training import adamw_with_warm_up, fuse_normalization

Weights = list[np.ndarray]
Policy = Literal["all", "head", "all_but_norm"]  # of `set_trainable`


def stage_of(name: str, options: Options, patients: Sequence[Patient]) -> Stage:
    """Return network, batches and loss of a stage, as `train` has them."""
    return next(stage for stage in stages(options, list(patients), None) if stage.name == FINAL + name)


class Trainer:
    """One compiled network.

    Args:
        model: The network; it is compiled here.
        policy: Which of its layers are trainable.
        options: The learning rate and how long an epoch is.
        loss: Loss, as `compile` takes it.
        epochs: Epochs of one run, over which the learning rate falls.
    """

    def __init__(self, model: keras.Model, policy: Policy, options: Options, loss: Any, epochs: int) -> None:
        self.model = fuse_normalization(model)
        set_trainable(model, policy)
        model.compile(adamw_with_warm_up(options.learning_rate, options.steps_per_epoch * epochs), loss)
        model.optimizer.build(model.trainable_variables)

    def fit(
        self,
        weights: Weights,
        batches: TrainingBatches,
        epochs: range,
        *,
        on_step: Callable[[], None],
        on_moment: Callable[[int, float, Weights], None],
    ) -> Weights:
        """Train from weights, and return those at the end.

        Args:
            weights: Initial weights.
            batches: Training batches.
            epochs: Indices of the epochs; batches depend on them.
            on_step: Called after each step.
            on_moment: Called after each epoch with how many epochs are done, the seconds that its steps took, and the
                weights.
        """
        # A step before the clock starts: TensorFlow compiles at the first one, and at times again after another network
        # was built.
        once = TrainingBatches(batches.patients, batch_size=batches.batch_size, steps=1, seed=0, labels=batches.labels)
        self._reset(weights)
        self.model.fit(once, epochs=1, verbose=0)
        self._reset(weights)
        self.model.fit(
            batches,
            initial_epoch=epochs.start,
            epochs=epochs.stop,
            shuffle=False,
            verbose=0,
            callbacks=[ResumeEpoch(batches), Moments(on_step, on_moment)],
        )
        return self.model.get_weights()

    def _reset(self, weights: Weights) -> None:
        self.model.set_weights(weights)
        for variable in self.model.optimizer.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))  # as AdamW's are before the first step


class Moments(keras.callbacks.Callback):
    """Report each step, and after each epoch the weights and the time, which excludes this report."""

    def __init__(self, on_step: Callable[[], None], on_moment: Callable[[int, float, Weights], None]) -> None:
        super().__init__()
        self.on_step, self.on_moment = on_step, on_moment
        self.began = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 (Keras's call)
        """Start the clock."""
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 (Keras's call)
        """Report the step."""
        self.on_step()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 (Keras's call)
        """Stop the clock and report."""
        seconds = time.perf_counter() - self.began
        self.on_moment(epoch + 1, seconds, self.model.get_weights())


class Networks:
    """The networks of a study: each built and compiled once, when it is first needed.

    Args:
        plan: Options of the study.
        imagenet: Whether any run starts from ImageNet weights: then all networks include their preprocessing.
    """

    def __init__(self, plan: Plan, *, imagenet: bool) -> None:
        self.plan = plan
        self.imagenet = imagenet
        self._bases: dict[str, keras.Model] = {}
        self._trainers: dict[tuple[str, Policy, int], Trainer] = {}

    def trainer(self, stage: str, policy: Policy, epochs: int) -> Trainer:
        """Return the network of a stage for training runs of one length."""
        key = (stage, policy, epochs)
        if key not in self._trainers:
            options = self.plan.options(imagenet=self.imagenet, seed=0, epochs=epochs)
            copy = keras.models.clone_model(self.scorer(stage))
            self._trainers[key] = Trainer(copy, policy, options, stage_of(stage, options, []).loss, epochs)
        return self._trainers[key]

    def scorer(self, stage: str) -> keras.Model:
        """Return the network of a stage for predictions."""
        if stage not in self._bases:
            options = self.plan.options(imagenet=self.imagenet, seed=0, epochs=1)
            self._bases[stage] = fuse_normalization(stage_of(stage, options, []).build(options))
        return self._bases[stage]
