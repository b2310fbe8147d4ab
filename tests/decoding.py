"""Files as arrays, for tests of the readers of formats alone."""

import numpy as np

from resunet_kit.data.files.decoding import load
from resunet_kit.data.files.levels import shown, spread


def decode(path, *, palette):
    """Return the colours of a palette file, and 2 and 4 bits spread over 8 (an image); or what is stored (a mask)."""
    stored = load(path)
    if not palette:
        return stored.array
    few_bits = stored.array.dtype == np.uint8 and stored.palette is None
    return spread(stored.array, stored.white) if few_bits else shown(stored)
