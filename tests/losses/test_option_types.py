import dataclasses
import re
from typing import get_type_hints

import pytest

from resunet_kit import losses
from resunet_kit.losses import SegmentationLoss

CLASSES = [
    kind
    for kind in vars(losses).values()
    if isinstance(kind, type) and issubclass(kind, SegmentationLoss) and kind is not SegmentationLoss
]


@pytest.mark.parametrize("kind", CLASSES)
def test_a_function_takes_the_options_of_its_class_and_their_types(kind):
    function = getattr(losses, re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower())
    [options] = get_type_hints(function.__wrapped__)["options"].__args__
    types = {field.name: field.type for field in dataclasses.fields(kind)}
    del types["reduction"]
    assert get_type_hints(options) == types
    assert not options.__required_keys__
