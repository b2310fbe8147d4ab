"""Command line for users who do not program: `python -m resunet_kit fit|predict|evaluate`, or `resunet-kit`."""

from resunet_kit.cli.command_line import main

__all__ = ["main"]
