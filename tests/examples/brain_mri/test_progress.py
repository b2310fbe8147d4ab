import io
import sys

import pytest

from examples.brain_mri.progress import progress_bar


@pytest.mark.parametrize(("terminal", "interval"), [(True, 0.5), (False, 30)])
def test_a_log_gets_few_lines(monkeypatch, terminal, interval):
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    bar = progress_bar(range(1000), desc="reading", file=stream)
    assert bar.mininterval == interval
    assert list(bar) == list(range(1000))
    assert len(stream.getvalue().split("\r")) <= 4
    assert stream.getvalue().rstrip().split("\r")[-1].startswith("reading: 100%")
