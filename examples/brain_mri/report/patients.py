"""The sections that show images: the worst slices of every patient, and three patients slice by slice."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from examples.brain_mri.cohort.slices import read_volume
from examples.brain_mri.preparation import FLAIR
from examples.brain_mri.volumes import Marked
from resunet_kit import plots

SEQUENCES = ("before contrast agent", "FLAIR", "after contrast agent")
SHOWN = 10  # worst slices in all: each takes about 70 kilobytes of the page


def viewer_blocks(marked: Sequence[Marked], patients: pd.DataFrame) -> list[Any]:
    """Return a viewer of the worst, the median and the best patient; their images are read now, one at a time."""
    ranked = patients.sort_values("cascade_dice")
    by_name = {kept.patient: kept for kept in marked}
    blocks: list[Any] = [
        "FLAIR, on which the experts drew the outlines. Below each slice are its number and the classifier's "
        "probability of tumour. The arrow keys move through the slices of the viewer under the pointer."
    ]
    for rank in dict.fromkeys((0, len(ranked) // 2, len(ranked) - 1)):
        name, dice = ranked.iloc[rank][["patient", "cascade_dice"]]
        kept = by_name[name]
        images, truth = read_volume(kept.slices)
        blocks.append(
            plots.slice_viewer(
                images,
                truth,
                kept.mask(),
                channels=FLAIR,
                titles=[f"#{item.number}: {p:.2f}" for item, p in zip(kept.slices, kept.probability, strict=True)],
                start=int(truth.sum(axis=(1, 2)).argmax()),
                title=f"{name}, Dice {dice:.3f}",
            )
        )
    return blocks


def worst_blocks(marked: Sequence[Marked], slices: pd.DataFrame) -> list[Any]:
    """Return a viewer of the slices with the lowest Dice of the cascade, patient by patient, the sequences linked."""
    shown = slices[(slices["truth_px"] > 0) | (slices["cascade_px"] > 0)].sort_values("cascade_dice")
    if shown.empty:
        return ["No test slice shows a tumour or a mark."]
    each = max(1, SHOWN // shown["patient"].nunique())
    worst = shown.groupby("patient", sort=False).head(each).head(SHOWN)
    order = {patient: rank for rank, patient in enumerate(dict.fromkeys(worst["patient"]))}
    worst = worst.sort_values("patient", key=lambda names: names.map(order), kind="stable")
    slices_of = "slice" if each == 1 else f"{each} slices"
    text = (
        f"For each patient, the {slices_of} with the lowest Dice of the cascade, among those with a tumour or a mark; "
        "the patient with the worst slice comes first. The views move together."
    )
    if len(order) < shown["patient"].nunique():
        text += f" Of {shown['patient'].nunique()} patients, the {len(order)} with the worst slices are shown."
    return [text, *_viewers(marked, worst)]


def _viewers(marked: Sequence[Marked], worst: pd.DataFrame) -> list[Any]:
    """Return one viewer for each size of slices, since the views of one move together."""
    where = {(kept.patient, item.number): (kept, i) for kept in marked for i, item in enumerate(kept.slices)}
    of_size: dict[tuple[int, ...], list[Any]] = defaultdict(list)
    for row in worst.itertuples():
        kept, i = where[row.patient, row.slice]
        image, truth = read_volume(kept.slices[i : i + 1])
        label = f"{row.patient} #{row.slice}, Dice {row.cascade_dice:.2f}"
        of_size[truth.shape[1:]].append((image[0], truth[0], kept.mask()[i], label))
    viewers = []
    for found in of_size.values():
        images, truths, masks, labels = zip(*found, strict=True)
        viewers.append(
            plots.slice_viewer(
                np.stack(images), np.stack(truths), np.stack(masks), channel_names=SEQUENCES, titles=labels, start=0
            )
        )
    return viewers
