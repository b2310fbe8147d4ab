"""Class labels stored as floating-point numbers, or scaled by a header."""

import numpy as np

# A scale in float32 leaves less than 1e-4; what is interpolated between two labels is farther away.
_TOLERANCE = 1e-3
_NOISE = 1e-6


def rounded_labels(raw: np.ndarray) -> np.ndarray:
    """Return the nearest integers where all values are within 0.001 of one, else the values as they are.

    So 1.00002 and 3.9999, which a header's scale makes of 1 and 4, are these labels, and 0.5 is not one. Values that
    differ but would all become the same label are a scale of their own, such as 0 and 0.0005, and not labels.

    Args:
        raw: Values of any type and shape, at least one.

    Returns:
        Uint8 where they fit; of another type than float, `raw` itself.
    """
    if raw.dtype.kind != "f" or not np.isfinite(low := raw.min()) or not np.isfinite(high := raw.max()):
        return raw
    nearest = np.rint(raw)
    if np.abs(raw - nearest).max() > _TOLERANCE or (np.rint(low) == np.rint(high) and high - low > _NOISE):
        return raw
    return nearest.astype(np.uint8) if low > -0.5 and high < 255.5 else nearest
