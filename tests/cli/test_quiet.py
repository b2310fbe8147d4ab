"""Start-up messages of frameworks are kept from standard error; what comes later is not."""

import os
import sys

from resunet_kit.cli._quiet import load_keras, silent_stderr


def test_what_compiled_code_writes_is_thrown_away_and_only_meanwhile(capfd):
    with silent_stderr():
        os.write(2, b"start-up\n")
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "later\n"


def test_keras_is_loaded_in_silence(capfd):
    load_keras()
    assert "keras" in sys.modules
    assert capfd.readouterr().err == ""
