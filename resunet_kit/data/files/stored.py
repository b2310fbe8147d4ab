"""The numbers that a file stores, and what it says about them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from resunet_kit.data.files.normalization import full_scale

# What the first channels are. "unknown": the file does not say, as in `.npy` and NIfTI.
Meaning = Literal["grey", "rgb", "cmyk", "palette", "unknown"]
_COLOURS = {"grey": 1, "rgb": 3, "cmyk": 4, "palette": 1}


@dataclass(frozen=True)
class StoredImage:
    """The numbers of one image or volume, as stored, except that larger numbers are always brighter.

    Attributes:
        array: `([depth,] height, width, channels)`; of a palette file the indices.
        meaning: What the first channels are.
        white: The number that stands for white: the largest of the file's bits, or 1 for floats and signed integers.
        has_opacity: Whether the channel after the colours is an opacity, of which 0 is transparent.
        palette: Of a palette file, the uint8 colours by index, `(colours, 3)`, or `(colours, 4)` with opacity.
        transparent: `(height, width)`, the pixels of the one colour that the file calls transparent; None without one.
        lossy: The compression that may have changed the numbers, by name.
        orientation: The EXIF tag: 1 upright, 2 to 8 mirrored or rotated. It is not applied.
        no_mask: Why it is unknown what the numbers mean in a mask; empty if it is known.
        doubt: What to warn of when it is read as a mask; empty if there is nothing.
    """

    array: np.ndarray
    meaning: Meaning = "unknown"
    white: int = 0
    has_opacity: bool = False
    palette: np.ndarray | None = None
    transparent: np.ndarray | None = None
    lossy: str | None = None
    orientation: int = 1
    no_mask: str = ""
    doubt: str = ""

    def __post_init__(self) -> None:
        if not self.white:
            object.__setattr__(self, "white", full_scale(self.array.dtype))

    @property
    def colours(self) -> int:
        """Number of channels that are colours; all of them where the file does not say."""
        return self.array.shape[-1] if self.meaning == "unknown" else _COLOURS[self.meaning]

    def opacity(self) -> np.ndarray | None:
        """Return the opacity `(…, 1)` in the array's own unit, None if the file has none."""
        if self.has_opacity:
            return self.array[..., self.colours : self.colours + 1]
        if self.palette is not None and self.palette.shape[1] == 4:
            return looked_up(self.array, self.palette[:, 3:])
        if self.transparent is not None:
            return np.where(self.transparent[..., None], 0, self.white).astype(self.array.dtype)
        return None


def looked_up(indices: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Return the palette's rows at `(…, 1)` indices; beyond its end it is black, as other readers show it."""
    rows = np.zeros((max(256, len(palette), int(indices.max()) + 1), palette.shape[1]), palette.dtype)
    rows[: len(palette)] = palette
    return rows[indices[..., 0]]
