"""What the pixels of a palette file mean in a mask: their indices, their greys, or the brighter of two greys."""

import numpy as np

from resunet_kit.data.files.errors import UnsupportedFile

_AMBIGUOUS = (
    "Expected palette indices that are labels. Received a palette whose index 0 is a colour and whose index 1 is "
    "black, so that black may be the background or the foreground. Save the mask as a grey PNG, or pass channel=0 to "
    "read the colours' red channel."
)
_TOO_SHORT = (
    "Expected a palette with a colour for each label. Received indices above 1 and a palette of two greys, whose other "
    "entries are a filling. Save the indices as a grey PNG."
)

_WHITE = 255
_DARK = 31  # greys up to this are numbers: nobody draws with colours that look black


def greys_as_labels(indices: np.ndarray, palette: np.ndarray) -> np.ndarray | None:
    """Return the greys of a palette file that has no colours but black, white and greys as dark as labels, else None.

    GIF stores only palette images: for a grey one with the labels 1, 4 and 255, writers store the indices 0, 1 and 2.

    Args:
        indices: `(…, 1)`.
        palette: Uint8 colours by index, `(colours, 3 or 4)`.
    """
    greys = _grey_levels(palette[:, :3]) - {_WHITE}
    if not greys or not 0 < max(greys) <= _DARK or int(indices.max()) >= len(palette):
        return None
    used = palette[np.unique(indices), 0]
    return palette[:, 0][indices] if len(np.unique(used)) == len(used) else None


def palette_labels(indices: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Return `(…, 1)` labels of a palette file: 0 and 255 by brightness for two greys, else the indices.

    Writers store the two colours of a black-and-white picture in either order; colours of several classes are in the
    order of the classes.

    Args:
        indices: `(…, 1)`.
        palette: Uint8 colours by index, `(colours, 3 or 4)`.

    Raises:
        UnsupportedFile: If there are two colours, of which black is the second, or more indices than two greys.
    """
    colours = palette[:, :3]
    highest = int(indices.max())
    if highest >= len(colours):
        return indices  # labels beyond the palette: not a picture of two colours
    used = np.unique(indices)
    greys = _greys(colours[: max(highest, 1) + 1], colours[max(highest, 1) + 1 :]) or _black_and_white(colours[used])
    if greys:
        if highest > 1 and (colours[2:] == colours[2]).all() and len(used) > 2:
            raise UnsupportedFile(_TOO_SHORT)
        return np.where(colours[:, 0] == max(greys), _WHITE, 0).astype(np.uint8)[indices]
    if _grey_levels(colours) == {_WHITE}:
        return np.full_like(indices, _WHITE)
    if len(colours) > 1 and highest <= 1 and colours[0].any() and not colours[1].any():
        raise UnsupportedFile(_AMBIGUOUS)
    return indices


def _greys(colours: np.ndarray, rest: np.ndarray) -> set[int]:
    """Return the two greys of a palette that has no others, except for padding of one colour after them."""
    if len(rest) and (rest != rest[0]).any():
        return set()
    found = _grey_levels(colours)
    return found if len(found) == 2 else set()


def _black_and_white(used: np.ndarray) -> set[int]:
    """Return 0 and 255 if the picture is of black and white, both of them."""
    found = _grey_levels(used)
    return found if found == {0, _WHITE} else set()


def _grey_levels(colours: np.ndarray) -> set[int]:
    return set(colours[:, 0].tolist()) if (colours == colours[:, :1]).all() else set()
