"""The precision that a run is trained in: chosen once, before anything is built, and kept with its options."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import keras

from examples.brain_mri.config import Options
from resunet_kit.training import tune_for_machine

POLICIES = ("float32", "mixed_bfloat16")
SECONDS = 2.0  # of steps; with compilation, measuring takes about 15 s on two cores
WORTHWHILE = 200e6  # training pixels, from which on measuring takes less than a twentieth of the time


def with_precision(options: Options, build: Callable[[], keras.Model]) -> Options:
    """Return the options with the precision that "auto" stands for, and why; both are kept with the run.

    Args:
        options: Options of a new run.
        build: Returns the segmenter, which takes most of the time.
    """
    if options.precision != "auto":
        return replace(options, precision_reason="as --precision says")
    drawn = options.batch_size * options.steps_per_epoch * options.segmenter_epochs
    if drawn * options.image_size**2 < WORTHWHILE:
        why = "measuring whether another is faster would take long beside so short a training"
        return replace(options, precision="float32", precision_reason=why)
    with dtype_policy("float32"):  # both stages are built in the one chosen, and nothing else
        tuning = tune_for_machine(build, seconds=SECONDS, policies=POLICIES)
    policy: Any = tuning.policy  # one of POLICIES
    return replace(options, precision=policy, precision_reason=tuning.reason)


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Set the precision of layers made inside; "auto" is that of Keras, as in runs from before this option."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(before if name == "auto" else name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
