"""A training with stand-in networks that kills itself at a moment: `python killed_training.py MOMENT ARGUMENT...`.

The moment counts the files that the run has written: 2.0 is before the third is begun, 2.5 when it is half written.
"""

import os
import signal
import sys

from examples.brain_mri import cli
from tests.examples.brain_mri.conftest import stand_in_stages


def kill_at(moment: float) -> None:
    """Let this process end by SIGKILL in the middle of its writing."""
    replace, written = os.replace, 0

    def counted(source, target, **options):
        nonlocal written
        if written == int(moment):
            if moment % 1 and os.path.isfile(source):
                os.truncate(source, os.path.getsize(source) // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        written += 1
        replace(source, target, **options)

    os.replace = counted


if __name__ == "__main__":
    kill_at(float(sys.argv[1]))
    with stand_in_stages():
        sys.exit(cli.main(sys.argv[2:]))
