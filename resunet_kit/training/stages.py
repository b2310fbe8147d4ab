"""Fine-tuning in stages: the head first, then more and more of the backbone."""

import math
import numbers
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from resunet_kit.models import set_trainable
from resunet_kit.models.transfer import Policy, check_policy


@dataclass(frozen=True)
class Stage:
    """What learns, for how long and how fast.

    Args:
        policy: What learns, as in `resunet_kit.models.set_trainable`.
        epochs: Passes over the data, at least 1.
        learning_rate: The optimizer's step in this stage, above 0.

    Raises:
        ValueError: If the epochs or the learning rate are out of range.

    Example:
        >>> from resunet_kit.training import Stage
        >>> Stage("head", epochs=5)
        Stage(policy='head', epochs=5, learning_rate=0.001)
    """

    policy: Policy
    epochs: int = 1
    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        epochs: Any = self.epochs
        if not isinstance(epochs, numbers.Integral) or int(epochs) < 1:
            raise ValueError(f"Expected a stage of 1 epoch or more. Received epochs={epochs!r}.")
        rate: Any = self.learning_rate
        if not isinstance(rate, numbers.Real) or not 0 < float(rate) < math.inf:
            raise ValueError(f"Expected a learning rate above 0, such as 1e-4. Received learning_rate={rate!r}.")


class StagedHistory(keras.callbacks.History):
    """The history of all stages: one `keras.callbacks.History`, which Keras would begin anew at every fit.

    Attributes:
        history: One list a metric, with one value an epoch, over all stages.
        epoch: The epochs' numbers from 0, over all stages.
        stage: For every epoch, which of the stages it belonged to, from 0.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.stage: list[int] = []

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Keep what the stages before have left."""


def fit_in_stages(
    model: keras.Model,
    stages: Sequence[Stage | tuple],
    x: Any,
    y: Any = None,
    *,
    loss: Any = None,
    optimizer: str | keras.optimizers.Optimizer | None = None,
    metrics: Any = None,
    callbacks: keras.callbacks.Callback | Sequence[keras.callbacks.Callback] | None = None,
    validation_data: Any = None,
    **fit_options: Any,
) -> StagedHistory:
    """Fit a model stage by stage, each with what it lets learn, its epochs and its learning rate.

    For each stage, `set_trainable` chooses what learns and the model is compiled with a fresh optimizer: the
    optimizer of a running `fit` cannot take weights that begin to learn later. Frozen batch normalisations keep their
    statistics.

    A stage is a fit of its own to the callbacks, and its epochs are numbered on. `EarlyStopping` therefore ends one
    stage and begins anew in the next, and `ModelCheckpoint` keeps the best epoch of all stages; `CSVLogger` needs
    `append=True`.

    Args:
        model: A built model, with a nested backbone where policies need one. Afterwards it is as the last stage left
            it: what learnt can learn, and it is compiled.
        stages: Stages in order, as `Stage` or as tuples of its arguments.
        x: Training data, as in `keras.Model.fit`; a generator goes on from stage to stage.
        y: Targets, unless `x` holds them.
        loss: As in `keras.Model.compile`. None: what the model was compiled with.
        optimizer: Name, or an optimizer whose class and options each stage's own one gets. None: as the model was
            compiled with, else Adam. Its learning rate, or schedule, gives way to the stage's.
        metrics: As in `keras.Model.compile`. None: what the model was compiled with, if anything.
        callbacks: Keras callbacks, for all stages.
        validation_data: As in `keras.Model.fit`.
        **fit_options: Further arguments of `keras.Model.fit`, as `batch_size` or `verbose`. What else `compile` takes,
            as `loss_weights` or `jit_compile`, stays as the model was compiled.

    Returns:
        The history of all stages.

    Raises:
        ValueError: If there is no stage, a stage is not as above, the model lacks what a policy asks for, there is no
            loss, or an option or callback does not fit stages. Nothing has changed then.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.models import resnet_classifier
        >>> from resunet_kit.training import fit_in_stages
        >>> model = resnet_classifier((32, 32, 1), 1, backbone="resnet18", weights=None)
        >>> model.compile(loss="binary_crossentropy", run_eagerly=True)
        >>> images, labels = np.zeros((2, 32, 32, 1)), np.array([[0], [1]])
        >>> history = fit_in_stages(model, [("head", 2), (1, 1, 1e-4)], images, labels, verbose=0)
        >>> history.stage, len(history.history["loss"])
        ([0, 0, 1], 3)
    """
    plan = _checked(model, stages)
    options = _compile_options(model, loss=loss, optimizer=optimizer, metrics=metrics)
    optimizers = [_fresh(options["optimizer"], stage.learning_rate) for stage in plan]
    listed = _checked_callbacks(callbacks)
    if fixed := {"epochs", "initial_epoch"} & set(fit_options):
        raise ValueError(f"Expected the epochs to be told by the stages. Received {', '.join(sorted(fixed))}.")

    history = StagedHistory()
    for number, (stage, fresh) in enumerate(zip(plan, optimizers, strict=True)):
        set_trainable(model, stage.policy)
        model.compile(**{**options, "optimizer": fresh})
        if model.built:
            model.optimizer.build(model.trainable_variables)  # or Keras traces the first step twice
        done = len(history.epoch)
        model.fit(
            x,
            y,
            initial_epoch=done,
            epochs=done + stage.epochs,
            callbacks=[*listed, history],
            validation_data=validation_data,
            **fit_options,
        )
        history.stage += [number] * (len(history.epoch) - done)
    return history


def _checked(model: keras.Model, stages: Sequence[Stage | tuple]) -> list[Stage]:
    """Return the stages, all of which the model can go through."""
    if isinstance(stages, (Stage, str)) or not isinstance(stages, Iterable):
        raise ValueError(f"Expected a sequence of stages, such as [('head', 5, 1e-3)]. Received {stages!r}.")
    plan = []
    for stage in stages:
        if not isinstance(stage, (Stage, tuple)) or (isinstance(stage, tuple) and not 1 <= len(stage) <= 3):
            raise ValueError(f"Expected a stage as Stage or as (policy, epochs, learning_rate). Received {stage!r}.")
        plan.append(stage if isinstance(stage, Stage) else Stage(*stage))
        check_policy(model, plan[-1].policy)
    if not plan:
        raise ValueError("Expected at least one stage, such as ('head', 5, 1e-3). Received none.")
    return plan


def _compile_options(model: keras.Model, **given: Any) -> dict[str, Any]:
    """Return the arguments of the model's compilation, with those given in their place."""
    # The objects themselves: get_compile_config() has them as text, from which a user's own function does not return.
    options = dict(model._compile_config.config) if model.compiled else {"optimizer": "adam"}
    options.update({name: value for name, value in given.items() if value is not None})
    if not model.compiled and "loss" not in options:
        raise ValueError("Expected a loss, or a compiled model. Received neither: pass loss='binary_crossentropy'.")
    return options


def _fresh(optimizer: Any, learning_rate: float) -> keras.optimizers.Optimizer:
    """Return a new optimizer of the same class and options."""
    template = keras.optimizers.get(optimizer)
    if isinstance(template, keras.optimizers.LossScaleOptimizer):
        return keras.optimizers.LossScaleOptimizer(
            _fresh(template.inner_optimizer, learning_rate), template.initial_scale, template.dynamic_growth_steps
        )
    config = template.get_config()
    if "learning_rate" not in config:
        raise ValueError(f"Expected an optimizer with one learning rate, such as 'adam'. Received {template.name!r}.")
    return type(template).from_config({**config, "learning_rate": float(learning_rate)})


def _checked_callbacks(callbacks: Any) -> list[keras.callbacks.Callback]:
    listed = [] if callbacks is None else keras.tree.flatten(callbacks)
    if any(isinstance(callback, keras.callbacks.BackupAndRestore) for callback in listed):
        raise ValueError(
            "Expected callbacks that know of no single fit. Received BackupAndRestore, which would hand one stage's "
            "optimizer to another. Keep weights with ModelCheckpoint, and after an interruption pass the stages left."
        )
    return listed
