"""Options of a run: each is defined once, with its default, type, help and command line argument."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

import numpy as np

Backbone = Literal["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
Precision = Literal["auto", "float32", "mixed_bfloat16"]
PRETRAINED_BACKBONE: Backbone = "resnet50"  # weights are published for the bottleneck ResNets alone


def integer_from(minimum: int, limit: float = float("inf")) -> Callable[[str], int]:
    """Return the argument type of an integer that is at least `minimum` and below `limit`."""
    expected = f"an integer of at least {minimum}" + (f" and below {limit}" if limit < float("inf") else "")

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = minimum - 1
        if not minimum <= value < limit:
            raise argparse.ArgumentTypeError(f"Expected {expected}. Received {text!r}. Pass for example {minimum}.")
        return value

    return convert


def positive_number(text: str) -> float:
    """Convert an argument to a positive finite number."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"Expected a positive finite number. Received {text!r}. Pass for example 0.5.")
    return value


def weights_or_none(text: str) -> str | None:
    """Convert the argument "none" to None."""
    return None if text == "none" else text


positive = integer_from(1)
seed = integer_from(0, 2**32)


def _described(meaning: str, *, shown: str = "%(default)s", **argument: Any) -> dict[str, Any]:
    """Return a field's metadata: its help, the default that the help shows, and the keywords of its argument."""
    return {"help": meaning, "shown": shown, "argument": argument}


@dataclass(frozen=True)
class Options:
    """Options that a run is trained with; the help of each field says what it is."""

    data: str = field(metadata={"help": "the cohort's folder, or the notebook's CSV"})
    classes: Literal[1, 2] = field(
        default=1,
        metadata=_described(
            "output channels of the segmenter: 1 sigmoid, 2 softmax over background and tumour",
            type=int,
            choices=(1, 2),
        ),
    )
    backbone: Backbone = field(
        default="resnet18",
        metadata=_described(
            "of the classifier", shown=f"resnet18; with weights {PRETRAINED_BACKBONE}", choices=get_args(Backbone)
        ),
    )
    classifier_width: float = field(
        default=1.0,
        metadata=_described("factor of the channels of resnet18 and resnet34; less is quicker", type=positive_number),
    )
    classifier_weights: str | None = field(
        default=None,
        metadata=_described(
            "of the backbone; imagenet downloads them",
            shown="none",
            type=weights_or_none,
            metavar="none|imagenet|PATH",
        ),
    )
    image_size: int = field(
        default=256,
        metadata=_described("height and width in pixels of what both stages see; slices are resized", type=positive),
    )
    classifier_epochs: int = field(default=15, metadata=_described("epochs of the first stage", type=positive))
    segmenter_epochs: int = field(default=30, metadata=_described("epochs of the second stage", type=positive))
    batch_size: int = field(default=8, metadata=_described("slices per step", type=positive))
    learning_rate: float = field(default=1e-3, metadata=_described("of Adam, at the start", type=positive_number))
    precision: Precision = field(
        default="auto",
        metadata=_described(
            "of the computation; auto measures which is faster, where training takes long", choices=get_args(Precision)
        ),
    )
    precision_reason: str | None = field(default=None, metadata={"help": "why this precision"})
    fractions: tuple[float, float, float] = field(
        default=(0.7, 0.15, 0.15), metadata={"help": "of slices for training, validation and test"}
    )
    seed: int = field(
        default=0, metadata=_described("of the split, the initial weights and the order of slices", type=seed)
    )

    def __post_init__(self) -> None:
        """Turn NumPy's numbers into Python's, so that the options can be saved as JSON."""
        for option in fields(self):
            object.__setattr__(self, option.name, _plain(getattr(self, option.name)))

    @classmethod
    def from_arguments(cls, chosen: argparse.Namespace) -> "Options":
        """Return the options of a parsed command line: the arguments that were given, and `data`."""
        names = {option.name for option in fields(cls)}
        given = {name: value for name, value in vars(chosen).items() if name in names}
        if given.get("classifier_weights"):
            given.setdefault("backbone", PRETRAINED_BACKBONE)
        return cls(**{**given, "data": str(chosen.data)})


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list | np.ndarray):
        return tuple(_plain(entry) for entry in value)
    return value.item() if isinstance(value, np.generic) else value


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add an argument for each option that has one; those that are not given stay out of the namespace."""
    for option in fields(Options):
        if argument := option.metadata.get("argument"):
            shown = option.metadata["shown"] % {"default": option.default}
            command.add_argument(
                f"--{option.name.replace('_', '-')}",
                default=argparse.SUPPRESS,
                help=f"{option.metadata['help']} (default: {shown})",
                **argument,
            )
