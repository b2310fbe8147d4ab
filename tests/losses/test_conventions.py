"""Each line of the guide to other libraries' conventions: its number there, and ours.

`there` was run in the package itself, of the version that its heading names, on these tensors (PyTorch's with channels
first and integer labels); the numbers are what it printed. The LGG notebook is no package: its numbers are its
formula's, in float64. `here` is run now. Formulas in NumPy say what the others compute.
"""

from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

from resunet_kit import losses

PAGE = Path(__file__).parents[2] / "docs" / "pages" / "guides" / "conventions.md"


class Same(NamedTuple):
    """Code that gives the same number there and here, on each of the named tensors."""

    there: str
    here: str
    values: dict[str, float]
    formula: Callable[..., Any] | None = None
    shift: float = 0.0  # what is to be added to ours


class Other(NamedTuple):
    """Code for which no option of ours gives the number."""

    there: str
    theirs: float
    here: str
    ours: float
    tensors: str
    formula: Callable[..., Any] | None = None


# === Tensors: truth with one channel a class, and logits ===


def scattered(shape):
    """Values from -50 to 50 without a pattern that an image could show."""
    return np.arange(np.prod(shape)).reshape(shape) * 37 % 101 - 50


def masks():
    """Three images, the second without truth."""
    truth = np.zeros((3, 6, 8, 1))
    truth[0, 1:4, 2:6] = truth[2, 3:, :5] = 1
    return truth, 2 * truth - 1 + scattered(truth.shape) / 20


def classes(third=2):
    """Two images; the second lacks the third class, and both do with `third=1`."""
    labels = np.zeros((2, 6, 8), "int32")
    labels[0, 1:4, 1:5] = labels[1, 2:5, 3:7] = 1
    labels[0, 4:, 5:] = third
    truth = np.eye(3)[labels]
    return truth, 1.5 * truth + scattered(truth.shape) / 25


def faint_classes():
    truth = np.zeros((2, 6, 8, 3))
    truth[..., 0] = 1
    return truth, 16 * truth + scattered(truth.shape) / 50


def void():
    """The masks, with the upper third of each image marked as -100."""
    truth, logits = masks()
    truth[:, :2] = -100
    return truth, logits


def almost():
    """All is truth, and one pixel's probability is 1 - 2**-14."""
    truth = np.ones((3, 6, 8, 1))
    logits = np.full(truth.shape, 100.0)
    logits[0, 0, 0] = np.log(2**14 - 1)
    return truth, logits


TRUTH, LOGITS = masks()
TENSORS = {
    "masks": (TRUTH, LOGITS),
    "empty": (0 * TRUTH, 0 * LOGITS - 200),  # whose sigmoid is exactly 0 in float32
    "faint": (0 * TRUTH, scattered(LOGITS.shape) / 50 - 16),
    "alarms": (0 * TRUTH, LOGITS),
    "wrong": (TRUTH, 100 * (1 - 2 * TRUTH)),
    "missed": (np.ones((1, 300, 300, 1)), np.full((1, 300, 300, 1), -200.0)),
    "almost": almost(),
    "void": void(),
    "classes": classes(),
    "absent": classes(third=1),
    "faint classes": faint_classes(),
}


def probabilities(logits):
    if logits.shape[-1] == 1:
        return 1 / (1 + np.exp(-logits))
    return np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)


# === What the others compute, of truth t and probabilities p ===

ALL, BATCH, IMAGE = None, (0, 1, 2), (1, 2)  # what one count is over


def counts(t, p, axes):
    return (t * p).sum(axes), ((1 - t) * p).sum(axes), (t * (1 - p)).sum(axes)


def keras_dice(t, p, axes):
    return np.mean(1 - 2 * (t * p).sum(axes) / (t.sum(axes) + p.sum(axes) + 1e-7))


def keras_tversky(t, p, alpha, beta):
    tp, fp, fn = counts(t, p, ALL)
    return 1 - tp / (tp + alpha * fn + beta * fp + 1e-7)


def smp_tversky(t, p, alpha, beta, smooth=0.0):
    """Of each class; 0 for one that is absent."""
    tp, fp, fn = counts(t, p, BATCH)
    return (t.sum(BATCH) > 0) * (1 - (tp + smooth) / np.maximum(tp + alpha * fp + beta * fn + smooth, 1e-7))


def smp_mcc(t, p):
    tp, fp, fn = np.array(counts(t, p, ALL)) + 1e-5
    tn = ((1 - t) * (1 - p)).sum() + 1e-5
    return 1 - (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))


def monai_dice(t, p, axes=IMAGE, above=1e-5, below=1e-5, power=1):
    return 1 - (2 * (t * p).sum(axes) + above) / ((t**power + p**power).sum(axes) + below)


def monai_jaccard(t, p, smooth):
    tp, fp, fn = counts(t, p, IMAGE)
    return np.mean(1 - (2 * tp + smooth) / (2 * (tp + fp + fn) + smooth))


def monai_tversky(t, p, alpha, beta):
    tp, fp, fn = counts(t, p, IMAGE)
    return np.mean(1 - (tp + 1e-5) / (tp + alpha * fp + beta * fn + 1e-5))


def monai_generalized_dice(t, p, smooth, axes=IMAGE):
    volume = t.sum(axes)
    present = volume > 0
    weight = np.where(present, 1 / np.maximum(volume, 1) ** 2, 0)
    weight = np.where(present, weight, weight.max(-1, keepdims=True))
    tp, fp, fn = (np.sum(weight * count, -1) for count in counts(t, p, axes))
    return np.mean(1 - (2 * tp + smooth) / (2 * tp + fp + fn + smooth))


def nnunet_dice(t, p, axes):
    return -np.mean(((2 * (t * p).sum(axes) + 1e-5) / (t.sum(axes) + p.sum(axes) + 1e-5))[..., 1:])


def kuc_dice(t, p):
    tp, fp, fn = counts(t, p, ALL)
    with np.errstate(divide="ignore"):
        return 1 - (2 * tp + 1e-7) / (2 * tp + fp + fn)


def tversky_of_the_batch(t, p, alpha, smooth):
    """keras-unet-collection's and the notebook's."""
    tp, fp, fn = counts(t, p, ALL)
    return 1 - (tp + smooth) / (tp + alpha * fn + (1 - alpha) * fp + smooth)


def binary_entropy(t, p):
    return -(t * np.log(p) + (1 - t) * np.log(1 - p))


def entropy(t, p):
    return -(t * np.log(p)).sum(-1)


def binary_focal(t, p, alpha=None):
    alpha_t = 1 if alpha is None else t * alpha + (1 - t) * (1 - alpha)
    return np.mean(alpha_t * np.abs(t - p) ** 2 * binary_entropy(t, p))


def focal(t, p, alpha=1.0):
    return -np.mean((alpha * t * (1 - p) ** 2 * np.log(p)).sum(-1))


def lovasz(t, errors):
    """By the definition: the Jaccard loss if the worst pixels were wrong, from the first to all of them."""
    order = np.argsort(-errors.ravel(), kind="stable")
    hit, errors = t.ravel()[order], errors.ravel()[order]
    wrong = 1 - (hit.sum() - np.cumsum(hit)) / (hit.sum() + np.cumsum(1 - hit))
    return np.sum(np.maximum(errors, 0) * np.diff(wrong, prepend=0))


def hinge(t, x):
    return 1 - x * (2 * t - 1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def smoothed(t, amount):
    return t * (1 - amount) + amount / (2 if t.shape[-1] == 1 else t.shape[-1])


# === The guide's tables ===

SAME = {
    "Keras 3.15.1": [
        Same("Dice()", 'Dice(reduce="batch", smooth=0.0)', {"masks": 0.5372901}, lambda t, p: keras_dice(t, p, ALL)),
        Same("Dice(axis=(1, 2))", "Dice(smooth=0.0)", {"classes": 0.6103144}, lambda t, p: keras_dice(t, p, IMAGE)),
        Same(
            "Dice(axis=(0, 1, 2))",
            'Dice(reduce="batch", smooth=0.0)',
            {"masks": 0.5372901, "classes": 0.5991364},
            lambda t, p: keras_dice(t, p, BATCH),
        ),
        Same(
            "Tversky(alpha=0.7, beta=0.3)",
            'Tversky(fn_weight=0.7, fp_weight=0.3, reduce="batch", smooth=0.0)',
            {"masks": 0.4604527},
            lambda t, p: keras_tversky(t, p, 0.7, 0.3),
        ),
        Same(
            "BinaryCrossentropy()", "CrossEntropy()", {"masks": 0.4660452}, lambda t, p: np.mean(binary_entropy(t, p))
        ),
        Same(
            "BinaryCrossentropy(from_logits=True, label_smoothing=0.1)",
            "CrossEntropy(from_logits=True, label_smoothing=0.1)",
            {"masks": 0.5229029},
            lambda t, p: np.mean(binary_entropy(smoothed(t, 0.1), p)),
        ),
        Same(
            "CategoricalCrossentropy()", "CrossEntropy()", {"classes": 0.9587788}, lambda t, p: np.mean(entropy(t, p))
        ),
        Same(
            "CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)",
            "CrossEntropy(from_logits=True, label_smoothing=0.1)",
            {"classes": 1.030807},
            lambda t, p: np.mean(entropy(smoothed(t, 0.1), p)),
        ),
        Same("BinaryFocalCrossentropy()", "Focal()", {"masks": 0.1660245}, binary_focal),
        Same(
            "BinaryFocalCrossentropy(apply_class_balancing=True)",
            "Focal(alpha=0.25)",
            {"masks": 0.1124691},
            lambda t, p: binary_focal(t, p, 0.25),
        ),
        Same(
            "CategoricalFocalCrossentropy()", "0.25 * Focal()", {"classes": 0.1346575}, lambda t, p: focal(t, p, 0.25)
        ),
    ],
    "segmentation_models.pytorch 0.6.0": [
        Same(
            'DiceLoss("binary")',
            'Dice(from_logits=True, reduce="batch", smooth=0.0, empty="skip")',
            {"masks": 0.5372901, "alarms": 0.0, "empty": 0.0},
            lambda t, p: smp_tversky(t, p, 0.5, 0.5),
        ),
        Same(
            'DiceLoss("binary", smooth=1.0)',
            'Dice(from_logits=True, reduce="batch", smooth=2.0, empty="skip")',
            {"masks": 0.5247738, "alarms": 0.0},
            lambda t, p: smp_tversky(t, p, 0.5, 0.5, 1.0),
        ),
        Same(
            'DiceLoss("multiclass")',
            'Dice(from_logits=True, reduce="batch", smooth=0.0)',
            {"classes": 0.5991362},
            lambda t, p: np.mean(smp_tversky(t, p, 0.5, 0.5)),
        ),
        Same(
            'DiceLoss("multiclass", classes=[1, 2])',
            'Dice(from_logits=True, reduce="batch", smooth=0.0, include_background=False)',
            {"classes": 0.6919467},
            lambda t, p: np.mean(smp_tversky(t, p, 0.5, 0.5)[1:]),
        ),
        Same(
            'DiceLoss("multiclass", class_weights=[1, 2, 3])',
            'Dice(from_logits=True, reduce="batch", smooth=0.0, class_weights=[1, 2, 3])',
            {"classes": 0.6674573},
            lambda t, p: np.average(smp_tversky(t, p, 0.5, 0.5), weights=[1, 2, 3]),
        ),
        Same(
            'JaccardLoss("binary", smooth=1.0)',
            'Jaccard(from_logits=True, reduce="batch", smooth=1.0, empty="skip")',
            {"masks": 0.6883301, "alarms": 0.0},
            lambda t, p: smp_tversky(t, p, 1, 1, 1.0),
        ),
        Same(
            'TverskyLoss("binary", alpha=0.3, beta=0.7)',
            'Tversky(fp_weight=0.3, fn_weight=0.7, from_logits=True, reduce="batch", smooth=0.0, empty="skip")',
            {"masks": 0.4604527, "alarms": 0.0},
            lambda t, p: smp_tversky(t, p, 0.3, 0.7),
        ),
        Same(
            'TverskyLoss("binary", alpha=0.3, beta=0.7, gamma=0.75)',
            "FocalTversky(fp_weight=0.3, fn_weight=0.7, exponent=0.75, "
            'from_logits=True, reduce="batch", smooth=0.0, empty="skip")',
            {"masks": 0.5589704, "alarms": 0.0},
            lambda t, p: smp_tversky(t, p, 0.3, 0.7) ** 0.75,
        ),
        Same('FocalLoss("binary")', "Focal(from_logits=True)", {"masks": 0.1660245}, binary_focal),
        Same(
            'FocalLoss("binary", alpha=0.25)',
            "Focal(from_logits=True, alpha=0.25)",
            {"masks": 0.112469},
            lambda t, p: binary_focal(t, p, 0.25),
        ),
        Same(
            'FocalLoss("multiclass")',
            "Focal(from_logits=True, multilabel=True)",
            {"classes": 0.3261427},
            lambda t, x: binary_focal(t, sigmoid(x)),
        ),
        Same(
            'LovaszLoss("binary")',
            'Lovasz(from_logits=True, reduce="batch")',
            {"masks": 1.334115, "alarms": 4.5},
            lambda t, x: lovasz(t, hinge(t, x)),
        ),
        Same(
            'LovaszLoss("binary", per_image=True)',
            "Lovasz(from_logits=True)",
            {"masks": 1.534469},
            lambda t, x: np.mean([lovasz(*image) for image in zip(t, hinge(t, x), strict=True)]),
        ),
        Same(
            'LovaszLoss("multiclass")',
            'Lovasz(from_logits=True, reduce="batch", empty="skip")',
            {"classes": 0.6104633, "absent": 0.5725648},
            lambda t, p: np.mean([lovasz(t[..., i], abs(t - p)[..., i]) for i in range(3) if t[..., i].any()]),
        ),
        Same(
            'LovaszLoss("multiclass", per_image=True)', 'Lovasz(from_logits=True, empty="skip")', {"classes": 0.5752593}
        ),
        Same("MCCLoss()", 'MatthewsCorrelation(reduce="batch", smooth=1e-5)', {"masks": 0.6818802}, smp_mcc),
        Same(
            "SoftBCEWithLogitsLoss()",
            "CrossEntropy(from_logits=True)",
            {"masks": 0.4660452},
            lambda t, p: np.mean(binary_entropy(t, p)),
        ),
        Same(
            "SoftBCEWithLogitsLoss(smooth_factor=0.1)",
            "CrossEntropy(from_logits=True, label_smoothing=0.2)",
            {"masks": 0.5797606},
            lambda t, p: np.mean(binary_entropy(0.1 + 0.8 * t, p)),
        ),
    ],
    "MONAI 1.6.1": [
        Same(
            "DiceLoss(sigmoid=True)",
            "Dice(from_logits=True, smooth=1e-5)",
            {"masks": 0.6166874, "faint": 0.3877587, "empty": 0.0},
            lambda t, p: np.mean(monai_dice(t, p)),
        ),
        Same(
            "DiceLoss(sigmoid=True, batch=True)",
            'Dice(from_logits=True, smooth=1e-5, reduce="batch")',
            {"masks": 0.53729, "faint": 0.6552032},
            lambda t, p: np.mean(monai_dice(t, p, BATCH)),
        ),
        Same(
            "DiceLoss(sigmoid=True, squared_pred=True)",
            "Dice(from_logits=True, smooth=1e-5, squared=True)",
            {"masks": 0.5133846},
            lambda t, p: np.mean(monai_dice(t, p, power=2)),
        ),
        Same(
            "DiceLoss(sigmoid=True, squared_pred=True, smooth_nr=0)",
            "Dice(from_logits=True, smooth=0.0, squared=True)",
            {"masks": 0.5133852},
            lambda t, p: np.mean(monai_dice(t, p, above=0, power=2)),
        ),
        Same(
            "DiceLoss(sigmoid=True, jaccard=True)",
            "Jaccard(from_logits=True, smooth=5e-6)",
            {"masks": 0.7307803, "faint": 0.5588142},
            lambda t, p: monai_jaccard(t, p, 1e-5),
        ),
        Same(
            "DiceLoss(softmax=True, to_onehot_y=True)",
            "Dice(from_logits=True, smooth=1e-5)",
            {"classes": 0.6103142, "faint classes": 0.3036287},
            lambda t, p: np.mean(monai_dice(t, p)),
        ),
        Same(
            "DiceLoss(softmax=True, to_onehot_y=True, include_background=False)",
            "Dice(from_logits=True, smooth=1e-5, include_background=False)",
            {"classes": 0.7071526, "faint classes": 0.455443},
            lambda t, p: np.mean(monai_dice(t, p)[:, 1:]),
        ),
        Same(
            "DiceLoss(softmax=True, to_onehot_y=True, weight=[1.0, 2.0, 3.0])",
            "6 / 3 * Dice(from_logits=True, smooth=1e-5, class_weights=[1, 2, 3])",
            {"classes": 1.366628},
            lambda t, p: np.mean([1, 2, 3] * monai_dice(t, p)),
        ),
        Same(
            "GeneralizedDiceLoss(softmax=True, to_onehot_y=True, smooth_nr=0, smooth_dr=0)",
            "GeneralizedDice(from_logits=True, smooth=0.0)",
            {"classes": 0.6370608},
            lambda t, p: monai_generalized_dice(t, p, 0),
        ),
        Same(
            "GeneralizedDiceLoss(softmax=True, to_onehot_y=True, smooth_nr=0, smooth_dr=0, batch=True)",
            'GeneralizedDice(from_logits=True, smooth=0.0, reduce="batch")',
            {"classes": 0.7888708},
            lambda t, p: monai_generalized_dice(t, p, 0, BATCH),
        ),
        Same(
            "TverskyLoss(sigmoid=True, alpha=0.3, beta=0.7)",
            "Tversky(fp_weight=0.3, fn_weight=0.7, from_logits=True, smooth=1e-5)",
            {"masks": 0.5834053, "faint": 0.1596754},
            lambda t, p: monai_tversky(t, p, 0.3, 0.7),
        ),
        Same("FocalLoss()", "Focal(from_logits=True)", {"masks": 0.1660245}, binary_focal),
        Same(
            "FocalLoss(alpha=0.25)",
            "Focal(from_logits=True, alpha=0.25)",
            {"masks": 0.1124691},
            lambda t, p: binary_focal(t, p, 0.25),
        ),
        Same(
            "FocalLoss(to_onehot_y=True)",
            "Focal(from_logits=True, multilabel=True)",
            {"classes": 0.3261427},
            lambda t, x: binary_focal(t, sigmoid(x)),
        ),
        Same(
            "FocalLoss(to_onehot_y=True, use_softmax=True)",
            "1 / 3 * Focal(from_logits=True)",
            {"classes": 0.1795434},
            lambda t, p: focal(t, p) / 3,
        ),
        Same(
            "DiceCELoss(sigmoid=True)",
            "Dice(from_logits=True, smooth=1e-5) + CrossEntropy(from_logits=True)",
            {"masks": 1.082733, "faint": 0.3877587},
            lambda t, p: np.mean(monai_dice(t, p)) + np.mean(binary_entropy(t, p)),
        ),
        Same(
            "DiceCELoss(softmax=True, to_onehot_y=True, lambda_ce=0.5)",
            "Dice(from_logits=True, smooth=1e-5) + 0.5 * CrossEntropy(from_logits=True)",
            {"classes": 1.089704, "faint classes": 0.3036289},
            lambda t, p: np.mean(monai_dice(t, p)) + 0.5 * np.mean(entropy(t, p)),
        ),
    ],
    "nnU-Net 2.8.0": [
        Same(
            "MemoryEfficientSoftDiceLoss(softmax_helper_dim1, do_bg=False, smooth=1e-5)",
            "Dice(from_logits=True, include_background=False, smooth=1e-5)",
            {"classes": -0.2928474, "faint classes": -0.544557},
            lambda t, p: nnunet_dice(t, p, IMAGE),
            shift=-1,
        ),
        Same(
            "SoftDiceLoss(softmax_helper_dim1, do_bg=False, smooth=1e-5)",
            "Dice(from_logits=True, include_background=False, smooth=1e-5)",
            {"classes": -0.2928474, "faint classes": -0.544557},
            lambda t, p: nnunet_dice(t, p, IMAGE),
            shift=-1,
        ),
        Same(
            "MemoryEfficientSoftDiceLoss(softmax_helper_dim1, batch_dice=True, do_bg=False, smooth=1e-5, ddp=False)",
            'Dice(from_logits=True, include_background=False, smooth=1e-5, reduce="batch")',
            {"classes": -0.3080533, "faint classes": -0.3740337},
            lambda t, p: nnunet_dice(t, p, BATCH),
            shift=-1,
        ),
        Same(
            "RobustCrossEntropyLoss()",
            "CrossEntropy(from_logits=True)",
            {"classes": 0.9587787},
            lambda t, p: np.mean(entropy(t, p)),
        ),
        Same(
            "RobustCrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]))",
            'CrossEntropy(from_logits=True, class_weights=[1, 2, 3], reduce="batch")',
            {"classes": 0.9515345},
            lambda t, p: np.average(entropy(t, p), weights=t @ [1, 2, 3]),
        ),
        Same(
            'DC_and_CE_loss({"do_bg": False, "smooth": 1e-5}, {}, dice_class=MemoryEfficientSoftDiceLoss)',
            "Dice(from_logits=True, include_background=False, smooth=1e-5) + CrossEntropy(from_logits=True)",
            {"classes": 0.6659312, "faint classes": -0.5445566},
            lambda t, p: nnunet_dice(t, p, IMAGE) + np.mean(entropy(t, p)),
            shift=-1,
        ),
    ],
    "keras-unet-collection 0.1.13": [
        Same("dice(y_true, y_pred)", 'Dice(reduce="batch", smooth=0.0)', {"masks": 0.5372901, "alarms": 1.0}, kuc_dice),
        Same(
            "tversky(y_true, y_pred, alpha=0.7)",
            'Tversky(fn_weight=0.7, fp_weight=0.3, reduce="batch", smooth=1e-7)',
            {"masks": 0.4604527, "faint": 0.9827609, "empty": 0.0},
            lambda t, p: tversky_of_the_batch(t, p, 0.7, 1e-7),
        ),
        Same(
            "focal_tversky(y_true, y_pred, alpha=0.7, gamma=4 / 3)",
            'FocalTversky(fn_weight=0.7, fp_weight=0.3, exponent=3 / 4, reduce="batch", smooth=1e-7)',
            {"masks": 0.5589704, "faint": 0.9870426, "empty": 0.0},
            lambda t, p: tversky_of_the_batch(t, p, 0.7, 1e-7) ** 0.75,
        ),
    ],
    "The LGG notebook": [
        Same(
            "tversky_loss(y_true, y_pred)",
            'Tversky(fn_weight=0.7, fp_weight=0.3, reduce="batch", smooth=1e-6)',
            {"masks": 0.4604527, "faint": 0.8507636, "empty": 0.0},
            lambda t, p: tversky_of_the_batch(t, p, 0.7, 1e-6),
        ),
        Same(
            "focal_tversky(y_true, y_pred)",
            'FocalTversky(fn_weight=0.7, fp_weight=0.3, exponent=0.75, reduce="batch", smooth=1e-6)',
            {"masks": 0.5589704, "faint": 0.8858428, "empty": 0.0},
            lambda t, p: tversky_of_the_batch(t, p, 0.7, 1e-6) ** 0.75,
        ),
    ],
}
OTHER = {
    "Keras 3.15.1": [
        Other("Dice()", 1.0, 'Dice(reduce="batch", smooth=0.0)', 0.0, "empty", lambda t, p: keras_dice(t, p, ALL)),
        Other(
            "Tversky()",
            1.0,
            'Tversky(fn_weight=0.5, fp_weight=0.5, reduce="batch", smooth=0.0)',
            0.0,
            "empty",
            lambda t, p: keras_tversky(t, p, 0.5, 0.5),
        ),
        Other(
            "Dice()",
            0.5213345,
            'Dice(reduce="batch", smooth=0.0)',
            0.5991364,
            "classes",
            lambda t, p: keras_dice(t, p, ALL),
        ),
        Other(
            "CategoricalFocalCrossentropy(alpha=[0.2, 0.3, 0.5])",
            0.1287291,
            "Focal(class_weights=[0.2, 0.3, 0.5])",
            0.5272706,
            "classes",
            lambda t, p: focal(t, p, np.array([0.2, 0.3, 0.5])),
        ),
        # On JAX and PyTorch.
        Other("BinaryFocalCrossentropy(from_logits=True)", 15.97533, "Focal(from_logits=True)", 100.0, "wrong"),
    ],
    "segmentation_models.pytorch 0.6.0": [
        Other(
            'DiceLoss("multiclass")',
            0.3137634,
            'Dice(from_logits=True, reduce="batch", smooth=0.0, empty="skip")',
            0.4706451,
            "absent",
            lambda t, p: np.mean(smp_tversky(t, p, 0.5, 0.5)),
        ),
        Other(
            'DiceLoss("binary", log_loss=True)',
            0.7706549,
            'Dice(from_logits=True, reduce="batch", smooth=0.0, empty="skip")',
            0.5372901,
            "masks",
            lambda t, p: -np.log(1 - smp_tversky(t, p, 0.5, 0.5)),
        ),
        Other(
            'TverskyLoss("multiclass", alpha=0.3, beta=0.7, gamma=0.75)',
            0.6735107,
            'FocalTversky(fp_weight=0.3, fn_weight=0.7, exponent=0.75, from_logits=True, reduce="batch", smooth=0.0)',
            0.6706312,
            "classes",
            lambda t, p: np.mean(smp_tversky(t, p, 0.3, 0.7)) ** 0.75,
        ),
        Other("MCCLoss()", 0.5000001, 'MatthewsCorrelation(reduce="batch", smooth=1e-5)', 0.0, "empty", smp_mcc),
        Other(
            "SoftBCEWithLogitsLoss(ignore_index=-100)",
            0.3015727,
            "CrossEntropy(from_logits=True, ignore_class=-100)",
            0.4523591,
            "void",
            lambda t, p: np.mean((t != -100) * binary_entropy(t, p)),
        ),
    ],
    "MONAI 1.6.1": [
        Other(
            "DiceLoss(sigmoid=True, squared_pred=True, smooth_nr=0)",
            1.0,
            "Dice(from_logits=True, smooth=0.0, squared=True)",
            0.0,
            "empty",
            lambda t, p: np.mean(monai_dice(t, p, above=0, power=2)),
        ),
        Other(
            "GeneralizedDiceLoss(sigmoid=True)",
            0.2833391,
            "GeneralizedDice(from_logits=True, smooth=0.0)",
            0.6166876,
            "masks",
            lambda t, p: monai_generalized_dice(t, p, 1e-5),
        ),
        Other(
            "GeneralizedDiceLoss(sigmoid=True)",
            0.5263158,
            "GeneralizedDice(from_logits=True, smooth=0.0)",
            1.0,
            "missed",
            lambda t, p: monai_generalized_dice(t, p, 1e-5),
        ),
        Other(
            "FocalLoss(to_onehot_y=True, use_softmax=True, include_background=False)",
            0.02175234,
            "Focal(from_logits=True, include_background=False)",
            0.5092766,
            "classes",
            lambda t, x: focal(t[..., 1:], probabilities(x[..., 1:])) / 2,
        ),
    ],
    "keras-unet-collection 0.1.13": [
        Other("dice(y_true, y_pred)", -np.inf, 'Dice(reduce="batch", smooth=0.0)', 0.0, "empty", kuc_dice),
        Other("dice(y_true, y_pred)", 0.5213345, 'Dice(reduce="batch", smooth=0.0)', 0.5991364, "classes", kuc_dice),
        Other(
            "focal_tversky(y_true, y_pred, alpha=0.7, gamma=4 / 3)",
            1.275521e-05,
            'FocalTversky(fn_weight=0.7, fp_weight=0.3, exponent=3 / 4, reduce="batch", smooth=1e-7)',
            9.382437e-06,
            "almost",
            lambda t, p: tversky_of_the_batch(t, p, 0.7, 1e-7) ** 0.75,
        ),
    ],
}


# === Tests ===


def ours(code, truth, logits):
    prediction = logits if "from_logits" in code else probabilities(logits)
    return float(keras.ops.convert_to_numpy(eval(code, dict(vars(losses)))(truth, prediction)))


def of_formula(formula, tensors):
    """The formula's value for probabilities as they are in float32."""
    truth, logits = TENSORS[tensors]
    values = {"t": truth, "p": np.float64(np.float32(probabilities(logits))), "x": logits}
    arguments = {name: values[name] for name in signature(formula).parameters if name in values}
    return float(np.squeeze(formula(**arguments)))


def near(value):
    return pytest.approx(value, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(
    ("tensors", "value", "same"),
    [
        pytest.param(tensors, value, same, id=f"{peer}: {same.there} of {tensors}")
        for peer, rows in SAME.items()
        for same in rows
        for tensors, value in same.values.items()
    ],
)
def test_the_same_number_is_had_here(tensors, value, same):
    assert ours(same.here, *TENSORS[tensors]) + same.shift == near(value)
    if same.formula:
        assert of_formula(same.formula, tensors) == near(value)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(other, id=f"{peer}: {other.there} of {other.tensors}")
        for peer, rows in OTHER.items()
        for other in rows
    ],
)
def test_another_number_is_had_here(other):
    assert other.theirs != near(other.ours)
    assert ours(other.here, *TENSORS[other.tensors]) == near(other.ours)
    if other.formula:
        assert of_formula(other.formula, other.tensors) == near(other.theirs)


@pytest.mark.parametrize("peer", ["Keras 3.15.1", "keras-unet-collection 0.1.13"])
def test_classes_in_the_width_are_counted_together(peer):
    """As the guide says of the two that do not part the classes."""
    [other] = [other for other in OTHER[peer] if other.tensors == "classes" and "ice(" in other.there]
    truth, logits = TENSORS["classes"]
    folded = (x.reshape(2, 6, -1, 1) for x in (truth, probabilities(logits)))
    assert float(losses.Dice(reduce="batch", smooth=0.0)(*folded)) == near(other.theirs)


@pytest.mark.skipif(not PAGE.exists(), reason="the tests of the wheel run without the documentation")
def test_the_lines_of_the_guide_are_those_tested_here():
    same, other, peer = {}, {}, ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        peer = line.removeprefix("## ") if line.startswith("## ") else peer
        cells = line.removeprefix("| ").split(" | ")
        if line.startswith("| `"):
            (same if len(cells) == 3 else other).setdefault(peer, []).append(cells[:-1])
    assert same == {peer: [[f"`{row.there}`", f"`{row.here}`"] for row in rows] for peer, rows in SAME.items()}
    assert other == {
        peer: [[f"`{row.there}`", f"{row.theirs:.4g}", f"`{row.here}`", f"{row.ours:.4g}"] for row in rows]
        for peer, rows in OTHER.items()
    }
