"""Options of a study on the command line, and those that --quick sets."""

import argparse
from dataclasses import fields
from typing import Any

from examples.brain_mri.study.plan import ALL, Plan

# Within ten minutes on two cores, with eight patients: two starts, whose runs share the compiled networks.
QUICK: dict[str, Any] = {
    "comparisons": ("starts",),
    "starts": ("random", "imagenet"),
    "patients": ("2", ALL),
    "seeds": 1,
    "steps": 120,
    "moments": 4,
    "image_size": 64,
    "batch_size": 8,
    "simulated_patients": 6,
    "simulated_moments": 4,
}


def given(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return the options that a command line states, those of --quick included."""
    names = {option.name for option in fields(Plan)}
    stated = {name: value for name, value in vars(chosen).items() if name in names}
    stated = {name: tuple(value) if isinstance(value, list) else value for name, value in stated.items()}
    return {**(QUICK if chosen.quick else {}), **stated}


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add an argument for each option; those that are not given stay out of the namespace."""
    for option in fields(Plan):
        default = " ".join(option.default) if isinstance(option.default, tuple) else option.default
        quick = QUICK.get(option.name)
        quick = " ".join(quick) if isinstance(quick, tuple) else quick
        shown = f"default: {default}" + (f", with --quick {quick}" if quick is not None else "")
        command.add_argument(
            f"--{option.name.replace('_', '-')}",
            default=argparse.SUPPRESS,
            help=f"{option.metadata['help']} ({shown})",
            **option.metadata["argument"],
        )
