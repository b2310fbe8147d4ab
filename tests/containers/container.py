"""One file of known content: its bytes, the numbers stored in it, and what the file says they mean."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Container:
    """A file by a writer of ours.

    Attributes:
        kind: Format and kind of content, for counting.
        name: What sets it apart from others of its kind.
        suffix: Of the file's name.
        data: The file.
        stored: Numbers as stored, `(..., channels)`; an opacity is the last channel. Of a palette file the indices.
        full_scale: The stored number that stands for white; None where there is no such number (signed, float).
        white_is_zero: Whether larger numbers are darker.
        palette: Colours by index, `(colours, 3)` in [0, 1].
        opacity: "associated", "unassociated" or "unspecified" if the last channel is no colour.
        transparent: Pixels that the file calls transparent without a channel for it.
        inks: Whether the channels are CMYK.
        lossy: Whether the pixels may differ from `stored` by some grey values.
        tolerance: How far lossy brightness may be off.
        stack: Whether the file holds more than one image.
        rotation: By TIFF's or EXIF's orientation.
        scaled: Whether the header of a volume scales its numbers.
        shown: Brightness, where it does not follow from the above.
        meaningless: Whether the numbers are neither brightness nor labels.
    """

    kind: str
    name: str
    suffix: str
    data: bytes
    stored: np.ndarray
    full_scale: float | None = None
    white_is_zero: bool = False
    palette: np.ndarray | None = None
    opacity: str | None = None
    transparent: np.ndarray | None = None
    inks: bool = False
    lossy: bool = False
    tolerance: float = 0.0
    stack: bool = False
    rotation: int = 1
    scaled: bool = False
    shown: np.ndarray | None = None
    meaningless: bool = False

    def __repr__(self) -> str:
        return f"{self.kind}: {self.name}"
