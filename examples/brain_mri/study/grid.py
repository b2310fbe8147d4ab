"""The grid of the study: which training runs are compared with each other, each run once.

It is not the full product of stages, starts, modes, patients and seeds, which would take days, but three comparisons
that each change one thing.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

STAGES = ("classifier", "segmenter")
STARTS = {
    "random": "random weights",
    "imagenet": "ImageNet",
    "simulated": "simulated cohort",
    "imagenet_simulated": "ImageNet, then simulated cohort",
}
MODES = {
    "all": "all layers at once",
    "frozen": "encoder frozen",
    "staged": "encoder frozen first, then all layers",
    "all_but_norm": "all layers, normalisations frozen",
}


@dataclass(frozen=True)
class Comparison:
    """Training runs that differ in one thing.

    Attributes:
        name: Name on the command line and in the tables.
        question: The question that it answers.
        varies: What differs between the runs.
        values: The values of what differs; the others are compared with the first.
        fixed: The start or the mode that all runs have in common.
        patients: Whether it is made for each number of training patients, or only for all of them.
    """

    name: str
    question: str
    varies: Literal["start", "mode"]
    values: tuple[str, ...]
    fixed: str
    patients: Literal["each", "all"] = "each"


COMPARISONS = {
    comparison.name: comparison
    for comparison in (
        # The first question, with nothing frozen: what does the start alone bring?
        Comparison("starts", "What do other initial weights bring?", "start", tuple(STARTS), "all"),
        # Only from ImageNet: its encoder has never seen an MRI, so freezing it costs the most.
        Comparison(
            "modes", "Which layers should be trained, starting from ImageNet?", "mode", tuple(MODES), "imagenet"
        ),
        # With random weights as the control: how good are the features without fine-tuning? The decoder is trained on
        # all patients, so that it is not the limit.
        Comparison("features", "What are frozen encoders worth?", "start", tuple(STARTS), "frozen", "all"),
    )
}


@dataclass(frozen=True)
class Cell:
    """One training run.

    Attributes:
        stage: One of `STAGES`.
        start: One of `STARTS`.
        mode: One of `MODES`.
        patients: Number of training patients.
        seed: Seed of these patients, the new layers' weights and the batches.
    """

    stage: str
    start: str
    mode: str
    patients: int
    seed: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return "-".join(str(value) for value in asdict(self).values())


def cells(stages: Sequence[str], comparisons: Sequence[Comparison], patients: Sequence[int], seeds: int) -> list[Cell]:
    """Return the training runs of all comparisons, each once.

    They are ordered by seed, then by comparison, then by the number of patients, so that an early stop leaves something
    to compare.

    Args:
        stages: Names of stages.
        comparisons: What is compared.
        patients: Numbers of training patients; the last is all of them.
        seeds: Number of seeds.
    """
    found: dict[Cell, None] = {}  # in this order, each once
    for seed in range(seeds):
        for comparison in comparisons:
            for count in sorted(set(patients)) if comparison.patients == "each" else [max(patients)]:
                for value in comparison.values:
                    for stage in stages:
                        found[cell(stage, comparison, value, count, seed)] = None
    return list(found)


def cell(stage: str, comparison: Comparison, value: str, patients: int, seed: int) -> Cell:
    """Return the run of a comparison for one of its values."""
    start, mode = (value, comparison.fixed) if comparison.varies == "start" else (comparison.fixed, value)
    return Cell(stage, start, mode, patients, seed)


def describe(value: str) -> str:
    """Return a start or a mode in words."""
    return (STARTS | MODES)[value]
