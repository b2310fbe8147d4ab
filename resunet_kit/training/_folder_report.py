"""The report of a run: data, training, threshold, scores of the test images, and where they are most wrong."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from resunet_kit import plots
from resunet_kit.data.files.resizing import resize_image, resize_mask
from resunet_kit.plots import Section
from resunet_kit.training._folder_assessment import Case, Tuned, has_foreground, read_case
from resunet_kit.training._folder_plan import FolderPlan
from resunet_kit.training._folder_split import PARTS
from resunet_kit.training._folder_training import MONITOR
from resunet_kit.training.run_folder import RunSettings

NAMES = {
    "dice": "Dice",
    "iou": "IoU",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "precision": "Precision",
}
SAMPLES = 6
WORST = 6
LONGER_SIDE = 384  # pixels of a picture in the report
SHOWN_CASES = 30  # rows of the table


def write_run_report(
    path: Path,
    plan: FolderPlan,
    settings: RunSettings,
    history: dict[str, list[float]],
    tuned: Tuned,
    cases: Sequence[Case],
    summary: Sequence[dict[str, Any]],
    sentences: Sequence[str],
) -> None:
    """Write the report, whole or not at all."""
    sections = [
        Section("Scores of the test images", _scores(plan, cases, summary)),
        Section("What was chosen, and why", ["\n\n".join(sentences)]),
        Section("Data", _data(plan, settings)),
        Section("Training", _training(history)),
        *([Section("Threshold", _threshold(tuned))] if tuned.tuning else []),
        Section("Test images", _distribution(plan, cases)),
        Section("Where it is most wrong", _worst(plan, settings, cases)),
    ]
    plots.write_report(path, sections, title=f"Segmentation: {path.parent.resolve().name}")


def _scores(plan: FolderPlan, cases: Sequence[Case], summary: Sequence[dict[str, Any]]) -> list[Any]:
    groups = len({plan.groups[case.index] for case in cases})
    labels = sorted({row["class"] for row in summary})
    rows = [
        {
            **({"Class": label} if len(labels) > 1 else {}),
            **{NAMES[row["score"]]: with_interval(row) for row in summary if row["class"] == label},
        }
        for label in labels
    ]
    few = " With so few groups the intervals are too narrow." if groups < 20 else ""
    return [
        f"{len(cases)} test images of {groups} groups, none of which was seen in training or in choosing weights and "
        "threshold. Scores are taken at each image's own size; an empty prediction of an empty mask scores 1.",
        rows,
        f"Means over the groups, in parentheses the 95 % interval by a bootstrap over the groups.{few}",
    ]


def with_interval(row: dict[str, Any]) -> str:
    """Return the mean of a score with its interval, if it has one, as text."""
    return f"{row['mean']:.3f}" + ("" if row["low"] is None else f" ({row['low']:.3f} to {row['high']:.3f})")


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


def _training(history: dict[str, list[float]]) -> list[Any]:
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
    if tuned.truths is not None and 0 < tuned.truths.sum() < tuned.truths.size:
        blocks += [
            f"The same of the pixels of {len(tuned.truths)} validation images at the network's size:",
            plots.threshold_curve(tuned.truths, tuned.maps, metric="dice"),
        ]
    return blocks


def _distribution(plan: FolderPlan, cases: Sequence[Case]) -> list[Any]:
    labels = sorted(cases[0].scores)
    several = len(labels) > 1
    table = [
        {
            "Image": _title(plan, case.index),
            "Group": plan.groups[case.index],
            **{(f"Dice, class {label}" if several else "Dice"): case.scores[label]["dice"] for label in labels},
            "True (px)": int((case.truth > 0).sum()),
            "Marked (px)": int((case.prediction > 0).sum()),
        }
        for case in sorted(cases, key=lambda case: case.worst)
    ]
    return [
        plots.score_distribution(
            {
                (f"class {label}" if several else "Dice"): np.array([case.scores[label]["dice"] for case in cases])
                for label in labels
            },
            title="Dice of each test image",
        ),
        "Worst first." + (f" The worst {SHOWN_CASES} of {len(table)}." if len(table) > SHOWN_CASES else ""),
        table[:SHOWN_CASES],
    ]


def _worst(plan: FolderPlan, settings: RunSettings, cases: Sequence[Case]) -> list[Any]:
    marked = [case for case in cases if case.truth.any() or case.prediction.any()]
    if not marked:
        return ["No test image has foreground, and none was marked."]
    shown = sorted(marked, key=lambda case: case.worst)[:WORST]
    several = settings.num_classes > 2
    pictures = [_picture(plan, case.index, settings)[0] for case in shown]
    masks = [[_shrunk(labels == case.worst[1]) for labels in (case.truth, case.prediction)] for case in shown]
    return [
        "The test images with the lowest Dice, among those with foreground or a mark"
        + (", each with the class of its lowest Dice." if several else "."),
        plots.worst_cases(
            pictures,
            [truth for truth, _ in masks],
            [prediction for _, prediction in masks],
            np.array([case.worst[0] for case in shown]),
            count=WORST,
            titles=[_title(plan, case.index) + (f", class {case.worst[1]}" if several else "") for case in shown],
        ),
    ]


def _picture(plan: FolderPlan, index: int, settings: RunSettings) -> tuple[np.ndarray, np.ndarray]:
    """Return an image of one or three channels and its labels, not larger than a picture of the report."""
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
