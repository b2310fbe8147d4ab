"""Fine-tuning in stages: the head first, then more and more of the backbone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from resunet_kit._shared.numbers import integer, number
from resunet_kit.models import set_trainable
from resunet_kit.models.transfer import Policy, check_policy, check_policy_name


@dataclass(frozen=True)
class Stage:
    """Trainable layers, number of epochs and learning rate of one stage.

    Args:
        policy: Which layers are trainable: `"all"`; `"none"`; `"head"`, everything but the backbone; `"all_but_norm"`,
            everything but normalisations; or the number of top stages of the backbone, together with the head.
        epochs: Passes over the data, at least 1.
        learning_rate: The optimizer's learning rate in this stage, above 0.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If the policy is unknown, or the epochs or the learning rate are out of range.

    Example:
        >>> from resunet_kit.training import Stage
        >>> Stage("head", epochs=5)
        Stage(policy='head', epochs=5, learning_rate=0.001)
    """

    policy: Policy
    epochs: int = 1
    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        check_policy_name("policy", self.policy)
        integer("epochs", self.epochs, "[1, inf)")
        number("learning_rate", self.learning_rate, "(0, inf)")


class StagedHistory(keras.callbacks.History):
    """The history of all stages in one `keras.callbacks.History`, which Keras would reset at every fit.

    Attributes:
        history: One list per metric, with one value per epoch, over all stages.
        epoch: The indices of the epochs from 0, over all stages.
        stage: The index from 0 of the stage that each epoch belongs to.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.stage: list[int] = []

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Keep the history of the previous stages."""


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
    """Fit a model stage by stage, each with its own trainable layers, epochs and learning rate.

    For each stage, `set_trainable` freezes and unfreezes layers, and the model is compiled with a new optimizer, since
    that of a running `fit` cannot accept weights that are unfrozen later. Frozen batch normalisations keep their
    statistics.

    For the callbacks, each stage is a separate fit with consecutive epochs. `EarlyStopping` therefore ends one stage
    and starts again in the next, and `ModelCheckpoint` keeps the best epoch of all stages; `CSVLogger` needs
    `append=True`.

    Args:
        model: A built model, with a nested backbone if policies need one. Afterwards it is compiled, with the
            trainable layers of the last stage.
        stages: Stages in order, as `Stage` or as tuples of its arguments.
        x: Training data: arrays, a `tf.data.Dataset`, a `keras.utils.PyDataset` or a generator of batches, from which
            each stage takes further batches.
        y: Targets, unless `x` holds them.
        loss: A loss, its name, or a list or dictionary of one per output. None: what the model was compiled with.
        optimizer: Name, or an optimizer whose class and options the new one of every stage gets. None: what the model
            was compiled with, else Adam. The stage's learning rate replaces the optimizer's own rate or schedule.
        metrics: A list of metrics or of their names. None: what the model was compiled with, if anything.
        callbacks: Keras callbacks, for all stages.
        validation_data: Arrays `(x, y)`, or a dataset of batches, scored after each epoch. None: no validation.
        **fit_options: Further arguments of `keras.Model.fit`, such as `batch_size` or `verbose`. Other arguments of
            `compile`, such as `loss_weights` or `jit_compile`, stay as the model was compiled.

    Returns:
        The history of all stages.

    Raises:
        TypeError: If the stages or the model are of a wrong type.
        ValueError: If there is no stage, a stage is not as above, the model lacks what a policy asks for, there is no
            loss, or an option or callback does not fit stages. The model is then unchanged.

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
        raise ValueError(f"Expected epochs from the stages alone. Received {', '.join(sorted(fixed))}. Leave it out.")

    history = StagedHistory()
    for index, (stage, fresh) in enumerate(zip(plan, optimizers, strict=True)):
        set_trainable(model, stage.policy)
        model.compile(**{**options, "optimizer": fresh})
        if model.built:
            model.optimizer.build(model.trainable_variables)  # otherwise Keras traces the first step twice
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
        history.stage += [index] * (len(history.epoch) - done)
    return history


def _checked(model: keras.Model, stages: Sequence[Stage | tuple]) -> list[Stage]:
    """Return the stages, checked against the model."""
    cure = "Pass a list such as [('head', 5, 1e-3)]."
    if isinstance(stages, (Stage, str)) or not isinstance(stages, Iterable):
        raise TypeError(f"Expected a sequence of stages. Received {stages=}. {cure}")
    plan = [_stage(stage) for stage in stages]
    if not plan:
        raise ValueError(f"Expected at least one stage. Received none. {cure}")
    for stage in plan:
        check_policy(model, stage.policy)
    return plan


def _stage(stage: Any) -> Stage:
    if isinstance(stage, Stage):
        return stage
    message = f"Expected a stage as Stage or as (policy, epochs, learning_rate). Received {stage!r}. Pass a tuple."
    if not isinstance(stage, tuple):
        raise TypeError(message)
    if not 1 <= len(stage) <= 3:
        raise ValueError(f"{message[:-1]} of 1 to 3 values.")
    return Stage(*stage)


def _compile_options(model: keras.Model, **given: Any) -> dict[str, Any]:
    """Return the arguments of the model's compilation, updated by those that are not None."""
    # The objects themselves, as get_compile_config() has them as text, which cannot restore a user's own function.
    options = dict(model._compile_config.config) if model.compiled else {"optimizer": "adam"}
    options.update({name: value for name, value in given.items() if value is not None})
    if not model.compiled and "loss" not in options:
        raise ValueError("Expected a loss, or a compiled model. Received neither. Pass loss='binary_crossentropy'.")
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
        raise ValueError(f"Expected an optimizer with one learning rate. Received {template.name!r}. Pass 'adam'.")
    return type(template).from_config({**config, "learning_rate": float(learning_rate)})


def _checked_callbacks(callbacks: Any) -> list[keras.callbacks.Callback]:
    listed = [] if callbacks is None else keras.tree.flatten(callbacks)
    if any(isinstance(callback, keras.callbacks.BackupAndRestore) for callback in listed):
        raise ValueError(
            "Expected callbacks that work across several fits. Received BackupAndRestore, which would restore the "
            "optimizer of another stage. Save weights with ModelCheckpoint; after an interruption pass the stages left."
        )
    return listed
