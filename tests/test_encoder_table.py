"""The page of encoders lists every backbone, with the numbers that its network has."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from resunet_kit.models._backbones.registry import backbones
from tests.encoder_table import END, START, TOP_1, origin

CHECKOUT = Path(__file__).parent.parent
PAGE = CHECKOUT / "docs" / "pages" / "encoders.md"


def written():
    return PAGE.read_text(encoding="utf-8").partition(START)[2].partition(END)[0].strip()


def test_every_backbone_is_listed_with_a_source_and_where_its_weights_come_from():
    rows = {row[0].replace("_", ""): row for row in re.findall(r"^\| `(\w+)` .* \| (.+) \|$", written(), re.MULTILINE)}
    described = {name: describe() for name, describe in backbones().items()}
    assert rows.keys() == described.keys()
    assert {name: row[1] for name, row in rows.items()} == {name: origin(b) for name, b in described.items()}
    assert {backbone.label for backbone in described.values()} == TOP_1.keys()


# One of each family: larger ones repeat the same blocks. `python -m tests.encoder_table` counts all, in 40 seconds.
COUNTED = (
    *("convnexttiny", "densenet121", "efficientnetb0", "efficientnetv2b0", "inceptionresnetv2", "inceptionv3"),
    *("mobilenet", "mobilenetv2", "mobilenetv3small", "nasnetmobile", "resnet50", "resnet50v2", "vgg16", "xception"),
    *("resnet18", "efficientnet_lite0"),
)


@pytest.mark.slow
def test_the_numbers_are_those_of_the_networks():
    # In a process of its own: the variables without values stay registered with Keras.
    command = [sys.executable, "-m", "tests.encoder_table", *COUNTED]
    found = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=600)
    rows = found.stdout.splitlines()
    assert len(rows) == len(COUNTED)
    assert [row for row in written().splitlines() if row in rows] == rows
