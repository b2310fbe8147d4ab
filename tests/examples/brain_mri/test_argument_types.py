import argparse
import re

import pytest

from examples.brain_mri import argument_types


@pytest.mark.parametrize(
    ("convert", "text"),
    [
        *((argument_types.positive_number, text) for text in ("nan", "-1", "0", "inf", "x")),
        *((argument_types.positive, text) for text in ("0", "-3", "1.5", "")),
        *((argument_types.seed, text) for text in ("-1", str(2**32))),
    ],
)
def test_numbers_out_of_range_are_refused(convert, text):
    with pytest.raises(argparse.ArgumentTypeError, match=rf"Expected .* Received {re.escape(repr(text))}\. Pass "):
        convert(text)
