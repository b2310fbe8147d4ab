import keras
import pytest

from resunet_kit._shared.errors import reason, unknown_name


def test_an_unknown_name_gets_the_known_ones_and_the_nearest():
    error = unknown_name("skip", "concta", ["concat", "add"])
    assert isinstance(error, ValueError)
    assert str(error) == "Expected skip to be one of 'add', 'concat'. Received skip='concta'. Did you mean 'concat'?"


def test_nothing_is_proposed_far_away_and_other_types_are_a_type_error():
    assert "Did you mean" not in str(unknown_name("skip", "zzz", ["concat", "add"]))
    error = unknown_name("skip", 7, ["concat", "add"], also="or a callable")
    assert isinstance(error, TypeError)
    assert str(error) == (
        "Expected skip to be one of 'add', 'concat', or a callable. Received skip=7. Pass one of these."
    )


def test_the_reason_is_named_rather_than_the_call():
    with pytest.raises(ValueError, match="negative") as error:
        keras.layers.Conv2D(2, 5)(keras.Input((2, 2, 3)))
    assert "\x1b" not in reason(error.value)
    assert "negative" in reason(error.value)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("plain", "plain"),
        ("first\nsecond", "first"),
        ("Exception encountered when calling Conv2D.call().\n\n\x1b[1mToo small.\x1b[0m\n\nArguments", "Too small."),
        ("", "OSError('')"),
    ],
)
def test_messages(message, expected):
    assert reason(OSError(message)) == expected
