import sys

import keras
import numpy as np
import pytest

from resunet_kit.models._backbones import state_dicts
from resunet_kit.models._backbones.state_dicts import is_state_dict, load_state_dict, read_state_dict

RANDOM = np.random.default_rng(0)


def network():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, use_bias=False, name="conv")(inputs)
    x = keras.layers.DepthwiseConv2D(5, use_bias=False, name="depthwise")(x)
    return keras.Model(inputs, keras.layers.BatchNormalization(name="norm")(x), name="network")


def state():
    norm = {f"norm.{part}": RANDOM.random(4) for part in ("weight", "bias", "running_mean", "running_var")}
    return {
        "conv.weight": RANDOM.random((4, 3, 3, 3)),
        "depthwise.weight": RANDOM.random((4, 1, 5, 5)),
        **norm,
        "norm.num_batches_tracked": np.array(5),
        "fc.weight": RANDOM.random((9, 4)),
    }


def load(content):
    model = network()
    load_state_dict(model, content, str, ignored=("fc.",), source="file.pth")
    return model


def test_arrays_become_weights():
    content = state()
    kernel, depthwise, gamma, beta, mean, variance = load(content).get_weights()
    np.testing.assert_allclose(kernel[1, 2, 0, 3], content["conv.weight"][3, 0, 1, 2], rtol=1e-6)
    np.testing.assert_allclose(depthwise[1, 2, 3, 0], content["depthwise.weight"][3, 0, 1, 2], rtol=1e-6)
    for part, found in zip(
        ("weight", "bias", "running_mean", "running_var"), (gamma, beta, mean, variance), strict=True
    ):
        np.testing.assert_allclose(found, content[f"norm.{part}"], rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"conv.weight": None}, r"missing: conv\.weight\)"),
        (
            {f"norm.{part}": None for part in ("weight", "bias", "running_mean", "running_var")},
            "norm.bias, .* and 1 more",
        ),
        ({"layer5.weight": np.zeros(3)}, r"unexpected: layer5\.weight\)"),
        ({"conv.weight": np.zeros((4, 5, 3, 3))}, r"of another shape: conv\.weight \(4, 5, 3, 3\)\)"),
        ({"norm.bias": np.zeros((4, 1))}, r"of another shape: norm\.bias \(4, 1\)\)"),
        ({"norm.bias": np.array(["a"] * 4)}, r"not numbers: norm\.bias\)"),
    ],
)
def test_what_does_not_fit_is_named_and_changes_nothing(change, named):
    content = {name: value for name, value in {**state(), **change}.items() if value is not None}
    model = network()
    before = model.get_weights()
    with pytest.raises(ValueError, match=f"architecture 'network'. Received 'file.pth' .*{named}"):
        load_state_dict(model, content, str, ignored=("fc.",), source="file.pth")
    for weight, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_suffixes_tell_state_dicts():
    assert is_state_dict("a/model.SafeTensors")
    assert is_state_dict("resnet18-f37072fd.pth")
    assert not any(map(is_state_dict, ("model.weights.h5", "model.keras", None, "imagenet")))


@pytest.mark.parametrize("nested", [None, "state_dict", "model"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_checkpoints_are_unwrapped(monkeypatch, nested, prefix):
    arrays = {f"{prefix}conv.weight": np.ones(2)}
    monkeypatch.setattr(state_dicts, "read_torch_file", lambda _: {nested: arrays, "epoch": 3} if nested else arrays)
    assert list(read_state_dict("checkpoint.pth")) == ["conv.weight"]


@pytest.mark.parametrize("content", [3, [np.ones(2)], {"epoch": 3}])
def test_other_contents_are_refused(monkeypatch, content):
    monkeypatch.setattr(state_dicts, "read_torch_file", lambda _: content)
    with pytest.raises(ValueError, match=r"Expected a state dict.*'other\.pth' with another content"):
        read_state_dict("other.pth")


def test_safetensors_are_read(tmp_path):
    numpy_files = pytest.importorskip("safetensors.numpy", reason="of the extra pretrained")
    numpy_files.save_file({"conv.weight": np.arange(6.0).reshape(2, 3)}, tmp_path / "a.safetensors")
    np.testing.assert_array_equal(read_state_dict(tmp_path / "a.safetensors")["conv.weight"], [[0, 1, 2], [3, 4, 5]])
    (tmp_path / "b.safetensors").write_text("no weights")
    with pytest.raises(ValueError, match=r"Expected a file of safetensors.*b\.safetensors"):
        read_state_dict(tmp_path / "b.safetensors")


def test_without_safetensors_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r'a\.safetensors.*pip install "resunet-kit\[pretrained\]"'):
        read_state_dict(tmp_path / "a.safetensors")
