"""A command by its module, as the command line runs it."""

import argparse
from types import ModuleType


def run(module: ModuleType, *arguments: object) -> int:
    """Parse the arguments and run the command."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    module.add_arguments(parser)
    return module.run(parser.parse_args([str(argument) for argument in arguments]))
