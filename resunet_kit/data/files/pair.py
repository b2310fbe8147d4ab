"""An image file and the mask file that belongs to it, read together and compared."""

import numpy as np

from resunet_kit.data.files.alignment import aligned_mask
from resunet_kit.data.files.labels import LabelOptions, read_labels
from resunet_kit.data.files.reading import ImageOptions, read_raw_image


def read_pair(
    image_path: str, mask_path: str, image_options: ImageOptions, label_options: LabelOptions
) -> tuple[np.ndarray, np.ndarray]:
    """Return the image in the file's own type, and the mask as class labels on the image's axes.

    Raises:
        ValueError: If a file cannot be read, their sizes differ, or their affines differ by more than flips and
            permutations.
    """
    image = read_raw_image(image_path, image_options)
    mask = aligned_mask(read_labels(mask_path, label_options), mask_path, image_path)
    if image.shape[:-1] != mask.shape[:-1]:
        raise ValueError(
            f"Expected image and mask of the same size. Received {image_path!r} of {size_text(image.shape)} and "
            f"{mask_path!r} of {size_text(mask.shape)} ({axes_text(image.shape)}). Check that they are one pair; "
            "where one of them has a rotation tag of EXIF, pass exif_rotation=True."
        )
    return image, mask


def size_text(shape: tuple[int, ...]) -> str:
    """Return the spatial shape of `([depth,] height, width, channels)` for a message."""
    return "x".join(map(str, shape[:-1]))


def axes_text(shape: tuple[int, ...]) -> str:
    """Return the names of the spatial axes for a message."""
    return "height x width" if len(shape) == 3 else "depth x height x width"
