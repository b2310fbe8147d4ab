"""Networks in PyTorch, as torchvision, timm and efficientnet_lite_pytorch define them: the references of ours."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional


class Unit(nn.Module):
    """A basic block, or with `expansion=4` a bottleneck that strides in its 3x3 kernel."""

    def __init__(self, inputs, filters, strides, expansion):
        super().__init__()
        outputs = filters * expansion
        sizes = [(inputs, filters, 3, strides), (filters, filters, 3, 1)]
        if expansion > 1:
            sizes = [(inputs, filters, 1, 1), (filters, filters, 3, strides), (filters, outputs, 1, 1)]
        self.count = len(sizes)
        for number, (before, after, kernel, step) in enumerate(sizes, start=1):
            setattr(self, f"conv{number}", nn.Conv2d(before, after, kernel, step, kernel // 2, bias=False))
            setattr(self, f"bn{number}", nn.BatchNorm2d(after))
        self.downsample = None
        if strides > 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, strides, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = x
        for number in range(1, self.count + 1):
            y = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(y))
            y = functional.relu(y) if number < self.count else y
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """The features of torchvision's ResNets, with the classifier's weights."""

    def __init__(self, units, expansion, *, channels=3, classes=10):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        width = 64
        for stage, count in enumerate(units):
            filters, layers = 64 * 2**stage, []
            for index in range(count):
                layers.append(Unit(width, filters, 2 if index == 0 and stage else 1, expansion))
                width = filters * expansion
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.fc = nn.Linear(width, classes)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


def randomized(network, seed=0) -> Any:
    """Return the network for inference, with the statistics and weights of normalisations drawn at random."""
    torch.manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.weight.data, module.running_var):
                nn.init.uniform_(values, 0.5, 1.5)
            for values in (module.bias.data, module.running_mean):
                nn.init.normal_(values, std=0.1)
    for unit in network.modules():  # smaller residuals: the features of 50 units stay near 1
        if isinstance(unit, Unit):
            getattr(unit, f"bn{unit.count}").weight.data *= 0.2
    return network.eval()


def efficientnet_lite(state, x, kernels_and_strides) -> Any:
    """Return the class scores of EfficientNet-Lite, from its state dict by functions alone."""

    def norm(x, name, relu=True):
        mean, variance = state[f"{name}.running_mean"], state[f"{name}.running_var"]
        x = functional.batch_norm(x, mean, variance, state[f"{name}.weight"], state[f"{name}.bias"], eps=1e-3)
        return functional.relu6(x) if relu else x

    def convolve(x, name, strides=1, groups=1):
        weight = state[f"{name}.weight"]
        size = x.shape[-1]
        missing = max((-(-size // strides) - 1) * strides + weight.shape[-1] - size, 0)  # as TensorFlow pads
        before, after = missing // 2, missing - missing // 2
        return functional.conv2d(functional.pad(x, [before, after] * 2), weight, stride=strides, groups=groups)

    x = norm(convolve(x, "_conv_stem", 2), "_bn0")
    for index, (_, strides) in enumerate(kernels_and_strides):
        name, y = f"_blocks.{index}", x
        if f"{name}._expand_conv.weight" in state:
            y = norm(convolve(y, f"{name}._expand_conv"), f"{name}._bn0")
        y = norm(convolve(y, f"{name}._depthwise_conv", strides, groups=y.shape[1]), f"{name}._bn1")
        y = norm(convolve(y, f"{name}._project_conv"), f"{name}._bn2", relu=False)
        x = x + y if x.shape == y.shape else y
    x = norm(convolve(x, "_conv_head"), "_bn1")
    return functional.linear(x.mean((2, 3)), state["_fc.weight"], state["_fc.bias"])
