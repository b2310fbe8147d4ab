import keras
import numpy as np
import pytest

from resunet_kit.models import res_unet_a

WIDTHS = (32, 64, 128, 256, 512, 1024)
BRANCHES = (4, 4, 3, 3, 1, 1)


def published_kernel_weights():
    """Count the kernels of ResUNet-a d6, layer by layer of the paper's table."""
    total = 3 * 32  # 1: 1x1
    for i, (width, branches) in enumerate(zip(WIDTHS, BRANCHES, strict=True)):
        total += branches * 2 * 9 * width * width  # ResBlock-a
        if i:
            total += WIDTHS[i - 1] * width  # 1x1, stride 2
        if i < 5:
            total += WIDTHS[i + 1] * width  # UpSample: 1x1
            total += 2 * width * width  # Combine: 1x1
            total += branches * 2 * 9 * width * width  # ResBlock-a
    for width in (1024, 32):  # PSPPooling: 4 grids of a quarter of the channels, then 1x1 of twice the channels
        total += 4 * width * (width // 4) + 2 * width * width
    total += 2 * 32 * 32  # Combine with layer 1
    return total + 32  # 1x1 to one class


@pytest.mark.slow
def test_the_network_is_that_of_the_papers_table():
    model = res_unet_a()
    kernels = [weight for weight in model.trainable_weights if weight.path.endswith("/kernel")]
    assert sum(int(np.prod(weight.shape)) for weight in kernels) == published_kernel_weights()

    rates = {1: [1, 3, 15, 31], 2: [1, 3, 15, 31], 3: [1, 3, 15], 4: [1, 3, 15], 5: [1], 6: [1]}
    for level, expected in rates.items():
        for part in ("encoder", "decoder") if level < 6 else ("encoder",):
            found = [layer for layer in model.layers if layer.name.startswith(f"{part}{level}_branch")]
            convolutions = [layer for layer in found if isinstance(layer, keras.layers.Conv2D)]
            assert sorted(layer.dilation_rate[0] for layer in convolutions) == sorted(2 * expected)
            assert {layer.filters for layer in convolutions} == {WIDTHS[level - 1]}
            assert {layer.output.shape[1] for layer in convolutions} == {256 // 2 ** (level - 1)}
    keras.utils.clear_session()


@pytest.mark.parametrize(
    ("size", "multitask"),
    [
        ((21, 14), False),
        ((None, None), True),
        ((6, 5, 7), False),
        *(
            pytest.param(size, multitask, marks=pytest.mark.slow)
            for size, multitask in [((21, 14), True), ((None, None), False), ((6, 5, 7), True)]
        ),
    ],
)
def test_images_of_any_size(size, multitask):
    model = res_unet_a((*size, 2), 3, filters=(4, 6, 8), multitask=multitask)
    fed = [side or 9 for side in size]
    outputs = model(np.ones((1, *fed, 2), "float32"))
    outputs = [keras.ops.convert_to_numpy(scores) for scores in (outputs if multitask else [outputs])]
    assert [scores.shape for scores in outputs] == [(1, *fed, 3)] * (3 if multitask else 1)
    if multitask:
        assert model.output_names == ["segmentation", "boundary", "distance"]
        scores, boundaries, distances = outputs
        np.testing.assert_allclose(scores.sum(-1), 1.0, atol=1e-5)
        np.testing.assert_allclose(distances.sum(-1), 1.0, atol=1e-5)
        assert boundaries.min() >= 0.0
        assert boundaries.max() <= 1.0


def test_scores_depend_on_boundaries_and_these_on_distances():
    model = res_unet_a((8, 8, 1), filters=(4, 6), multitask=True)
    joined = {label: model.get_layer(f"{label}_concat").input for label in ("segmentation", "boundary")}
    assert model.get_layer("distance").output in joined["boundary"]
    assert model.get_layer("distance").output in joined["segmentation"]
    assert model.get_layer("boundary").output in joined["segmentation"]


def test_the_last_rates_hold_for_deeper_levels():
    model = res_unet_a((16, 16, 1), filters=(4, 4, 4), dilation_rates=[(1, 2), (1,)])
    names = {layer.name for layer in model.layers}
    assert "encoder1_branch2_1_conv" in names
    assert not {"encoder2_branch2_1_conv", "encoder3_branch2_1_conv"} & names


@pytest.mark.parametrize(
    ("rates", "error", "message"),
    [
        ((), ValueError, "Expected dilation_rates to hold"),
        (3, TypeError, "Expected dilation_rates to be a sequence of sequences"),
        ((1, 3), TypeError, r"Expected dilation_rates\[0\] to be a sequence"),
        ([(1,), ()], ValueError, r"Expected dilation_rates\[1\] to hold"),
        ([(1, -3)], ValueError, r"Received dilation_rates\[0\]\[1\]=-3"),
    ],
)
def test_wrong_dilation_rates_are_named(rates, error, message):
    with pytest.raises(error, match=message):
        res_unet_a((32, 32, 3), dilation_rates=rates)
