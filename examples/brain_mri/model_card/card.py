"""The card in Markdown beside the metrics, and as a section of the report."""

from collections.abc import Mapping, Sequence
from typing import Any

from examples.brain_mri.model_card import descriptions, figures
from examples.brain_mri.provenance import first_line
from examples.brain_mri.run_folder import RunFolder
from resunet_kit.data import atomic_write

Block = str | Sequence[Mapping[str, Any]]
NAME = "model_card.md"


def sections(run: RunFolder, summary: dict[str, Any]) -> dict[str, list[Block]]:
    """Return text and tables by heading, every number of them from the evaluation's summary."""
    options = run.options()
    return {
        "Model details": descriptions.details(run.path.resolve().name, options, summary),
        "Intended use": descriptions.intended_use(),
        "Factors": descriptions.factors(),
        "Metrics": descriptions.metrics(summary),
        "Evaluation data": descriptions.evaluation_data(options, summary),
        "Training data": descriptions.training_data(options, summary),
        "Quantitative analyses": figures.analyses(summary),
        "Ethical considerations": descriptions.ethics(summary),
        "Caveats and recommendations": descriptions.caveats(summary),
    }


def blocks(run: RunFolder, summary: dict[str, Any]) -> list[Block]:
    """Return the card as the blocks of one section of the report."""
    found: list[Block] = [f"The same as in `{NAME}`, under the headings of Mitchell et al. 2019 (arXiv 1810.03993)."]
    for heading, content in sections(run, summary).items():
        found += [f"**{heading}**", *content]
    return found


def write(run: RunFolder, summary: dict[str, Any]) -> None:
    """Write the card into the run folder; like the report, it begins with the line that names its origin."""
    lines = [first_line(summary["provenance"]), f"# Model card: {run.path.resolve().name}"]
    for heading, content in sections(run, summary).items():
        lines += [f"## {heading}", *(block if isinstance(block, str) else table(block) for block in content)]
    lines.append(
        'The headings are those of Mitchell et al. (2019), "Model cards for model reporting", '
        "[arXiv:1810.03993](https://arxiv.org/abs/1810.03993)."
    )
    with atomic_write(run.path / NAME) as file:
        file.write_text("\n\n".join(lines) + "\n", encoding="utf-8")


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a table in Markdown.

    Example:
        >>> print(table([{"Part": "test", "Patients": 5}]))
        | Part | Patients |
        |---|---|
        | test | 5 |
    """
    columns = list(rows[0])
    lines = [columns, *([row[column] for column in columns] for row in rows)]
    cells = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([cells[0], "|" + "---|" * len(columns), *cells[1:]])
