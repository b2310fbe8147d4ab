"""Report of a run: scores of the test images, data, training, threshold, and the worst test images."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from resunet_kit import plots
from resunet_kit.data.files.resizing import resize_image, resize_mask
from resunet_kit.metrics import Evaluation, bootstrap_interval
from resunet_kit.plots import Section
from resunet_kit.training._folder_assessment import Tuned, has_foreground, predicted, read_case
from resunet_kit.training._folder_plan import FolderPlan
from resunet_kit.training._folder_split import PARTS
from resunet_kit.training._folder_training import MONITOR
from resunet_kit.training.run_folder import RunSettings

SCORES = ("dice", "iou", "sensitivity", "precision", "hausdorff_distance_95", "average_surface_distance", "lesion_f1")
NAMES = {
    "dice": "Dice",
    "iou": "IoU",
    "sensitivity": "Sensitivity",
    "precision": "Precision",
    "hausdorff_distance_95": "Hausdorff distance, 95 %",
    "average_surface_distance": "Average surface distance",
    "lesion_f1": "Lesion F1",
}
COLUMNS = 4
SAMPLES = 6
WORST = 6
LONGER_SIDE = 384  # pixels of a picture in the report
SHOWN_CASES = 30  # rows of the table


def write_run_report(
    path: Path,
    model: keras.Model,
    plan: FolderPlan,
    settings: RunSettings,
    history: Mapping[str, list[float]],
    tuned: Tuned,
    scores: Evaluation,
    sentences: Sequence[str],
) -> None:
    """Write the report, completely or not at all."""
    sections = [
        Section("Scores of the test images", _scores(scores)),
        Section("What was chosen, and why", ["\n\n".join(sentences)]),
        Section("Data", _data(plan, settings)),
        Section("Training", _training(history)),
        *([Section("Threshold", _threshold(tuned))] if tuned.tuning else []),
        Section("Where it is most wrong", _worst(model, plan, settings, scores)),
        Section("Test images", _distribution(scores)),
    ]
    plots.write_report(path, sections, title=f"Segmentation: {path.parent.resolve().name}")


def _scores(scores: Evaluation) -> list[Any]:
    unit, groups = scores.settings["distance_unit"], scores.settings["groups"]
    labels = list(dict.fromkeys(row["class"] for row in scores.summary_rows))
    found = {(row["class"], row["score"]): row for row in scores.summary_rows}
    columns: dict[str, dict[str, str]] = {}
    for label in labels:
        name = "All images" if len(labels) == 1 else f"Class {label}" if isinstance(label, int) else "Mean of classes"
        columns[name] = {NAMES[one]: with_interval(found[label, _column(one, unit)]) for one in SCORES}
        if marked := _with_foreground(scores, label):
            columns["With foreground" if len(labels) == 1 else f"{name}, where present"] = marked
    few = " With so few groups the intervals are too narrow." if groups < 20 else ""
    return [
        f"{scores.settings['cases']} test images of {groups} groups, none of which was seen in training or in choosing "
        "weights and threshold. Scores are taken at each image's own size, distances in "
        f"{'pixels' if unit == 'px' else 'millimetres'}. An empty prediction of an empty mask has a Dice of 1; if one "
        "of the two is empty, distances are infinite.",
        _narrow(columns),
        f"Means over the groups, in parentheses the 95 % interval by a bootstrap over the groups.{few}",
    ]


def _narrow(columns: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """Return a table with few columns: for many classes, the scores are the columns."""
    if len(columns) > COLUMNS:
        return [{"Class": name, **column} for name, column in columns.items()]
    return [{"Score": score, **{name: column[score] for name, column in columns.items()}} for score in NAMES.values()]


def _with_foreground(scores: Evaluation, label: Any) -> dict[str, str]:
    """Return overlap scores of the images whose truth has the class; empty if all or none of them have it."""
    rows = [row for row in scores.rows if row["class"] == label and not math.isnan(row["dice"])]
    kept = [row for row in rows if row["truth_px"] > 0]
    if not kept or len(kept) == len(rows):
        return {}
    groups = [row["group"] for row in kept]
    found = dict.fromkeys((NAMES[name] for name in SCORES), "")
    for name in SCORES[:4]:
        values = [row[name] for row in kept]
        several = len(set(groups)) > 1
        estimate, low, high = bootstrap_interval(values, groups) if several else (np.mean(values), math.nan, math.nan)
        found[NAMES[name]] = with_interval({"mean": float(estimate), "low": low, "high": high})
    return found


def _column(name: str, unit: str) -> str:
    return f"{name}_{unit}" if "distance" in name else name


def with_interval(row: Mapping[str, Any]) -> str:
    """Return the mean of a score with its interval, if it has one, as text."""
    mean, low, high = (row[name] for name in ("mean", "low", "high"))
    if not math.isfinite(mean):
        return "undefined" if math.isnan(mean) else "infinite"
    return f"{mean:.3f}" + (f" ({low:.3f} to {high:.3f})" if math.isfinite(low) and math.isfinite(high) else "")


def _data(plan: FolderPlan, settings: RunSettings) -> list[Any]:
    part_of = plan.part_of
    table = [
        {
            "Part": part,
            "Groups": len({plan.groups[index] for index in plan.split[part]}),
            "Images": len(plan.split[part]),
            "With foreground": sum(has_foreground(plan, index) for index in plan.split[part]),
        }
        for part in PARTS
    ]
    labels, parts = _presence(plan, settings, part_of)
    names = {label: "no foreground" if label == 0 else f"class {label}" for label in sorted(set(labels))}
    if settings.num_classes <= 2:
        names = {label: "with foreground" if label else "without" for label in names}
    chosen = [index for index in plan.split["train"] if has_foreground(plan, index)]
    chosen = [chosen[i] for i in np.linspace(0, len(chosen) - 1, min(SAMPLES, len(chosen))).astype(int)]
    shown = [_picture(plan, index, settings) for index in chosen]
    return [
        table,
        plots.class_balance(labels, names=names, groups=parts, title="Images in which each class occurs"),
        "Training images with their true outline, as the network gets them but for augmentation and intensities.",
        plots.sample_grid(
            [image for image, _ in shown],
            [mask > 0 for _, mask in shown],
            titles=[_title(plan, index) for index in chosen],
            columns=3,
        ),
    ]


def _presence(plan: FolderPlan, settings: RunSettings, part_of: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return one label for each class that an image has, 0 for one without foreground, and the image's part."""
    labels, parts = [], []
    for name in PARTS:
        for index in plan.split[name]:
            own = set(np.flatnonzero(plan.pairs[index].counts).tolist()) - {0, settings.ignore_class}
            if settings.num_classes <= 2:
                own = {1} if own else set()
            labels += sorted(own) or [0]
            parts += [part_of[index]] * max(1, len(own))
    return labels, parts


def _training(history: Mapping[str, list[float]]) -> list[Any]:
    return [
        "The weights of the marked epoch are kept: the highest Dice of all validation pixels, binarised at 0.5.",
        plots.training_history(history, monitor=MONITOR, mode="max", title="Training"),
    ]


def _threshold(tuned: Tuned) -> list[Any]:
    curve = tuned.tuning.curve if tuned.tuning else []
    columns: dict[str, list[float]] = {"Threshold": sorted({options.threshold for options, _ in curve})}
    for size in sorted({options.min_size for options, _ in curve}):
        name = f"Dice without components below {size} px" if size else "Dice"
        columns[name] = [score for options, score in curve if options.min_size == size]
    blocks: list[Any] = [
        "Mean Dice of the validation images at their own size, for each threshold and for each size below which "
        f"components are removed. {tuned.sentence}",
        columns,
    ]
    if tuned.truths is not None and tuned.maps is not None and 0 < tuned.truths.sum() < tuned.truths.size:
        blocks += [
            f"The same of the pixels of {len(tuned.truths)} validation images at the network's size:",
            plots.threshold_curve(tuned.truths, tuned.maps, metric="dice"),
        ]
    return blocks


def _distribution(scores: Evaluation) -> list[Any]:
    labels = list(dict.fromkeys(row["class"] for row in scores.rows))
    rows = [row for row in scores.rows if not math.isnan(row["dice"])]
    table = [
        {
            "Image": row["case"],
            "Group": str(row["group"]),
            **({"Class": str(row["class"])} if len(labels) > 1 else {}),
            "Dice": row["dice"],
            "True (px)": row["truth_px"],
            "Marked (px)": row["predicted_px"],
        }
        for row in sorted(rows, key=lambda row: row["dice"])
        if row["class"] != "mean"
    ]
    names = {label: f"class {label}" if isinstance(label, int) else str(label) for label in labels}
    return [
        plots.score_distribution(
            {
                (names[label] if len(labels) > 1 else "Dice"): np.array(
                    [r["dice"] for r in rows if r["class"] == label]
                )
                for label in labels
                if any(row["class"] == label for row in rows)
            },
            title="Dice of each test image",
        ),
        "Worst first." + (f" The worst {SHOWN_CASES} of {len(table)}." if len(table) > SHOWN_CASES else ""),
        table[:SHOWN_CASES],
    ]


def _worst(model: keras.Model, plan: FolderPlan, settings: RunSettings, scores: Evaluation) -> list[Any]:
    cases = list(dict.fromkeys(row["case"] for row in scores.rows))
    index_of = dict(zip(cases, plan.split["test"], strict=True))
    ranked: dict[str, Any] = {}
    for row in sorted(scores.rows, key=lambda row: row["dice"]):
        if row["class"] != "mean" and row["truth_px"] + row["predicted_px"] > 0 and not math.isnan(row["dice"]):
            ranked.setdefault(row["case"], row)
    shown = list(ranked.values())[:WORST]
    if not shown:
        return ["No test image has foreground, and none was marked."]
    indices = [index_of[row["case"]] for row in shown]
    several = settings.num_classes > 2
    pictures, truths, marked = [], [], []
    for row, index, found in zip(shown, indices, predicted(model, plan, indices, settings, 1), strict=True):
        picture, labels = _picture(plan, index, settings)
        pictures.append(picture)
        truths.append(labels == row["class"])
        ignored = read_case(plan, index, settings)[1] == settings.ignore_class
        marked.append(_shrunk((found.mask == row["class"]) & ~ignored))
    return [
        "The test images with the lowest Dice, among those with foreground or a mark"
        + (", each with the class of its lowest Dice." if several else "."),
        plots.worst_cases(
            pictures,
            truths,
            marked,
            np.array([row["dice"] for row in shown]),
            count=WORST,
            titles=[row["case"] + (f", class {row['class']}" if several else "") for row in shown],
        ),
    ]


def _picture(plan: FolderPlan, index: int, settings: RunSettings) -> tuple[np.ndarray, np.ndarray]:
    """Return an image of one or three channels and its labels, at most as large as a picture in the report."""
    image, labels = read_case(plan, index, settings)
    image = image[..., :3] if image.shape[-1] >= 3 else image[..., :1]
    if image.dtype == np.uint16:
        image = image.astype(np.float32)
    if settings.ignore_class is not None:
        labels = np.where(labels == settings.ignore_class, 0, labels)
    return resize_image(image, _shown_size(labels.shape)), _shrunk(labels)


def _shrunk(mask: np.ndarray) -> np.ndarray:
    return resize_mask(mask[..., None].astype(np.uint8), _shown_size(mask.shape))[..., 0]


def _shown_size(shape: tuple[int, ...]) -> tuple[int, ...]:
    scale = min(1.0, LONGER_SIDE / max(shape))
    return tuple(max(1, round(scale * side)) for side in shape)


def _title(plan: FolderPlan, index: int) -> str:
    return Path(plan.images[index]).stem
