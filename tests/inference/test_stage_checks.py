import keras
import pytest

from resunet_kit.inference._stage_checks import check_stages
from tests.inference.stages import copying_segmenter, mean_classifier


def test_the_channels_of_both_are_returned():
    assert check_stages(mean_classifier(channels=3), copying_segmenter(channels=3, side=None)) == 3
    assert check_stages(mean_classifier(channels=None), copying_segmenter(channels=3)) == 3


def model(shape, output):
    inputs = keras.Input(shape)
    return keras.Model(inputs, output(inputs))


@pytest.mark.parametrize(
    ("classifier", "segmenter", "message"),
    [
        (mean_classifier(channels=3), copying_segmenter(), r"classifier for 3 channels and a segmenter for 1\. Build"),
        (mean_classifier(), copying_segmenter(channels=4), r"classifier for 1 channels and a segmenter for 4\. Build"),
        (mean_classifier(), model((8, 8, 8, 1), lambda x: x[..., 0]), r"input of shape \(batch, height, width, ch"),
        (model((8,), lambda x: x), copying_segmenter(), r"Expected a classifier with one input.*\(None, 8\)"),
        (mean_classifier(), model((8, 8, 1), lambda x: keras.ops.repeat(x, 300, axis=-1)), "256 classes"),
        (mean_classifier(), model((8, 8, 1), lambda x: [x, x]), "Expected segmenter to be built, with one output"),
        (keras.Sequential([keras.layers.Dense(1)]), copying_segmenter(), "Expected classifier to be built"),
    ],
)
def test_models_that_do_not_fit_each_other_are_refused(classifier, segmenter, message):
    with pytest.raises(ValueError, match=message):
        check_stages(classifier, segmenter)


def test_models_of_two_inputs_are_refused():
    left, right = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    with pytest.raises(ValueError, match="one input"):
        check_stages(mean_classifier(), keras.Model([left, right], left + right))
