"""A worker that dies and a test that hangs end a run with an error: planted, under the project's own settings."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

SETTINGS = Path(__file__).parent.parent / "pyproject.toml"
OTHERS = "import time\nimport pytest\n@pytest.mark.parametrize('i', range(8))\ndef test_other(i): time.sleep(0.1)\n"
ABORT = "import os\ndef test_planted(): os.abort()\ndef test_after(): pass\n"
# In compiled code, where no signal reaches Python.
SLEEP = "import ctypes\ndef test_planted(): ctypes.CDLL(None).sleep(1000)\ndef test_after(): pass\n"
HANGING_FIXTURE = (
    "import time\nimport pytest\n@pytest.fixture\ndef slow(): time.sleep(1000)\ndef test_planted(slow): pass\n"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("planted", "distribution"),
    [(ABORT, "loadfile"), (ABORT, "load"), (SLEEP, "loadfile"), (HANGING_FIXTURE, "load")],
    ids=["abort", "abort-load", "sleep", "fixture"],
)
def test_a_lost_worker_or_a_hanging_test_ends_the_run(tmp_path, planted, distribution):
    (tmp_path / "test_planted.py").write_text(planted)
    (tmp_path / "test_others.py").write_text(OTHERS)
    start = time.monotonic()
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", SETTINGS, "--rootdir", tmp_path, "-o", "timeout=3", "--numprocesses=2",
         f"--dist={distribution}", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )  # fmt: skip
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert "crashed while running" in finished.stdout
    assert "test_planted" in finished.stdout
    assert time.monotonic() - start < 60


def test_the_settings_forbid_restarts_and_set_a_time_limit():
    text = SETTINGS.read_text()
    assert "--max-worker-restart=0" in text
    assert "\ntimeout = 600" in text
