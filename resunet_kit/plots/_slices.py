"""Contents of a slice viewer: pictures of a volume's slices, per channel, and their masks."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resunet_kit._shared.groups import entries
from resunet_kit._shared.mask_checks import as_array, pixel_size
from resunet_kit._shared.numbers import integer, integers
from resunet_kit.masks import regions
from resunet_kit.plots._arrays import as_images, as_masks, as_texts, same_length, same_shape
from resunet_kit.plots._label_maps import IGNORED
from resunet_kit.plots._layers import Region, has_many_regions, legend_name, palette_picture, picture_of, region_trace
from resunet_kit.plots._png import fitted_uris
from resunet_kit.plots._style import PREDICTION, TRUTH
from resunet_kit.plots._volume_source import Volume, is_path, read_masks, read_volume

_JSON_PER_SLICE = 60_000  # bytes, of a slice of 256 x 256 pixels with all its channels and masks
_PIXELS = 256 * 256
_MAX_VIEWS = 8
_CLIPPED = 0.1  # per cent of a file's values at either end, which would darken the rest

_Picture = NDArray[np.uint8]
_Uris = list[list[str]]


@dataclasses.dataclass(frozen=True)
class Stack:
    """The pictures of a volume.

    Attributes:
        slices: For each slice its views, `(height, width)` or `(height, width, 3)`.
        names: Names of the views.
        aspect: Height of a pixel divided by its width.
        exact: Whether the pictures hold the volume's own values.
        volume: The volume, if it was given as one array or file.
    """

    slices: list[list[_Picture]]
    names: list[str]
    aspect: float
    exact: bool
    volume: Volume | None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.slices[0][0].shape

    @property
    def colors(self) -> int:
        return 3 if self.slices[0][0].ndim == 3 else 1

    def encoded(self, reserved: int) -> tuple[_Uris, int]:
        """Return the pictures as PNG, and their levels; `reserved` bytes of the figure are taken by masks."""
        scale = max(1.0, self.shape[0] * self.shape[1] / _PIXELS)
        room = _JSON_PER_SLICE * scale * len(self.slices)
        limit = max(room - reserved * len(self.names), room / 2) * 3 / 4  # base64
        found, levels = fitted_uris([picture for views in self.slices for picture in views], round(limit))
        views = len(self.names)
        return [found[i : i + views] for i in range(0, len(found), views)], levels


def read_stack(
    images: Any,
    *,
    channels: int | Sequence[int] | None,
    channel_names: Sequence[str] | None,
    spacing: Any,
    plane: str | None,
) -> Stack:
    """Return the pictures of a volume, given as slices, as one array or by its file; see `slice_viewer`."""
    if not is_path(images):
        slices = [as_array(image, f"images[{index}]") for index, image in enumerate(entries("images", images))]
        grey_or_rgb = not slices or slices[0].ndim != 3 or slices[0].shape[-1] in (1, 3)
        if grey_or_rgb and channels is None and channel_names is None:
            return _plain(slices, spacing, plane)
        _check_same(slices)
        images = np.stack(slices)
    volume = read_volume(images, "images", plane=plane, spacing=spacing)
    array = volume.array if volume.array.ndim == 4 else volume.array[..., None]
    chosen = _chosen(channels, array.shape[-1])
    names = _names(channel_names, chosen)
    views = [as_images(clipped(array[..., index], volume), "images") for index in chosen]
    pictures = [list(pictures) for pictures in zip(*views, strict=True)]
    _, rows, columns = volume.spacing
    return Stack(pictures, names, rows / columns, array.dtype == np.uint8, volume)


def _plain(slices: list[NDArray[Any]], spacing: Any, plane: str | None) -> Stack:
    """Return slices with one view, grey or RGB."""
    if plane is not None and slices:
        read_volume(np.stack(slices), "images", plane=plane)
    pictures = as_images(slices)
    _check_same(pictures)
    _, rows, columns = pixel_size(spacing, 3)
    exact = all(image.dtype == np.uint8 for image in slices)
    return Stack([[picture] for picture in pictures], [""], rows / columns, exact, None)


def _check_same(slices: Sequence[NDArray[Any]]) -> None:
    for index, picture in enumerate(slices):
        if picture.shape != slices[0].shape:
            raise ValueError(
                f"Expected images[{index}] of shape {slices[0].shape}, as images[0]. Received shape {picture.shape}. "
                "Resize or pad the slices."
            )


def _chosen(channels: int | Sequence[int] | None, count: int) -> tuple[int, ...]:
    if channels is None:
        chosen = tuple(range(count))
    elif isinstance(channels, int | np.integer):
        chosen = (integer("channels", channels, f"[0, {count - 1}]"),)
    else:
        chosen = integers("channels", channels, f"[0, {count - 1}]")
    if len(chosen) > _MAX_VIEWS:
        raise ValueError(
            f"Expected at most {_MAX_VIEWS} channels next to each other. Received {len(chosen)}. Choose some, as in "
            "`channels=(0, 1, 2)`."
        )
    return chosen


def _names(names: Sequence[str] | None, chosen: Sequence[int]) -> list[str]:
    if names is None:
        return [f"Channel {index}" for index in chosen]
    given = as_texts(names, "channel_names")
    same_length(channels=len(chosen), channel_names=len(given))
    return given


def clipped(channel: NDArray[Any], volume: Volume) -> NDArray[Any]:
    """Return a channel of a file without the values beyond its percentiles; others as they are."""
    if not volume.from_file or channel.dtype == np.uint8 or not np.isfinite(channel).all():
        return channel
    return np.clip(channel, *np.percentile(channel, (_CLIPPED, 100 - _CLIPPED)))


@dataclasses.dataclass(frozen=True)
class SliceLayer:
    """A mask per slice, or the bounding boxes of one.

    Attributes:
        name: Name in the legend.
        color: Hexadecimal colour.
        masks: One per slice.
        look: More attributes of `Region`.
        boxes: Whether bounding boxes are drawn rather than the mask.
        as_picture: Whether the masks are pictures, because they have many regions.
    """

    name: str
    color: str
    masks: list[NDArray[np.bool_]]
    look: dict[str, Any]
    boxes: bool = False
    as_picture: bool = False

    @property
    def bytes(self) -> int:
        """Approximate size of all slices in one view."""
        if self.as_picture:
            return sum(len(palette_picture([self._region(index)])) for index in range(len(self.masks)))
        return sum(14 * len(self.contents(index)["x"]) for index in range(len(self.masks)))

    def trace(self, index: int, *, in_legend: bool) -> Any:
        """Return the trace of one slice."""
        region = dataclasses.replace(self._region(index), in_legend=in_legend)
        if self.as_picture:
            return picture_of([region])
        trace = region_trace(region)
        return trace.update(x=self._boxes(index)[0], y=self._boxes(index)[1], fill="none") if self.boxes else trace

    def contents(self, index: int) -> dict[str, Any]:
        """Return what a step of the slider changes in the trace."""
        if self.as_picture:
            return {"source": palette_picture([self._region(index)])}
        if self.boxes:
            x, y = self._boxes(index)
        else:
            drawn = region_trace(self._region(index))
            x, y = list(drawn.x), list(drawn.y)
        return {"x": x, "y": y}

    def _region(self, index: int) -> Region:
        return Region(self.masks[index], self.name, self.color, **self.look)

    def _boxes(self, index: int) -> tuple[list[float | None], list[float | None]]:
        x: list[float | None] = []
        y: list[float | None] = []
        for region in regions(self.masks[index]):
            top, left, bottom, right = (edge - 0.5 for edge in region.bbox)
            x += [left, right, right, left, left, None]
            y += [top, top, bottom, bottom, top, None]
        return (x[:-1], y[:-1]) if x else ([None], [None])


def slice_layers(stack: Stack, masks: Any, predictions: Any, *, boxes: bool, plane: str | None) -> list[SliceLayer]:
    """Return the layers of a viewer: truth, prediction and boxes, as far as they are given."""
    found = []
    for name, given, color, fill in (("Truth", masks, TRUTH, 0.3), ("Prediction", predictions, PREDICTION, 0.15)):
        if given is not None:
            checked = _masks(stack, given, name, plane)
            many = sum(map(has_many_regions, checked)) > len(checked) / 4  # a step of the slider cannot change the kind
            look = {"fill": fill, "group": name, "hover": name}
            found.append(SliceLayer(legend_name(name, np.asarray(checked)), color, checked, look, as_picture=many))
    if boxes and not found:
        raise ValueError(
            "Expected masks or predictions for boxes=True. Received neither. Pass one, or leave boxes out."
        )
    if boxes:
        found.append(SliceLayer("Boxes", IGNORED, found[-1].masks, {"group": "Boxes"}, boxes=True))
    return found


def _masks(stack: Stack, given: Any, name: str, plane: str | None) -> list[NDArray[np.bool_]]:
    argument = {"Truth": "masks", "Prediction": "predictions"}[name]
    if is_path(given) or (stack.volume is not None and stack.volume.from_file):
        if stack.volume is None:
            raise ValueError(
                f"Expected {argument} as an array, as images. Received a path. Pass the path of the volume too."
            )
        given = read_masks(given, argument, stack.volume, plane=plane)
    checked = as_masks(given, argument)
    same_length(**{"slices": len(stack.slices), name: len(checked)})
    for index, mask in enumerate(checked):
        same_shape(stack.slices[index][0], mask, f"{name.lower()}[{index}]")
    return checked
