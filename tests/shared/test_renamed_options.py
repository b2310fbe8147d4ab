import copy
import dataclasses
import inspect
import pickle
from typing import ClassVar

import pytest

from resunet_kit._shared.renamed_options import NamedOptions

WIDTH = {"radius": "Pass radius.", "": "It has no width."}


@dataclasses.dataclass(kw_only=True)
class Filter(NamedOptions):
    other_names: ClassVar = {"mode": "Leave it out.", **dict.fromkeys(("sigma", "sigma_x"), WIDTH)}
    name: str = "filter"


@dataclasses.dataclass(kw_only=True)
class Blur(Filter):
    other_names: ClassVar = {"strength": "Pass amount."}
    radius: float = 1.0
    amount: float = 0.5


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (Blur, {"mode": "same"}, "Expected an option of Blur. Received mode='same'. Leave it out."),
        (Blur, {"sigma": 2}, "Expected an option of Blur. Received sigma=2. Pass radius."),
        (Filter, {"sigma": 2}, "Expected an option of Filter. Received sigma=2. It has no width."),
        (Filter, {"strength": 2}, "Expected an option of Filter. Received strength=2. Pass one of name."),
        (Blur, {"radios": 2}, "Expected an option of Blur. Received radios=2. Did you mean radius?"),
        (Blur, {"x": 2}, "Expected an option of Blur. Received x=2. Pass one of radius, amount, name."),
        (
            Blur,
            {"sigma": 2, "radius": 1.0, "strength": 3},
            "Expected an option of Blur. Received sigma=2 and strength=3. sigma: Pass radius. strength: Pass amount.",
        ),
        (Blur, {"sigma": 2, "x": "long " * 99}, "Received sigma=2 and x='long long lo...ng long long '. sigma: Pass"),
        (Blur, {"sigma": 2, "sigma_x": 2}, "Expected an option of Blur. Received sigma=2 and sigma_x=2. Pass radius."),
    ],
)
def test_an_unknown_option_gets_the_right_name(kind, options, message):
    with pytest.raises(TypeError) as caught:
        kind(**options)
    assert message in str(caught.value)


@pytest.mark.parametrize(("values", "listed"), [((2.0,), "2.0"), ((2.0, "a", []), "2.0, 'a' and []")])
def test_options_by_position_are_refused_with_their_names(values, listed):
    with pytest.raises(TypeError) as caught:
        Blur(*values)
    cure = "Write the name of each: radius, amount, name."
    assert str(caught.value) == f"Expected the options of Blur by name. Received {listed} by position. {cure}"


def test_signature_copies_and_pickles_stay_as_they_are():
    assert list(inspect.signature(Blur).parameters) == ["name", "radius", "amount"]
    assert inspect.signature(Blur).parameters["radius"].annotation is float
    blur = Blur(radius=3.0)
    for same in (copy.copy(blur), copy.deepcopy(blur), pickle.loads(pickle.dumps(blur)), dataclasses.replace(blur)):
        assert same == blur
    with pytest.raises(TypeError, match=r"Received sigma=1\. Pass radius."):
        dataclasses.replace(blur, sigma=1)


def test_an_init_of_its_own_takes_what_it_declares():
    class Own(Blur):
        def __init__(self, scale, *, offset=0):
            super().__init__(radius=scale + offset)

    class Open(Blur):
        def __init__(self, *values, **options):
            super().__init__(radius=len(values) + len(options))

    assert Own(2, offset=1).radius == 3
    assert Open(1, 2, anything=3).radius == 3
    with pytest.raises(TypeError, match=r"^Expected an option of Own\. Received ofset=1\. Did you mean offset\?$"):
        Own(2, ofset=1)


def test_another_new_gets_the_arguments_too():
    class Counted:
        def __new__(cls, *values, **options):
            instance = super().__new__(cls)
            instance.given = values, options
            return instance

    @dataclasses.dataclass(kw_only=True)
    class Both(NamedOptions, Counted):
        size: int = 1

    assert Both(size=2).given == ((), {"size": 2})
