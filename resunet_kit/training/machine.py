"""Precision and threads for training on this machine, chosen by measuring."""

import dataclasses
import logging
import math
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from resunet_kit._shared.numbers import choice, flag, number
from resunet_kit.models import res_unet
from resunet_kit.training._threads import set_threads
from resunet_kit.training.depthwise import keep_depthwise_in_float32
from resunet_kit.training.fused_norm import fuse_normalization

POLICIES = ("float32", "mixed_bfloat16")
MARGIN = 1.05  # how many times faster a lower precision must be to be worth its rounding
SMALL, LARGE = (2, 128), (8, 256)  # images, and pixels in height and width: on a CPU, on an accelerator
FILTERS = (16, 32, 64)
MIN_ROUNDS = 3
SECONDS_OF_THREADS = 1.5  # of timed steps for each number of threads
LEFT = "Threads were left as they are."

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Tuning:
    """Result of `tune_for_machine`: what it chose, and why.

    Attributes:
        policy: The dtype policy: `"float32"`, `"mixed_bfloat16"`, or on accelerators `"mixed_float16"`.
        threads: Threads within one operation. None: they were left to the backend.
        reason: The choice, and what could not be changed, in sentences.
        measurements: The median seconds of a training step for each policy.
    """

    policy: str
    threads: int | None
    reason: str
    measurements: dict[str, float]


def tune_for_machine(
    build: Callable[[], keras.Model] | None = None,
    *,
    seconds: float = 3.0,
    fuse: bool = True,
    apply: bool = True,
    policies: Sequence[str] | None = None,
) -> Tuning:
    """Choose the fastest precision for training on this machine by timing training steps one after another.

    A small ResUNet, or the network that you build, is trained on random images in float32 and in mixed_bfloat16, on
    accelerators also in mixed_float16. A lower precision is chosen if it is at least 5 % faster and its loss is finite.
    The choice becomes Keras's dtype policy, so call this before you build models: a model keeps the precision that it
    was built with. TensorFlow gets one thread for each core that a container or the operating system grants; if there
    are more processors than that, it gets the number of threads that is faster, measured in two new processes. Once
    TensorFlow has started, it cannot change its threads, and `reason` names the environment variable that sets them.
    Nothing else changes: neither the random numbers that follow nor the names of later layers, and no file is written.
    Timing decides, so another run may choose differently if two precisions are nearly equally fast.

    Args:
        build: Function without arguments that returns the model to measure, with one input and one output. None: a
            small ResUNet.
        seconds: How long to measure, not counting compilation.
        fuse: Whether the measured model runs with `fuse_normalization` and `keep_depthwise_in_float32`; yours should
            then do so too.
        apply: Whether to set the dtype policy and the threads. False: only measure.
        policies: Policies to compare, the most precise first: some of `"float32"`, `"mixed_bfloat16"` and
            `"mixed_float16"`. None: the first two, on accelerators all three.

    Returns:
        The policy, the threads, the reason and the measurements.

    Raises:
        TypeError: If an argument, or what `build` returns, is of a wrong type.
        ValueError: If `seconds` is not above 0, `policies` is empty or has another name, the built model has several
            inputs or outputs, or none of its steps gives a finite loss.

    Example:
        >>> import keras
        >>> from resunet_kit.training import tune_for_machine
        >>> build = lambda: keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 3)])
        >>> tuning = tune_for_machine(build, seconds=0.1, apply=False)
        >>> sorted(tuning.measurements)
        ['float32', 'mixed_bfloat16']
    """
    if build is not None and not callable(build):
        raise TypeError(
            f"Expected build to be a function that returns a model. Received build={build!r}. A built model "
            "keeps its precision; pass what builds it, as in lambda: deep_res_unet()."
        )
    seconds = number("seconds", seconds, "(0, inf)")
    fuse, apply = flag("fuse", fuse), flag("apply", apply)
    threads, said = set_threads(measure=True) if apply else (None, LEFT)
    accelerated = on_accelerator()
    compared = (
        _policies(policies) if policies is not None else (*POLICIES, "mixed_float16") if accelerated else POLICIES
    )
    with _same_random_numbers(), ThreadPoolExecutor(1) as thread:
        # Keras keeps the policy, seeds and counters of names per thread: a separate thread leaves those here unchanged.
        measured = thread.submit(_measure, compared, build, fuse, seconds, LARGE if accelerated else SMALL).result()
    policy, why = _choose(measured)
    if apply:
        keras.config.set_dtype_policy(policy)
    tuning = Tuning(policy, threads, f"{why} {said}", measured)
    logger.info("%s", tuning.reason)
    return tuning


def _policies(names: Any) -> tuple[str, ...]:
    if not isinstance(names, list | tuple):
        raise TypeError(
            f"Expected policies to be a list of dtype policies. Received policies={names!r}. Pass several, as in "
            "('float32', 'mixed_bfloat16')."
        )
    if not names:
        raise ValueError(
            "Expected policies to name at least one. Received none. Leave policies out for the usual ones."
        )
    return tuple(choice("policies", name, (*POLICIES, "mixed_float16")) for name in names)


def on_accelerator() -> bool:
    """Return whether the backend computes on a device other than the CPU."""
    return "cpu" not in str(getattr(keras.ops.zeros((1,)), "device", "cpu")).lower()


@contextmanager
def _same_random_numbers() -> Iterator[None]:
    """Restore the state of Python's random numbers, from which Keras draws the seeds of weights."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


def _measure(
    policies: tuple[str, ...],
    build: Callable[[], keras.Model] | None,
    fuse: bool,
    seconds: float,
    size: tuple[int, int],
) -> dict[str, float]:
    """Return the median seconds of a training step for each policy; infinity if its loss is not finite."""
    steps = {policy: _step(policy, build, fuse, size) for policy in policies}
    finite = {policy: math.isfinite(step()) for policy, step in steps.items()}  # the first call compiles
    times: dict[str, list[float]] = {policy: [] for policy in policies}
    end = time.perf_counter() + seconds
    while len(times[policies[0]]) < MIN_ROUNDS or time.perf_counter() < end:
        for policy, step in steps.items():
            start = time.perf_counter()
            step()
            times[policy].append(time.perf_counter() - start)
    return {policy: statistics.median(times[policy]) if finite[policy] else math.inf for policy in policies}


def small_step_seconds() -> float:
    """Return the median seconds of a training step of the small network in float32."""
    return _measure(POLICIES[:1], None, True, SECONDS_OF_THREADS, SMALL)[POLICIES[0]]


def _step(
    policy: str, build: Callable[[], keras.Model] | None, fuse: bool, size: tuple[int, int]
) -> Callable[[], float]:
    """Return a function that runs a training step and returns its loss."""
    keras.config.set_dtype_policy(policy)
    images, pixels = size
    model = build() if build else res_unet((pixels, pixels, 3), filters=FILTERS, name="measured")
    _check_built(model)
    if fuse:
        keep_depthwise_in_float32(fuse_normalization(model))
    model.compile("adam", "mean_squared_error")
    shape = [pixels if length is None else length for length in model.input_shape[1:]]
    generator = np.random.default_rng(0)
    x = generator.random((images, *shape), dtype="float32")
    y = np.zeros((images, *model.compute_output_shape((images, *shape))[1:]), "float32")
    x, y = keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)
    return lambda: float(model.train_on_batch(x, y))


def _check_built(model: Any) -> None:
    if not isinstance(model, keras.Model):
        raise TypeError(f"Expected build to return a keras.Model. Received {model!r}. Return the model from build.")
    inputs, outputs = (len(model.inputs or ()), len(model.outputs or ())) if model.built else (0, 0)
    if (inputs, outputs) != (1, 1):
        raise ValueError(
            f"Expected build to return a functional model of one input and one output. Received {model.name!r} with "
            f"{inputs} and {outputs}. Leave build out to measure a small ResUNet."
        )


def _choose(measured: dict[str, float]) -> tuple[str, str]:
    """Return the policy, and why: the fastest, unless a more precise one is nearly as fast."""
    fastest = min(measured, key=measured.__getitem__)
    if not math.isfinite(measured[fastest]):
        raise ValueError(
            "Expected a training step with a finite loss. Received NaN or infinity in each of "
            f"{', '.join(measured)}. Check the network that build returns."
        )
    policy = next(name for name in measured if measured[name] <= MARGIN * measured[fastest])
    table = ", ".join(f"{name} {1000 * taken:.1f} ms" for name, taken in measured.items())
    found = "is the fastest" if policy == fastest else f"is within {MARGIN - 1:.0%} of the fastest, {fastest}"
    return policy, f"{policy} {found}: a training step takes {table}."
