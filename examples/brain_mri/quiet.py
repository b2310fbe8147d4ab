"""Loading TensorFlow without its start-up chatter, which would bury a one-line error."""

import importlib
import os
import sys


def load_tensorflow() -> None:
    """Import TensorFlow and let it look for devices, and discard what its C++ code prints about them.

    It is printed before any setting of the log level takes effect; errors raised in Python still appear.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        importlib.import_module("tensorflow").config.list_physical_devices()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
