import html
import json
import re

import pandas as pd

from examples.brain_mri.provenance import first_line
from examples.brain_mri.report import page, stages


def text_of(trained):
    return (trained / "report.html").read_text(encoding="utf-8")


def test_the_report_stands_alone(trained):
    page = (trained / "report.html").read_text(encoding="utf-8")
    for heading in ("Summary", "Training", "Stage 1", "Stage 2", "Explore"):
        assert heading in page
    assert page.count("TCGA_SM_") > 3
    assert 'src="http' not in page


def test_the_first_line_says_that_the_patients_are_simulated(trained):
    body = text_of(trained).partition("<body>")[2]
    lines = [line for line in re.sub(r"<[^>]+>", "\n", body).splitlines() if line.strip()]
    assert lines[0].startswith("Brain MRI, simulated patients: ")
    summary = json.loads((trained / "metrics.json").read_text())
    first = first_line(summary["provenance"]).replace("**", "")
    assert html.unescape(re.sub(r"<[^>]+>", "", body)).index(first) < body.index("Summary")


def test_both_stages_stand_beside_each_other_with_what_the_gate_saves(trained):
    text = text_of(trained)
    section = text.partition("<h2>Both stages")[2].partition("</section>")[0]
    for words in ("<td>segmenter</td>", "<td>cascade</td>", "Cascade minus segmenter", "seconds per patient"):
        assert words in section
    for words in ("false alarms, of", "false positive pixels", "tumour slices held back"):
        assert words in section


def test_no_threshold_is_sought_on_test_patients(trained):
    text = text_of(trained)
    assert "Youden" not in text
    assert "Best F1" not in text
    metrics = json.loads((trained / "metrics.json").read_text())
    slices = pd.read_csv(trained / "metrics_per_slice.csv")
    figures = [block for block in stages.classifier_blocks(slices, metrics) if hasattr(block, "layout")]
    marked = [shape.x0 for figure in figures for shape in figure.layout.shapes if shape.type == "line"]
    assert marked == [metrics["thresholds"]["classifier"]]
    points = [trace.name for figure in figures for trace in figure.data if (trace.name or "").startswith("Threshold")]
    assert points == [f"Threshold {metrics['thresholds']['classifier']:.4g}"] * 3


def test_the_card_is_a_section(trained):
    assert "<h2>Model card</h2>" in text_of(trained)
    assert page.model_card is not None
