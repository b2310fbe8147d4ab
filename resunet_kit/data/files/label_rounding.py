"""Class labels stored as floating-point numbers, or scaled by a header."""

import numpy as np

# Scales in float32, and those that programs round, leave smaller errors; values interpolated between two labels are
# farther away.
_TOLERANCE = 1e-3
_RELATIVE_TOLERANCE = 1e-4  # above label 10, where the error of a scale has grown
_NOISE = 1e-6


def rounded_labels(raw: np.ndarray) -> np.ndarray:
    """Return the nearest integers where all values are within 0.001, or 0.01 % of one, else the values as they are.

    So 1.00002 and 3.9999, which a header's scale makes of 1 and 4, are read as these labels, and 0.5 is not a label.
    Neither are values such as 0 and 0.0005, which would all become background: they are labels with a wrong scale.

    Args:
        raw: Values of any type and shape, at least one.

    Returns:
        Uint8 where they fit; `raw` itself if it is not floating-point.
    """
    if raw.dtype.kind != "f" or not np.isfinite(low := raw.min()) or not np.isfinite(high := raw.max()):
        return raw
    nearest = np.rint(raw)
    only_background = low > -0.5 and high < 0.5
    if not _near(raw, nearest) or (only_background and high - low > _NOISE):
        return raw
    return nearest.astype(np.uint8) if low > -0.5 and high < 255.5 else nearest


def _near(raw: np.ndarray, nearest: np.ndarray) -> bool:
    error = np.abs(raw - nearest)
    return bool(error.max() <= _TOLERANCE or (error <= np.maximum(_TOLERANCE, _RELATIVE_TOLERANCE * nearest)).all())
