"""Default recipe: network, loss, optimizer and learning rate, chosen by the number and size of the images."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import keras
import numpy as np

from resunet_kit._shared.numbers import choice, integer, integers, number
from resunet_kit.data import Augment
from resunet_kit.data.batches.user_augmentation import check_augment
from resunet_kit.losses import CrossEntropy, Dice
from resunet_kit.metrics import DiceScore
from resunet_kit.models import res_unet
from resunet_kit.training._folder_plan import FolderPlan
from resunet_kit.training.optimizers import adamw_with_warm_up

Precision = Literal["auto", "float32", "mixed_bfloat16"]

WARM_UP = 0.05  # fraction of all steps
WEIGHT_DECAY = 1e-4
BATCH_SIZE = 8
HEAD_SCALE = 0.1  # of the head's initial weights: residual blocks add up to features that saturate a sigmoid
RAREST = 0.001
STEPS = 4  # minimum number of batches in an epoch, if there are enough images

# Small movements and changes of exposure that suit any image; turning an image upside down often does not.
AUGMENT = Augment(
    flip="horizontal",
    rotation=15,
    zoom=0.1,
    shift=0.05,
    brightness=0.05,
    contrast=0.2,
    gamma=0.2,
    fill="reflect",
    probabilities=dict.fromkeys(("rotation", "zoom", "shift", "brightness", "contrast", "gamma"), 0.5),
)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Options that a network is trained with.

    Attributes:
        filters: Channels of each level of the default network.
        augment: Function that is called on each batch; None for no augmentation.
        batch_size: Images in a batch.
        epochs: Passes over the training images.
        learning_rate: The maximum learning rate.
        patience: Epochs without a better validation score after which training stops; None for no early stopping.
        precision: Name of a dtype policy of Keras; `"auto"` until it has been chosen.
        seed: Seed of weights, order and augmentation.
        steps: Batches in an epoch.
    """

    filters: tuple[int, ...]
    augment: Callable[..., Any] | None
    batch_size: int
    epochs: int
    learning_rate: float
    patience: int | None
    precision: str
    seed: int
    steps: int

    def described(self) -> dict[str, Any]:
        """Return the recipe as values for JSON."""
        return {
            "filters": list(self.filters),
            "loss": "Dice over the batch + cross-entropy",
            "optimizer": "AdamW",
            "weight_decay": WEIGHT_DECAY,
            "learning_rate": self.learning_rate,
            "schedule": f"warm-up over {WARM_UP:.0%} of the steps, then cosine",
            "batch_size": self.batch_size,
            "epochs": self.epochs,
            "patience": self.patience,
            "precision": self.precision,
            "augment": self.augment.get_config() if isinstance(self.augment, Augment) else repr_of(self.augment),
        }


def repr_of(function: Any) -> str | None:
    """Return the name of a user's function, which is the same in another process."""
    return None if function is None else getattr(function, "__qualname__", type(function).__qualname__)


def checked_options(
    *,
    filters: Sequence[int] | None,
    augment: Any,
    batch_size: int | None,
    epochs: int,
    learning_rate: float,
    patience: int | None,
    precision: str,
) -> dict[str, Any]:
    """Return the checked options of the recipe, before the data are known.

    Raises:
        TypeError: If one is of a wrong type.
        ValueError: If one is out of range.
    """
    if isinstance(augment, str) and augment == "auto":
        augment = AUGMENT
    check_augment(augment, has_masks=True)
    return {
        "filters": None if filters is None else integers("filters", filters, "[1, inf)"),
        "augment": augment,
        "batch_size": None if batch_size is None else integer("batch_size", batch_size, "[1, inf)"),
        "epochs": integer("epochs", epochs, "[1, inf)"),
        "learning_rate": number("learning_rate", learning_rate, "(0, inf)"),
        "patience": None if patience is None else integer("patience", patience, "[1, inf)"),
        "precision": choice("precision", precision, get_args(Precision)),
    }


def made_recipe(plan: FolderPlan, options: dict[str, Any], *, seed: int) -> Recipe:
    """Choose what the user left open by the number and size of the training images; the precision is chosen last."""
    images = len(plan.split["train"])
    batch_size = options["batch_size"] or min(BATCH_SIZE, max(1, images // STEPS))
    filters = options["filters"] or default_filters(images, plan.image_size)
    chosen = {**options, "batch_size": batch_size, "filters": filters}
    return Recipe(**chosen, seed=seed, steps=math.ceil(images / batch_size))


def default_filters(images: int, image_size: tuple[int, int]) -> tuple[int, ...]:
    """Return the filters of each level: fewer for few images, and fewer levels for small images."""
    first = 16 if images < 200 else 32 if images < 2000 else 64
    levels = min(4, max(2, int(math.log2(min(image_size) / 4))))
    return tuple(first * 2**level for level in range(levels))


def default_network(plan: FolderPlan, recipe: Recipe) -> keras.Model:
    """Return the network that is trained if the user passes none; its initial outputs are the class frequencies."""
    # The moving statistics settle within about an epoch; otherwise, the first validations of short epochs mean nothing.
    momentum = 0.9 if recipe.steps < 100 else 0.99

    def norm(x: Any) -> Any:
        return keras.layers.BatchNormalization(momentum=momentum)(x)

    model = res_unet(plan.input_shape, plan.num_classes, filters=recipe.filters, norm=norm)
    head = next(layer for layer in reversed(model.layers) if layer.weights)
    kernel, _ = head.get_weights()
    head.set_weights([kernel * HEAD_SCALE, prior_bias(plan)])
    return model


def prior_bias(plan: FolderPlan) -> np.ndarray:
    """Return the head's bias that gives each class its frequency in the training masks, at least `RAREST`.

    References:
        Lin et al. 2017, Focal loss for dense object detection, section 3.3, arXiv 1708.02002.
    """
    counts = np.sum([plan.pairs[index].counts for index in plan.split["train"]], axis=0).astype(np.float64)
    if plan.reading["ignore_class"] is not None:
        counts[plan.reading["ignore_class"]] = 0
    total = counts.sum()
    if plan.num_classes == 1:
        foreground = float(np.clip(counts[1:].sum() / total, RAREST, 1 - RAREST))
        return np.array([np.log(foreground / (1 - foreground))], np.float32)
    return np.log(np.maximum(counts[: plan.num_classes] / total, RAREST)).astype(np.float32)


def logits_of(model: keras.Model) -> keras.Model | None:
    """Return the model, with the same layers, without the sigmoid or softmax at its end; None if it has neither.

    Losses computed from logits keep a gradient where a probability is rounded to 0 or 1.
    """
    last: Any = model.layers[-1]
    if type(model).__name__ != "Functional" or type(last).__name__ != "Activation" or last.output is not model.output:
        return None
    if last.activation not in (keras.activations.sigmoid, keras.activations.softmax):
        return None
    logits = keras.layers.Activation("linear", dtype="float32", name="logits")(last.input)
    return keras.Model(model.inputs[0], logits, name=model.name)


def compile_network(model: keras.Model, plan: FolderPlan, recipe: Recipe, *, from_logits: bool) -> None:
    """Compile with Dice over the batch plus cross-entropy, and a learning rate with warm-up and cosine decay."""
    steps = recipe.steps * recipe.epochs
    options: dict[str, Any] = {"from_logits": from_logits, "ignore_class": plan.reading["ignore_class"]}
    # Over the batch, since a single image without foreground would have hardly any gradient.
    overlap = Dice(reduce="batch", include_background=plan.num_classes == 1, **options)
    model.compile(
        adamw_with_warm_up(recipe.learning_rate, steps, warm_up=WARM_UP, weight_decay=WEIGHT_DECAY),
        overlap + CrossEntropy(**options),
        metrics=[DiceScore(average="pooled", name="dice", **options)],
    )
    model.optimizer.build(model.trainable_variables)  # otherwise Keras traces the first step twice
