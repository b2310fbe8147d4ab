"""The options of a study: the same from its start to its end, so that its training runs can be compared."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, get_args

from examples.brain_mri.argument_types import integer_from, positive, positive_number
from examples.brain_mri.argument_types import seed as seed_type
from examples.brain_mri.config import Options, Precision
from examples.brain_mri.study.grid import COMPARISONS, STAGES, STARTS, Cell, Comparison, cells

ALL = "all"


def _option(meaning: str, **argument: Any) -> dict[str, Any]:
    return {"help": meaning, "argument": argument}


@dataclass(frozen=True)
class Plan:
    """Options of a study; `help` says what a field is."""

    stages: tuple[str, ...] = field(
        default=STAGES, metadata=_option(f"which networks: {', '.join(STAGES)}", nargs="+", metavar="STAGE")
    )
    comparisons: tuple[str, ...] = field(
        default=tuple(COMPARISONS),
        metadata=_option(f"which comparisons: {', '.join(COMPARISONS)}", nargs="+", metavar="NAME"),
    )
    starts: tuple[str, ...] = field(
        default=tuple(STARTS),
        metadata=_option(f"which starts are compared: {', '.join(STARTS)}", nargs="+", metavar="START"),
    )
    patients: tuple[str, ...] = field(
        default=("2", "4", "8", ALL),
        metadata=_option("numbers of training patients, ascending; the last is all", nargs="+", metavar="N"),
    )
    seeds: int = field(
        default=3,
        metadata=_option("training runs of each kind, each with other patients, weights and batches", type=positive),
    )
    seed: int = field(default=0, metadata=_option("seed of the patients that are held out", type=seed_type))
    steps: int = field(default=320, metadata=_option("optimizer steps of each run, the same for all", type=positive))
    moments: int = field(
        default=8,
        metadata=_option("how often a run is scored; must divide the steps", type=integer_from(2)),
    )
    image_size: int = field(default=128, metadata=_option("height and width of the slices in pixels", type=positive))
    batch_size: int = field(default=12, metadata=_option("slices per step", type=positive))
    learning_rate: float = field(
        default=1e-3, metadata=_option("peak learning rate of AdamW, the same for all", type=positive_number)
    )
    encoder: str = field(
        default="efficientnet_lite0", metadata=_option("encoder of the segmenter, any name with ImageNet weights")
    )
    backbone: str = field(
        default="efficientnet_lite0", metadata=_option("backbone of the classifier, any name with ImageNet weights")
    )
    precision: Precision = field(
        default="auto",
        metadata=_option(
            "number format of the computation; auto measures which is faster", choices=get_args(Precision)
        ),
    )
    simulated_patients: int = field(
        default=24, metadata=_option("patients of the simulated cohort to start from", type=integer_from(2))
    )
    simulated_moments: int = field(
        default=16,
        metadata=_option(
            "length of the training on the simulated cohort, in units of --steps / --moments", type=positive
        ),
    )

    def __post_init__(self) -> None:
        """Refuse options that do not make a study."""
        _known("--stages", self.stages, STAGES)
        _known("--comparisons", self.comparisons, tuple(COMPARISONS))
        _known("--starts", self.starts, tuple(STARTS))
        _check_patients(self.patients)
        if len(self.starts) < 2 and {"starts", "features"} & set(self.comparisons):
            raise ValueError(
                f"Expected --starts of at least two, to compare. Received {self.starts[0]}. "
                f"Pass for example --starts random imagenet."
            )
        if self.encoder == "none":
            raise ValueError(
                "Expected --encoder with ImageNet weights. Received none. Pass for example "
                "--encoder efficientnet_lite0."
            )
        if self.steps % self.moments:
            raise ValueError(
                f"Expected --steps that --moments divides. Received {self.steps} and {self.moments}. "
                f"Pass --steps {max(1, self.steps // self.moments) * self.moments}."
            )

    def options(self, *, imagenet: bool, seed: int, epochs: int) -> Options:
        """Return the options of one run as the rest of the example takes them; an epoch ends at each moment."""
        weights = "imagenet" if imagenet else None
        return Options(
            data="",
            encoder=self.encoder,
            encoder_weights=weights,
            backbone=self.backbone,
            classifier_weights=weights,
            image_size=self.image_size,
            classifier_epochs=epochs,
            segmenter_epochs=epochs,
            steps_per_epoch=self.steps // self.moments,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            precision=self.precision,
            seed=seed,
        )

    def sizes(self, training: int) -> list[int]:
        """Return the numbers of training patients.

        Args:
            training: Number of patients for training.

        Raises:
            ValueError: If they are too few.
        """
        counts = [training if entry == ALL else int(entry) for entry in self.patients]
        if max(counts) > training or training < 2:
            fitting = [entry for entry in self.patients if entry == ALL or int(entry) <= training]
            raise ValueError(
                f"Expected at least {max(2, *counts)} patients for training. Received data with {training}, beside "
                f"those held out. Add patients" + (f", or pass --patients {' '.join(fitting)}." if fitting else ".")
            )
        return sorted(set(counts))

    def cells(self, training: int) -> list[Cell]:
        """Return all training runs for a number of training patients."""
        return cells(self.stages, self.compared(), self.sizes(training), self.seeds)

    def compared(self) -> list[Comparison]:
        """Return the comparisons, with only the starts that are asked for."""
        found = [COMPARISONS[name] for name in self.comparisons]
        starts = tuple(start for start in STARTS if start in self.starts)
        return [replace(one, values=starts) if one.varies == "start" else one for one in found]

    def stated(self) -> dict[str, Any]:
        """Return the options as JSON has them."""
        values = {option.name: getattr(self, option.name) for option in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def from_stated(stored: dict[str, Any]) -> Plan:
    """Return the plan of a file's options."""
    options: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()}
    return Plan(**options)


def _known(option: str, names: Sequence[str], possible: Sequence[str]) -> None:
    unknown = [name for name in names if name not in possible]
    if unknown or len(set(names)) < len(names):
        raise ValueError(
            f"Expected {option} of {', '.join(possible)}, each once. Received {' '.join(names)}. "
            f"Pass for example {option} {possible[0]}."
        )


def _check_patients(entries: Sequence[str]) -> None:
    numbers = [entry for entry in entries if entry != ALL]
    valid = all(entry.isascii() and entry.isdigit() and int(entry) >= 1 for entry in numbers)
    if (
        not valid
        or len(set(entries)) < len(entries)
        or ALL in entries[:-1]
        or sorted(map(int, numbers)) != [int(entry) for entry in numbers]
    ):
        raise ValueError(
            f"Expected --patients as ascending numbers of at least 1, then all. Received {' '.join(entries)}. "
            "Pass for example --patients 2 4 all."
        )
