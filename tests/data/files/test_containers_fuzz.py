"""Files of known pixels are read as their format says or refused, never otherwise.

Containers are drawn from pixel format × polarity × fill order × palette × opacity × rotation × compression × layout.
`tests/containers/truth.py` says what is right; `docs/pages/reliability.md` what was found.
"""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.containers.arrays import nifti, npy
from tests.containers.contents import CONTENTS, OPACITIES, numbers, opacity, palettes, premultiplied
from tests.containers.grid import FORMATS, PARTS, some_layout
from tests.containers.outcomes import LOST, SILENT, count, outcomes
from tests.containers.plain import bmp, gif, pnm
from tests.containers.png import png
from tests.containers.readers import what_readers_say
from tests.containers.tiff import CMYK, GREY, GREY_WHITE_IS_ZERO, PALETTE, RGB, tiff

EXTRA = (None, "unspecified", "associated", "unassociated")
ROTATIONS = st.integers(1, 8)
GENERATORS = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def pixels(draw, bits, kind, channels, generator):
    """Return numbers of some content, cut to some size."""
    height, width = draw(st.integers(1, 11)), draw(st.integers(1, 19))
    return numbers(draw(st.sampled_from(CONTENTS)), bits, kind, channels, generator)[:height, :width]


@st.composite
def tiffs(draw):
    bits, kind = draw(st.sampled_from(FORMATS))
    photometric = draw(st.sampled_from([GREY_WHITE_IS_ZERO, GREY, RGB, PALETTE, CMYK]))
    generator, palette, extra = draw(GENERATORS), None, None
    if photometric == PALETTE:
        bits, kind = draw(st.sampled_from([1, 2, 4, 8])), "u"
        palette = draw(st.sampled_from(list(palettes(2**bits, generator).values())))
    stored = pixels(draw, bits, kind, {RGB: 3, CMYK: 4}.get(photometric, 1), generator)
    if photometric in (GREY, GREY_WHITE_IS_ZERO, RGB):
        # What a multiplied opacity is where white is zero, no specification says.
        extra = draw(
            st.sampled_from([one for one in EXTRA if (photometric, one) != (GREY_WHITE_IS_ZERO, "associated")])
        )
    if extra is not None:
        cover = opacity(draw(st.sampled_from(OPACITIES)), stored, bits, generator)
        stored = premultiplied(stored, cover, bits) if extra == "associated" else stored
        stored = np.concatenate([stored, cover], axis=-1)
    layout = some_layout(bits, kind, stored.shape[-1], generator)
    return tiff(
        stored, bits, photometric=photometric, layout=layout, extra=extra, rotation=draw(ROTATIONS), palette=palette
    )


@st.composite
def pngs(draw):
    colour_type, channels, depths = draw(
        st.sampled_from(
            [(0, 1, (1, 2, 4, 8, 16)), (2, 3, (8, 16)), (3, 1, (1, 2, 4, 8)), (4, 2, (8, 16)), (6, 4, (8, 16))]
        )
    )
    bits, generator, palette, transparent = draw(st.sampled_from(depths)), draw(GENERATORS), None, None
    has_channel = colour_type in (4, 6)
    stored = pixels(draw, bits, "u", channels - has_channel, generator)
    if has_channel:
        cover = opacity(draw(st.sampled_from(OPACITIES)), stored, bits, generator)
        stored = np.concatenate([stored, cover], axis=-1)
    elif colour_type == 3:
        palette = draw(st.sampled_from(list(palettes(2**bits, generator).values())))
        transparent = draw(st.sampled_from([None, [0], [0, 128]]))
    elif draw(st.booleans()):
        transparent = tuple(stored[0, 0].tolist())
    return png(
        stored, bits, colour_type, interlaced=draw(st.booleans()), palette=palette, transparent=transparent,
        rotation=draw(ROTATIONS), seed=draw(st.integers(0, 99)),
    )  # fmt: skip


@st.composite
def plain(draw):
    """Return BMP, netpbm or GIF."""
    generator, kind = draw(GENERATORS), draw(st.sampled_from(["bmp", "rgb bmp", "pnm", "pbm", "gif"]))
    if kind in ("bmp", "gif"):
        bits = draw(st.sampled_from([1, 4, 8]))
        palette = draw(st.sampled_from(list(palettes(2**bits, generator).values())))
        stored = pixels(draw, bits, "u", 1, generator)
        if kind == "bmp":
            return bmp(stored, bits, palette=palette, top_down=draw(st.booleans()))
        return gif(stored, palette, transparent=draw(st.sampled_from([None, 0])), interlaced=draw(st.booleans()))
    if kind == "rgb bmp":
        return bmp(pixels(draw, 8, "u", 3, generator), draw(st.sampled_from([24, 32])), top_down=draw(st.booleans()))
    raw = draw(st.booleans())
    if kind == "pbm":
        return pnm(pixels(draw, 1, "u", 1, generator), 0, raw=raw)
    maxval = draw(st.one_of(st.integers(1, 65535), st.sampled_from([1, 3, 255, 256, 4095, 65535])))
    stored = np.minimum(pixels(draw, 16, "u", draw(st.sampled_from([1, 3])), generator), maxval)
    return pnm(stored, maxval, raw=raw)


@st.composite
def arrays(draw):
    """Return NIfTI or npy."""
    bits, kind = draw(
        st.sampled_from([(8, "u"), (16, "u"), (32, "u"), (8, "i"), (16, "i"), (32, "i"), (32, "f"), (64, "f")])
    )
    order, generator = draw(st.sampled_from("<>")), draw(GENERATORS)
    stored = numbers(draw(st.sampled_from(CONTENTS)), bits, kind, 1, generator)[..., 0]
    if draw(st.booleans()):
        stored = stored.astype(stored.dtype.newbyteorder(order)) if bits > 8 else stored
        return npy(stored, version=draw(st.integers(1, 3)), fortran=draw(st.booleans()))
    shape = draw(st.sampled_from([(11, 19), (11, 19, 1), (5, 6, 7), (5, 6, 3, 2)]))
    slope, intercept = draw(st.sampled_from([(0, 0), (1, 0), (1 / 255, 0), (1.00002, 0), (1, 0.25)]))
    return nifti(
        np.resize(stored, shape), order=order, slope=slope, intercept=intercept, compressed=draw(st.booleans()),
        sform=draw(st.booleans()),
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@pytest.mark.parametrize("containers", [tiffs(), pngs(), plain(), arrays()], ids=["TIFF", "PNG", "plain", "arrays"])
@settings(max_examples=100)
@given(data=st.data())
def test_a_file_is_read_as_it_says_or_refused_by_name(folder, containers, data):
    container = data.draw(containers)
    note(repr(container))
    wrong = [one for one in outcomes(container, folder) if one.result in (SILENT, LOST)]
    assert wrong == []


@settings(max_examples=40)
@given(container=st.one_of(tiffs(), pngs(), plain(), arrays()))
def test_another_reader_confirms_each_container(container):
    """So that a fault of a writer here is not taken for what a format says."""
    says = what_readers_say(container)
    note(f"{container!r} {says}")
    assert "agrees" in says.values()


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_nothing_in_the_whole_grid_is_read_wrongly(part):
    """As `python -m tests.containers` counts it."""
    _, examples, _ = count(part(), readers=False)
    wrong = {key[:2]: cases[0] for key, cases in examples.items() if key[2] in (SILENT, LOST)}
    assert wrong == {}
