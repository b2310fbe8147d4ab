"""Random numbers of one image: an independent stream per option, so that no option changes what another one draws."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from resunet_kit.data.augmentation.options import Range


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RandomStreams:
    """The streams of one image of a batch.

    Args:
        ranges: The range of each option that is on.
        probabilities: How likely each option acts on an image.
        seed: The seed of the call.
        index: The index of the image in the batch.
    """

    ranges: Mapping[str, Range]
    probabilities: Mapping[str, float]
    seed: int
    index: int

    def generator(self, option: str) -> np.random.Generator:
        """Return the generator of an option; it depends neither on the other options nor on the batch size."""
        return np.random.default_rng([self.seed, self.index, *option.encode()])

    def strengths(self, option: str, size: int = 1) -> tuple[NDArray[np.float64], np.random.Generator] | None:
        """Return `size` uniform numbers of the option's range, and its generator; None if it does not act."""
        if option not in self.ranges:
            return None
        generator = self.generator(option)
        if generator.random() >= self.probabilities[option]:
            return None
        return generator.uniform(*self.ranges[option], size), generator
