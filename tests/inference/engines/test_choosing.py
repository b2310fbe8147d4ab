import json

import numpy as np
import pytest

from resunet_kit.inference._engines import choosing
from resunet_kit.inference._engines.candidates import Candidate
from resunet_kit.inference._engines.choosing import Options, choose, combinations_of


def chosen(model, images, **changed):
    return choose(model, images, Options(**{"engine": "keras", "precision": "auto", "batch_size": 2, "seconds": 1.0,
                                            "cache": True, **changed}))  # fmt: skip


def test_a_choice_is_remembered_and_can_be_made_anew(model, images, own_cache, monkeypatch):
    found, note = chosen(model, images)
    assert (found.chosen.engine, note) == ("keras", "")
    [entry] = json.loads(own_cache.read_text())["entries"].values()
    assert Candidate(**entry["candidates"][entry["chosen"]]) == found.chosen

    def refuse(race, combinations):
        raise AssertionError("measured again")

    with monkeypatch.context() as patched:
        patched.setattr(choosing.Race, "fastest", refuse)
        again, note = chosen(model, images)
        assert again.candidates == found.candidates
        assert "remembered" in note
        for options in ({"cache": "redo"}, {"cache": False}, {"batch_size": 1}, {"engine": "auto"}):
            with pytest.raises(AssertionError, match="measured again"):
                chosen(model, images, **options)


GPU = {"engine": "gpu", "precision": "float32"}
FROM_THE_END = {"candidates": [{"engine": "keras", "precision": "bfloat16"}], "chosen": -1}
NOT_ASKED_FOR = {"engine": "openvino", "precision": "float32"}


@pytest.mark.parametrize(
    "entry",
    [
        None,
        3,
        {},
        FROM_THE_END,
        *({"candidates": found, "chosen": 0} for found in ([], [{"a": 1}], [GPU], [NOT_ASKED_FOR])),
    ],
)
def test_a_damaged_entry_is_measured_again(model, images, own_cache, monkeypatch, entry):
    monkeypatch.setattr(choosing, "recall", lambda *_: entry)
    monkeypatch.setattr(choosing, "remember", lambda *_: "")
    found, note = chosen(model, images, precision="auto", seconds=0.01)
    assert (found.chosen.engine, note) == ("keras", "")


def test_no_file_without_the_cache(model, images, own_cache):
    chosen(model, images, cache=False)
    assert not own_cache.exists()


def test_combinations():
    assert ("keras", "bfloat16") in combinations_of("auto", "auto")
    assert {kind for _, kind in combinations_of("auto", "int8")} == {"int8"}
    assert "int8" not in {kind for _, kind in combinations_of("auto", "auto")}
    with pytest.raises(ValueError, match="'float32', 'bfloat16'"):
        combinations_of("keras", "int8")


def test_the_one_that_was_asked_for_is_not_timed(model, images):
    found, _ = chosen(model, np.asarray(images), precision="float32")
    assert found.candidates == (Candidate("keras", "float32"),)
    assert found.chosen.seconds is None
