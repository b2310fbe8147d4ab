"""Command line of the example; heavy modules load inside the command that needs them."""

import argparse
import sys
from collections.abc import Sequence

from examples.brain_mri.commands import check, compare, demo, evaluate, predict, simulate, study, train
from examples.brain_mri.requirements import PACKAGES, check_installed, missing
from resunet_kit.cli.command_line import lacking

COMMANDS = (demo, simulate, check, train, evaluate, compare, predict, study)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; bad input gives one line on standard error and exit code 1."""
    chosen = parser().parse_args(arguments)
    try:
        check_installed(chosen.command, chosen.needs)
        return int(chosen.run(chosen) or 0)
    except (ValueError, OSError) as error:
        return _told(str(error), error)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in {"examples", "resunet_kit"}:
            raise  # a fault of the example itself
        print(f"error: {missing(chosen.command, PACKAGES.get(package, package))}", file=sys.stderr)
        return 1
    except ImportError as error:  # the library's own, which names the extra of the weights
        return _told(str(error), error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if said := lacking(error):  # memory or space on the disk, which backends report in classes of their own
            return _told(said, error)
        raise


def _told(said: str, error: BaseException) -> int:
    notes = getattr(error, "__notes__", [])  # as the file that could not be written
    print(" ".join(["error:", *said.split(), *notes]), file=sys.stderr)
    return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m examples.brain_mri",
        description="Brain MRI in two stages: a classifier says whether a slice shows a tumour, a ResUNet marks it.",
    )
    commands = top.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    for module in COMMANDS:
        command = commands.add_parser(module.__name__.rpartition(".")[2], help=module.HELP)
        module.add_arguments(command)
        command.set_defaults(run=module.run, needs=module.NEEDS)
    return top
