"""Silencing of converters, so that they print nothing and leave no traces in the process."""

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator

# They log messages that no user can act on; TensorFlow's own passes them on to absl.
LOGGERS = ("tf2onnx", "tensorflow", "absl", "root", "nncf")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Run the block without output, warnings or lasting changes of the environment.

    OpenVINO reports its use over the network, which takes a second offline and forks a process, unless it runs in
    continuous integration: within the block the environment says that it does. Compiled code writes directly to the
    process's error stream, hundreds of lines if it refuses a model; the errors that Python raises name the reason.
    Within the block other threads are silent too.
    """
    environment, levels = dict(os.environ), {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    os.environ["CI"] = "true"
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            _without_error_stream(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        os.environ.clear()
        os.environ.update(environment)


@contextlib.contextmanager
def _without_error_stream() -> Iterator[None]:
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
