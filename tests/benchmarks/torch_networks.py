"""Networks of this package in plain PyTorch, with as many parameters: the peers of the speed comparisons.

Needs torch. Padding of strided convolutions is PyTorch's own, symmetric, which costs the same.
"""

import copy
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

DEEP_FILTERS = (64, 128, 256, 512)
CONVOLUTION: dict[int, Any] = {2: nn.Conv2d, 3: nn.Conv3d}
NORMALIZATION: dict[int, Any] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def norm(channels: int, rank: int = 2) -> nn.Module:
    """Return a batch normalisation with the options of ours."""
    return NORMALIZATION[rank](channels, eps=1e-3, momentum=0.1)  # type: ignore[no-any-return]


def conv(taken: int, given: int, size: int, *, stride: int = 1, bias: bool = True, rank: int = 2) -> nn.Module:
    """Return a convolution that keeps the size, or halves it."""
    return CONVOLUTION[rank](taken, given, size, stride, size // 2, bias=bias)  # type: ignore[no-any-return]


class Preactivation(nn.Module):
    """Norm-act-conv twice, the shortcut added; without the first norm and act for the image itself."""

    def __init__(self, taken: int, given: int, *, stride: int = 1, first: bool = False, rank: int = 2) -> None:
        super().__init__()
        self.norm1 = None if first else norm(taken, rank)
        self.conv1 = conv(taken, given, 3, stride=stride, bias=False, rank=rank)
        self.norm2 = norm(given, rank)
        self.conv2 = conv(given, given, 3, rank=rank)
        projected = taken != given or stride > 1
        self.shortcut = conv(taken, given, 1, stride=stride, bias=False, rank=rank) if projected else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's features."""
        y = x if self.norm1 is None else functional.relu(self.norm1(x))
        y = self.conv2(functional.relu(self.norm2(self.conv1(y))))
        return self.shortcut(x) + y  # type: ignore[no-any-return]


class Pointwise(nn.Module):
    """1x1 and 3x3 convolutions, a projected shortcut added, then ReLU: the unit of the Healthcare_AI network."""

    def __init__(self, taken: int, given: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            conv(taken, given, 1), norm(given), nn.ReLU(), conv(given, given, 3), norm(given)
        )  # fmt: skip
        self.shortcut = nn.Sequential(conv(taken, given, 1), norm(given))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's features."""
        return functional.relu(self.shortcut(x) + self.main(x))


class UNet(nn.Module):
    """Encoder blocks, decoder blocks over concatenated skips, a 1x1 convolution and a sigmoid.

    Args:
        encoder: A module per level, the bridge last.
        decoder: A module per level, the coarsest first.
        features: Channels of the last one.
        rank: Spatial axes.
    """

    def __init__(
        self, encoder: Sequence[nn.Module], decoder: Sequence[nn.Module], features: int, rank: int = 2
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.ModuleList(encoder), nn.ModuleList(decoder)
        self.head = conv(features, 1, 1, rank=rank)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return probabilities of the image's size."""
        skips = []
        for block in self.encoder:
            x = block(x)
            skips.append(x)
        x = skips.pop()
        for block in self.decoder:
            x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
            if skips:  # an encoder that begins with a stride has none at full size
                x = torch.cat([x, skips.pop()], 1)
            x = block(x)
        return torch.sigmoid(self.head(x).float())


def deep_res_unet(channels: int = 3, filters: Sequence[int] = DEEP_FILTERS, rank: int = 2) -> nn.Module:
    """Return the twin of `deep_res_unet` and, for `rank=3`, of `res_unet` for volumes."""
    encoder = [Preactivation(channels, filters[0], first=True, rank=rank)]
    for taken, given in itertools.pairwise(filters):
        encoder.append(Preactivation(taken, given, stride=2, rank=rank))
    decoder = []
    for coarse, fine in zip(filters[:0:-1], filters[-2::-1], strict=True):
        decoder.append(Preactivation(coarse + fine, fine, rank=rank))
    return UNet(encoder, decoder, filters[0], rank)


def healthcare_ai_res_unet() -> nn.Module:
    """Return the twin of `healthcare_ai_res_unet`."""
    filters = (16, 32, 64, 128, 256)
    encoder = [
        nn.Sequential(conv(3, 16, 3), nn.ReLU(), norm(16), conv(16, 16, 3), nn.ReLU(), norm(16)),
        *(nn.Sequential(nn.MaxPool2d(2), Pointwise(a, b)) for a, b in itertools.pairwise(filters)),
    ]
    decoder = [Pointwise(a + b, b) for a, b in zip(filters[:0:-1], filters[-2::-1], strict=True)]
    return UNet(encoder, decoder, 16)


class Bottleneck(nn.Module):
    """1-3-1 convolutions with a shortcut, the stride in the first, as in `keras.applications.ResNet50`."""

    def __init__(self, taken: int, inner: int, *, stride: int, projected: bool) -> None:
        super().__init__()
        self.main = nn.Sequential(
            conv(taken, inner, 1, stride=stride), norm(inner), nn.ReLU(),
            conv(inner, inner, 3), norm(inner), nn.ReLU(),
            conv(inner, 4 * inner, 1), norm(4 * inner),
        )  # fmt: skip
        shortcut = nn.Sequential(conv(taken, 4 * inner, 1, stride=stride), norm(4 * inner))
        self.shortcut = shortcut if projected else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's features."""
        return functional.relu(self.shortcut(x) + self.main(x))


def resnet50_res_unet() -> nn.Module:
    """Return the twin of `res_unet(encoder="resnet50")`."""
    encoder: list[nn.Module] = [nn.Sequential(conv(3, 64, 7, stride=2), norm(64), nn.ReLU())]
    taken = 64
    for inner, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        stage: list[nn.Module] = [nn.MaxPool2d(3, 2, 1)] if len(encoder) == 1 else []
        for index in range(count):
            stage.append(Bottleneck(taken, inner, stride=1 if index else stride, projected=index == 0))
            taken = 4 * inner
        encoder.append(nn.Sequential(*stage))
    decoder = [
        Preactivation(coarse + fine, given)
        for coarse, fine, given in (
            (2048, 1024, 512), (512, 512, 512), (512, 256, 256), (256, 64, 128), (128, 0, 64)
        )
    ]  # fmt: skip
    return UNet(encoder, decoder, 64)


def parameters(network: nn.Module) -> int:
    """Return what `count_params` of Keras counts: weights, and the moving statistics of normalisations."""
    statistics = sum(b.numel() for name, b in network.named_buffers() if not name.endswith("num_batches_tracked"))
    return statistics + sum(weights.numel() for weights in network.parameters())


def settings(network: nn.Module, images: torch.Tensor) -> dict[str, Callable[[], object]]:
    """Return the calls that predict `images`, `(n, channels, ...)`, by setting: the fastest one is PyTorch's best."""
    calls: dict[str, Callable[[], object]] = {}
    layout = torch.channels_last if images.ndim == 4 else torch.channels_last_3d
    for dtype in (torch.float32, torch.bfloat16):
        for compiled in (False, True):
            copied = copy.deepcopy(network).eval().to(dtype=dtype, memory_format=layout)
            batch = images.to(dtype=dtype, memory_format=layout)
            # Freezing folds normalisations into convolutions, and lays kernels out for the processor.
            forward = torch.compile(copied, options={"freezing": True}) if compiled else copied
            label = f"PyTorch {str(dtype).removeprefix('torch.')}{', compiled' if compiled else ''}"
            calls[label] = lambda forward=forward, batch=batch: _infer(forward, batch)  # type: ignore[misc]
    return calls


def _infer(forward: Any, batch: torch.Tensor) -> object:
    with torch.inference_mode():
        return forward(batch).float().numpy()
