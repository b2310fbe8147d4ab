"""Progress bars: often redrawn on a terminal, seldom in a log, which keeps every line."""

import sys
from typing import Any


def progress_bar(*arguments: Any, **options: Any) -> Any:
    """Return a `tqdm` bar of these arguments; one that cannot be redrawn gets a line every half minute."""
    from tqdm import tqdm  # here, since the command line first checks for missing packages

    return tqdm(*arguments, mininterval=0.5 if sys.stderr.isatty() else 30, **options)
