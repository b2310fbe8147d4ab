import math

import keras
import numpy as np
import pytest

from resunet_kit.models import res_unet, resnet
from resunet_kit.models._backbones.torch_resnets import BOTTLENECKS, UNITS, torch_resnet

IMAGES = np.random.default_rng(0).normal(size=(2, 96, 64, 3)).astype("float32")
# Of torchvision, without the classifiers of 1000 classes.
PUBLISHED = {18: 11_689_512, 34: 21_797_672, 50: 25_557_032, 101: 44_549_160, 152: 60_192_808}


def reference(depth, channels=3):
    pytest.importorskip("torch", reason="the reference network is PyTorch's")
    from tests.models.backbones.torch_networks import ResNet, randomized

    return randomized(ResNet(UNITS[depth], 4 if depth in BOTTLENECKS else 1, channels=channels))


def features(network, images):
    import torch

    with torch.no_grad():
        return network(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).numpy().transpose(0, 2, 3, 1)


def save(network, path):
    import torch

    if path.suffix == ".safetensors":
        numpy_files = pytest.importorskip("safetensors.numpy", reason="of the extra pretrained")
        numpy_files.save_file({name: value.numpy() for name, value in network.state_dict().items()}, path)
    else:
        torch.save(network.state_dict(), path, _use_new_zipfile_serialization=path.name != "legacy.pth")
    return path


def compare(model, network, images=IMAGES):
    expected = features(network, images)
    found = keras.ops.convert_to_numpy(model(images, training=False))
    assert 0.1 < expected.std() < 10
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("depth", "name"),
    [(18, "legacy.pth"), (34, "timm.safetensors"), (50, "new.pth"), (101, "timm.safetensors"), (152, "new.pth")],
)
def test_features_are_those_of_pytorch(tmp_path, depth, name):
    network = reference(depth)
    model = resnet(depth, (96, 64, 3), weights=save(network, tmp_path / name))
    outside_the_classifier = PUBLISHED[depth] - (1000 * network.fc.in_features + 1000)
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == outside_the_classifier
    compare(model, network)
    keras.utils.clear_session()


@pytest.mark.slow
def test_state_dicts_serve_other_channels_and_decoders(tmp_path):
    network = reference(18)
    file = save(network, tmp_path / "rgb.pth")
    gray = np.repeat(IMAGES[..., :1], 4, axis=-1)
    found = keras.ops.convert_to_numpy(resnet(18, (96, 64, 4), weights=file)(gray, training=False))
    np.testing.assert_allclose(found, features(network, gray[..., :3]), atol=1e-4)

    own = reference(18, channels=1)
    compare(resnet(18, (96, 64, 1), weights=save(own, tmp_path / "own.pth")), own, IMAGES[..., :1])
    with pytest.raises(ValueError, match=r"'resnet18'.*of another shape: conv1\.weight \(64, 1, 7, 7\)"):
        resnet(18, (96, 64, 4), weights=tmp_path / "own.pth")
    with pytest.raises(ValueError, match=r"'resnet34'.*missing: .* and \d+ more"):
        resnet(34, (96, 64, 3), weights=file)
    with pytest.raises(ValueError, match=r"'resnet50'.*unexpected|missing"):
        resnet(50, (96, 64, 3), weights=file)

    unet = res_unet((96, 64, 3), filters=(4,), encoder="resnet18", encoder_weights=file)
    scaled = (IMAGES - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    encoded = unet.get_layer("encoder")(unet.get_layer("preprocess")(IMAGES), training=False)[0]
    expected = features(network, scaled.astype("float32"))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(encoded), expected, atol=1e-4)
    keras.utils.clear_session()


@pytest.mark.parametrize("suffix", [".weights.h5", pytest.param(".keras", marks=pytest.mark.slow)])
def test_what_keras_saved_of_it_is_loaded_into_it(tmp_path, suffix):
    source, file = torch_resnet(18, (32, 32, 3), width=0.1), tmp_path / f"file{suffix}"
    (source.save if suffix == ".keras" else source.save_weights)(file)
    model = resnet(18, (32, 32, 3), weights=file, width=0.1)
    assert model.layers[-1].name == "layer4_1_relu"
    for weight, expected in zip(model.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_state_dicts_of_no_resnet_are_refused_before_they_are_read(tmp_path):
    (tmp_path / "file.pth").write_text("no weights")
    with pytest.raises(ValueError, match=r"Expected a file of Keras for VGG16.*resnet18, 34, 50, 101, 152"):
        res_unet((32, 32, 3), encoder="vgg16", encoder_weights=tmp_path / "file.pth")
    with pytest.raises(ValueError, match=r"Expected a file of torch.save. Received .*file\.pth"):
        resnet(18, (32, 32, 3), weights=tmp_path / "file.pth")
