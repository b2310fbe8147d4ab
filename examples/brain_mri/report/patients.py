"""The sections that show images: three patients slice by slice, and the worst slices."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from examples.brain_mri.cohort.slices import read_volume
from examples.brain_mri.volumes import Marked
from resunet_kit import plots

WORST = 6


def viewer_blocks(marked: Sequence[Marked], patients: pd.DataFrame) -> list[Any]:
    """Return a viewer of the worst, the median and the best patient; their images are read now, one at a time."""
    ranked = patients.sort_values("cascade_dice")
    by_name = {kept.patient: kept for kept in marked}
    blocks: list[Any] = ["Under each slice stands its number and the classifier's probability of tumour."]
    for rank in dict.fromkeys((0, len(ranked) // 2, len(ranked) - 1)):
        name, dice = ranked.iloc[rank][["patient", "cascade_dice"]]
        kept = by_name[name]
        images, truth = read_volume(kept.slices)
        blocks.append(
            plots.slice_viewer(
                images,
                truth,
                kept.mask(),
                titles=[f"#{item.number}: {p:.2f}" for item, p in zip(kept.slices, kept.probability, strict=True)],
                start=int(truth.sum(axis=(1, 2)).argmax()),
                title=f"{name}, Dice {dice:.3f}",
            )
        )
    return blocks


def worst_blocks(marked: Sequence[Marked], slices: pd.DataFrame) -> list[Any]:
    """Return the slices with the lowest Dice of the cascade."""
    shown = slices[(slices["truth_px"] > 0) | (slices["cascade_px"] > 0)].nsmallest(WORST, "cascade_dice")
    if shown.empty:
        return ["No test slice shows a tumour or a mark."]
    where = {(kept.patient, item.number): (kept, i) for kept in marked for i, item in enumerate(kept.slices)}
    images, truths, masks, titles = [], [], [], []
    for key in zip(shown["patient"], shown["slice"], strict=True):
        kept, i = where[key]
        image, truth = read_volume(kept.slices[i : i + 1])
        images.append(image[0])
        truths.append(truth[0])
        masks.append(kept.mask()[i])
        titles.append(f"{kept.patient} #{kept.slices[i].number}")
    return [
        "The slices with the lowest Dice of the cascade, among those with a tumour or a mark.",
        plots.worst_cases(images, truths, masks, shown["cascade_dice"].to_numpy(), count=WORST, titles=titles),
    ]
