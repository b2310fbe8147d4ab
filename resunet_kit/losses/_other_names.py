"""Names of losses and their options in other libraries, and what to write here instead.

SMP is segmentation_models.pytorch.
"""

from collections.abc import Iterable, Mapping

from resunet_kit._shared.renamed_options import Hint

# === Options ===

LOGITS = (
    "Pass from_logits=True where the model ends without an activation: one channel then takes a sigmoid, several a "
    "softmax, or with multilabel=True a sigmoid each."
)
FORM = (
    "Leave it out: the channels of y_pred tell one mask from exclusive classes. Pass multilabel=True for channels that "
    "are independent masks."
)
SMOOTH = {
    "smooth": "Pass smooth, a number of pixels, in numerator and denominator. Some libraries add it before they double "
    "the counts of Dice; there it is smooth=2 for their 1.",
    "": "Leave it out: this loss needs no smoothing.",
}
EPSILON = {
    "smooth": "Leave it out, as the denominator is kept above 0; smooth is the number of pixels that is added.",
    "": "Leave it out, as the denominator is kept above 0.",
}
AXES = 'Pass reduce="image" to count each image and class, or reduce="batch" for the whole batch.'
IGNORE = "Pass ignore_class, the label of the pixels that are left out."
WEIGHT = (
    "Pass class_weights, one number per channel, which are normalised; a pixel's weight is given to the call, as "
    "sample_weight."
)
TERMS = (
    "Write the sum of the parts, as in 0.7 * Dice() + 0.3 * CrossEntropy(); weighted(0.3, loss) takes any Keras loss."
)
SOFT = {
    "soft_labels": "Pass soft_labels.",
    "label_smoothing": "Leave it out: the cross-entropy is smallest at the soft truth as it is.",
    "": "Leave it out. The losses with soft_labels=True take a truth with fractions, as Dice(soft_labels=True).",
}
LABEL_SMOOTHING = {
    "label_smoothing": "Pass label_smoothing, twice that of SMP in one channel: its 0.1 is 0.2 here.",
    "": "Smooth y_true itself. CrossEntropy and Focal have label_smoothing, and Dice and others soft_labels=True.",
}
SQUARED = {
    "squared": "Pass squared.",
    "": "Leave it out. Dice(squared=True) has squared probabilities in the denominator.",
}
FALSE_POSITIVES = {"fp_weight": "Pass fp_weight.", "": "Leave it out. Tversky has fp_weight and fn_weight."}
FALSE_NEGATIVES = {"fn_weight": "Pass fn_weight.", "": "Leave it out. Tversky has fp_weight and fn_weight."}
ALPHA = {
    "": "Leave it out. Tversky weighs errors by fp_weight and fn_weight, Focal the foreground by alpha, and "
    "class_weights weigh the classes."
}
GAMMA = {"": "Leave it out. Focal and UnifiedFocal have gamma, and FocalTversky has exponent."}

ALL: dict[str, Hint] = {
    "alpha": ALPHA,
    "beta": ALPHA,
    "gamma": GAMMA,
    "delta": {"": "Leave it out. UnifiedFocal has delta; Tversky weighs errors by fp_weight and fn_weight."},
    **dict.fromkeys(("fp", "weight_fp", "fpr_weight"), FALSE_POSITIVES),
    **dict.fromkeys(("fn", "weight_fn", "fnr_weight"), FALSE_NEGATIVES),
    **dict.fromkeys(
        ("sigmoid", "softmax", "use_sigmoid", "use_softmax", "logits", "from_logit", "with_logits", "apply_sigmoid"),
        LOGITS,
    ),
    **dict.fromkeys(
        ("activation", "other_act", "act", "nonlin", "apply_nonlin", "apply_nonlinearity"),
        f"{LOGITS} Any other activation is the model's last layer.",
    ),
    **dict.fromkeys(("mode", "num_classes", "n_classes", "multiclass", "binary", "task", "normalization"), FORM),
    **dict.fromkeys(("multi_label", "multilabels"), "Pass multilabel."),
    "classes": "Pass class_weights with a 0 for each class that is left out, or include_background=False.",
    "class_id": "Pass class_weights with a 0 for each class that is left out.",
    **dict.fromkeys(
        ("to_onehot_y", "to_onehot", "one_hot", "onehot", "sparse"),
        "Leave it out: integer labels are told from masks by their shape.",
    ),
    **dict.fromkeys(
        ("ignore_index", "ignore_label", "ignore_value", "ignore", "void_class", "void_label", "unknown_label"), IGNORE
    ),
    "mask_value": IGNORE,
    **dict.fromkeys(("do_bg", "background", "with_background"), "Pass include_background."),
    **dict.fromkeys(("exclude_background", "ignore_background"), "Pass include_background=False."),
    **dict.fromkeys(("weight", "weights", "class_weight", "w", "weight_classes", "rebalance_weights"), WEIGHT),
    "pos_weight": {
        "label_smoothing": "Pass class_weights=[1, pos_weight] for one channel. The mean is then divided by the sum of "
        "the weights, PyTorch's by the number of pixels.",
        "cross_entropy_weight": "Pass class_weights=[1, pos_weight] for one channel.",
        "fn_weight": "Pass fn_weight above fp_weight for a rare foreground.",
        "": "Pass sample_weight to the call, as np.where(mask, 20, 1), for a rare foreground.",
    },
    "apply_class_balancing": {
        "alpha": "Pass alpha=0.25 for Keras's balance, or alpha=None for none.",
        "": "Leave it out. Focal has it as alpha.",
    },
    **dict.fromkeys(("axis", "dim", "axes"), AXES),
    **dict.fromkeys(
        ("batch", "batch_dice", "per_image", "per_sample", "samplewise", "batchwise", "aggregate_batch"), AXES
    ),
    **dict.fromkeys(("size_average", "reduction_method", "average", "reduce_mean"), "Pass reduction."),
    **dict.fromkeys(("smooth", "smooth_nr", "smooth_dr", "smoothing", "smooth_num", "smooth_denom", "const"), SMOOTH),
    **dict.fromkeys(("eps", "epsilon", "epsilon_"), EPSILON),
    **dict.fromkeys(("squared_pred", "squared", "square", "p", "ord"), SQUARED),
    "jaccard": "Leave it out, and take the class Jaccard for True.",
    "log_loss": "Leave it out: no option gives minus the logarithm of the score.",
    "log_cosh": "Leave it out. LogCoshDice is that loss.",
    **dict.fromkeys(("soft_label", "soft_labels", "soft"), SOFT),
    **dict.fromkeys(("label_smoothing", "smooth_factor", "label_smooth"), LABEL_SMOOTHING),
    **dict.fromkeys(("lambda_dice", "lambda_ce", "lambda_focal", "lambda_gdl", "loss_weights"), TERMS),
    **dict.fromkeys(("weight_dice", "weight_ce", "ce_weight", "dice_weight", "bce_weight"), TERMS),
    **dict.fromkeys(
        ("empty_score", "skip_empty", "ignore_empty", "empty_value", "ignore_empty_classes"),
        'Pass empty="skip" to leave out images without truth, or empty="score" to score them by the formula.',
    ),
    **dict.fromkeys(("threshold", "th", "thresh"), "Leave it out: a loss takes probabilities as they are."),
    "per_class": "Leave it out, and pass multilabel=True or class_weights; metrics.per_class reports classes.",
    **dict.fromkeys(("device", "requires_grad", "ddp"), "Leave it out: Keras chooses the device."),
}  # fmt: skip

TVERSKY: dict[str, Hint] = dict.fromkeys(
    ("alpha", "beta"),
    "Pass fp_weight for false positives and fn_weight for false negatives. Look up which of them alpha weighs in your "
    "code: false positives in the paper, SMP, MONAI and Keras from 3.16 on, false negatives in keras-unet-collection, "
    "the LGG notebook and Keras up to 3.15; beta weighs the other.",
)
FOCAL_TVERSKY: dict[str, Hint] = {
    **dict.fromkeys(
        ("gamma", "focal_exponent", "power"),
        "Pass exponent, the power of 1 - T: it is SMP's gamma itself, and 1 / gamma of the paper and "
        "keras-unet-collection, whose 4 / 3 is 0.75.",
    ),
}
FOCAL: dict[str, Hint] = {
    **dict.fromkeys(
        ("normalized", "reduced_threshold"), "Leave it out: the mean over pixels is divided by their weights alone."
    ),
    **dict.fromkeys(("exponent", "power", "focusing"), "Pass gamma."),
    "delta": "Pass alpha, the weight of the foreground's pixels.",
    "beta": "Pass alpha, the weight of the foreground's pixels; the background's is 1 - alpha.",
}
UNIFIED_FOCAL: dict[str, Hint] = {
    "weight": "Pass cross_entropy_weight: the weight of MONAI, or 1 minus that of the authors' code, which weighs the "
    "Tversky part; class_weights weigh the classes.",
    **dict.fromkeys(
        ("lambda_", "lamda", "lmbda", "lam", "cross_entropy_share"),  # renamed in 0.2.0
        "Pass cross_entropy_weight, the paper's λ.",
    ),
    **dict.fromkeys(("symmetric", "asymmetric", "mode", "type"), 'Pass form="asymmetric" or form="symmetric".'),
    "alpha": "Pass delta, the weight of the foreground and of false negatives.",
    "beta": "Pass delta, the weight of the foreground and of false negatives.",
    "exponent": "Pass gamma: the power of the Tversky part is 1 - gamma.",
}
GENERALIZED_DICE: dict[str, Hint] = {
    **dict.fromkeys(
        ("w_type", "weight_type"), "Leave it out: classes are weighted by 1 / (Σt)², which MONAI calls square."
    ),
}
CENTERLINE_DICE: dict[str, Hint] = {
    **dict.fromkeys(("iter_", "iter", "num_iter", "k", "iters", "iterations_"), "Pass iterations."),
    "alpha": "Leave it out, and write the weighted sum, as 0.5 * Dice() + 0.5 * CenterlineDice().",
}
DISTANCE: dict[str, Hint] = {
    **dict.fromkeys(("pixel_size", "voxel_spacing", "sampling", "resolution", "voxelspacing"), "Pass spacing."),
    **dict.fromkeys(("dist_maps", "distance_map", "precomputed", "is_distance_map"), "Pass distance_maps."),
}
HAUSDORFF_DISTANCE: dict[str, Hint] = {
    **dict.fromkeys(("alpha", "power", "p"), "Pass exponent, the power of the distances."),
}
SUM: dict[str, Hint] = {
    **dict.fromkeys(("loss_weights", "weight", "lambdas", "coefficients"), "Pass weights, one number per loss."),
    **dict.fromkeys(("loss", "terms", "parts", "functions"), "Pass losses, a list of instances."),
    **dict.fromkeys(("reduction", "reduce"), "Leave it out: each part reduces by its own."),
}

# === Losses ===

# Keys are names in lower case, without `_`, "loss" and the prefixes in `FORMS`.
LOSSES = {
    **dict.fromkeys(("dice", "dicecoefficient", "dicecoef", "sorensendice"), "Dice"),
    **dict.fromkeys(("iou", "jaccard", "jaccarddistance", "jaccardindex", "intersectionoverunion"), "Jaccard"),
    "tversky": "Tversky",
    "focaltversky": "FocalTversky",
    **dict.fromkeys(("generalizeddice", "generaliseddice", "gdice", "gdl"), "GeneralizedDice"),
    **dict.fromkeys(("logcoshdice", "logdice"), "LogCoshDice"),
    **dict.fromkeys(("mcc", "matthews", "matthewscorrelation", "phicoefficient"), "MatthewsCorrelation"),
    **dict.fromkeys(("lovasz", "lovaszsoftmax", "lovaszhinge", "symmetriclovasz"), "Lovasz"),
    **dict.fromkeys(("boundary", "surface", "border", "boundarydou"), "Boundary"),
    **dict.fromkeys(("hausdorff", "hausdorffdt", "loghausdorffdt", "hausdorffer"), "HausdorffDistance"),
    **dict.fromkeys(("cldice", "softcldice", "centrelinedice", "centerlinedice", "skeletondice"), "CenterlineDice"),
    **dict.fromkeys(
        ("unifiedfocal", "asymmetricunifiedfocal", "symmetricunifiedfocal", "asymunifiedfocal", "symunifiedfocal"),
        "UnifiedFocal",
    ),
    **dict.fromkeys(("crossentropy", "ce", "bce", "bcewithlogits", "crossentropywithlogits"), "CrossEntropy"),
    **dict.fromkeys(("nll", "log", "robustcrossentropy", "bcece"), "CrossEntropy"),
    **dict.fromkeys(("focal", "focalcrossentropy", "focalcrossentropywithlogits", "focalbce"), "Focal"),
    **dict.fromkeys(("sum", "weightedsum", "sumofloss", "combined", "compound", "joint", "multi"), "LossSum"),
}  # fmt: skip
SUMS = {
    **dict.fromkeys(
        ("dicece", "dicebce", "bcedice", "cedice", "combo", "dcandce", "dcandbce", "dicecrossentropy"),
        "Dice() + CrossEntropy()",
    ),
    **dict.fromkeys(("dicefocal", "focaldice"), "Dice() + Focal()"),
    **dict.fromkeys(("generalizeddicefocal",), "GeneralizedDice() + Focal()"),
    **dict.fromkeys(("dicecldice", "softdicecldice"), "Dice() + CenterlineDice()"),
    **dict.fromkeys(("bcejaccard", "jaccardbce", "bceiou"), "Jaccard() + CrossEntropy()"),
}
FORMS = ("sparse", "binary", "categorical", "multiclass", "multilabel", "soft", "sigmoid", "softmax", "weighted")
SCORES = {"IoU": "metrics.IoU", "DiceScore": "metrics.DiceScore", "dice_coef": "metrics.DiceScore"}


def hints_of_losses(name: str, known: Iterable[str]) -> Mapping[str, str]:
    """Return the hint for another library's name of a loss, keyed by that name; empty if it is not one."""
    key = name.lower().replace("_", "").replace("loss", "")
    while key not in LOSSES and key not in SUMS and key.startswith(FORMS):
        form = next(form for form in FORMS if key.startswith(form))
        key = key.removeprefix(form)
    score = f" The score itself is resunet_kit.{SCORES[name]}." if name in SCORES else ""
    if key in LOSSES:
        logits = " Pass from_logits=True." if "logits" in name.lower() else ""
        return {name: f"It is {_as_written(LOSSES[key], name, known)} here.{logits}{score}"}
    return {name: f"It is a sum here: {SUMS[key]}."} if key in SUMS else {}


def _as_written(loss: str, name: str, known: Iterable[str]) -> str:
    """Return the name of the class, or of its function if the requested name is in lower case."""
    functions = {function.replace("_", ""): function for function in known if function.islower()}
    return functions.get(loss.lower(), loss) if name.islower() else loss
