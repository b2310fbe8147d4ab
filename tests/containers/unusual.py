"""Rare kinds that real collections hold: colour spaces, odd bit depths, NaN, several images in one netpbm file."""

import io
import itertools
from collections.abc import Iterator
from dataclasses import replace

import nibabel
import numpy as np
from PIL import Image

from tests.containers.arrays import nifti, npy
from tests.containers.container import Container
from tests.containers.contents import CONTENTS, numbers
from tests.containers.plain import pnm
from tests.containers.tiff import GREY, RGB, YCBCR, Layout, tiff

LAB, CFA, SEPARATED = 8, 32803, 5
PLAIN, BIG, TILED = Layout(), Layout(big=True), Layout(8, tiled=True)


def unusual() -> Iterator[Container]:
    """Yield all of them."""
    for part in (colour_spaces, odd_depths, not_finite, many_channels, netpbm_series, second_nifti, other_formats):
        yield from part()


def generator(*key: object) -> np.random.Generator:
    return np.random.default_rng(len(repr(key)))


def colour_spaces() -> Iterator[Container]:
    """Yield TIFF whose numbers are neither grey nor RGB; only luma and colour differences have one meaning in RGB."""
    for layout, rotation, content in itertools.product((PLAIN, BIG, TILED), (1, 6), CONTENTS):
        stored = numbers(content, 8, "u", 3, generator(layout, content))
        ranges = {530: ("H", [1, 1])}
        made = tiff(stored, 8, photometric=YCBCR, layout=layout, rotation=rotation, tags=ranges)
        shown = _rgb_of(stored)
        yield replace(made, name=f"{content}, {made.name}", shown=shown, tolerance=2 / 255)
        for photometric, name, tags in (
            (LAB, "CIELAB", {}), (CFA, "colour filter array", {}), (SEPARATED, "three inks", {332: ("H", [2])}),
        ):  # fmt: skip
            part = stored[..., :1] if photometric == CFA else stored
            made = tiff(part, 8, layout=layout, rotation=rotation, tags=tags | {262: ("H", [photometric])})
            yield replace(made, kind=f"TIFF {name}", name=f"{content}, {made.name}", meaningless=True)


def _rgb_of(stored: np.ndarray) -> np.ndarray:
    luma, blue, red = np.moveaxis(stored.astype(np.float64), -1, 0)
    green = luma - 0.344136 * (blue - 128) - 0.714136 * (red - 128)
    colours = np.stack([luma + 1.402 * (red - 128), green, luma + 1.772 * (blue - 128)], axis=-1)
    return np.clip(colours, 0, 255) / 255


def odd_depths() -> Iterator[Container]:
    """Yield grey TIFF of 3, 5, 6, 7, 10, 14 and 24 bits."""
    for bits, layout, white_is_zero, content in itertools.product(
        (3, 5, 6, 7, 10, 14, 24), (PLAIN, TILED), (0, 1), CONTENTS
    ):
        stored = numbers(content, bits, "u", 1, generator(bits, content))
        made = tiff(stored, bits, photometric=1 - white_is_zero, layout=layout)
        yield replace(made, name=f"{content}, {made.name}")


def not_finite() -> Iterator[Container]:
    """Yield files with NaN or infinite values, which are neither brightness nor labels."""
    for value, first in itertools.product((np.nan, np.inf, -np.inf), (True, False)):
        stored = numbers("ones", 32, "f", 1, generator(value))
        stored[0 if first else -1, 0] = value
        for made in (tiff(stored, 32), npy(stored), nifti(stored[..., 0]), nifti(stored[..., 0], slope=2.0)):
            yield replace(made, kind=f"{made.kind.split()[0]} with NaN or infinite values", name=str(value))


def many_channels() -> Iterator[Container]:
    """Yield grey TIFF of 5 and 8 channels whose others are not named, and masks of them."""
    for channels, layout, bits, content in itertools.product((5, 8), (PLAIN, TILED, BIG), (8, 16), CONTENTS):
        stored = numbers(content, bits, "u", channels, generator(channels, content))
        made = tiff(stored, bits, layout=layout, photometric=GREY, tags={338: ("H", [0] * (channels - 1))})
        yield replace(made, kind=f"TIFF {channels} channels {bits} bit", name=f"{content}, {made.name}")
    for planar, content in itertools.product((False, True), CONTENTS):  # three colours and two more channels
        stored = numbers(content, 8, "u", 5, generator(content))
        made = tiff(stored, 8, layout=Layout(planar=planar), photometric=RGB, tags={338: ("H", [0, 0])})
        yield replace(made, kind="TIFF RGB + 2 channels", name=f"{content}, {made.name}")


def netpbm_series() -> Iterator[Container]:
    """Yield netpbm files of two images one after the other, of which many readers return the first."""
    for channels, maxval in itertools.product((1, 3), (255, 65535)):
        stored = numbers("ones", 16, "u", channels, generator(channels))
        one = pnm(stored, maxval, raw=True)
        yield replace(one, kind="stack: netpbm", data=one.data * 2, stack=True)


def second_nifti() -> Iterator[Container]:
    """Yield NIfTI-2, and NIfTI of colours or complex numbers."""
    for kind, content in itertools.product(("u1", "i2", "f4"), CONTENTS):
        stored = np.resize(numbers(content, 8 * int(kind[1]), kind[0], 1, generator(kind, content)), (5, 7, 4))
        data = nibabel.Nifti2Image(stored, np.eye(4)).to_bytes()
        full = {"u1": 255}.get(kind)
        yield Container(f"NIfTI-2 {kind}", content, ".nii", data, stored[..., None], full)
    for dtype in (np.complex64, [("R", "u1"), ("G", "u1"), ("B", "u1")]):
        data = nibabel.Nifti1Image(np.zeros((5, 7, 4), dtype), np.eye(4)).to_bytes()
        yield Container("NIfTI of no numbers", str(dtype), ".nii", data, np.zeros((5, 7, 4, 1)), meaningless=True)


def other_formats() -> Iterator[Container]:
    """Yield TGA, PCX and SGI by Pillow."""
    for kind, channels, content in itertools.product(("TGA", "PCX", "SGI"), (1, 3), CONTENTS):
        stored = numbers(content, 8, "u", channels, generator(kind, content))
        file = io.BytesIO()
        Image.fromarray(stored.squeeze()).save(file, kind)
        yield Container(
            f"{kind} by Pillow", f"{content}, {channels} channels", f".{kind.lower()}", file.getvalue(), stored, 255
        )
