"""Loading a framework without its start-up messages, which would bury a one-line error."""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator


def load_keras() -> None:
    """Import Keras and let its backend look for devices, discarding the messages of their compiled code.

    It writes them before any log level takes effect; Python's own errors still come through.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silent_stderr():
        keras = importlib.import_module("keras")
        importlib.import_module("resunet_kit.training._threads").set_threads()  # too late once it has computed
        keras.ops.zeros(1)


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Discard what is written to standard error, also by compiled code."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
