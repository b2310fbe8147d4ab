"""Race for the fastest engine on this machine, among those whose outputs agree with Keras in float32."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from resunet_kit._shared.errors import reason
from resunet_kit.inference._engines.agreement import disagreement, largest_difference
from resunet_kit.inference._engines.candidates import Candidate, Workshop
from resunet_kit.inference._engines.engine import Engine
from resunet_kit.inference._engines.openvino_engine import OpenVINOEngine
from resunet_kit.inference._engines.timing import fastest_times, seconds_of

PART = 0.06  # fraction of the given time that one call in float32 may take
TIMED = 0.5  # fraction of the given time that timing may take after the engines are created
ALWAYS = ("keras", "openvino")  # measured even if the time is over, as on a busy machine


@dataclass(frozen=True)
class Found:
    """An engine that is ready to run, and what is known about it and the others."""

    engine: Engine
    chosen: Candidate
    candidates: tuple[Candidate, ...]


class Race:
    """Creation, comparison and timing of the engines of one model.

    Args:
        workshop: The factory of the engines.
        images: Images that they are compared and timed on.
        batch_size: The largest number of images at a time.
        seconds: Approximate limit of the whole race, kept by leaving out engines that seldom win, and repetitions.
    """

    def __init__(self, workshop: Workshop, images: np.ndarray, batch_size: int, seconds: float) -> None:
        self.start, self.seconds = time.perf_counter(), seconds
        self.workshop, self.batch_size = workshop, batch_size
        keras_engine = workshop.reference
        keras_engine.run(images[:1], 1)  # traces
        one = seconds_of(lambda: keras_engine.run(images[:1], 1))
        affordable = max(2, int(PART * seconds / max(one, 1e-6)))  # at least two, for engines that run in parallel
        self.images = images[: min(len(images), batch_size, affordable)]
        self.expected = keras_engine.run(self.images, batch_size)
        self.engines: dict[Candidate, Engine] = {}
        self.found: list[Candidate] = []

    def only(self, engine: str, precision: str) -> Found:
        """Return the one engine, created and compared but not timed.

        Raises:
            ImportError: If it is not installed.
            ValueError: If it cannot run the model, or its outputs do not agree.
        """
        candidate = Candidate(engine, precision)
        try:
            made, candidate = self._compared(candidate, self.workshop.make(engine, precision))
        except (ImportError, ValueError):
            raise
        except Exception as error:  # converters raise anything
            raise ValueError(
                f"Expected a model that runs on {candidate.name}. Received {self.workshop.model.name!r}, for which it "
                f'raises {type(error).__name__}: {reason(error)}. Pass engine="auto".'
            ) from error
        if candidate.reason:
            raise ValueError(
                f"Expected an engine whose outputs agree with those of Keras in float32. Received {candidate.name}: "
                f'{candidate.reason}. Pass engine="auto" and precision="auto", or other images if these are unusual.'
            )
        return Found(made, candidate, (candidate,))

    def fastest(self, combinations: Iterable[tuple[str, str]]) -> Found:
        """Return the fastest of the engines that agree, and why.

        Raises:
            ValueError: If none agrees.
        """
        for engine, precision in combinations:
            self._enter(Candidate(engine, precision))
        if not self.engines:
            listed = "; ".join(f"{candidate.name}: {candidate.reason}" for candidate in self.found)
            raise ValueError(
                "Expected an engine that runs this model and agrees with Keras in float32. Received none: "
                f'{listed}. Pass engine="auto" and precision="auto".'
            )
        calls = {name: partial(engine.run, self.images, self.batch_size) for name, engine in self.engines.items()}
        times = fastest_times(calls, max(self._left(), TIMED * self.seconds))
        best = min(times, key=lambda candidate: times[candidate])
        self._choose_whole_batches(self.engines[best], times[best])
        per_image = {name: seconds / len(self.images) for name, seconds in times.items()}
        candidates = tuple(_explained(candidate, best, per_image) for candidate in self.found)
        [chosen] = [candidate for candidate in candidates if candidate == best]
        return Found(self.engines[best], chosen, candidates)

    def _enter(self, candidate: Candidate) -> None:
        if candidate.engine not in ALWAYS and self.engines and self._left() < 0:
            self.found.append(replace(candidate, reason=f"not measured: the {self.seconds:g} seconds were over"))
            return
        try:
            made, candidate = self._compared(candidate, self.workshop.make(candidate.engine, candidate.precision))
        except Exception as error:  # converters and users' layers raise anything
            self.found.append(replace(candidate, reason=f"left out: {reason(error)}"))
            return
        self.found.append(candidate)
        if not candidate.reason:
            self.engines[candidate] = made

    def _compared(self, candidate: Candidate, engine: Engine) -> tuple[Engine, Candidate]:
        outputs = engine.run(self.images, self.batch_size)
        problem = disagreement(self.expected, outputs, candidate.precision)
        same = [output.shape for output in outputs] == [output.shape for output in self.expected]
        difference = largest_difference(self.expected, outputs) if same else None
        return engine, replace(candidate, difference=difference, reason=problem and f"left out: {problem}")

    def _choose_whole_batches(self, engine: Engine, seconds: float) -> None:
        """Make OpenVINO take a batch in one request if that is faster, as with small images."""
        if not isinstance(engine, OpenVINOEngine) or len(self.images) < 2:
            return
        engine.whole_batches = True
        run = partial(engine.run, self.images, self.batch_size)
        run()
        engine.whole_batches = min(seconds_of(run) for _ in range(3)) < seconds

    def _left(self) -> float:
        return self.start + self.seconds - time.perf_counter()


def _explained(candidate: Candidate, best: Candidate, per_image: dict[Candidate, float]) -> Candidate:
    """Return the candidate with its time and the reason for the choice."""
    if candidate not in per_image:
        return candidate
    seconds = per_image[candidate]
    times = seconds / per_image[best]
    others: Sequence[Any] = sorted((value, key.name) for key, value in per_image.items() if key != best)
    if candidate != best:
        return replace(candidate, seconds=seconds, reason=f"{times:.2f} times as long as {best.name}")
    why = "the only one that could be measured"
    if others:
        why = f"the fastest; {others[0][1]}, the next, took {others[0][0] / seconds:.2f} times as long"
    return replace(candidate, seconds=seconds, reason=why)
