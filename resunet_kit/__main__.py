"""Entry point of `python -m resunet_kit fit|predict|evaluate`."""

import sys

from resunet_kit.cli import main

if __name__ == "__main__":
    sys.exit(main())
