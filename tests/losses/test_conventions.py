"""The guide to other libraries' conventions, row by row: its claims hold for what the libraries themselves give.

The rows are read from the page. `MEASURED` holds what each call gave in the package itself, of the version that the
heading names, on these tensors (PyTorch's with channels first and integer labels). The LGG notebook is not a package:
its numbers are those of its formula in float64. The losses here are run now. Formulas in NumPy say what the others
compute.
"""

import re
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

from resunet_kit import losses

PAGE = Path(__file__).parents[2] / "docs" / "pages" / "guides" / "conventions.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the tests of the wheel run without the documentation")


class Row(NamedTuple):
    """A row of the page: code that gives the same number, or, with numbers, code that does not."""

    peer: str
    there: str
    here: str
    note: str
    theirs: str = ""
    ours: str = ""

    def __str__(self) -> str:
        return f"{self.peer}: {self.there}"


class Measured(NamedTuple):
    """What a call gave, by the tensors, and its formula."""

    values: dict[str, float]
    formula: Callable[..., Any] | None = None


def rows_of(text: str) -> list[Row]:
    found, peer = [], ""
    for line in text.splitlines():
        if line.startswith("## "):
            peer = line.removeprefix("## ")
        if line.startswith("| `"):
            cells = [cell.strip("`") for cell in line.removeprefix("| ").removesuffix("|").split(" | ")]
            there, *numbers_and_here, note = cells
            theirs, here, ours = numbers_and_here if len(cells) == 5 else ("", *numbers_and_here, "")
            found.append(Row(peer, there, here, note, theirs, ours))
    return found


# === Tensors: truth with one channel per class, and logits ===


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


def sm_score(t, p, axes=BATCH, fp_weight=0.5, fn_weight=0.5, smooth=5e-6):
    """The score of segmentation_models, of which the loss is 1 minus the mean."""
    tp, fp, fn = counts(t, p, axes)
    return (tp + smooth) / (tp + fp_weight * fp + fn_weight * fn + smooth)


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


# === Keras's Tversky, whose alpha and beta were exchanged in 3.16 ===


def keras_tversky_until_3_15(y_true, y_pred, alpha, beta):
    """As `keras.losses.tversky` was until 3.15.1: alpha with false negatives, against its documentation."""
    tp, fp, fn = (keras.ops.sum(x) for x in (y_true * y_pred, (1 - y_true) * y_pred, y_true * (1 - y_pred)))
    return 1 - tp / (tp + alpha * fn + beta * fp + keras.config.epsilon())


def keras_tversky_from_3_16(y_true, y_pred, alpha, beta):
    """As keras pull request 23333 leaves it: alpha with false positives."""
    return keras_tversky_until_3_15(y_true, y_pred, alpha=beta, beta=alpha)


def of_version(tversky):
    """Return `keras.losses.Tversky` as a version with this formula has it."""

    class Tversky(keras.losses.Loss):
        def __init__(self, alpha=0.5, beta=0.5):
            super().__init__(reduction=None)
            self.alpha, self.beta = alpha, beta

        def call(self, y_true, y_pred):
            return tversky(y_true, y_pred, self.alpha, self.beta)

    return Tversky


# One true positive, four false positives and three false negatives: what pull request 23333 tests with.
COUNTED = [np.reshape(mask, (1, 8, 1, 1)) for mask in ([1, 0, 0, 0, 0, 1, 1, 1.0], [1, 1, 1, 1, 1, 0, 0, 0.0])]


def weights_of(alpha, beta, tversky):
    """Return the options here for Keras's alpha and beta, by what the given version of its loss computes."""
    value = float(np.squeeze(tversky(alpha=0.0, beta=1.0)(*COUNTED)))
    alpha_weighs, beta_weighs = ("fp_weight", "fn_weight") if value < 0.77 else ("fn_weight", "fp_weight")
    return {alpha_weighs: alpha, beta_weighs: beta}


# === What each call gave ===

MEASURED = {
    "Keras 3.15.1": {
        "Dice()": Measured(
            {"masks": 0.5372901, "empty": 1.0, "classes": 0.5213345}, lambda t, p: keras_dice(t, p, ALL)
        ),
        "Dice(axis=(1, 2))": Measured({"classes": 0.6103144}, lambda t, p: keras_dice(t, p, IMAGE)),
        "Dice(axis=(0, 1, 2))": Measured(
            {"masks": 0.5372901, "classes": 0.5991364}, lambda t, p: keras_dice(t, p, BATCH)
        ),
        "Tversky(alpha=0.7, beta=0.3)": Measured({"masks": 0.4604527}, lambda t, p: keras_tversky(t, p, 0.7, 0.3)),
        "BinaryCrossentropy()": Measured({"masks": 0.4660452}, lambda t, p: np.mean(binary_entropy(t, p))),
        "BinaryCrossentropy(from_logits=True, label_smoothing=0.1)": Measured(
            {"masks": 0.5229029}, lambda t, p: np.mean(binary_entropy(smoothed(t, 0.1), p))
        ),
        "CategoricalCrossentropy()": Measured({"classes": 0.9587788}, lambda t, p: np.mean(entropy(t, p))),
        "CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)": Measured(
            {"classes": 1.030807}, lambda t, p: np.mean(entropy(smoothed(t, 0.1), p))
        ),
        "BinaryFocalCrossentropy()": Measured({"masks": 0.1660245}, binary_focal),
        "BinaryFocalCrossentropy(apply_class_balancing=True)": Measured(
            {"masks": 0.1124691}, lambda t, p: binary_focal(t, p, 0.25)
        ),
        "CategoricalFocalCrossentropy()": Measured({"classes": 0.1346575}, lambda t, p: focal(t, p, 0.25)),
        "Tversky()": Measured({"empty": 1.0}, lambda t, p: keras_tversky(t, p, 0.5, 0.5)),
        "CategoricalFocalCrossentropy(alpha=[0.2, 0.3, 0.5])": Measured(
            {"classes": 0.1287291}, lambda t, p: focal(t, p, np.array([0.2, 0.3, 0.5]))
        ),
        "BinaryFocalCrossentropy(from_logits=True)": Measured({"wrong": 15.97533}),
    },
    "segmentation_models 1.0.1": {
        "DiceLoss()": Measured(
            {"masks": 0.5372901, "empty": 0.0, "faint": 0.6552032, "classes": 0.5991362, "faint classes": 0.417311},
            lambda t, p: 1 - np.mean(sm_score(t, p)),
        ),
        "DiceLoss(per_image=True)": Measured(
            {"masks": 0.6166874, "faint": 0.3877588, "classes": 0.6103141},
            lambda t, p: 1 - np.mean(sm_score(t, p, IMAGE)),
        ),
        "DiceLoss(beta=2)": Measured(
            {"masks": 0.411598, "classes": 0.5791124, "faint classes": 0.417311},
            lambda t, p: 1 - np.mean(sm_score(t, p, fp_weight=0.2, fn_weight=0.8, smooth=2e-6)),
        ),
        "DiceLoss(class_indexes=[1, 2])": Measured(
            {"classes": 0.6919467, "faint classes": 0.6259665}, lambda t, p: 1 - np.mean(sm_score(t, p)[1:])
        ),
        "DiceLoss(class_weights=[1, 2, 3])": Measured(
            {"classes": 0.3349145}, lambda t, p: 1 - np.mean([1, 2, 3] * sm_score(t, p))
        ),
        "JaccardLoss()": Measured(
            {"masks": 0.6990093, "empty": 0.0, "classes": 0.7355268, "faint classes": 0.417311},
            lambda t, p: 1 - np.mean(sm_score(t, p, BATCH, 1, 1, 1e-5)),
        ),
        "JaccardLoss(per_image=True)": Measured(
            {"masks": 0.73078, "classes": 0.7378951}, lambda t, p: 1 - np.mean(sm_score(t, p, IMAGE, 1, 1, 1e-5))
        ),
        "BinaryCELoss()": Measured({"masks": 0.4660451}, lambda t, p: np.mean(binary_entropy(t, p))),
        "CategoricalCELoss()": Measured({"classes": 0.3195929}, lambda t, p: np.mean(entropy(t, p)) / 3),
        "BinaryFocalLoss()": Measured({"masks": 0.1124691}, lambda t, p: binary_focal(t, p, 0.25)),
        "CategoricalFocalLoss()": Measured({"classes": 0.04488585}, lambda t, p: focal(t, p, 0.25) / 3),
    },
    "segmentation_models.pytorch 0.6.0": {
        'DiceLoss("binary")': Measured(
            {"masks": 0.5372901, "alarms": 0.0, "empty": 0.0}, lambda t, p: smp_tversky(t, p, 0.5, 0.5)
        ),
        'DiceLoss("binary", smooth=1.0)': Measured(
            {"masks": 0.5247738, "alarms": 0.0}, lambda t, p: smp_tversky(t, p, 0.5, 0.5, 1.0)
        ),
        'DiceLoss("multiclass")': Measured(
            {"classes": 0.5991362, "absent": 0.3137634}, lambda t, p: np.mean(smp_tversky(t, p, 0.5, 0.5))
        ),
        'DiceLoss("multiclass", classes=[1, 2])': Measured(
            {"classes": 0.6919467}, lambda t, p: np.mean(smp_tversky(t, p, 0.5, 0.5)[1:])
        ),
        'DiceLoss("multiclass", class_weights=[1, 2, 3])': Measured(
            {"classes": 0.6674573}, lambda t, p: np.average(smp_tversky(t, p, 0.5, 0.5), weights=[1, 2, 3])
        ),
        'JaccardLoss("binary", smooth=1.0)': Measured(
            {"masks": 0.6883301, "alarms": 0.0}, lambda t, p: smp_tversky(t, p, 1, 1, 1.0)
        ),
        'TverskyLoss("binary", alpha=0.3, beta=0.7)': Measured(
            {"masks": 0.4604527, "alarms": 0.0}, lambda t, p: smp_tversky(t, p, 0.3, 0.7)
        ),
        'TverskyLoss("binary", alpha=0.3, beta=0.7, gamma=0.75)': Measured(
            {"masks": 0.5589704, "alarms": 0.0}, lambda t, p: smp_tversky(t, p, 0.3, 0.7) ** 0.75
        ),
        'FocalLoss("binary")': Measured({"masks": 0.1660245}, binary_focal),
        'FocalLoss("binary", alpha=0.25)': Measured({"masks": 0.112469}, lambda t, p: binary_focal(t, p, 0.25)),
        'FocalLoss("multiclass")': Measured({"classes": 0.3261427}, lambda t, x: binary_focal(t, sigmoid(x))),
        'LovaszLoss("binary")': Measured({"masks": 1.334115, "alarms": 4.5}, lambda t, x: lovasz(t, hinge(t, x))),
        'LovaszLoss("binary", per_image=True)': Measured(
            {"masks": 1.534469}, lambda t, x: np.mean([lovasz(*image) for image in zip(t, hinge(t, x), strict=True)])
        ),
        'LovaszLoss("multiclass")': Measured(
            {"classes": 0.6104633, "absent": 0.5725648},
            lambda t, p: np.mean([lovasz(t[..., i], abs(t - p)[..., i]) for i in range(3) if t[..., i].any()]),
        ),
        'LovaszLoss("multiclass", per_image=True)': Measured({"classes": 0.5752593}),
        "MCCLoss()": Measured({"masks": 0.6818802, "empty": 0.5000001}, smp_mcc),
        "SoftBCEWithLogitsLoss()": Measured({"masks": 0.4660452}, lambda t, p: np.mean(binary_entropy(t, p))),
        "SoftBCEWithLogitsLoss(smooth_factor=0.1)": Measured(
            {"masks": 0.5797606}, lambda t, p: np.mean(binary_entropy(0.1 + 0.8 * t, p))
        ),
        'DiceLoss("binary", log_loss=True)': Measured(
            {"masks": 0.7706549}, lambda t, p: -np.log(1 - smp_tversky(t, p, 0.5, 0.5))
        ),
        'TverskyLoss("multiclass", alpha=0.3, beta=0.7, gamma=0.75)': Measured(
            {"classes": 0.6735107}, lambda t, p: np.mean(smp_tversky(t, p, 0.3, 0.7)) ** 0.75
        ),
        "SoftBCEWithLogitsLoss(ignore_index=-100)": Measured(
            {"void": 0.3015727}, lambda t, p: np.mean((t != -100) * binary_entropy(t, p))
        ),
    },
    "MONAI 1.6.1": {
        "DiceLoss(sigmoid=True)": Measured(
            {"masks": 0.6166874, "faint": 0.3877587, "empty": 0.0}, lambda t, p: np.mean(monai_dice(t, p))
        ),
        "DiceLoss(sigmoid=True, batch=True)": Measured(
            {"masks": 0.53729, "faint": 0.6552032}, lambda t, p: np.mean(monai_dice(t, p, BATCH))
        ),
        "DiceLoss(sigmoid=True, squared_pred=True)": Measured(
            {"masks": 0.5133846}, lambda t, p: np.mean(monai_dice(t, p, power=2))
        ),
        "DiceLoss(sigmoid=True, squared_pred=True, smooth_nr=0)": Measured(
            {"masks": 0.5133852, "empty": 1.0}, lambda t, p: np.mean(monai_dice(t, p, above=0, power=2))
        ),
        "DiceLoss(sigmoid=True, jaccard=True)": Measured(
            {"masks": 0.7307803, "faint": 0.5588142}, lambda t, p: monai_jaccard(t, p, 1e-5)
        ),
        "DiceLoss(softmax=True, to_onehot_y=True)": Measured(
            {"classes": 0.6103142, "faint classes": 0.3036287}, lambda t, p: np.mean(monai_dice(t, p))
        ),
        "DiceLoss(softmax=True, to_onehot_y=True, include_background=False)": Measured(
            {"classes": 0.7071526, "faint classes": 0.455443}, lambda t, p: np.mean(monai_dice(t, p)[:, 1:])
        ),
        "DiceLoss(softmax=True, to_onehot_y=True, weight=[1.0, 2.0, 3.0])": Measured(
            {"classes": 1.366628}, lambda t, p: np.mean([1, 2, 3] * monai_dice(t, p))
        ),
        "GeneralizedDiceLoss(softmax=True, to_onehot_y=True, smooth_nr=0, smooth_dr=0)": Measured(
            {"classes": 0.6370608}, lambda t, p: monai_generalized_dice(t, p, 0)
        ),
        "GeneralizedDiceLoss(softmax=True, to_onehot_y=True, smooth_nr=0, smooth_dr=0, batch=True)": Measured(
            {"classes": 0.7888708}, lambda t, p: monai_generalized_dice(t, p, 0, BATCH)
        ),
        "TverskyLoss(sigmoid=True, alpha=0.3, beta=0.7)": Measured(
            {"masks": 0.5834053, "faint": 0.1596754}, lambda t, p: monai_tversky(t, p, 0.3, 0.7)
        ),
        "FocalLoss()": Measured({"masks": 0.1660245}, binary_focal),
        "FocalLoss(alpha=0.25)": Measured({"masks": 0.1124691}, lambda t, p: binary_focal(t, p, 0.25)),
        "FocalLoss(to_onehot_y=True)": Measured({"classes": 0.3261427}, lambda t, x: binary_focal(t, sigmoid(x))),
        "FocalLoss(to_onehot_y=True, use_softmax=True)": Measured({"classes": 0.1795434}, lambda t, p: focal(t, p) / 3),
        "DiceCELoss(sigmoid=True)": Measured(
            {"masks": 1.082733, "faint": 0.3877587},
            lambda t, p: np.mean(monai_dice(t, p)) + np.mean(binary_entropy(t, p)),
        ),
        "DiceCELoss(softmax=True, to_onehot_y=True, lambda_ce=0.5)": Measured(
            {"classes": 1.089704, "faint classes": 0.3036289},
            lambda t, p: np.mean(monai_dice(t, p)) + 0.5 * np.mean(entropy(t, p)),
        ),
        "GeneralizedDiceLoss(sigmoid=True)": Measured(
            {"masks": 0.2833391, "missed": 0.5263158}, lambda t, p: monai_generalized_dice(t, p, 1e-5)
        ),
        "FocalLoss(to_onehot_y=True, use_softmax=True, include_background=False)": Measured(
            {"classes": 0.02175234}, lambda t, x: focal(t[..., 1:], probabilities(x[..., 1:])) / 2
        ),
    },
    "nnU-Net 2.8.0": {
        "MemoryEfficientSoftDiceLoss(softmax_helper_dim1, do_bg=False, smooth=1e-5)": Measured(
            {"classes": -0.2928474, "faint classes": -0.544557}, lambda t, p: nnunet_dice(t, p, IMAGE)
        ),
        "SoftDiceLoss(softmax_helper_dim1, do_bg=False, smooth=1e-5)": Measured(
            {"classes": -0.2928474, "faint classes": -0.544557}, lambda t, p: nnunet_dice(t, p, IMAGE)
        ),
        "MemoryEfficientSoftDiceLoss(softmax_helper_dim1, batch_dice=True, do_bg=False, smooth=1e-5, ddp=False)": Measured(  # noqa: E501
            {"classes": -0.3080533, "faint classes": -0.3740337}, lambda t, p: nnunet_dice(t, p, BATCH)
        ),
        "RobustCrossEntropyLoss()": Measured({"classes": 0.9587787}, lambda t, p: np.mean(entropy(t, p))),
        "RobustCrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]))": Measured(
            {"classes": 0.9515345}, lambda t, p: np.average(entropy(t, p), weights=t @ [1, 2, 3])
        ),
        'DC_and_CE_loss({"do_bg": False, "smooth": 1e-5}, {}, dice_class=MemoryEfficientSoftDiceLoss)': Measured(
            {"classes": 0.6659312, "faint classes": -0.5445566},
            lambda t, p: nnunet_dice(t, p, IMAGE) + np.mean(entropy(t, p)),
        ),
    },
    "keras-unet-collection 0.1.13": {
        "dice(y_true, y_pred)": Measured(
            {"masks": 0.5372901, "alarms": 1.0, "empty": -np.inf, "classes": 0.5213345}, kuc_dice
        ),
        "tversky(y_true, y_pred, alpha=0.7)": Measured(
            {"masks": 0.4604527, "faint": 0.9827609, "empty": 0.0}, lambda t, p: tversky_of_the_batch(t, p, 0.7, 1e-7)
        ),
        "focal_tversky(y_true, y_pred, alpha=0.7, gamma=4 / 3)": Measured(
            {"masks": 0.5589704, "faint": 0.9870426, "empty": 0.0, "almost": 1.275521e-05},
            lambda t, p: tversky_of_the_batch(t, p, 0.7, 1e-7) ** 0.75,
        ),
    },
    "The LGG notebook": {
        "tversky_loss(y_true, y_pred)": Measured(
            {"masks": 0.4604527, "faint": 0.8507636, "empty": 0.0}, lambda t, p: tversky_of_the_batch(t, p, 0.7, 1e-6)
        ),
        "focal_tversky(y_true, y_pred)": Measured(
            {"masks": 0.5589704, "faint": 0.8858428, "empty": 0.0},
            lambda t, p: tversky_of_the_batch(t, p, 0.7, 1e-6) ** 0.75,
        ),
    },
}


# === Tests ===


def measured(row):
    return MEASURED.get(row.peer, {}).get(row.there, Measured({}))


def tensors_of(row):
    """Return the tensors of a row: those that gave its number, or for a row without one those that no other row has."""
    values = {tensors: f"{value:.4g}" for tensors, value in measured(row).values.items()}
    if row.theirs:
        return [tensors for tensors, value in values.items() if value == row.theirs]
    others = {other.theirs for other in ROWS if (other.peer, other.there) == (row.peer, row.there)}
    return [tensors for tensors, value in values.items() if value not in others]


def ours(code, tensors):
    truth, logits = TENSORS[tensors]
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


ROWS = rows_of(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else []


def test_the_page_has_rows_for_what_was_measured_and_for_nothing_else():
    assert {(row.peer, row.there) for row in ROWS} == {(peer, call) for peer in MEASURED for call in MEASURED[peer]}
    assert len(set(ROWS)) == len(ROWS)


@pytest.mark.parametrize("row", [row for row in ROWS if not row.theirs], ids=str)
def test_the_same_number_is_had_here(row):
    shift = -1 if row.note.startswith("Minus 1.") else 0
    assert tensors_of(row)
    for tensors in tensors_of(row):
        assert ours(row.here, tensors) + shift == near(measured(row).values[tensors]), tensors


@pytest.mark.parametrize("row", [row for row in ROWS if row.theirs], ids=str)
def test_another_number_is_had_here(row):
    [tensors] = tensors_of(row)
    assert f"{ours(row.here, tensors):.4g}" == row.ours != row.theirs


@pytest.mark.parametrize(
    ("call", "tensors"),
    [
        pytest.param(call, tensors, id=f"{peer}: {there} of {tensors}")
        for peer, calls in MEASURED.items()
        for there, call in calls.items()
        if call.formula
        for tensors in call.values
    ],
)
def test_the_formula_gives_what_was_measured(call, tensors):
    assert of_formula(call.formula, tensors) == near(call.values[tensors])


VERSIONS = {
    "installed": lambda: keras.losses.Tversky,
    "until 3.15": lambda: of_version(keras_tversky_until_3_15),
    "from 3.16": lambda: of_version(keras_tversky_from_3_16),
}


def test_the_two_versions_give_what_keras_tests_itself():
    options = {"alpha": 0.2, "beta": 0.8}
    old, new = (float(np.squeeze(VERSIONS[version]()(**options)(*COUNTED))) for version in list(VERSIONS)[1:])
    assert (old, new) == (near(0.7916667), near(0.76190472))
    installed = float(np.squeeze(keras.losses.Tversky(**options)(*COUNTED)))
    assert installed in (near(old), near(new))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_weights_here_have_the_meaning_that_the_version_gives_alpha(version):
    theirs = VERSIONS[version]()
    weights = weights_of(0.7, 0.3, theirs)
    truth, prediction = TRUTH, probabilities(LOGITS)
    expected = float(np.squeeze(theirs(alpha=0.7, beta=0.3)(truth, prediction)))
    assert float(losses.Tversky(**weights, reduce="batch", smooth=0.0)(truth, prediction)) == near(expected)
    swapped = dict(zip(weights, reversed(weights.values()), strict=True))
    assert float(losses.Tversky(**swapped, reduce="batch", smooth=0.0)(truth, prediction)) != near(expected)
    if version != "installed":
        assert weights == {"until 3.15": {"fn_weight": 0.7, "fp_weight": 0.3}}.get(
            version, {"fp_weight": 0.7, "fn_weight": 0.3}
        )


@pytest.mark.parametrize("version", VERSIONS)
def test_the_page_finds_out_what_the_installed_version_does(version, monkeypatch, capsys):
    [code] = re.findall(r"^```python\n(import keras\n.*?theirs = .*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    monkeypatch.setattr(keras.losses, "Tversky", VERSIONS[version]())
    exec(code, {})
    assert capsys.readouterr().out == "True\n"


@pytest.mark.parametrize(
    ("peer", "call"), [("Keras 3.15.1", "Dice()"), ("keras-unet-collection 0.1.13", "dice(y_true, y_pred)")]
)
def test_classes_in_the_width_are_counted_together(peer, call):
    """As the guide says of the two that do not separate the classes."""
    truth, logits = TENSORS["classes"]
    folded = (x.reshape(2, 6, -1, 1) for x in (truth, probabilities(logits)))
    assert float(losses.Dice(reduce="batch", smooth=0.0)(*folded)) == near(MEASURED[peer][call].values["classes"])
