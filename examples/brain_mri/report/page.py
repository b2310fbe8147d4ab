"""The report as a page: its title, its first line, and its sections in order."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from examples.brain_mri import model_card
from examples.brain_mri.cohort.index import Index
from examples.brain_mri.explaining import Explained
from examples.brain_mri.provenance import TITLES, first_line, origin
from examples.brain_mri.report import data, patients, stages
from examples.brain_mri.report.summary import summary_blocks
from examples.brain_mri.run_folder import RunFolder
from examples.brain_mri.volumes import Marked
from resunet_kit import plots


def write_report(
    run: RunFolder,
    index: Index,
    marked: Sequence[Marked],
    slices: pd.DataFrame,
    table: pd.DataFrame,
    explained: Sequence[Explained],
    summary: dict[str, Any],
) -> None:
    """Write report.html, one self-contained file, into the run folder."""
    sections = [
        plots.Section("Summary", summary_blocks(run, summary)),
        plots.Section("Data and split", data.data_blocks(run, index, summary)),
        plots.Section("Training", data.training_blocks(run)),
        plots.Section("Stage 1: does the slice show a tumour?", stages.classifier_blocks(slices, summary)),
        plots.Section("What the first stage looks at", stages.evidence_blocks(explained)),
        plots.Section("Stage 2: where is it?", stages.overlap_blocks(slices, table)),
        plots.Section("Surfaces and lesions", stages.shape_blocks(table, summary)),
        plots.Section("Both stages: what the gate saves, and what it costs", stages.gate_blocks(summary)),
        plots.Section("Where it is most wrong", patients.worst_blocks(marked, slices)),
        plots.Section("Explore: the worst, the median and the best patient", patients.viewer_blocks(marked, table)),
        plots.Section("Limits", [*model_card.intended_use(), *model_card.caveats(summary)]),
        plots.Section("Model card", model_card.blocks(run, summary)),
    ]
    found = summary["provenance"]
    title = f"Brain MRI, {TITLES[origin(found)]}: {run.path.resolve().name}"
    plots.write_report(run.report, sections, title=title, subtitle=first_line(found))
