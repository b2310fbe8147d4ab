"""Smooth random fields, from which deformation, shading, texture and irregular borders are made."""

import numpy as np
import numpy.typing as npt

Volume = npt.NDArray[np.float32]


def spline_basis(samples: int, knots: int) -> Volume:
    """Return the cubic B-splines of `knots` equally spaced knots at `samples` equally spaced points.

    Args:
        samples: Number of points, at least 1.
        knots: Number of splines, at least 4 (a cubic needs four).

    Returns:
        Array of shape `(samples, knots)`; each row sums to 1.

    Example:
        >>> spline_basis(5, 6).sum(axis=1).round(4).tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    position = np.linspace(0, knots - 3, samples)
    first = np.minimum(position.astype(int), knots - 4)
    t = position - first
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], 1) / 6
    basis = np.zeros((samples, knots), np.float32)
    np.put_along_axis(basis, first[:, None] + np.arange(4), weights.astype(np.float32), axis=1)
    return basis


def smooth_field(rng: np.random.Generator, shape: tuple[int, int, int], knots: tuple[int, int, int]) -> Volume:
    """Return a smooth Gaussian random field with mean 0 and variance 1 at every point.

    Independent normal numbers on a coarse grid of knots are spread by cubic B-splines, one axis after another:
    three small matrix products, whatever the smoothness.

    Args:
        rng: Source of the random numbers.
        shape: Shape of the field.
        knots: Knots along each axis, at least 4; more knots make finer structure.

    Returns:
        Array of `shape`.

    Example:
        >>> smooth_field(np.random.default_rng(0), (4, 32, 32), (4, 6, 6)).shape
        (4, 32, 32)
    """
    z, y, x = (spline_basis(samples, count) for samples, count in zip(shape, knots, strict=True))
    # Rows of length 1 keep the variance at 1: a plain B-spline average would lose half of it on each axis.
    z, y, x = (basis / np.linalg.norm(basis, axis=1, keepdims=True) for basis in (z, y, x))
    field = rng.standard_normal(knots, dtype=np.float32)
    field = np.tensordot(z, field, 1)  # (depth, y knots, x knots)
    return (y @ field) @ x.T  # (depth, height, width)
