"""Interactive report of a run: its data and training, the scores of the test patients, and the worst errors."""

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from examples.brain_mri.cohort.index import Index
from examples.brain_mri.run_folder import PARTS, RunFolder
from resunet_kit import plots
from resunet_kit.data import read_image, read_mask

if TYPE_CHECKING:
    from examples.brain_mri.evaluation import Volume

NAMES = ("no tumour", "tumour")
SAMPLES = 6
WORST = 6
UNITS = {
    "per slice": "per_slice",
    "per slice with tumour": "per_slice_with_tumour",
    "per patient": "per_patient",
    "pooled": "pooled",
}


def write_report(
    run: RunFolder,
    index: Index,
    volumes: Sequence["Volume"],
    slices: pd.DataFrame,
    patients: pd.DataFrame,
    summary: dict[str, Any],
) -> None:
    """Write report.html, one self-contained file, into the run folder."""
    sections = [
        plots.Section("Summary", _summary(run, summary)),
        plots.Section("Data", _data(run, index, summary)),
        plots.Section("Training", _training(run)),
        plots.Section("Stage 1: does the slice show a tumour?", _classifier(slices, summary)),
        plots.Section("Stage 2: where is it?", _overlap(slices, patients)),
        plots.Section("Explore: the worst, the median and the best patient", _viewers(volumes, patients)),
        plots.Section("Where it is most wrong", _worst(volumes, slices)),
    ]
    plots.write_report(run.report, sections, title=f"Brain MRI: {run.path.resolve().name}")


def _summary(run: RunFolder, summary: dict[str, Any]) -> list[Any]:
    options, classifier = run.options(), summary["classifier"]
    rows = [
        {"Stage": stage, "Score": name, **{unit: _mean(summary[stage][key][score]) for unit, key in UNITS.items()}}
        for stage in ("segmenter", "cascade")
        for name, score in (("Dice", "dice"), ("IoU", "iou"), ("Tversky", "tversky"))
    ]
    weights = summary["tversky_weights"]
    return [
        "Every score below is of the **test patients alone**: no slice of theirs was seen in training or in choosing "
        "weights, by either stage. Both stages share one split, by patient.",
        {
            "Classifier": ["accuracy", "sensitivity", "specificity", "ROC AUC"],
            "Score": [
                _with_interval(classifier[key], classifier["intervals"].get(key))
                for key in ("accuracy", "sensitivity", "specificity", "roc_auc")
            ],
        },
        rows,
        f"The segmenter is scored on every slice; the cascade marks only slices that the classifier gives a "
        f"probability of {summary['thresholds']['classifier']:g} or more. {summary['empty_rule']} Tversky weighs false "
        f"pixels {weights['fp_weight']:g} and missed ones {weights['fn_weight']:g}. Per slice and per patient are "
        "means; a patient's slices are scored as one volume; pooled takes all pixels of all patients together. In "
        "parentheses stands the 95 % interval, by a bootstrap over the test patients.",
        f"The segmenter marks pixels of a probability of {summary['thresholds']['segmenter']:g} or more, without "
        f"components below {summary['min_component_px']} pixels: both were chosen on the validation patients.",
        "The run was trained with these options:",
        [
            {"Option": option.name, "Value": str(getattr(options, option.name)), "Meaning": option.metadata["help"]}
            for option in fields(options)
        ],
    ]


def _mean(score: Any) -> str:
    return _with_interval(score["mean"], score["interval"]) if isinstance(score, dict) else f"{score:.3f}"


def _with_interval(value: float | None, interval: list[float] | None) -> str:
    if value is None:
        return "undefined"
    return f"{value:.3f}" + (f" ({interval[0]:.3f} to {interval[1]:.3f})" if interval else "")


def _leaks(leaks: dict[str, list[Any]]) -> str:
    if not any(leaks.values()):
        return "The parts share no patient, and no two images of different parts are identical."
    people, images = leaks["people"], leaks["identical_images"]
    return (
        f"**The parts leak.** {len(people)} patients have slices in two parts{_first(people)}, and {len(images)} "
        f"pairs of images in different parts are identical{_first(images)}. The test scores are too high."
    )


def _first(found: list[Any]) -> str:
    return f" (first: {found[0]})" if found else ""


def _data(run: RunFolder, index: Index, summary: dict[str, Any]) -> list[Any]:
    split = run.split()
    used = [item for item in index.slices if item.patient in split]
    labels = np.array([int(item.has_tumour) for item in used])
    parts = np.array([split[item.patient] for item in used])
    table = [
        {
            "Part": part,
            "Patients": sum(of == part for of in split.values()),
            "Slices": int((parts == part).sum()),
            "With tumour": int(labels[parts == part].sum()),
        }
        for part in PARTS
    ]
    tumour = [item for item in used if item.has_tumour and split[item.patient] == "train"]
    chosen = [tumour[i] for i in np.linspace(0, len(tumour) - 1, min(SAMPLES, len(tumour))).astype(int)]
    return [
        table,
        _leaks(summary["leaks"]),
        plots.class_balance(labels, names=NAMES, groups=parts),
        "Training slices with their true outline. Red, green and blue are the pre-contrast, FLAIR and post-contrast "
        "sequences.",
        plots.sample_grid(
            [read_image(item.image) for item in chosen],
            [np.squeeze(read_mask(item.mask)) for item in chosen],
            titles=[f"{item.patient} #{item.number}" for item in chosen],
            columns=3,
        ),
    ]


def _training(run: RunFolder) -> list[Any]:
    blocks: list[Any] = []
    for stage, monitor in (("classifier", "val_loss"), ("segmenter", "val_dice_score")):
        rows = run.epochs_done(stage)
        history = {name: [row[name] for row in rows] for name in rows[0] if name != "epoch"} if rows else {}
        if history:
            blocks.append(plots.training_history(history, title=stage.capitalize(), monitor=monitor))
    return ["The weights of the marked epoch are kept: the best on the validation patients.", *blocks]


def _classifier(slices: pd.DataFrame, summary: dict[str, Any]) -> list[Any]:
    truth, probability = slices["has_tumour"].to_numpy(), slices["probability"].to_numpy()
    report = summary["classifier"]["classification_report"]
    table = [
        {"Class": name, **{key.capitalize(): values[key] for key in ("precision", "recall", "f1-score", "support")}}
        for name, values in report.items()
        if isinstance(values, dict)
    ]
    return [
        table,
        plots.confusion_matrix(truth, slices["predicted_tumour"].to_numpy(), names=NAMES),
        plots.roc_curve(truth, probability),
        plots.precision_recall_curve(truth, probability),
        plots.threshold_curve(truth, probability),
        plots.reliability_diagram(truth, probability),
    ]


def _overlap(slices: pd.DataFrame, patients: pd.DataFrame) -> list[Any]:
    with_tumour = slices[slices["has_tumour"] == 1]
    columns = {
        "patient": "Patient",
        "slices": "Slices",
        "slices_with_tumour": "With tumour",
        "slices_predicted": "Predicted",
        "truth_px": "Tumour (px)",
        "cascade_px": "Marked (px)",
        "segmenter_dice": "Dice, segmenter",
        "cascade_dice": "Dice, cascade",
        "cascade_iou": "IoU, cascade",
    }
    return [
        "Each patient's slices scored as one volume, worst first.",
        patients.sort_values("cascade_dice")[list(columns)].rename(columns=columns).to_dict("list"),
        plots.score_distribution(
            {"segmenter": patients["segmenter_dice"].to_numpy(), "cascade": patients["cascade_dice"].to_numpy()},
            title="Dice of each patient's volume",
        ),
        plots.score_distribution(
            {stage: with_tumour[f"{stage}_dice"].to_numpy() for stage in ("segmenter", "cascade")},
            title="Dice of each slice with tumour",
        ),
    ]


def _viewers(volumes: Sequence["Volume"], patients: pd.DataFrame) -> list[Any]:
    ranked = patients.sort_values("cascade_dice")
    by_name = {volume.patient: volume for volume in volumes}
    blocks: list[Any] = ["Under each slice stands its number and the classifier's probability of tumour."]
    for rank in dict.fromkeys((0, len(ranked) // 2, len(ranked) - 1)):
        name, dice = ranked.iloc[rank][["patient", "cascade_dice"]]
        volume = by_name[name]
        blocks.append(
            plots.slice_viewer(
                volume.images(),
                volume.truth,
                volume.cascaded,
                titles=[f"#{item.number}: {p:.2f}" for item, p in zip(volume.slices, volume.probability, strict=True)],
                start=int(volume.truth.sum(axis=(1, 2)).argmax()),
                title=f"{name}, Dice {dice:.3f}",
            )
        )
    return blocks


def _worst(volumes: Sequence["Volume"], slices: pd.DataFrame) -> list[Any]:
    shown = slices[(slices["truth_px"] > 0) | (slices["cascade_px"] > 0)].nsmallest(WORST, "cascade_dice")
    if shown.empty:
        return ["No test slice shows a tumour or a mark."]
    where = {(v.patient, item.number): (v, i) for v in volumes for i, item in enumerate(v.slices)}
    found = [where[key] for key in zip(shown["patient"], shown["slice"], strict=True)]
    return [
        "The slices with the lowest Dice of the cascade, among those with a tumour or a mark.",
        plots.worst_cases(
            [read_image(volume.slices[i].image) for volume, i in found],
            [volume.truth[i] for volume, i in found],
            [volume.cascaded[i] for volume, i in found],
            shown["cascade_dice"].to_numpy(),
            count=WORST,
            titles=[f"{volume.patient} #{volume.slices[i].number}" for volume, i in found],
        ),
    ]
