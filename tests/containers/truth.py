"""What a container's numbers mean: the right brightness and the right labels, or that the file must be refused.

The one position where it is written down; `grid.py` compares the package with it.
"""

import numpy as np

from tests.containers.container import Container

Arrays = list[np.ndarray]  # each is right; none means that the file must be refused
LARGEST_LABEL = 127  # without num_classes


def images(container: Container) -> Arrays:
    """Return the brightness in [0, 1], `(..., channels)`, that `read_image` may return.

    Unsigned numbers of up to 16 bits are divided by the largest of their bits, or by the file's own maximum. Others
    must lie in [0, 1]. Where white is zero, brightness falls with the number. Palettes become colours. An opacity
    channel stays; an opacity without a channel may be left out or become one.
    """
    values = container_values(container)
    if values is None or not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        return []
    return with_opacity(container, values)


def container_values(container: Container) -> np.ndarray | None:
    """Return brightness, even outside [0, 1]; None if no image may be read."""
    if container.stack:
        return None
    stored = container.stored.astype(np.float64)
    if container.palette is not None:
        return container.palette[container.stored[..., 0]]
    # Of 32 bits and more there are no such images: their numbers are taken as they are.
    full_scale = container.full_scale if (container.full_scale or 0) < 2**17 else None
    values = stored / full_scale if full_scale else stored
    if container.white_is_zero:
        values[..., 0] = 1 - values[..., 0]
    return values


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

    Numbers are labels as stored, whatever the bits. 0 and white, 0 and 1, and booleans are background and foreground;
    white is what is shown white, whatever the polarity or the palette. Other palettes give their indices. Colours,
    pixels of different opacity and lossy numbers are no labels.
    """
    values = container_values(container)
    if values is None or container.inks or _varies(container):
        return []
    wide = num_classes is not None and num_classes > 2
    if container.palette is not None:
        return _palette_labels(container, values, num_classes)
    channels = container.stored[..., : container.stored.shape[-1] - (container.opacity is not None)]
    if (channels != channels[..., :1]).any():
        return []
    numbers, white = channels[..., :1], container.full_scale
    if white is None and container.white_is_zero:
        return []  # it says that small numbers are bright, but not which number is white
    shown = white - numbers.astype(np.float64) if container.white_is_zero else numbers
    found = set(np.unique(shown).tolist())
    if container.lossy:  # the numbers are not exact; flat ones of black and white may be
        return [(values[..., :1] > 0.5).astype(np.uint8)] if found <= {0, white} and not wide else []
    if not wide and (found <= {0, white} or (found <= {0, 1} and not container.white_is_zero)):
        # All of 2 and 4 bits may be labels.
        return [(shown != 0).astype(np.uint8)] + ([numbers] if white in (3, 15) and not container.white_is_zero else [])
    if container.white_is_zero:
        if white == 1:
            return [shown.astype(np.uint8)]
        return []  # labels where white is zero: stored or shown numbers, which are complements
    return _allowed(numbers, num_classes, container.scaled)


def _varies(container: Container) -> bool:
    """Return whether some pixels are more transparent than others, so that the mask may be in the opacity.

    A transparent number or index hides nothing: what is transparent is known by its number.
    """
    opacity = container.stored[..., -1]
    return container.opacity is not None and bool((opacity != opacity.flat[0]).any())


def _palette_labels(container: Container, values: np.ndarray, num_classes: int | None) -> Arrays:
    indices, used = container.stored, values.reshape(-1, 3)
    if set(np.unique(used).tolist()) <= {0.0, 1.0} and (used == used[:, :1]).all() and (num_classes or 2) <= 2:
        return [(values[..., :1] > 0.5).astype(np.uint8)]
    return _allowed(indices, num_classes, scaled=False)


def _allowed(numbers: np.ndarray, num_classes: int | None, scaled: bool) -> Arrays:
    rounded = np.rint(numbers.astype(np.float64))
    close = np.abs(numbers - rounded).max() <= (1e-3 if scaled else 0)
    highest = LARGEST_LABEL if num_classes is None else max(num_classes, 2) - 1
    fits = close and np.isfinite(numbers).all() and rounded.min() >= 0 and rounded.max() <= highest
    if not fits:
        return []
    return [rounded.astype(np.uint8)]
