from pathlib import Path

from examples.brain_mri.scans.scan import reason, unusable


def test_a_reason_is_one_line_without_the_name_that_the_error_has():
    path = Path("folder/a.png")
    assert reason(path, unusable(path, "Expected one.\nReceived two.")) == "Expected one. Received two."
