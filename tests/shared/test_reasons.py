import keras
import pytest

from resunet_kit._shared.reasons import reason


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
