"""What a container's numbers mean: the right brightness and the right labels, or that the file must be refused.

The one position where it is written down; `grid.py` compares the package with it.
"""

import numpy as np

from tests.containers.container import Container

Arrays = list[np.ndarray]  # each is right; none means that the file must be refused
LARGEST_LABEL = 127  # without num_classes
WHITE_OR_LABEL = 15  # the white of 4 bits: in a mask, it may be a label


def images(container: Container) -> Arrays:
    """Return the brightness in [0, 1], `(..., channels)`, that `read_image` may return.

    Unsigned numbers of up to 16 bits are divided by the largest of their bits, or by the file's own maximum. Others
    must lie in [0, 1]. Where white is zero, brightness falls with the number, and only of unsigned numbers it is known
    how. Palettes become colours. An opacity channel stays, and colours that were multiplied by it are divided again;
    where only a colour or an index is transparent, opacity may be left out or become a channel.
    """
    values = container_values(container)
    if values is None or not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        return []
    return with_opacity(container, values)


def container_values(container: Container) -> np.ndarray | None:
    """Return brightness, even outside [0, 1]; None if no image may be read."""
    if container.stack or container.meaningless:
        return None
    if container.shown is not None:
        return container.shown
    stored = container.stored.astype(np.float64)
    if container.palette is not None:
        return container.palette[container.stored[..., 0]]
    # Of 32 bits and more there are no such images: their numbers are taken as they are.
    full_scale = container.full_scale if (container.full_scale or 0) < 2**17 else None
    values = stored / full_scale if full_scale else stored
    if container.white_is_zero:
        if container.full_scale is None:
            return None  # nobody says what black is
        values[..., 0] = (1 if full_scale else container.full_scale) - values[..., 0]
    if container.opacity == "associated":
        return _straight(values, 1 if container.full_scale else np.inf)
    return values


def _straight(values: np.ndarray, largest: float) -> np.ndarray:
    """Return colours as they were before they were multiplied by the opacity; where it is 0 they are black."""
    colours, opacity = values[..., :-1], values[..., -1:]
    divided = np.where(opacity > 0, colours / np.where(opacity > 0, opacity, 1), 0)
    return np.concatenate([np.minimum(divided, largest), opacity], axis=-1)


def with_opacity(container: Container, values: np.ndarray) -> Arrays:
    """Return the values, and other forms of the same: one grey channel of a palette's three, and opacity added."""
    found = [values]
    if container.palette is not None and (values == values[..., :1]).all():
        found.append(values[..., :1])  # a palette of greys may be a grey image
    if container.transparent is not None:
        found += [np.concatenate([one, 1.0 - container.transparent[..., None]], axis=-1) for one in found]
    return found


def masks(container: Container, num_classes: int | None) -> Arrays:
    """Return the labels `(..., 1)` that `read_mask` may return.

    Numbers are labels, whatever the bits; where white is zero they are counted from black, as the brightness is. 0 and
    white, 0 and 1, and booleans are background and foreground; white is what is shown white, whatever the polarity or
    the palette. Other palettes give their indices. Colours, pixels of different opacity and lossy numbers are not
    labels.
    """
    values = container_values(container)
    if values is None or container.inks or _varies(container):
        return []
    wide = num_classes is not None and num_classes > 2
    if container.shown is not None:
        return _of_colours(values, num_classes)
    if container.palette is not None:
        return _palette_labels(container, values, num_classes)
    if not np.isfinite(values).all():
        return []
    channels = container.stored[..., : container.stored.shape[-1] - (container.opacity is not None)]
    if (channels != channels[..., :1]).any():
        return []
    numbers, white = channels[..., :1], container.full_scale
    shown = white - numbers.astype(np.float64) if container.white_is_zero else numbers
    if shown.dtype.kind == "f":
        shown = _unscaled(shown)
    found = set(np.unique(shown).tolist())
    if container.lossy:  # the numbers are not exact; flat ones of black and white may be
        return [(values[..., :1] > 0.5).astype(np.uint8)] if found <= {0, white} and not wide else []
    if not wide and any(found <= {0, one} for one in (1, 255, white)):
        # Up to 4 bits 0 and white may be labels too, unless they must be two classes.
        either = num_classes is None and (white or 0) <= WHITE_OR_LABEL
        return [(shown != 0).astype(np.uint8)] + (_allowed(shown, num_classes) if either else [])
    return _allowed(shown, num_classes)


def _unscaled(numbers: np.ndarray) -> np.ndarray:
    """Return the integers that a header's scale has moved a little: 1.00002 is 1."""
    nearest = np.rint(numbers)
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(numbers - nearest) <= np.maximum(1e-3, 1e-4 * np.abs(nearest)), nearest, numbers)


def _of_colours(values: np.ndarray, num_classes: int | None) -> Arrays:
    """Return the labels of an image in another colour space, if it is grey."""
    grey = np.rint(values * 255)
    return [] if (grey != grey[..., :1]).any() else _allowed(grey[..., :1], num_classes)


def _varies(container: Container) -> bool:
    """Return whether some pixels are more transparent than others, so that the mask may be in the opacity.

    A transparent number or index hides nothing: what is transparent is known by its number.
    """
    opacity, labels = container.stored[..., -1], container.stored[..., 0]
    if container.opacity is None or (opacity == opacity.flat[0]).all():
        return False
    full = 1 if container.full_scale is None else container.full_scale
    shown = full - labels.astype(np.float64) if container.white_is_zero else labels
    same = np.where(shown != 0, full, 0), np.where(labels != 0, full, 0), shown
    return not any(np.array_equal(opacity, one) for one in same)  # else both say the same


def _palette_labels(container: Container, values: np.ndarray, num_classes: int | None) -> Arrays:
    """Return the brightness of a picture in black and white; else the indices, where 0 and the last are two classes."""
    indices, used = container.stored, np.unique(values.reshape(-1, 3), axis=0)
    two = (num_classes or 2) <= 2
    black_and_white = two and bool(np.isin(used, (0, 1)).all() and (used == used[:, :1]).all())
    shown = [(values[..., :1] > 0.5).astype(np.uint8)] if black_and_white else []
    if black_and_white and (len(used) == 2 or len(container.palette) == 2):
        return shown
    ends = two and bool(np.isin(indices, (0, container.full_scale)).all())
    return shown + _allowed(indices, num_classes) + ([(indices != 0).astype(np.uint8)] if ends else [])


def _allowed(numbers: np.ndarray, num_classes: int | None) -> Arrays:
    highest = LARGEST_LABEL if num_classes is None else max(num_classes, 2) - 1
    fits = np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all()
    return [numbers.astype(np.uint8)] if fits and numbers.min() >= 0 and numbers.max() <= highest else []
