"""Heat maps in [0, 1] from evidence of any scale."""

import numpy as np

from resunet_kit.data.files.resizing import resize_image


def heat_maps(evidence: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Return the positive evidence at the size of the images, divided by its maximum in each image.

    Args:
        evidence: `(n, ...)`, of any spatial shape.
        size: Spatial shape of the images.

    Returns:
        `(n, *size)` float32 in [0, 1]; zero in images without positive evidence.

    Raises:
        ValueError: If the evidence holds NaN or infinite values.
    """
    flat = evidence.reshape(len(evidence), -1)
    finite = np.isfinite(flat).all(axis=1)
    if not finite.all():
        raise ValueError(
            "Expected finite outputs and gradients. Received NaN or an infinite value for image "
            f"{int(np.argmin(finite))}. Look for weights that training has driven to NaN, and for a mixed precision "
            "that overflows."
        )
    # Also divided before resizing, which computes in float32, where tiny evidence would vanish.
    positive = _divided(np.maximum(evidence, 0))
    resized = np.stack([resize_image(image[..., None].astype("float32"), size)[..., 0] for image in positive])
    return _divided(np.clip(resized, 0, 1))


def _divided(maps: np.ndarray) -> np.ndarray:
    highest = maps.max(axis=tuple(range(1, maps.ndim)), keepdims=True)
    return np.divide(maps, highest, out=np.zeros_like(maps), where=highest > 0)
