"""Prediction of images and volumes of any size, window by window."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras
import numpy as np

from resunet_kit._shared.mask_checks import check_not_masked
from resunet_kit._shared.numbers import choice, integer, integers_per_axis, number
from resunet_kit.inference._mapped_pages import release_pages
from resunet_kit.inference._predictor import check_predictor
from resunet_kit.inference._slabs import Finish, Slabs
from resunet_kit.inference._windows import BLENDS, Axis, Blend, Window, aligned_length, axis_windows, windows
from resunet_kit.inference.receptive_field import ReceptiveField, fits, is_functional, receptive_field

Reduce = Literal["argmax"] | float | Callable[[np.ndarray], np.ndarray]


def predict_tiled(
    model: Any,
    image: Any,
    *,
    tile: int | Sequence[int] | None = None,
    overlap: float = 0.5,
    blend: Blend = "gaussian",
    batch_size: int = 8,
    margin: int | Sequence[int] | Literal["auto"] | None = None,
    out: Any = None,
    reduce: Reduce | None = None,
    preprocess: Callable[[np.ndarray], np.ndarray] | None = None,
    verbose: int | str = 0,
) -> Any:
    """Predict an image or a volume of any size in overlapping windows, and blend their outputs.

    Windows start at multiples of the network's stride, so that each sees the features that the whole image has. If
    `margin` covers the receptive field (`receptive_field` gives both numbers), the result equals the network's output
    for the whole image; otherwise, the weights make the difference smooth.

    Memory use grows neither with the classes times the image nor with its longest axis: the image is read window by
    window, and a slab across the longest axis is reduced and written as soon as no window touches it any more.

    Args:
        model: A segmenter of one input and one output of the input's size: a Keras model, or one that `accelerate`
            returned.
        image: `(height, width, channels)` or `(depth, height, width, channels)`: an array, a memory map, or anything
            with a shape and a dtype whose slices are arrays.
        tile: Size of a window, one integer or one for each axis, a multiple of the network's stride. None takes the
            size of the network's input, if that is fixed. Along an axis where the image is smaller, it is padded with
            zeros for a network of fixed size, or one that takes only multiples of its stride; any other network gets
            the image's own size.
        overlap: Minimum fraction of a window that the next one also covers, in [0, 1).
        blend: `"gaussian"` weighs pixels by their distance from the window's centre, with a standard deviation of an
            eighth of its size; `"constant"` averages.
        batch_size: Windows per step.
        margin: Pixels at the borders of a window that get no weight, except at the image's own borders. `"auto"`
            takes the radius of the receptive field. None is 0.
        out: Array or memory map to write into, of the result's shape. None creates an array.
        reduce: Reduction of the probabilities. None keeps them. `"argmax"` gives the most probable class. A number is a
            threshold, which gives 1 where the probability is at least that and 0 elsewhere. A function gets a slab of
            probabilities `(..., classes)`, with all spatial axes, and returns an array of the same spatial shape.
        preprocess: Function from a batch of windows `(n, ..., channels)`, as stored, to what the model takes, such as
            `lambda x: x / 255`. None converts to float32.
        verbose: 0 for silence, 1 or "auto" for a progress bar.

    Returns:
        `out`, or a new array of float32 `(..., classes)`; for `"argmax"` uint8 `(...)`, int32 beyond 256 classes; for a
        threshold uint8 `(...)`, with several classes `(..., classes)`; for a function, what it returns.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If a value is out of range, the network's stride does not divide `tile`, windows do not cover the
            image because of the margin, shapes do not fit, the model's output is not of its input's size, or a window
            or an output holds NaN. The previous content of `out` may then be partly overwritten.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.inference import predict_tiled
        >>> from resunet_kit.models import res_unet
        >>> model = res_unet((None, None, 1), filters=(4, 8))
        >>> mask = predict_tiled(model, np.zeros((100, 300, 1)), tile=64, margin="auto", reduce=0.5)
        >>> mask.shape, mask.dtype
        ((100, 300), dtype('uint8'))
    """
    check_predictor("model", model)
    if preprocess is not None and not callable(preprocess):
        raise TypeError(
            f"Expected preprocess to be a function of a batch, or None. Received preprocess={preprocess!r}. Pass one, "
            "as in preprocess=lambda x: x / 255."
        )
    shape = _image_shape(model, image, None if preprocess is not None else model.input_shape[-1])
    shown = (
        choice("verbose", verbose, ("auto",), also="0 or 1")
        if isinstance(verbose, str)
        else integer("verbose", verbose, "[0, 2]")
    )
    size = integer("batch_size", batch_size, "[1, inf)")
    finish = _reduction(reduce, model.output_shape[-1])
    axes = _axes(model, shape, tile, number("overlap", overlap, "[0, 1)"), choice("blend", blend, BLENDS), margin)
    longest = int(np.argmax(shape))
    ordered = list(windows(axes, longest))
    slabs = Slabs(shape, longest, ordered, model.output_shape[-1], finish, out)
    if out is not None and not callable(reduce):  # a function is called with whole slabs only
        slabs.check_out()
    bar = keras.utils.Progbar(len(ordered), unit_name="window", verbose=int(bool(shown)))
    lengths = tuple(axis.length for axis in axes)
    for first in range(0, len(ordered), size):
        batch = ordered[first : first + size]
        for window, output in zip(batch, _outputs(model, image, batch, lengths, preprocess), strict=True):
            slabs.add(window, output)
        if slabs.write():
            for array in (image, slabs.out):
                release_pages(array)
        bar.update(first + len(batch))
    return slabs.out


def _image_shape(model: Any, image: Any, channels: int | None) -> tuple[int, ...]:
    """Return the spatial shape of an image that fits the model, with any number of channels if `channels` is None."""
    shape, dtype = getattr(image, "shape", None), getattr(image, "dtype", None)
    if not isinstance(shape, tuple) or dtype is None or not hasattr(image, "__getitem__"):
        raise TypeError(
            "Expected an image with a shape and a dtype that can be sliced, such as a NumPy array or a memory map. "
            f"Received {type(image).__name__}. Convert it with numpy.asarray."
        )
    if not _is_numeric(dtype):
        raise TypeError(
            f"Expected an image of numbers. Received dtype {dtype}. Convert it: numpy.asarray(image, float)."
        )
    rank = len(model.input_shape) - 1
    if rank not in (3, 4):
        raise ValueError(
            f"Expected a model of images or volumes. Received one with inputs of shape {model.input_shape}. Pass a "
            "segmenter."
        )
    if len(shape) != rank or 0 in shape or channels not in (None, shape[-1]):
        axes = "depth, height, width" if rank == 4 else "height, width"
        raise ValueError(
            f"Expected an image of shape ({axes}, {channels or 'channels'}), without a batch axis. Received shape "
            f"{shape}. Take one image of a batch, or add the axis of channels: image[..., None]."
        )
    output = model.output_shape
    sizes = zip(model.input_shape[1:-1], output[1:-1], strict=False)
    if len(output) != rank + 1 or output[-1] is None or any(None not in pair and len(set(pair)) > 1 for pair in sizes):
        raise ValueError(
            "Expected a model whose output has its input's size. Received a model from "
            f"{model.input_shape} to {output}. Upsample its output, or pass a segmenter."
        )
    return tuple(map(int, shape[:-1]))


def _is_numeric(dtype: Any) -> bool:
    try:
        return np.dtype(dtype).kind in "biuf"
    except TypeError:  # of another library
        return False


def _axes(model: Any, shape: tuple[int, ...], tile: Any, overlap: float, blend: str, margin: Any) -> list[Axis]:
    """Return the windows along each axis."""
    fixed = model.input_shape[1:-1]
    lengths = _lengths(fixed, tile)
    field = _field(model)
    for length, multiple, given in zip(lengths, field.stride, fixed, strict=True):
        if given is None and length % multiple:
            down, up = length // multiple * multiple, -(-length // multiple) * multiple
            raise ValueError(
                f"Expected a tile that the network's stride of {multiple} divides. Received tile={tile!r}. Take "
                f"{f'{down} or ' if down else ''}{up}."
            )
    margins = _margins(margin, field.radius, field.unbounded)
    sampled = [
        min(size, aligned_length(size, wanted, multiple))
        for size, wanted, multiple in zip(shape, lengths, field.stride, strict=True)
    ]
    whole = [given is None for given in fixed]
    ragged = any(size % multiple for size, multiple in zip(sampled, field.stride, strict=True))
    if ragged and not fits(_network(model), sampled):
        # Without crops, many networks take only multiples of their stride.
        whole = [
            variable and size % multiple == 0
            for variable, size, multiple in zip(whole, shape, field.stride, strict=True)
        ]
    axes = []
    for size, wanted, multiple, border, variable in zip(shape, lengths, field.stride, margins, whole, strict=True):
        length = aligned_length(size, wanted, multiple) if variable else wanted
        step = _step(size, length, overlap, multiple, border, wanted)
        axes.append(axis_windows(size, length, step=step, margin=border, blend=blend, fixed=not variable))
    return axes


def _field(model: Any) -> ReceptiveField:
    """Return the model's receptive field, or an unbounded one if its layers cannot be followed."""
    network = _network(model)
    if is_functional(network):
        return receptive_field(network)
    axes = len(model.input_shape) - 2
    return ReceptiveField((math.inf,) * axes, (1,) * axes, (type(network).__name__,))


def _network(model: Any) -> Any:
    """Return the Keras model that predicts, or that an accelerated model was made from."""
    return model if isinstance(model, keras.Model) else getattr(model, "model", model)


def _lengths(fixed: tuple[int | None, ...], tile: Any) -> tuple[int, ...]:
    if tile is None:
        if None in fixed:
            raise ValueError(
                f"Expected a tile for a model of variable size. Received tile=None and an input of {fixed}. Pass what "
                "fits into memory, such as tile=256."
            )
        return tuple(size for size in fixed if size is not None)
    lengths = integers_per_axis("tile", tile, len(fixed))
    if any(size not in (None, length) for size, length in zip(fixed, lengths, strict=True)):
        raise ValueError(
            f"Expected a tile of the model's input size {fixed}. Received {tile=}. Leave tile out, or build the model "
            "for images of variable size: (None, None, channels)."
        )
    return lengths


def _margins(margin: Any, radius: tuple[float, ...], unbounded: tuple[str, ...]) -> tuple[int, ...]:
    if margin is None:
        return (0,) * len(radius)
    if margin != "auto":
        return integers_per_axis("margin", margin, len(radius), "[0, inf)")
    if math.inf in radius:
        raise ValueError(
            "Expected a network of a bounded receptive field for margin='auto'. Received one whose layers "
            f"{', '.join(unbounded[:3])} see the whole image. Pass the margin in pixels."
        )
    return tuple(math.ceil(pixels) for pixels in radius)


def _step(size: int, length: int, overlap: float, multiple: int, margin: int, tile: int) -> int:
    """Return the largest step in pixels from one window to the next that overlap and margin allow."""
    if size <= length:
        return length
    step = min(int(length * (1 - overlap) + 1e-9), length - 2 * margin) // multiple * multiple
    if length - 2 * margin < multiple:
        raise ValueError(
            f"Expected a margin that leaves at least the network's stride, {multiple} pixels, of a window. Received "
            f"{tile=} with a margin of {margin}. Take a tile of {(-(-2 * margin // multiple) + 2) * multiple} or more."
        )
    return max(step, multiple)


def _outputs(model: Any, image: Any, batch: Sequence[Window], lengths: tuple[int, ...], preprocess: Any) -> np.ndarray:
    """Read windows of one shape, and return their outputs."""
    inputs = np.stack([_read(image, window.start, lengths) for window in batch])
    inputs = np.asarray(inputs if preprocess is None else preprocess(inputs), "float32")
    wanted = (len(batch), *lengths, model.input_shape[-1] or inputs.shape[-1])
    if inputs.shape != wanted:
        raise ValueError(
            f"Expected preprocess to return windows of shape {wanted}, as the model takes. Received shape "
            f"{inputs.shape}. Change values and channels alone."
        )
    _check_finite("an image of finite numbers", inputs, batch, "Replace it, as numpy.nan_to_num does.")
    outputs = np.asarray(model.predict_on_batch(inputs), "float32")
    if outputs.shape[:-1] != inputs.shape[:-1]:
        raise ValueError(
            "Expected a model whose output has its input's size. Received an output of shape "
            f"{outputs.shape} for windows of shape {inputs.shape}. Upsample its output, or pass a segmenter."
        )
    cure = "Look for weights that training has driven to NaN, and for a mixed precision that overflows."
    _check_finite("finite outputs", outputs, batch, cure)
    return outputs


def _read(image: Any, start: tuple[int, ...], lengths: tuple[int, ...]) -> np.ndarray:
    part = image[tuple(slice(a, a + n) for a, n in zip(start, lengths, strict=True))]
    check_not_masked(part, "image")
    part = np.asarray(part)
    missing = [(0, n - have) for n, have in zip(lengths, part.shape[:-1], strict=True)]
    return np.pad(part, [*missing, (0, 0)]) if any(after for _, after in missing) else part


def _check_finite(expected: str, values: np.ndarray, batch: Sequence[Window], cure: str) -> None:
    # The sum of squares is ten times as fast as a check of each value, and finite unless one is not or many are huge.
    flat = values.ravel()
    if math.isfinite(np.vdot(flat, flat)):
        return
    for window, part in zip(batch, values, strict=True):
        if not np.isfinite(part).all():
            raise ValueError(
                f"Expected {expected}. Received NaN or an infinite value in the window of shape {part.shape[:-1]} at "
                f"{window.start}. {cure}"
            )


def _reduction(reduce: Any, classes: int) -> Finish:
    """Return the function from a slab of probabilities to the values to write."""
    if reduce is None:
        return lambda slab: slab
    if callable(reduce):
        return reduce
    if isinstance(reduce, str):
        choice("reduce", reduce, ("argmax",), also="None, a threshold or a function")
        if classes == 1:
            raise ValueError(
                "Expected several classes for reduce='argmax', since of one channel it is always 0. Received a model "
                "of one. Pass a threshold: reduce=0.5."
            )
        dtype = "uint8" if classes <= 256 else "int32"
        return lambda slab: slab.argmax(axis=-1).astype(dtype)
    threshold = number("reduce", reduce)
    if classes == 1:
        return lambda slab: (slab[..., 0] >= threshold).astype("uint8")
    return lambda slab: (slab >= threshold).astype("uint8")
