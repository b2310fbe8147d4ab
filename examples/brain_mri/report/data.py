"""The sections on the data and on the training."""

from typing import Any

import numpy as np

from examples.brain_mri.cohort.index import Index
from examples.brain_mri.run_folder import RunFolder
from examples.brain_mri.wording import leaks_text, part_rows
from resunet_kit import plots
from resunet_kit.data import read_image, read_mask

NAMES = ("no tumour", "tumour")
SAMPLES = 3


def data_blocks(run: RunFolder, index: Index, summary: dict[str, Any]) -> list[Any]:
    """Return what each part of the split holds, what the parts have in common, and training slices."""
    split = run.split()
    used = [item for item in index.slices if item.patient in split]
    labels = np.array([int(item.has_tumour) for item in used])
    parts = np.array([split[item.patient] for item in used])
    tumour = [item for item in used if item.has_tumour and split[item.patient] == "train"]
    chosen = [tumour[i] for i in np.linspace(0, len(tumour) - 1, min(SAMPLES, len(tumour))).astype(int)]
    return [
        part_rows(summary),
        leaks_text(summary),
        plots.class_balance(labels, names=NAMES, groups=parts),
        "Training slices with their true outline. Red, green and blue are the pre-contrast, FLAIR and post-contrast "
        "sequences.",
        plots.sample_grid(
            [read_image(item.image) for item in chosen],
            [np.squeeze(read_mask(item.mask)) for item in chosen],
            titles=[f"{item.person} #{item.number}" for item in chosen],
            columns=3,
        ),
    ]


def training_blocks(run: RunFolder) -> list[Any]:
    """Return the history of both stages."""
    monitor = {"classifier": "val_loss", "segmenter": "val_dice_score"}
    history = {}
    for stage in monitor:
        rows = run.epochs_done(stage)
        history[stage] = {name: [row[name] for row in rows] for name in rows[0] if name != "epoch"} if rows else {}
    if not any(history.values()):
        return ["The run has no history."]
    return [
        "The weights of the last epoch are kept. The marked epoch, the best on the validation patients, is for "
        "comparison only.",
        plots.training_history(history, monitor=monitor),
    ]
