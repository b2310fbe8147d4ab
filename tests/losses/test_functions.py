import inspect
import pickle
import re

import keras
import numpy as np
import pytest

from resunet_kit import losses
from resunet_kit.losses import SegmentationLoss

CLASSES = [
    kind
    for kind in vars(losses).values()
    if isinstance(kind, type) and issubclass(kind, SegmentationLoss) and kind is not SegmentationLoss
]


def function_of(kind):
    return getattr(losses, re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower())


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("reduce", ["image", "batch"])
def test_a_function_is_its_class_without_reduction(kind, reduce):
    rng = np.random.default_rng(0)
    truth, prediction = rng.random((2, 4, 4, 2)) > 0.7, rng.random((2, 4, 4, 2))
    weight, options = np.array([1.0, 3.0]), {"class_weights": [1, 2], "multilabel": True, "reduce": reduce}
    found = function_of(kind)(truth, prediction, sample_weight=weight, **options)
    np.testing.assert_array_equal(found, kind(reduction=None, **options)(truth, prediction, weight))
    assert tuple(found.shape) == (2,)


@pytest.mark.parametrize("kind", CLASSES)
def test_a_function_is_registered_pickled_and_described(kind):
    function = function_of(kind)
    assert keras.saving.get_registered_name(function) == f"resunet_kit>{function.__name__}"
    assert pickle.loads(pickle.dumps(function)) is function
    assert f"the options of `{kind.__name__}`.\n\nArgs:\n    y_true:" in inspect.getdoc(function)


@pytest.mark.parametrize("kind", CLASSES)
def test_help_lists_and_explains_every_option_of_the_class(kind):
    shown = inspect.signature(function_of(kind)).parameters
    options = {name: option for name, option in inspect.signature(kind).parameters.items() if name != "reduction"}
    assert list(shown) == ["y_true", "y_pred", "sample_weight", *options]
    assert {name: shown[name] for name in options} == options
    explained = re.findall(r"^    (\w+): ", inspect.getdoc(function_of(kind)), re.MULTILINE)
    assert sorted(explained) == sorted([*shown, "TypeError", "ValueError"])


@pytest.mark.parametrize("kind", CLASSES)
def test_the_words_of_an_option_are_those_of_the_class(kind):
    words, text = inspect.getdoc(function_of(kind)), inspect.getdoc(kind)
    for name in set(inspect.signature(kind).parameters) - {"reduction"}:
        [entry] = re.findall(rf"^    {name}: .*\n(?: {{5,}}.*\n)*", text, re.MULTILINE)
        assert entry in words


@pytest.mark.parametrize("kind", CLASSES)
def test_a_function_refuses_a_reduction_and_an_unknown_option(kind):
    function = function_of(kind)
    mask = np.ones((1, 4, 4, 1))
    message = rf"^Expected {function.__name__} without reduction, .* Received reduction='mean'\. Take the mean"
    with pytest.raises(TypeError, match=message):
        function(mask, mask, reduction="mean")
    with pytest.raises(TypeError, match=rf"^Expected an option of {kind.__name__}\. Received ignore_index=1\. Pass "):
        function(mask, mask, ignore_index=1)
