from types import SimpleNamespace

import keras
import numpy as np
import pytest

from examples.brain_mri import choosing
from examples.brain_mri.batches import Patient
from resunet_kit.inference import Cascade

SIZE = 32


def patient(name, seed, tumour=0.8):
    """Four slices, two with a square of brightness `tumour` in noise below 0.14."""
    random = np.random.default_rng(seed)
    images = random.uniform(0, 0.14, (4, SIZE, SIZE, 3))
    masks = np.zeros((4, SIZE, SIZE), "uint8")
    masks[1:3, 8:16, 8:16] = 1
    images[masks > 0] = tumour
    return Patient(name, np.rint(images * 255).astype("uint8"), masks, masks.any(axis=(1, 2)))


def brightest(activation=None):
    """A classifier: twelve times the brightest pixel, minus 6."""
    image = keras.Input((SIZE, SIZE, 3))
    pooled = keras.layers.GlobalMaxPooling2D()(image)
    logit = keras.layers.Dense(1, activation=activation)
    model = keras.Model(image, logit(pooled))
    logit.set_weights([np.full((3, 1), 4.0), np.array([-6.0])])
    return model


def first_channel():
    image = keras.Input((SIZE, SIZE, 3))
    return keras.Model(image, image[..., :1])


def test_the_probability_is_calibrated_without_changing_the_order():
    patients = [patient("a", 0), patient("b", 1), patient("c", 2)]
    classifier = brightest()
    slope, shift = choosing.calibration(classifier, patients)
    assert slope > 0
    images = np.concatenate([one.images for one in patients]).astype("float32") / 255
    logits = classifier.predict_on_batch(images)
    probability = choosing.with_probability(classifier, slope, shift).predict_on_batch(images)
    np.testing.assert_allclose(probability, 1 / (1 + np.exp(-(slope * logits + shift))), atol=1e-6)
    shown = np.concatenate([one.shows_tumour for one in patients])
    assert probability[shown].min() > 0.5 > probability[~shown].max()


def test_many_patients_tell_slope_and_shift_and_one_hardly():
    random = np.random.default_rng(0)
    logits = random.normal(0, 3, (200, 30))
    truth = random.random(logits.shape) < 1 / (1 + np.exp(-(0.5 * logits + 2)))

    def of(count):
        images = np.zeros((30, 1, 1, 3), "uint8")
        patients = [Patient(str(i), images, images[..., 0], truth[i]) for i in range(count)]
        stub = SimpleNamespace(predict=lambda *_, **__: logits[:count].reshape(-1, 1))
        return choosing.calibration(stub, patients)

    assert of(200) == (pytest.approx(0.5, abs=0.05), pytest.approx(2, abs=0.2))
    slope, shift = of(1)
    drawn_too_often = np.log(truth[0].mean() / (1 - truth[0].mean())) - np.log(0.6 / 0.4)
    assert slope > 0.6
    assert shift == pytest.approx(drawn_too_often, abs=0.6)


def test_a_classifier_worse_than_chance_is_not_turned_around():
    one = patient("a", 0)
    inverted = Patient("a", one.images, one.masks, ~one.shows_tumour)
    slope, _ = choosing.calibration(brightest(), [inverted])
    assert 0 < slope < 0.5


def test_the_gate_holds_back_slices_that_are_surely_without_tumour():
    patients = [patient("a", 0), patient("b", 1)]
    cascade = Cascade(brightest("sigmoid"), first_channel(), value_range=(0, 1))
    scores = choosing.tune(cascade, patients)
    assert cascade.postprocess in choosing.CANDIDATES
    assert cascade.threshold == choosing.GATES[0]
    images = np.concatenate([one.images for one in patients]).astype("float32") / 255
    passed = cascade.classify(images) >= cascade.threshold
    shown = np.concatenate([one.shows_tumour for one in patients])
    assert scores["sensitivity"] == passed[shown].mean() == 1
    assert scores["specificity"] == pytest.approx((~passed)[~shown].mean())
    assert scores["specificity"] > 0
    assert scores["cascade_dice"] > scores["segmenter_dice"]  # which marks some of the noise


def test_the_usual_post_processing_stays_where_others_are_hardly_better():
    cascade = Cascade(brightest("sigmoid"), first_channel(), value_range=(0, 1))
    choosing.tune(cascade, [patient("a", 0), patient("b", 1)])
    assert cascade.postprocess == choosing.USUAL
    dim = [patient("a", 0, tumour=0.35), patient("b", 1, tumour=0.35)]
    choosing.tune(cascade, dim)
    assert cascade.postprocess.threshold == 0.3


@pytest.mark.parametrize(("gates", "kept"), [((0.99, 0.5, 0.0), 0.5), ((0.99, 0.0), 0.0)])
def test_a_gate_that_costs_dice_is_lowered(monkeypatch, gates, kept):
    cascade = Cascade(brightest("sigmoid"), first_channel(), value_range=(0, 1))
    monkeypatch.setattr(choosing, "GATES", gates)  # the first holds slices with tumour back
    scores = choosing.tune(cascade, [patient("a", 0), patient("b", 1)])
    assert cascade.threshold == kept
    assert (scores["cascade_dice"] > scores["segmenter_dice"]) == (kept > 0)
    assert (scores["specificity"] > 0) == (kept > 0)
