"""Names that other libraries give losses and their options get the name that they have here."""

import dataclasses
import inspect
import pickle
import re

import pytest

from resunet_kit import losses, metrics
from resunet_kit._shared.renamed_options import cure_of_name, hints_of
from resunet_kit.losses import (
    CenterlineDice,
    CrossEntropy,
    Dice,
    Focal,
    FocalTversky,
    HausdorffDistance,
    LossSum,
    Lovasz,
    SegmentationLoss,
    Tversky,
    UnifiedFocal,
)

KINDS = [kind for kind in vars(losses).values() if isinstance(kind, type) and issubclass(kind, SegmentationLoss)]


def options_of(kind):
    return [field.name for field in dataclasses.fields(kind)]


# === Options ===


@pytest.mark.parametrize(
    ("kind", "options", "cure"),
    [
        (Tversky, {"alpha": 0.3, "beta": 0.7}, "Pass fp_weight for false positives and fn_weight for false negatives."),
        (FocalTversky, {"alpha": 0.7}, "Look up which of them alpha weighs in your code"),
        (FocalTversky, {"gamma": 4 / 3}, "Pass exponent, the power of 1 - T"),
        (Dice, {"smooth_nr": 0, "smooth_dr": 1e-5}, "Pass smooth, a number of pixels"),
        (Dice, {"smoth": 1}, "Did you mean smooth?"),
        (Dice, {"eps": 1e-7}, "Leave it out, as the denominator is kept above 0"),
        (Dice, {"log_loss": True}, "Leave it out: no option gives minus the logarithm"),
        (Dice, {"mode": "binary"}, "Leave it out: the channels of y_pred tell"),
        (Dice, {"classes": [1]}, "Pass class_weights with a 0 for each class"),
        (Dice, {"ignore_index": 255}, "Pass ignore_class"),
        (Dice, {"sigmoid": True}, "Pass from_logits=True"),
        (Dice, {"softmax": True, "to_onehot_y": True}, "to_onehot_y: Leave it out: integer labels are told"),
        (Dice, {"batch": True}, 'reduce="batch"'),
        (Dice, {"axis": (1, 2)}, 'reduce="image"'),
        (Dice, {"squared_pred": True}, "Pass squared."),
        (Tversky, {"squared_pred": True}, "Leave it out. Dice(squared=True)"),
        (Dice, {"jaccard": True}, "take the class Jaccard"),
        (Dice, {"soft_label": True}, "Pass soft_labels."),
        (UnifiedFocal, {"soft_labels": True}, "The losses with soft_labels=True"),
        (CrossEntropy, {"soft_label": True}, "smallest at the soft truth as it is"),
        (Dice, {"weight": [1, 2]}, "Pass class_weights"),
        (Dice, {"lambda_dice": 1.0, "lambda_ce": 0.5}, "0.7 * Dice() + 0.3 * CrossEntropy()"),
        (Dice, {"alpha": 0.5}, "Tversky weighs errors by fp_weight and fn_weight"),
        (Lovasz, {"smooth": 1.0}, "Leave it out: this loss needs no smoothing."),
        (Lovasz, {"per_image": True}, 'reduce="image"'),
        (CrossEntropy, {"pos_weight": 20}, "Pass class_weights=[1, pos_weight] for one channel."),
        (Tversky, {"pos_weight": 20}, "Pass fn_weight above fp_weight"),
        (Lovasz, {"pos_weight": 20}, "Pass sample_weight to the call"),
        (CrossEntropy, {"smooth_factor": 0.1}, "twice that of SMP"),
        (Dice, {"label_smoothing": 0.1}, "Smooth y_true itself."),
        (Focal, {"apply_class_balancing": True}, "Pass alpha=0.25"),
        (UnifiedFocal, {"weight": 0.5}, "Pass cross_entropy_weight"),
        (UnifiedFocal, {"lambda_": 0.5}, "Pass cross_entropy_weight, the paper's λ."),
        (CenterlineDice, {"iter_": 5}, "Pass iterations."),
        (HausdorffDistance, {"alpha": 2}, "Pass exponent"),
        (HausdorffDistance, {"sampling": 2}, "Pass spacing."),
        (LossSum, {"losses": [], "loss_weights": [1]}, "Pass weights, one number per loss."),
        (Dice, {"unheard_of": 1}, "Pass one of squared, smooth, soft_labels, from_logits, multilabel"),
    ],
)
def test_options_of_other_libraries_get_their_names_here(kind, options, cure):
    with pytest.raises(TypeError) as caught:
        kind(**options)
    message = str(caught.value)
    assert message.startswith(f"Expected an option of {kind.__name__}. Received ")
    assert cure in message
    unknown = [name for name in options if name not in options_of(kind)]
    assert all(f"{name}={options[name]!r}" in message for name in unknown)


def test_a_function_answers_as_its_class():
    with pytest.raises(TypeError, match=r"^Expected an option of Tversky\. Received alpha=0\.7\. Pass fp_weight "):
        losses.tversky(None, None, alpha=0.7)


def test_options_by_position_are_refused():
    with pytest.raises(
        TypeError, match=r"^Expected the options of Tversky by name\. Received 0\.3 and 0\.7 by position"
    ):
        Tversky(0.3, 0.7)
    with pytest.raises(TypeError, match=r"Write the name of each: losses, weights, name\.$"):
        LossSum([Dice()])


@pytest.mark.parametrize("kind", [*KINDS, LossSum])
def test_every_hint_names_options_that_the_class_has(kind):
    options = options_of(kind)
    hints = hints_of(kind)
    for name in set(hints) - set(options):
        text = cure_of_name(name, options, hints)
        assert text[0].isupper(), name
        assert text.endswith("."), name
        for passed in re.findall(r"[Pp]ass (\w+)", text):
            # Of the call; and what is passed to other losses, which the sentence names.
            assert passed in [*options, "sample_weight"] or "Leave it out" in text, (name, text)
        for example in re.findall(r"\w+\(\w+=\w+\)", text):
            assert eval(example, vars(losses).copy()), (name, text)


def test_a_users_loss_gets_hints_too():
    @dataclasses.dataclass(kw_only=True, eq=False)
    class Own(Dice):
        power: float = losses.option(2.0)
        name: str = "own"

    with pytest.raises(TypeError, match=r"^Expected an option of Own\. Received powr=1\. Did you mean power\?$"):
        Own(powr=1)
    with pytest.raises(TypeError, match="Pass ignore_class"):
        Own(ignore_index=1)
    assert Own(power=3).get_config()["power"] == 3.0


def test_signatures_and_configurations_are_those_of_the_fields():
    for kind in KINDS:
        assert list(inspect.signature(kind).parameters) == options_of(kind)
        if kind is not SegmentationLoss:
            again = kind.from_config(kind().get_config())
            assert again.get_config() == kind().get_config()
    assert pickle.loads(pickle.dumps(Tversky)) is Tversky


# === Losses ===


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("TverskyLoss", "It is Tversky here."),
        ("DiceLoss", "It is Dice here."),
        ("SoftDiceLoss", "It is Dice here."),
        ("dice_loss", "It is dice here."),
        ("IoU", "It is Jaccard here. The score itself is resunet_kit.metrics.IoU."),
        ("IoULoss", "It is Jaccard here."),
        ("BinaryFocalLoss", "It is Focal here."),
        ("BinaryFocalCrossentropy", "It is Focal here."),
        ("CategoricalFocalLoss", "It is Focal here."),
        ("binary_focal_loss", "It is focal here."),
        ("SparseCategoricalCrossentropy", "It is CrossEntropy here."),
        ("BCEWithLogitsLoss", "It is CrossEntropy here. Pass from_logits=True."),
        ("FocalTverskyLoss", "It is FocalTversky here."),
        ("LovaszLoss", "It is Lovasz here."),
        ("LovaszSoftmaxLoss", "It is Lovasz here."),
        ("MCCLoss", "It is MatthewsCorrelation here."),
        ("GeneralizedDiceLoss", "It is GeneralizedDice here."),
        ("HausdorffDTLoss", "It is HausdorffDistance here."),
        ("SoftclDiceLoss", "It is CenterlineDice here."),
        ("AsymmetricUnifiedFocalLoss", "It is UnifiedFocal here."),
        ("DiceCELoss", "It is a sum here: Dice() + CrossEntropy()."),
        ("bce_dice_loss", "It is a sum here: Dice() + CrossEntropy()."),
        ("DiceFocalLoss", "It is a sum here: Dice() + Focal()."),
        ("Jacard", "Did you mean Jaccard?"),
    ],
)
def test_losses_of_other_libraries_get_their_names_here(name, cure):
    with pytest.raises(AttributeError) as caught:
        getattr(losses, name)
    assert str(caught.value) == f"module 'resunet_kit.losses' has no attribute '{name}'. {cure}"
    with pytest.raises(ImportError) as imported:
        exec(f"from resunet_kit.losses import {name}")
    assert str(imported.value) == f"cannot import name '{name}' from 'resunet_kit.losses'. {cure}"
    assert not hasattr(losses, name)
    for sum_ in re.findall(r"sum here: (.*)\.$", cure):
        assert isinstance(eval(sum_, vars(losses).copy()), LossSum)
    for loss in re.findall(r"^It is (\w+) here", cure):
        assert callable(getattr(losses, loss))
    for score in re.findall(r"metrics\.(\w+)\.$", cure):
        assert hasattr(metrics, score)


def test_every_name_in_the_table_is_a_loss():
    from resunet_kit.losses import _other_names

    assert {getattr(losses, name).__name__ for name in _other_names.LOSSES.values()} == set(
        _other_names.LOSSES.values()
    )
    for sum_ in _other_names.SUMS.values():
        assert isinstance(eval(sum_, vars(losses).copy()), LossSum)
