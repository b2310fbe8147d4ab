import dataclasses
import inspect
import re

import keras
import numpy as np
import pytest

from resunet_kit import losses
from resunet_kit.losses import (
    Boundary,
    CenterlineDice,
    CrossEntropy,
    Dice,
    Focal,
    FocalTversky,
    GeneralizedDice,
    HausdorffDistance,
    Jaccard,
    MatthewsCorrelation,
    SegmentationLoss,
    Tversky,
    UnifiedFocal,
    option,
)

CLASSES = [kind for kind in vars(losses).values() if isinstance(kind, type) and issubclass(kind, SegmentationLoss)]
# Checked by rules of their own, or by Keras.
UNDECLARED = {"class_weights", "spacing", "dtype", "name"}


def declared(kind):
    return {field.name for field in dataclasses.fields(kind) if "interval" in field.metadata}


@pytest.mark.parametrize("kind", CLASSES)
def test_every_option_is_declared_and_refuses_another_type(kind):
    assert {field.name for field in dataclasses.fields(kind)} - declared(kind) <= UNDECLARED
    for name in declared(kind):
        with pytest.raises(TypeError, match=rf"^Expected {name} to be .*\. Received {name}=\[1\]\. "):
            kind(**{name: [1]})


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (Dice, {"reduce": "sum"}),
        (Dice, {"empty": "ignore"}),
        *((kind, {"smooth": -1.0}) for kind in (Dice, Jaccard, Tversky, GeneralizedDice, UnifiedFocal, CenterlineDice)),
        (Dice, {"smooth": float("nan")}),
        (MatthewsCorrelation, {"smooth": 1e-20}),
        (Tversky, {"fp_weight": -0.1}),
        (Tversky, {"fn_weight": -0.1}),
        (FocalTversky, {"exponent": 0}),
        (HausdorffDistance, {"exponent": 0}),
        (CenterlineDice, {"iterations": 0}),
        (CrossEntropy, {"label_smoothing": 1.5}),
        (Focal, {"gamma": -1}),
        (Focal, {"alpha": 2}),
        (UnifiedFocal, {"cross_entropy_weight": 1.1}),
        (UnifiedFocal, {"delta": 2}),
        (UnifiedFocal, {"gamma": 1}),
        (UnifiedFocal, {"form": "asymetric"}),
        (Boundary, {"spacing": 0}),
        (Boundary, {"spacing": (1, np.nan)}),
        (Boundary, {"spacing": ()}),
        (Dice, {"class_weights": [1, -1]}),
        (Dice, {"class_weights": [0, 0]}),
        (Dice, {"class_weights": []}),
        (Dice, {"empty": "skip", "reduction": "mean_with_sample_weight"}),
        (Tversky, {"fp_weight": 0, "fn_weight": 0}),
    ],
)
def test_options_out_of_range_are_refused(kind, options):
    with pytest.raises(ValueError, match=rf"^Expected .*{list(options)[-1]}.*\. Received .*\. \w+ "):
        kind(**options)


@pytest.mark.parametrize("weights", [{0: 1.0, 1: 20.0}, 5, ["a"], "12"])
def test_class_weights_of_another_type_are_refused(weights):
    with pytest.raises(TypeError, match="Expected class_weights"):
        Dice(class_weights=weights)


@pytest.mark.parametrize("spacing", ["1", {0: 1}, [[1, 1], [1, 1]]])
def test_a_spacing_of_another_type_is_refused(spacing):
    with pytest.raises(TypeError, match="Expected spacing"):
        Boundary(spacing=spacing)


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"reduction": "average"},
            ValueError,
            "^Expected reduction to be one of 'mean', .*Received reduction='average'",
        ),
        ({"reduction": "summ"}, ValueError, "Received reduction='summ'. Did you mean 'sum'\\?"),
        ({"reduction": 3}, TypeError, "Expected reduction to be one of .*, or None. Received reduction=3."),
        ({"reduction": True}, TypeError, "Received reduction=True."),
        ({"name": 3}, TypeError, "Expected name to be a string. Received name=3. "),
        ({"name": "left/right"}, ValueError, "Expected name without a slash. Received name='left/right'. "),
        ({"dtype": "int32"}, ValueError, "Expected dtype to be floating-point. Received dtype='int32'. "),
        ({"dtype": "flaot32"}, ValueError, "Expected dtype to be a dtype that Keras knows. Received dtype='flaot32'. "),
        ({"dtype": 32}, TypeError, "Expected dtype to be a dtype that Keras knows. Received dtype=32. "),
    ],
)
def test_what_keras_takes_is_checked_too(kind, options, error, message):
    with pytest.raises(error, match=message) as caught:
        kind(**options)
    assert re.search(r"\. [A-Z][^.]*[.?]$", str(caught.value))


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean", "sum", "none", None])
def test_reductions_are_those_of_keras(reduction):
    rng = np.random.default_rng(0)
    truth, prediction, weight = rng.random((3, 4, 5, 1)) > 0.5, rng.random((3, 4, 5, 1)), np.array([1.0, 0.0, 3.0])
    each = keras.ops.convert_to_numpy(losses.dice(truth, prediction)) * weight
    expected = {"sum": each.sum(), "none": each, None: each}.get(reduction, each.mean())
    np.testing.assert_allclose(Dice(reduction=reduction)(truth, prediction, weight), expected, rtol=1e-6)
    found = float(Dice(reduction="mean_with_sample_weight")(truth, prediction, weight))
    assert found == pytest.approx(each.sum() / weight.sum(), rel=1e-6)


def test_a_number_out_of_range_may_have_a_cure_of_its_own():
    with pytest.raises(
        TypeError, match=r"Received alpha=\[0\.2, 0\.8\]\. Pass the weight of the foreground.*class_weights\.$"
    ):
        Focal(alpha=[0.2, 0.8])


def test_signatures_show_plain_defaults():
    defaults = {name: parameter.default for name, parameter in inspect.signature(Tversky).parameters.items()}
    assert (defaults["fp_weight"], defaults["reduce"], defaults["ignore_class"]) == (0.3, "image", None)
    assert Tversky.fp_weight == 0.3


def test_numpy_scalars_become_pythons_own():
    loss = Dice(
        smooth=np.float32(0.5), ignore_class=np.int64(7), squared=np.bool_(True), class_weights=np.array([1, 2])
    )
    assert [type(loss.get_config()[name]) for name in ("smooth", "ignore_class", "squared")] == [float, int, bool]
    assert loss.class_weights == [1.0, 2.0]
    assert Boundary(spacing=np.array([1, 2])).spacing == [1.0, 2.0]


# === What the help says ===


def explained(kind):
    """Return what the docstring of a class says of each option, on one line."""
    [arguments] = re.findall(r"^Args:\n(.*?)\n\n(?=\S)", inspect.getdoc(kind), re.MULTILINE | re.DOTALL)
    found = re.findall(r"^    (\w+): (.*?)(?=\n    \w+: |\Z)", arguments, re.MULTILINE | re.DOTALL)
    return {name: " ".join(text.split()) for name, text in found}


@pytest.mark.parametrize("kind", CLASSES)
def test_the_help_of_a_loss_explains_all_its_options_itself(kind):
    texts = explained(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    inherited = [field.name for field in dataclasses.fields(SegmentationLoss)]
    own = [name for name in names if name not in inherited]
    assert sorted(texts) == sorted(names)
    assert set(list(texts)[: len(own)]) == set(own)
    assert list(texts)[len(own) :] == inherited
    assert "arguments are those of" not in inspect.getdoc(kind)


PAIR = " Two for one channel weigh the pixels of its background and its foreground, as `[1, 20]`."


@pytest.mark.parametrize("kind", CLASSES)
def test_an_option_of_several_losses_is_explained_in_the_same_words(kind):
    texts = explained(kind)
    expected = explained(SegmentationLoss)
    expected["class_weights"] += PAIR if kind.weighs_background else ""
    assert {name: texts[name] for name in expected} == expected
    assert texts.get("soft_labels", explained(Dice)["soft_labels"]) == explained(Dice)["soft_labels"]
    for base in kind.__mro__[1:]:
        if base in CLASSES and base is not SegmentationLoss:
            inherited = explained(base)
            assert {name: texts[name] for name in inherited} == inherited


# === Options of a user's loss ===

OWN = """
{future}
import dataclasses
from resunet_kit.losses import SegmentationLoss, option

@dataclasses.dataclass(kw_only=True, eq=False)
class Own(SegmentationLoss):
    power: float | None = option(None, "(0, inf)")
"""


@pytest.mark.parametrize("future", ["", "from __future__ import annotations"])
def test_annotations_may_be_strings(future):
    names = {"__name__": __name__}
    exec(OWN.format(future=future), names)
    assert names["Own"](power=2).power == 2.0
    assert names["Own"]().power is None
    with pytest.raises(ValueError, match=r"Expected power to be a number above 0\. Received power=0\."):
        names["Own"](power=0)


def test_an_option_with_another_default_keeps_its_range():
    @dataclasses.dataclass(kw_only=True, eq=False)
    class Own(Dice):
        smooth: float = 0.5

    assert Own().smooth == 0.5
    with pytest.raises(ValueError, match="Expected smooth to be a number of at least 0"):
        Own(smooth=-1)


def test_an_annotation_that_is_not_understood_is_refused():
    @dataclasses.dataclass(kw_only=True, eq=False)
    class Own(SegmentationLoss):
        name: str = option("own")

    with pytest.raises(TypeError, match=r"Expected the option name to be annotated as float.*Received <class 'str'>"):
        Own()


@pytest.mark.parametrize("weights", [(1, 2), np.array([1, 2]), {"a": 1, "b": 2}.values(), iter([1, 2])])
def test_class_weights_are_any_sequence(weights):
    assert Dice(class_weights=weights).class_weights == [1.0, 2.0]


def own(**fields):
    """Return a loss with options of these annotations and defaults."""
    namespace = {"__annotations__": {name: annotation for name, (annotation, _) in fields.items()}}
    namespace |= {name: default for name, (_, default) in fields.items()}
    return dataclasses.dataclass(kw_only=True, eq=False)(type("Own", (SegmentationLoss,), namespace))


def test_annotations_may_be_unions_and_strings():
    kind = own(a=(int | float, option(1)), b=(None | float, option(None)), c=("int | None", option(2)))
    assert (kind(a=2.5).a, kind(b=0.5).b, kind(c=np.int64(3)).c) == (2.5, 0.5, 3)
    with pytest.raises(TypeError, match="Expected c to be an integer"):
        kind(c=2.5)


@pytest.mark.parametrize("annotation", [list, str | float, losses.Dice, "dict"])
def test_other_annotations_are_refused(annotation):
    with pytest.raises(TypeError, match="Expected the option a to be annotated as"):
        own(a=(annotation, option(1)))()


@pytest.mark.parametrize("hook", ["look_around", "encode", "counted", "check_number"])
def test_hooks_under_their_names_of_0_1_0_are_refused(hook):
    with pytest.raises(TypeError, match=rf"Expected Own to define .*\. Received the method {hook}"):
        type("Own", (Dice,), {hook: lambda *_: None})


def test_a_configuration_of_0_1_0_loads():
    config = UnifiedFocal(cross_entropy_weight=0.25).get_config()
    config["cross_entropy_share"] = config.pop("cross_entropy_weight")  # renamed in 0.2.0
    assert UnifiedFocal.from_config(config).cross_entropy_weight == 0.25
