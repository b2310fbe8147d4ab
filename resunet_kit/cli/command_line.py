"""Command line for users who do not program: `python -m resunet_kit fit|predict|evaluate`, or `resunet-kit`.

Each command is a module with `add_arguments(parser)` and `run(arguments) -> int`, which imports what it needs when it
runs: help and errors of the command line load neither Keras nor TensorFlow.
"""

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Sequence

import resunet_kit
from resunet_kit.cli._quiet import load_keras

COMMANDS = {
    "fit": "train a network on a folder of images and a folder of masks, and assess it",
    "predict": "write the masks of images, with a run of fit",
    "evaluate": "score masks, or a run of fit, on images whose masks are known",
}
EXAMPLES = """examples:
  python -m resunet_kit fit images masks --out run
  python -m resunet_kit predict --run run --out predictions new_images
  python -m resunet_kit COMMAND --help
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; invalid input is reported in one line on standard error.

    Args:
        arguments: Arguments of the command line without the program's name; None takes `sys.argv`.

    Returns:
        The exit code, which is 0, 1 after an error, or 130 after an interruption. Wrong usage exits with 2.

    Example:
        >>> from resunet_kit.cli import main
        >>> main(["fit", "no_such_folder", "masks", "--out", "run"])
        1
    """
    chosen = parser().parse_args(arguments)
    try:
        if getattr(chosen, "predictions", None) is None:  # masks alone are scored without a framework
            load_keras()
        return int(chosen.run(chosen) or 0)
    except Exception as error:
        said = lacking(error)
        if said is None and not isinstance(error, ValueError | TypeError | ImportError | OSError):
            raise  # a bug in the program
        notes = getattr(error, "__notes__", [])  # such as the file that could not be written
        print(" ".join(["error:", *(said or str(error)).split(), *notes]), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def lacking(error: Exception) -> str | None:
    """Return what the machine lacks, memory or disk space; None for any other error.

    Backends and HDF5 raise classes of their own for these.
    """
    if isinstance(error, MemoryError) or type(error).__name__ in ("ResourceExhaustedError", "OutOfMemoryError"):
        return "Expected enough memory. Received too little. Pass a smaller --batch-size, or close other programs."
    said = (os.strerror(errno.ENOSPC), os.strerror(errno.EFBIG), " requested and ")  # the last one is NumPy's
    if any(text in str(error) for text in said) and not isinstance(error, ValueError | TypeError):
        return "Expected space for the results. Received: no space left on device. Free some, and repeat the command."
    return None


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m resunet_kit",
        description="Segmentation from folders of files: train, predict, evaluate.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"resunet_kit {resunet_kit.__version__}")
    commands = top.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        module = importlib.import_module(f"resunet_kit.cli.{name}")
        sub = commands.add_parser(
            name,
            help=summary,
            description=f"{summary.capitalize()}.",
            epilog=getattr(module, "EXAMPLES", None),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return top
