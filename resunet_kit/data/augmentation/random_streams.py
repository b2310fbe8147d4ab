"""The random numbers of one image: a stream of its own for each option, so that no option shifts another's draws."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Range = tuple[float, float]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """Draws of the image `number` of a call with `seed`.

    Args:
        ranges: The range of each option that is on.
        probabilities: How likely each option acts on an image.
        seed: The call's.
        number: The image's place in the batch.
    """

    ranges: Mapping[str, Range]
    probabilities: Mapping[str, float]
    seed: int
    number: int

    def stream(self, option: str) -> np.random.Generator:
        """Return the option's generator, the same whatever the other options and the batch's size."""
        return np.random.default_rng([self.seed, self.number, *option.encode()])

    def strengths(self, option: str, size: int = 1) -> tuple[NDArray[np.float64], np.random.Generator] | None:
        """Return `size` uniform numbers of the option's range, and its stream; None if it does not act."""
        if option not in self.ranges:
            return None
        stream = self.stream(option)
        if stream.random() >= self.probabilities[option]:
            return None
        return stream.uniform(*self.ranges[option], size), stream
