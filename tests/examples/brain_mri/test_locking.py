import subprocess
import sys
from pathlib import Path

import pytest

from examples.brain_mri.locking import hold

HOLDER = """
import sys, time
from pathlib import Path
from examples.brain_mri.locking import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_processes_are_not_at_one_folder(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        refused = r"Expected a run folder that no other process.*name another --out"
        with pytest.raises(ValueError, match=refused), hold(tmp_path):
            pass
        holder.kill()  # and the operating system lets go
    with hold(tmp_path):
        pass


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    for name in (".0123abcd-cascade", "cascade", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / ".4567abcd-cohort").mkdir()
    (tmp_path / ".4567abcd-cohort" / "data.csv").touch()
    with hold(tmp_path):
        assert {path.name for path in tmp_path.iterdir()} == {".lock", "cascade", ".hidden"}
