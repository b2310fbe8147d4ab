"""Unified focal loss: focal cross-entropy and focal Tversky under one set of options."""

import dataclasses
from typing import Any, ClassVar, Literal, Unpack

import keras
import numpy as np
from keras import ops

from resunet_kit._shared.overlap import Overlap, Tensor, combine_weights, overlap, true_negatives
from resunet_kit.losses import _other_names
from resunet_kit.losses._functions import loss_function
from resunet_kit.losses._option_types import UnifiedFocalOptions
from resunet_kit.losses.base import SegmentationLoss
from resunet_kit.losses.class_weights import of_two_classes, pixel_weights
from resunet_kit.losses.cross_entropy import focal_factors, mean_of_pixels, pixel_entropies
from resunet_kit.losses.options import option
from resunet_kit.losses.soft_labels import refuse_fractions
from resunet_kit.losses.tversky import focal_power, tversky_loss


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class UnifiedFocal(SegmentationLoss):
    """Unified focal loss: `λ·F + (1 − λ)·T` of a focal cross-entropy `F` and a focal Tversky loss `T`.

    - `F` is the mean over pixels of `−δ·log p` on foreground and `−(1 − δ)·(1 − p)^γ·log p` on background, with
      `p` the probability of the true class; the symmetric form has the focal factor on both.
    - `T` is the mean over classes of `(1 − I)^(1 − γ)`, with `I = (TP + s) / (TP + (1 − δ)·FP + δ·FN + s)`; the
      asymmetric form has the exponent 1 for the background.

    Hence the asymmetric form suppresses the background in `F` and enhances the foreground in `T`. Class 0 of
    exclusive classes is the background. One channel counts as two classes, as in the paper: background and
    foreground, with `T` as their mean; so does each channel with `multilabel`.

    A perfect prediction gives 0 within 1e-6, also for an empty mask. An image without truth is scored by the formula,
    with `(1 − δ)·FP / ((1 − δ)·FP + s)` for its foreground. `empty="skip"` gives it no weight in the mean; if
    nothing is left the loss is 0 with a gradient of 0.

    In `F` of exclusive classes `class_weights` and `include_background` act as in `CrossEntropy`.

    Args:
        cross_entropy_weight: `λ`, in [0, 1]; 1 is the focal cross-entropy alone, 0 the focal Tversky loss.
        delta: `δ`, in [0, 1]: the weight of the foreground in `F`, and of false negatives in `T`.
        gamma: `γ`, in [0, 1); 0 has no focal effect.
        form: `"asymmetric"` or `"symmetric"`.
        smooth: `s`, in pixels, at least 0. With 1, the loss of an empty mask falls with the false positives; with 1e-6,
            as in other libraries, it stays near 1 and its gradient near 0 until none are left.
        from_logits: Whether `y_pred` holds logits rather than probabilities. One channel then takes a
            sigmoid, more channels take a softmax, and with `multilabel` a sigmoid each.
        multilabel: Channels are independent masks: there is no background, and logits take a sigmoid each.
        reduce: `"image"` scores each image and takes the mean, so that the value does not depend on the
            batch size. `"batch"` counts over all images of the batch as if they were one.
        class_weights: One non-negative number per channel, normalised to sum to 1. None: equal weights.
            Two for one channel weigh the pixels of its background and its foreground, as `[1, 20]`.
        include_background: Whether channel 0 counts. A single channel and multilabel have no background.
        ignore_class: Label of the pixels to leave out, such as 255 for "void". If it is a class of the prediction, that
            class is left out of the mean too. None: no pixel is left out.
        empty: `"score"` scores an image without truth by the formula, `"skip"` gives it no weight in the mean.
        reduction: Keras's reduction over the images: `"sum_over_batch_size"` or `"mean"`, `"sum"`, or None or `"none"`
            for `(batch,)`. `"mean_with_sample_weight"` divides by the sum of the images' weights.
        dtype: `"float64"` computes in float64; anything else, including half precision, in float32.
        name: The loss's name in logs.

    Raises:
        TypeError: If an option is of the wrong type.
        ValueError: If an option is out of its range, or the truth holds fractions.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import UnifiedFocal
        >>> truth = np.zeros((1, 8, 8, 1)); truth[:, :2] = 1
        >>> round(float(UnifiedFocal()(truth, 0.2 + 0.6 * truth)), 4)
        0.2053
        >>> round(float(UnifiedFocal(form="symmetric")(truth, 0.2 + 0.6 * truth)), 4)
        0.2555

    Note:
        The defaults and the one meaning of γ in both forms are those of the authors' code. The paper's
        symmetric formulas write `1 − γ` where its asymmetric ones write `γ`; at 0.5 they agree. Its sum over
        classes in `T` is a mean here, as in that code, and `δ` weighs the foreground against `1 − δ` in both forms.
        That code's `weight` multiplies `T`, the paper's `λ` multiplies `F`.

    References:
        Yeung et al. 2022, Unified focal loss: generalising Dice and cross entropy-based losses to handle class
        imbalanced medical image segmentation, arXiv 2102.04525.
    """

    other_names: ClassVar = _other_names.UNIFIED_FOCAL
    weighs_background: ClassVar[bool] = True

    cross_entropy_weight: float = option(0.5, "[0, 1]")
    delta: float = option(0.6, "[0, 1]")
    gamma: float = option(0.5, "[0, 1)")
    form: Literal["asymmetric", "symmetric"] = option("asymmetric")
    smooth: float = option(1.0, "[0, inf)")
    name: str = "unified_focal"

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "UnifiedFocal":
        """Return the loss that `get_config` describes, including one saved by 0.1.0."""
        old = "cross_entropy_share"  # renamed in 0.2.0
        return cls(**{"cross_entropy_weight" if name == old else name: value for name, value in config.items()})

    def activate(self, y_pred: Tensor) -> Tensor:
        """Return logits unchanged, for the cross-entropy."""
        return y_pred if self.from_logits else super().activate(y_pred)

    def encode_truth(self, y_true: Tensor, channels: int, rank: int) -> tuple[Tensor, Tensor]:
        """Return the 0/1 mask, and the weights that leave out pixels (or None)."""
        truth, kept = super().encode_truth(y_true, channels, rank)
        refuse_fractions("UnifiedFocal", truth)
        return truth, kept

    def image_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor, class_weights: Tensor) -> Tensor:
        """Return the unified focal loss of each image, shape `(images,)`."""
        exclusive = prediction.shape[-1] > 1 and not self.multilabel
        pixels = self._pixel_losses(truth, prediction, exclusive)
        of_pixels = combine_weights(pixel_weights(self.class_weights, truth), weights)
        entropy = mean_of_pixels(pixels, truth, of_pixels, class_weights, exclusive=exclusive)
        probabilities = super().activate(prediction) if self.from_logits else prediction
        regions = self._region_losses(truth, probabilities, weights, exclusive)
        region = ops.sum(regions * class_weights, axis=-1)
        return self.cross_entropy_weight * entropy + (1 - self.cross_entropy_weight) * region

    def _pixel_losses(self, truth: Tensor, prediction: Tensor, exclusive: bool) -> Tensor:
        """Return the focal cross-entropy of each pixel and channel."""
        form = {"from_logits": self.from_logits, "exclusive": exclusive}
        plain = pixel_entropies(truth, prediction, **form)
        focused = focal_factors(truth, prediction, self.gamma, **form) * plain
        is_foreground = truth
        if exclusive:
            is_foreground = ops.convert_to_tensor(np.arange(truth.shape[-1]) > 0, dtype=self.dtype)
        foreground = plain if self.form == "asymmetric" else focused
        return is_foreground * self.delta * foreground + (1 - is_foreground) * (1 - self.delta) * focused

    def _region_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor, exclusive: bool) -> Tensor:
        """Return the focal Tversky loss of each image and class, shape `(images, classes)`."""
        counts = overlap(truth, prediction, weights)
        foreground = 1 - self.gamma
        background = 1.0 if self.form == "asymmetric" else foreground
        if exclusive:
            exponents = [background] + [foreground] * (truth.shape[-1] - 1)
            return self._focal_tversky(counts, ops.convert_to_tensor(exponents, dtype=self.dtype))
        # A false negative of the foreground is a false positive of the background.
        opposite = Overlap(tp=true_negatives(counts, truth, weights), fp=counts.fn, fn=counts.fp)
        background_weight, foreground_weight = of_two_classes(self.class_weights, truth.shape[-1]) or (0.5, 0.5)
        return foreground_weight * self._focal_tversky(counts, foreground) + background_weight * self._focal_tversky(
            opposite, background
        )

    def _focal_tversky(self, counts: Overlap, exponent: Any) -> Tensor:
        loss = tversky_loss(counts, fp_weight=1 - self.delta, fn_weight=self.delta, smooth=self.smooth)
        return focal_power(loss, exponent)


@loss_function(UnifiedFocal)
def unified_focal(
    y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Unpack[UnifiedFocalOptions]
) -> Tensor:
    """Return the unified focal loss of each image, with the options of `UnifiedFocal`."""
    return UnifiedFocal(reduction=None, **options)(y_true, y_pred, sample_weight)
