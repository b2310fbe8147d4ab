"""The frame of the command line: help without frameworks, errors on one line, exit codes."""

import subprocess
import sys

import pytest

import resunet_kit
from resunet_kit.cli.command_line import COMMANDS, main, parser

NO_SPACE = (
    "error: Expected space for the results. Received: no space left on device. Free some, and repeat the command.\n"
)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_examples(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"python -m resunet_kit {command} " in capsys.readouterr().out


def test_help_and_version_load_no_framework():
    code = (
        "import sys\nfrom resunet_kit.cli.command_line import parser\nparser().format_help()\n"
        "print(sorted(set(sys.modules) & {'keras', 'tensorflow', 'jax', 'torch'}))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.strip() == f"resunet_kit {resunet_kit.__version__}"


@pytest.mark.parametrize("arguments", [[], ["segment"], ["fit", "images"]])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ValueError("Expected this.\nReceived that. Do so."), 1, "error: Expected this. Received that. Do so.\n"),
        (ImportError("missing"), 1, "error: missing\n"),
        (FileNotFoundError("gone"), 1, "error: gone\n"),
        (
            MemoryError(),
            1,
            "error: Expected enough memory. Received too little. Pass a smaller --batch-size, or close other "
            "programs.\n",
        ),
        (
            RuntimeError("Unable to close file (errno = 28, error message = 'No space left on device')"),
            1,
            NO_SPACE,
        ),
        (OSError("65536 requested and 6112 written"), 1, NO_SPACE),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (None, 0, ""),
    ],
)
def test_errors_are_one_line_and_an_exit_code(error, code, text, capsys, monkeypatch):
    def run(arguments):
        if error is not None:
            raise error
        return 0

    monkeypatch.setattr("resunet_kit.cli.fit.run", run)
    assert main(["fit", "images", "masks", "--out", "run"]) == code
    assert capsys.readouterr().err == text


def test_a_fault_of_the_program_is_not_hidden(monkeypatch):
    def run(arguments):
        raise ZeroDivisionError

    monkeypatch.setattr("resunet_kit.cli.fit.run", run)
    with pytest.raises(ZeroDivisionError):
        main(["fit", "images", "masks", "--out", "run"])


def test_the_module_runs_the_commands():
    code = "import runpy, sys; sys.argv[1:] = ['--version']; runpy.run_module('resunet_kit', run_name='__main__')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == f"resunet_kit {resunet_kit.__version__}"


def test_the_parser_knows_what_runs_each_command():
    chosen = parser().parse_args(["fit", "images", "masks", "--out", "run"])
    assert chosen.command == "fit"
    assert callable(chosen.run)
