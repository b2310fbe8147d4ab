import logging
import os
import sys
import warnings

import pytest

from resunet_kit.inference._quiet import quiet


def test_nothing_is_printed_and_nothing_stays(capfd, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    before = dict(os.environ), logging.getLogger("tf2onnx").level, list(warnings.filters)
    with quiet():
        print("printed")
        print("an error", file=sys.stderr)
        os.write(2, b"of compiled code")
        warnings.warn("a warning", stacklevel=1)
        os.environ["ADDED"] = "1"
    assert capfd.readouterr() == ("", "")
    assert before == (dict(os.environ), logging.getLogger("tf2onnx").level, list(warnings.filters))


def test_after_an_error_things_are_printed_again(capfd):
    with pytest.raises(KeyError), quiet():
        raise KeyError
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"
