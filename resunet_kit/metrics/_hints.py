"""Hints for names and options of other libraries: what they are called here."""

from resunet_kit._shared.renamed_options import Hint

_CLASSES_OF_PREDICTION = "Leave it out: there are as many classes as y_pred has channels."
_FROM_LOGITS = "Pass from_logits=True for a model without final activation."
_ONE_CLASS = "Pass class_id for one class, or per_class(metric, num_classes) for one metric per class."
_BY_SHAPE = "Leave it out: integer labels and one-hot classes are recognised by their shape."

_BOTH: dict[str, Hint] = {
    **dict.fromkeys(("num_classes", "n_classes", "num_labels"), _CLASSES_OF_PREDICTION),
    **dict.fromkeys(("ignore_index", "ignore_label", "void_label", "ignore_empty_class"), "Pass ignore_class."),
    **dict.fromkeys(("logits", "activation", "sigmoid", "softmax", "to_onehot_y", "apply_softmax"), _FROM_LOGITS),
    **dict.fromkeys(("sparse_y_true", "sparse_y_pred", "input_format", "task"), _BY_SHAPE),
    "direction": 'Write direction = "down" in a subclass: it belongs to the metric, not to its options.',
}
_SMOOTHING = "Leave it out: counts are not smoothed. Pass empty, the score of an empty prediction of an empty truth."
OVERLAP_OPTIONS: dict[str, Hint] = {
    **_BOTH,
    **dict.fromkeys(("class_ids", "target_class_ids", "classes", "labels", "pos_label", "class_idx"), _ONE_CLASS),
    **dict.fromkeys(("smooth", "smoothing", "eps", "epsilon", "smooth_nr", "smooth_dr"), _SMOOTHING),
    **dict.fromkeys(
        ("zero_division", "zero_score_default", "absent_score", "ignore_empty"),
        'Pass empty: the score of an empty prediction of an empty truth, "skip" or "skip_both".',
    ),
    **dict.fromkeys(
        ("reduction", "reduce", "mdmc_average", "multidim_average", "mean", "aggregation_level"),
        'Pass average="image" or "pooled" over the images, and class_average="macro", "micro" or "weighted" over the '
        "classes.",
    ),
    "per_image": 'Pass average="image" for True, or average="pooled" for False.',
    "mode": "Leave it out for exclusive classes, or pass multilabel=True for channels that overlap.",
    "class_weights": 'Pass class_average="weighted" to weigh each class by its true pixels, or class_id for one class.',
    "beta": "Leave it out for F1, which is DiceScore; for another beta write fraction in a subclass of OverlapMetric.",
    "normalize": "Leave it out: the scores are fractions.",
}
_FOR_OVERLAP = "Leave it out: the matrix has a row and a column per class. DiceScore and others take it."
MATRIX_OPTIONS: dict[str, Hint] = {
    **_BOTH,
    **dict.fromkeys(
        ("average", "class_average", "empty", "class_id", "class_ids", "include_background", "labels", "classes"),
        _FOR_OVERLAP,
    ),
    "multilabel": "Pass per_class(Sensitivity(multilabel=True), num_classes) to metrics: channels that overlap have no "
    "common matrix.",
    "normalise": "Pass normalize.",
}

_DICE = "It is DiceScore here."
_IOU = "It is IoU here."
_SENSITIVITY = "It is Sensitivity here."
_HD95 = "It is hausdorff_distance(truth, prediction, percentile=95) here."
_ASD = "It is average_surface_distance here."
_NSD = "It is surface_dice(truth, prediction, tolerance=...) here."
_ECE = "It is expected_calibration_error here."
_HAUSDORFF = "It is hausdorff_distance here."
NAMES: dict[str, str] = {
    **dict.fromkeys(
        ("Dice", "DiceCoefficient", "DiceCoef", "dice_coef", "dice_coefficient", "DiceMetric", "dice_score", "dice"),
        _DICE,
    ),
    **dict.fromkeys(("F1", "F1Score", "FScore", "f1_score", "FBetaScore", "DSC", "SorensenDice"), _DICE),
    **dict.fromkeys(("MeanIoU", "MeanIou", "BinaryIoU", "OneHotMeanIoU", "OneHotIoU", "IOU", "iou", "mIoU"), _IOU),
    **dict.fromkeys(("Jaccard", "JaccardIndex", "JaccardScore", "jaccard", "iou_score", "IOUScore", "Iou"), _IOU),
    **dict.fromkeys(("Recall", "recall", "TPR", "TruePositiveRate", "sensitivity", "HitRate"), _SENSITIVITY),
    **dict.fromkeys(("TNR", "TrueNegativeRate", "specificity", "Selectivity"), "It is Specificity here."),
    **dict.fromkeys(("PPV", "precision", "PositivePredictiveValue"), "It is Precision here."),
    **dict.fromkeys(("hd95", "HD95", "hausdorff95", "robust_hausdorff", "compute_robust_hausdorff"), _HD95),
    **dict.fromkeys(
        ("HausdorffDistance", "HausdorffDistanceMetric", "hd", "HD", "hausdorff", "compute_hausdorff_distance"),
        _HAUSDORFF,
    ),
    **dict.fromkeys(
        ("asd", "ASD", "assd", "ASSD", "SurfaceDistanceMetric", "surface_distance", "compute_average_surface_distance"),
        _ASD,
    ),
    **dict.fromkeys(("nsd", "NSD", "SurfaceDice", "SurfaceDiceMetric", "normalized_surface_dice"), _NSD),
    **dict.fromkeys(("ece", "ECE", "CalibrationError", "calibration_error"), _ECE),
    **dict.fromkeys(
        ("confusion_matrix", "MulticlassConfusionMatrix", "BinaryConfusionMatrix", "ConfusionMatrixMetric"),
        "It is ConfusionMatrix here; plots.confusion_matrix draws one.",
    ),
    **dict.fromkeys(("Accuracy", "BinaryAccuracy", "CategoricalAccuracy"), "It is in keras.metrics."),
    **dict.fromkeys(("AUC", "roc_auc"), "It is keras.metrics.AUC."),
    "bootstrap": "It is bootstrap_interval here.",
    "calibration_curve": "It is reliability_bins here.",
}
