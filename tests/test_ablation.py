"""The tables of the guide to the brain MRI example have the differences that its figure draws."""

import re
from pathlib import Path

import pandas as pd
import pytest

from examples.guides.ablation import TABLE

GUIDE = Path(__file__).parents[1] / "docs" / "pages" / "guides" / "brain_mri.md"
ROWS = pd.read_csv(TABLE).to_dict("records")
NUMBERS = re.compile(r"([+−][\d.]+) \(([+−][\d.]+) to ([+−][\d.]+)\)")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["choice"])
def test_the_guide_has_each_choice_with_its_interval(row):
    [line] = re.findall(rf"^\| {re.escape(row['choice'])} \|(.*)\|$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    numbers, kept = line.split("|")
    [found] = NUMBERS.findall(numbers)
    values = [float(number.replace("−", "-")) for number in found]
    assert values == pytest.approx([row["difference"], row["low"], row["high"]], abs=6e-4)
    assert kept.strip().startswith(row["kept"])


def test_the_guide_has_no_other_choices():
    text = GUIDE.read_text(encoding="utf-8")
    assert len(re.findall(rf"^\| .* \| {NUMBERS.pattern} \|", text, re.MULTILINE)) == len(ROWS)
