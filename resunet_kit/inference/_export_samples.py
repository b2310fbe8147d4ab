"""Batches that an exported model is compared on: ordinary images and extremes."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np

LARGE = 1e4
# Tried in this order if a size is variable; networks with many strides take no size smaller than 32.
SIZES = {2: (64, 128, 256, 32, 512), 3: (32, 64, 16, 128)}
OTHER_SIZES = ((3 / 4, 5 / 4), (45 / 64, 33 / 64))  # of the first: a multiple of 16, and an odd one


class Sample(NamedTuple):
    """A batch and the name of its content."""

    name: str
    images: np.ndarray


def samples(model: keras.Model, works: Callable[[np.ndarray], bool]) -> Iterator[Sample]:
    """Yield random and extreme batches of the model's shape, one of another size, and others where it is variable.

    Args:
        model: A model of one input.
        works: Function that tells whether the model itself takes a batch; other sizes that it refuses are left out.

    Raises:
        ValueError: If the model takes none of the sizes.
    """
    [inputs] = model.inputs
    dtype = np.dtype(keras.backend.standardize_dtype(inputs.dtype))
    shape = _base_shape(tuple(inputs.shape[1:]), dtype, works)
    generator = np.random.default_rng(0)
    for name, pair in _pairs(generator, shape, dtype).items():
        yield Sample(name, pair)
    yield Sample("one image", _random(generator, (1, *shape), dtype))
    yield Sample("three images", _random(generator, (3, *shape), dtype))
    for factors in OTHER_SIZES if None in inputs.shape[1:] else ():
        other = _resized(inputs.shape[1:], shape, factors)
        batch = _random(generator, (1, *other), dtype)
        if works(batch):
            yield Sample("another size", batch)


def _base_shape(shape: tuple[int | None, ...], dtype: Any, works: Callable[[np.ndarray], bool]) -> tuple[int, ...]:
    if None not in shape:
        return tuple(size for size in shape if size is not None)
    for size in SIZES.get(len(shape) - 1, (64,)):
        filled = tuple(size if n is None else n for n in shape)
        if works(np.zeros((1, *filled), dtype)):
            return filled
    raise ValueError(
        f"Expected a model that predicts images of its variable shape. Received one of input shape {shape}, which "
        f"refuses the sizes {SIZES.get(len(shape) - 1, (64,))}. Call it on an image yourself to see why."
    )


def _resized(shape: Any, base: tuple[int, ...], factors: tuple[float, float]) -> tuple[int, ...]:
    return tuple(int(base[axis] * factors[axis % 2]) if size is None else size for axis, size in enumerate(shape))


def _pairs(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> dict[str, np.ndarray]:
    if dtype.kind not in "f":
        limit = min(np.iinfo(dtype).max, 255) if dtype.kind in "iu" else 1
        random = _random(generator, (2, *shape), dtype)
        return {
            "random": random,
            "zeros and the largest": np.stack([np.zeros(shape, dtype), np.full(shape, limit, dtype)]),
        }
    uniform = _random(generator, (2, *shape), dtype)
    normal = generator.normal(size=(2, *shape)).astype(dtype)
    constant = np.stack([np.zeros(shape, dtype), np.ones(shape, dtype)])
    return {
        "random in [0, 1)": uniform,
        "normal": normal,
        "zeros and ones": constant,
        "negative": -uniform,
        "large": LARGE * uniform,
    }


def _random(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    if dtype.kind == "f":
        return generator.random(shape).astype(dtype)
    limit = min(np.iinfo(dtype).max, 255) if dtype.kind in "iu" else 1
    return generator.integers(0, limit + 1, shape).astype(dtype)
