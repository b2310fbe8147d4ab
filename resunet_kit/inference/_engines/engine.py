"""Base class of the engines, which return outputs for any number of images of one shape."""

import abc
from collections.abc import Callable
from typing import Any

import numpy as np

Report = Callable[[int], object]  # receives the number of images that are done


class Engine(abc.ABC):
    """A model on one engine, in one precision.

    Args:
        dtype: The dtype that the model takes; images of other dtypes are converted batch by batch.
    """

    def __init__(self, dtype: str) -> None:
        self.dtype = np.dtype(dtype)

    @abc.abstractmethod
    def infer(self, batch: np.ndarray) -> list[np.ndarray]:
        """Return the outputs for one batch, in the model's order."""

    def run(self, images: Any, batch_size: int, report: Report | None = None) -> list[np.ndarray]:
        """Return the outputs for all images, in memory that no later call reuses.

        Args:
            images: `(n, ...)`, of any numeric dtype; anything that has a shape and can be sliced.
            batch_size: Number of images at a time.
            report: Called after each batch.
        """
        outputs: list[np.ndarray] = []
        for start in range(0, len(images), batch_size):
            stop = min(start + batch_size, len(images))
            found = self.infer(self.taken(images, start, stop))
            if stop - start == len(images):
                outputs = found
            else:
                outputs = outputs or [np.empty((len(images), *part.shape[1:]), part.dtype) for part in found]
                for whole, part in zip(outputs, found, strict=True):
                    whole[start:stop] = part
            if report is not None:
                report(stop)
        return outputs

    def taken(self, images: Any, start: int, stop: int) -> np.ndarray:
        """Return some images in the dtype and memory layout that engines take.

        Raises:
            ValueError: If one has NaN or an infinite value, for which engines differ, and some return numbers.
        """
        batch = np.ascontiguousarray(images[start:stop], self.dtype)
        if batch.dtype.kind == "f" and not _all_finite(batch):
            faulty = start + int(np.argmin(np.isfinite(batch).reshape(len(batch), -1).all(axis=1)))
            raise ValueError(
                f"Expected images of finite numbers. Received NaN or an infinite value in image {faulty}. Replace it, "
                "as numpy.nan_to_num does, or leave the image out."
            )
        return batch


def _all_finite(batch: np.ndarray) -> bool:
    # A sum is several times as fast as checking each number. It overflows only for numbers that are rare.
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(batch.sum())) or bool(np.isfinite(batch).all())
