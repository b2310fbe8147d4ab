"""The command fit hands every option to fit_folder, and reports what cannot be done."""

import inspect

import pytest

from resunet_kit.cli import main
from resunet_kit.training import fit_folder
from tests.training.folders import write_discs


@pytest.fixture
def call(monkeypatch):
    """Return the options with which a command calls fit_folder."""

    def called(*arguments: str) -> dict:
        received = {}

        def record(images, masks, **options):
            inspect.signature(fit_folder).bind(images, masks, **options)
            received.update(options, images=images, masks=masks)

        monkeypatch.setattr("resunet_kit.training.fit_folder", record)
        assert main(["fit", "a", "b", "--out", "run", *arguments]) == 0
        return received

    return called


def test_the_defaults_are_those_of_the_function(call):
    defaults = {name: one.default for name, one in inspect.signature(fit_folder).parameters.items()}
    received = call()
    assert (received.pop("images"), received.pop("masks"), received.pop("out")) == ("a", "b", "run")
    assert received == {name: defaults[name] for name in received}


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["--groups", "none"], "groups", None),
        (["--groups", r"(p\d)"], "groups", r"(p\d)"),
        (["--drop-unmatched"], "unmatched", "drop"),
        (["--image-size", "64"], "image_size", 64),
        (["--image-size", "64", "32"], "image_size", [64, 32]),
        (["--normalize", "none"], "normalize", None),
        (["--classes", "{(128, 0, 0): 1, None: 0}"], "classes", {(128, 0, 0): 1, None: 0}),
        (["--filters", "4", "8"], "filters", [4, 8]),
        (["--no-augment"], "augment", None),
        (["--precision", "mixed_bfloat16"], "precision", "mixed_bfloat16"),
        (["--resume"], "resume", True),
        (["--quiet"], "verbose", 0),
        (["--ignore-class", "255"], "ignore_class", 255),
    ],
)
def test_each_option_arrives(call, arguments, name, value):
    assert call(*arguments)[name] == value


@pytest.mark.parametrize("text", ["4: 3", "{4", "__import__('os')", "[1]"])
def test_a_table_is_read_without_running_code(text, capsys):
    with pytest.raises(SystemExit):
        main(["fit", "a", "b", "--out", "run", "--classes", text])
    assert "is not a table" in capsys.readouterr().err


def test_bad_data_is_one_line_on_standard_error(tmp_path, capsys):
    images, masks = write_discs(tmp_path, 2)
    assert main(["fit", str(images), str(masks), "--out", str(tmp_path / "run")]) == 1
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "at least 3 groups" in printed.err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_the_three_commands_follow_each_other(tmp_path, capsys):
    images, masks = map(str, write_discs(tmp_path, 6))
    run, out = str(tmp_path / "run"), str(tmp_path / "out")
    small = ["--epochs", "1", "--filters", "4", "8"]
    assert main(["fit", images, masks, "--out", run, *small]) == 0
    assert "Report: " in capsys.readouterr().out
    assert main(["predict", "--run", run, "--out", out, images]) == 0
    assert len(list((tmp_path / "out").glob("*_pred.png"))) == 6
    assert main(["evaluate", "--run", run, "--images", images, "--masks", masks, "--out", out]) == 0
    assert (tmp_path / "out" / "scores.json").is_file()
