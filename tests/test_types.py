"""A wrong word in a call fails a type checker: mypy refuses the lines that are marked, and no other."""

import re
from pathlib import Path

import pytest

import resunet_kit

pytestmark = pytest.mark.slow  # runs the type checker

CHECKOUT = Path(resunet_kit.__file__).parent.parent
CONFIGURATION = """
[mypy]
[mypy-numpy.*,keras.*,tensorflow.*,skimage.*,scipy.*,plotly.*]
ignore_missing_imports = true
follow_imports = skip
"""
# What a user writes; a line is refused if and only if it ends in `# wrong`.
CALLS = {
    "losses": """
import numpy as np
import resunet_kit
from resunet_kit import losses
from resunet_kit.losses import Dice, Tversky, UnifiedFocal, dice, tversky
from resunet_kit.losses import DiceLoss  # wrong
mask = np.ones((1, 4, 4, 1))
Dice(reduce="batch", reduction="sum", empty="skip", class_weights=[1, 2], soft_labels=True)
Dice(reduction=None, ignore_class=None)
Dice(reduce="imag")  # wrong
resunet_kit.losses.Dice(empty="skp")  # wrong
losses.Dice(reduction="average")  # wrong
Dice(name=3)  # wrong
Tversky(fp_weight="high")  # wrong
UnifiedFocal(form="asymetric")  # wrong
dice(mask, mask, reduce="batch", smooth=0.5)
dice(mask, mask, reduce="imag")  # wrong
dice(mask, mask, smoth=1.0)  # wrong
dice(mask, mask, reduction="sum")  # wrong
tversky(mask, mask, alpha=0.7)  # wrong
losses.TverskyLoss()  # wrong
""",
    "metrics": """
import resunet_kit
from resunet_kit import metrics
from resunet_kit.metrics import DiceScore
DiceScore(average="image", empty="skip")
DiceScore(average="imag")  # wrong
metrics.DiceScore(average="imag")  # wrong
resunet_kit.metrics.IoU(empty="skp")  # wrong
""",
    "data": """
from resunet_kit import data
data.pair_by_name("images", "masks", unmatched="drop")
data.pair_by_name("images", "masks", unmatched="dropp")  # wrong
data.read_mask("a.png", classes={(128, 0, 0): 1}, channel=None)
data.read_mask("a.png", foreground="yes")  # wrong
data.pairs_dataset(["a.png"], ["b.png"], full_scale=4095)
data.pairs_dataset(["a.png"], ["b.png"], num_clases=4)  # wrong
data.PairBatches(["a.png"], None, num_clases=4)  # wrong
data.pairs_datasets(["a.png"], ["b.png"])  # wrong
""",
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """Return the numbers of the refused lines by package, and what mypy printed."""
    api = pytest.importorskip("mypy.api")
    folder = tmp_path_factory.mktemp("calls")
    for package, calls in CALLS.items():
        (folder / f"calls_of_{package}.py").write_text(calls)
    (folder / "mypy.ini").write_text(CONFIGURATION)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setenv("MYPYPATH", str(CHECKOUT))
        printed, failed, _ = api.run(["--config-file", "mypy.ini", "."])
    assert not failed, failed
    found = re.findall(r"^calls_of_(\w+)\.py:(\d+): error", printed, re.MULTILINE)
    return {package: sorted({int(line) for name, line in found if name == package}) for package in CALLS}, printed


@pytest.mark.parametrize("package", CALLS)
def test_a_type_checker_refuses_wrong_words(package, refused):
    lines, printed = refused
    marked = [number for number, line in enumerate(CALLS[package].splitlines(), start=1) if line.endswith("# wrong")]
    assert lines[package] == marked, printed
