"""Command line: `python -m examples.brain_mri --help`."""

import sys

from examples.brain_mri.cli import main

if __name__ == "__main__":
    sys.exit(main())
