"""Command line: `python -m examples.brain_mri --help`."""

import os
import sys

if __name__ == "__main__":
    # Before TensorFlow loads: its start-up chatter would bury a one-line error.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from examples.brain_mri.cli import main

    sys.exit(main())
