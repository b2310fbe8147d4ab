"""Result of predicting the same images several times: the mean, and how much the predictions differ."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from resunet_kit.inference._moments import Spread


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Mean and spread of several predictions for the same images, per pixel and per image.

    With `p` the prediction of a transform, a dropout pass or an ensemble member, and `E` the mean over them:
    `mean = E[p]`, `std = sqrt(E[(p − mean)²])`, `entropy = H(E[p])`, `mutual_information = H(E[p]) − E[H(p)]`.
    `H` is the entropy in nats: `−Σ p log p` over classes that sum to 1; otherwise `−p log p − (1 − p) log(1 − p)`,
    summed over the classes. The entropy is the total uncertainty. The mutual information is the part on which the
    predictions disagree: large where they are certain of different classes, 0 where all agree.

    Unpacks as `mean, std = result`.

    Attributes:
        mean: `(n, ..., classes)` float32, like the model's outputs.
        std: Standard deviation over the predictions, of the same shape.
        entropy: Entropy of the mean per pixel, `(n, ...)` float32 without the class axis, `(n,)` for a classifier; None
            if the outputs are not probabilities, such as logits.
        mutual_information: Mutual information per pixel between the class and the choice of the prediction, of the same
            shape, at least 0; None if the outputs are not probabilities.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.inference import predict_tta
        >>> from resunet_kit.models import res_unet
        >>> images = np.random.default_rng(0).random((2, 32, 32, 1), "float32")
        >>> result = predict_tta(res_unet((32, 32, 1), filters=(4, 8)), images, return_uncertainty=True)
        >>> result.mean.shape, result.std.shape, result.entropy.shape, result.image_uncertainty.shape
        ((2, 32, 32, 1), (2, 32, 32, 1), (2, 32, 32), (2,))

    References:
        Gal 2016, Uncertainty in Deep Learning, section 3.3 (entropy and mutual information); Lakshminarayanan et al.
        2017, Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles, arXiv 1612.01474; Wang et al.
        2019, Aleatoric uncertainty estimation with test-time augmentation, arXiv 1807.07356.
    """

    mean: np.ndarray
    std: np.ndarray
    entropy: np.ndarray | None
    mutual_information: np.ndarray | None

    def __iter__(self) -> Iterator[np.ndarray]:
        yield self.mean
        yield self.std

    @property
    def image_uncertainty(self) -> np.ndarray:
        """Mean of `std` over the pixels and classes of each image, `(n,)`."""
        return self.std.reshape(len(self.std), -1).mean(axis=1)

    @property
    def image_entropy(self) -> np.ndarray | None:
        """Mean of `entropy` over the pixels of each image, `(n,)`; None if the outputs are not probabilities."""
        return _per_image(self.entropy)

    @property
    def image_mutual_information(self) -> np.ndarray | None:
        """Mean of `mutual_information` over the pixels of each image, `(n,)`; None as for `image_entropy`."""
        return _per_image(self.mutual_information)


def uncertainty_of(spread: Spread) -> Uncertainty:
    """Return the uncertainty from the spread of all predictions."""
    information = None
    if spread.entropy is not None and spread.expected_entropy is not None:
        information = np.maximum(spread.entropy - spread.expected_entropy, 0)  # rounding
    return Uncertainty(spread.mean, spread.std, spread.entropy, information)


def _per_image(values: np.ndarray | None) -> np.ndarray | None:
    return None if values is None else values.reshape(len(values), -1).mean(axis=1)
