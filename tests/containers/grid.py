"""Every kind of container: the axes that give numbers a meaning in full, a layout of files drawn for each."""

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tests.containers.arrays import nifti, npy
from tests.containers.container import Container
from tests.containers.contents import CONTENTS, OPACITIES, SHAPE, numbers, opacity, palettes, premultiplied
from tests.containers.other import lossless_by_pillow, lossy_by_pillow, stacks
from tests.containers.plain import bmp, gif, pnm
from tests.containers.png import png
from tests.containers.tiff import CMYK, GREY, GREY_WHITE_IS_ZERO, PALETTE, RGB, Layout, tiff, ycbcr
from tests.containers.unusual import unusual

UNSIGNED = [(bits, "u") for bits in (1, 2, 4, 8, 12, 16, 32)]
FORMATS = [*UNSIGNED, (8, "i"), (16, "i"), (32, "i"), (16, "f"), (32, "f"), (64, "f")]
LOSSLESS = (1, 5, 8, 32946, 32773, 34925, 50000)
ROTATIONS = tuple(range(1, 9))


def generator_of(*key: object) -> np.random.Generator:
    """Return random numbers that depend on the key alone."""
    return np.random.default_rng(zlib.crc32(repr(key).encode()))


def every_container() -> Iterator[Container]:
    """Yield the grid, the same in every run."""
    for part in PARTS:
        yield from part()


def some_layout(bits: int, kind: str, channels: int, generator: np.random.Generator) -> Layout:
    """Return one of the layouts that fit the pixel format."""
    compressions = LOSSLESS + ((2, 3, 4) * 2 if (bits, channels) == (1, 1) else ())
    compression = int(generator.choice(compressions))
    predictor = 1
    if compression in (5, 8, 32946, 50000) and generator.random() < 0.4:
        predictor = 3 if kind == "f" and bits >= 32 else 2 if kind != "f" and bits in (8, 16, 32) else 1
    return Layout(
        compression, predictor, int(generator.integers(1, 3)), bool(generator.random() < 0.3),
        int(generator.choice([2, 5])) if generator.random() < 0.5 else None,
        bool(channels > 1 and generator.random() < 0.3), str(generator.choice(["<", ">"])),
        bool(generator.random() < 0.3),
    )  # fmt: skip


def tiff_meanings() -> Iterator[Container]:
    """Yield grey TIFF: pixel format × polarity × fill order × rotation × content, two layouts of each."""
    for (bits, kind), photometric, fill, rotation, content, again in itertools.product(
        FORMATS, (GREY_WHITE_IS_ZERO, GREY), (1, 2), ROTATIONS, CONTENTS, range(2)
    ):
        generator = generator_of(bits, kind, photometric, fill, rotation, content, again)
        layout = replace(some_layout(bits, kind, 1, generator), fill_order=fill)
        stored = numbers(content, bits, kind, 1, generator)
        yield named(tiff(stored, bits, photometric=photometric, layout=layout, rotation=rotation), content)


def tiff_layouts() -> Iterator[Container]:
    """Yield grey and RGB TIFF: pixel format × compression × strips, tiles × planes × byte order × BigTIFF × filling."""
    for (bits, kind), channels, compression, tiled, rows, planar, order, big, fill in itertools.product(
        FORMATS, (1, 3), LOSSLESS, (False, True), (None, 4), (False, True), "<>", (False, True), (1, 2)
    ):
        if (planar and channels == 1) or (rows and tiled) or (bits < 8 and channels == 3 and fill == 2):
            continue
        layout = Layout(compression, 1, fill, tiled, rows, planar, order, big)
        stored = numbers("noise", bits, kind, channels, generator_of(bits, kind, channels, str(layout)))
        yield named(tiff(stored, bits, photometric=RGB if channels == 3 else GREY, layout=layout), "noise")


def tiff_palettes() -> Iterator[Container]:
    """Yield palette TIFF: bits × palette × content × fill order × rotation."""
    for bits, fill, rotation, content in itertools.product(
        (1, 2, 4, 8), (1, 2), ROTATIONS, ("noise", "ones", "labels")
    ):
        for name, palette in palettes(2**bits, generator_of(bits, "palette")).items():
            generator = generator_of(bits, fill, rotation, name, content)
            layout = replace(some_layout(bits, "u", 1, generator), predictor=1, fill_order=fill)
            stored = numbers(content, bits, "u", 1, generator)
            made = tiff(stored, bits, photometric=PALETTE, layout=layout, rotation=rotation, palette=palette)
            yield named(made, f"{name}, {content}")


def tiff_channels() -> Iterator[Container]:
    """Yield TIFF of several channels: colours × what the last one is × pixel format × rotation × content × opacity."""
    kinds = [(GREY, 1, extra) for extra in ("unspecified", "associated", "unassociated")]
    kinds += [(RGB, 3, extra) for extra in (None, "unspecified", "associated", "unassociated")]
    kinds += [(CMYK, 4, None), (GREY_WHITE_IS_ZERO, 1, "unassociated")]
    for (photometric, channels, extra), (bits, kind), rotation, content, covers in itertools.product(
        kinds, [(8, "u"), (16, "u"), (32, "f")], (1, 3, 6), CONTENTS, OPACITIES
    ):
        if extra is None and covers != "full":
            continue
        generator = generator_of(photometric, extra, bits, kind, rotation, content, covers)
        stored = numbers(content, bits, kind, channels, generator)
        if extra is not None:
            cover = opacity(covers, stored, bits, generator)
            stored = premultiplied(stored, cover, bits) if extra == "associated" else stored
            stored = np.concatenate([stored, cover], axis=-1)
        layout = replace(some_layout(bits, kind, stored.shape[-1], generator), fill_order=1)
        made = tiff(stored, bits, photometric=photometric, layout=layout, rotation=rotation, extra=extra)
        yield named(made, f"{content}, opacity {covers}")
    for content, bits in itertools.product(CONTENTS, (8, 16)):  # only the inks' black differs from pixel to pixel
        stored = numbers(content, bits, "u", 4, generator_of(content, bits))
        stored[..., :3] = 0
        yield named(tiff(stored, bits, photometric=CMYK), f"{content} in black alone")


def tiff_lossy() -> Iterator[Container]:
    """Yield TIFF by JPEG: grey, RGB and its own colours."""
    for tiled, order, big, content, seed, rotation in itertools.product(
        (False, True), "<>", (False, True), CONTENTS, range(2), (1, 6)
    ):
        layout = Layout(7, 1, 1, tiled, None, False, order, big)
        grey = smooth(1, seed) if content == "noise" else flat(content)
        yield named(tiff(grey, 8, layout=layout, rotation=rotation), content)
        yield named(tiff(255 - grey, 8, photometric=GREY_WHITE_IS_ZERO, layout=layout, rotation=rotation), content)
        yield named(
            ycbcr(np.repeat(grey, 3, axis=-1) if content != "noise" else smooth(3, seed), layout, rotation), content
        )


def smooth(channels: int, seed: int) -> np.ndarray:
    """Return a slow gradient, which JPEG hardly changes."""
    down, right = np.mgrid[: SHAPE[0], : SHAPE[1]]
    planes = [40 + 20 * seed + 6 * down + 4 * right + 10 * channel for channel in range(channels)]
    return np.stack(planes, axis=-1).astype(np.uint8)


def flat(content: str) -> np.ndarray:
    """Return a mask whose left half is another label than its right half."""
    array = np.zeros((*SHAPE, 1), np.uint8)
    array[:, 9:] = {"binary": 255, "ones": 1, "labels": 3}[content]
    return array


def pngs() -> Iterator[Container]:
    """Yield PNG: colour type × bits × interlacing × opacity × rotation × content."""
    types = [(0, 1, (1, 2, 4, 8, 16)), (2, 3, (8, 16)), (4, 2, (8, 16)), (6, 4, (8, 16))]
    for (colour_type, channels, depths), interlaced, rotation, content in itertools.product(
        types, (False, True), ROTATIONS, CONTENTS
    ):
        for bits, seen in itertools.product(depths, (*OPACITIES, "tRNS", "unused tRNS")):
            has_channel = colour_type in (4, 6)
            if has_channel != (seen in OPACITIES) and not (not has_channel and seen == "full"):
                continue
            generator = generator_of(colour_type, bits, interlaced, rotation, content, seen)
            stored = numbers(content, bits, "u", channels - has_channel, generator)
            if has_channel:
                stored = np.concatenate([stored, opacity(seen, stored, bits, generator)], axis=-1)
            transparent = tuple(stored[0, 0].tolist()) if seen == "tRNS" else None
            if seen == "unused tRNS":
                unused = sorted(set(range(2**bits)) - set(stored.ravel().tolist()))
                if not unused:
                    continue
                transparent = (unused[0],) * channels
            made = png(stored, bits, colour_type, interlaced=interlaced, transparent=transparent, rotation=rotation)
            yield named(made, f"{content}, opacity {seen}")
    for bits, interlaced, rotation, content, clear in itertools.product(
        (1, 2, 4, 8), (False, True), (1, 6), ("noise", "ones", "labels"), (None, "one", "graded", "unused")
    ):
        for name, palette in palettes(2**bits, generator_of(bits, "palette")).items():
            stored = numbers(content, bits, "u", 1, generator_of(bits, interlaced, content, name))
            opacities = {None: None, "one": [0], "graded": [0, 128], "unused": [255] * 2**bits}[clear]
            made = png(
                stored, bits, 3, interlaced=interlaced, palette=palette, transparent=opacities, rotation=rotation
            )
            yield named(made, f"{name}, {content}, opacity of indices {clear}")


def bmps() -> Iterator[Container]:
    """Yield BMP: bits × palette × direction × content."""
    for bits, top_down, content in itertools.product((1, 4, 8), (False, True), ("noise", "ones", "labels")):
        for name, palette in palettes(2**bits, generator_of(bits, "palette")).items():
            stored = numbers(content, bits, "u", 1, generator_of(bits, top_down, content, name))
            yield named(bmp(stored, bits, palette=palette, top_down=top_down), f"{name}, {content}")
    for bits, top_down, content in itertools.product((24, 32), (False, True), CONTENTS):
        stored = numbers(content, 8, "u", 3, generator_of(bits, top_down, content))
        yield named(bmp(stored, bits, top_down=top_down), content)


def pnms() -> Iterator[Container]:
    """Yield netpbm files: ascii and raw, of any largest number."""
    for raw, content in itertools.product((False, True), ("noise", "ones")):
        yield named(pnm(numbers(content, 1, "u", 1, generator_of(raw, content)), 0, raw=raw), content)
    for raw, channels, maxval, content in itertools.product(
        (False, True), (1, 3), (1, 2, 3, 4, 15, 100, 254, 255, 256, 1000, 4095, 32767, 65534, 65535), CONTENTS
    ):
        generator = generator_of(raw, channels, maxval, content)
        highest = {"noise": maxval, "binary": maxval, "ones": 1, "labels": min(3, maxval)}[content]
        stored = generator.integers(0, highest + 1, (*SHAPE, channels if content == "noise" else 1))
        stored = np.where(stored > 0, maxval, 0) if content == "binary" else stored
        stored = np.repeat(stored, channels // stored.shape[-1], axis=-1).astype(np.uint16)
        yield named(pnm(stored, maxval, raw=raw), content)


def gifs() -> Iterator[Container]:
    """Yield GIF: colours × transparency × interlacing × content."""
    for bits, interlaced, content, transparent in itertools.product(
        (1, 2, 4, 8), (False, True), ("noise", "ones", "labels"), (None, 0)
    ):
        for name, palette in palettes(2**bits, generator_of(bits, "palette")).items():
            stored = numbers(content, bits, "u", 1, generator_of(bits, interlaced, content, name))
            made = gif(stored, palette, transparent=transparent, interlaced=interlaced)
            yield named(made, f"{name}, {content}, transparent index {transparent}")


def volumes() -> Iterator[Container]:
    """Yield NIfTI: type × byte order × scale × shape × gzip × qform or sform × content."""
    kinds = [(8, "u"), (16, "u"), (32, "u"), (64, "u"), (8, "i"), (16, "i"), (32, "i"), (64, "i"), (32, "f"), (64, "f")]
    shapes = ((5, 7), (5, 7, 1), (5, 7, 4), (5, 7, 4, 2))
    scales = ((0, 0), (1, 0), (0.5, 0), (1 / 255, 0), (1.00002, 0), (1, 0.25))
    for (bits, kind), order, scale, shape, content in itertools.product(kinds, "<>", scales, shapes, CONTENTS):
        generator = generator_of(bits, kind, order, scale, shape, content)
        flat_numbers = np.resize(numbers(content, bits, kind, 1, generator), shape)
        stored = flat_numbers if len(shape) < 4 else np.ascontiguousarray(flat_numbers)
        qform = (0.0, 0.0, 1.0, -3.0, 4.0, 5.0, -1.0) if generator.random() < 0.5 else None
        made = nifti(stored, order=order, slope=scale[0], intercept=scale[1], compressed=bool(generator.random() < 0.5),
                     qform=qform, sform=bool(generator.random() < 0.5))  # fmt: skip
        yield named(made, content)


def arrays() -> Iterator[Container]:
    """Yield `.npy`: type × byte order × C or Fortran order × version × shape × content."""
    kinds = [
        (bits, kind)
        for kind, all_bits in (("u", (8, 16, 32, 64)), ("i", (8, 16, 32, 64)), ("f", (16, 32, 64)))
        for bits in all_bits
    ]
    shapes = ((5, 7), (5, 7, 1), (5, 7, 3), (4, 5, 7, 1))
    for (bits, kind), order, fortran, version, shape, content in itertools.product(
        kinds, "<>", (False, True), (1, 2, 3), shapes, CONTENTS
    ):
        generator = generator_of(bits, kind, order, shape, content)
        stored = np.resize(numbers(content, bits, kind, 1, generator), shape[:-1] if len(shape) > 2 else shape)
        stored = np.repeat(stored[..., None], shape[-1], axis=-1) if len(shape) > 2 else stored
        stored = stored.astype(stored.dtype.newbyteorder(order)) if bits > 8 else stored
        yield named(npy(stored, version=version, fortran=fortran), content)
    for fortran, shape in itertools.product((False, True), shapes):
        yield named(
            npy(np.resize(numbers("ones", 1, "u", 1, generator_of(shape)), shape).astype(bool), fortran=fortran), "ones"
        )


def named(container: Container, content: str) -> Container:
    """Return the container with its content in its name."""
    return replace(container, name=f"{content}, {container.name}")


PARTS = (tiff_layouts, tiff_meanings, tiff_palettes, tiff_channels, tiff_lossy, pngs, bmps, pnms, gifs, volumes, arrays,
         lossless_by_pillow, lossy_by_pillow, stacks, unusual)  # fmt: skip
