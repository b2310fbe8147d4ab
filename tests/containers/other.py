"""Files that Pillow and tifffile write: lossless WebP and JPEG 2000, lossy formats, and stacks of images."""

import io
import itertools
import warnings
from collections.abc import Iterator

import numpy as np
import tifffile
from PIL import Image

from tests.containers.container import Container
from tests.containers.contents import CONTENTS, SHAPE, numbers
from tests.containers.plain import gif
from tests.containers.tiff import GREY, Layout, tiff


def _saved(pixels: np.ndarray, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, kind, **options)
    return file.getvalue()


def lossless_by_pillow() -> Iterator[Container]:
    """Yield lossless WebP and JPEG 2000."""
    for channels, content, opacity in itertools.product((3,), CONTENTS, (None, "full", "varying")):
        generator = np.random.default_rng(len(content))
        stored = numbers(content, 8, "u", channels, generator)
        if opacity:
            cover = (
                np.full((*SHAPE, 1), 255, np.uint8) if opacity == "full" else numbers("binary", 8, "u", 1, generator)
            )
            stored = np.concatenate([stored, cover], axis=-1)
        seen = stored
        if opacity == "full":
            seen = stored[..., :3]  # WebP leaves out an opacity that is full everywhere
        kind = "WebP lossless" + (" + unassociated" if opacity else "")
        yield Container(
            kind, f"{content}, opacity {opacity}", ".webp", _saved(stored, "WEBP", lossless=True, exact=True),
            seen, 255, opacity="unassociated" if opacity == "varying" else None,
        )  # fmt: skip
    for channels, content, bits in itertools.product((1, 3), CONTENTS, (8, 16)):
        if (channels, bits) == (3, 16):
            continue
        stored = numbers(content, bits, "u", channels, np.random.default_rng(bits))
        data = _saved(stored, "JPEG2000", irreversible=False)
        yield Container(
            f"JPEG 2000 lossless {bits} bit", f"{content}, {channels} channels", ".jp2", data, stored, 2**bits - 1
        )


def lossy_by_pillow() -> Iterator[Container]:
    """Yield JPEG with every rotation, and lossy WebP."""
    down, right = np.mgrid[: SHAPE[0], : SHAPE[1]]
    for channels, content, rotation in itertools.product((1, 3), CONTENTS, range(1, 9)):
        stored = (40 + 6 * down + 4 * right)[..., None].astype(np.uint8)
        if content != "noise":
            stored = np.zeros((*SHAPE, 1), np.uint8)
            stored[:, 9:] = {"binary": 255, "ones": 1, "labels": 3}[content]
        stored = np.repeat(stored, channels, axis=-1)
        exif = Image.Exif()
        exif[274] = rotation
        name = f"{content}, rotation {rotation}"
        for kind, suffix, options in (
            ("JPEG", ".jpg", {"quality": 95, "subsampling": 0}),
            ("WEBP", ".webp", {"quality": 90}),
        ):
            if kind == "WEBP" and channels == 1:
                continue
            data = _saved(stored, kind, exif=exif, **options)
            yield Container(
                f"{'JPEG' if kind == 'JPEG' else 'WebP lossy'} {'grey' if channels == 1 else 'RGB'}", name, suffix,
                data, stored, 255, lossy=True, tolerance=(8 if content == "noise" else 40) / 255, rotation=rotation,
            )  # fmt: skip


def _written_by_tifffile(file: io.BytesIO, array: np.ndarray, **options: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that truncated files and volumes are no common TIFF
        tifffile.imwrite(file, array, **options)


def stacks() -> Iterator[Container]:
    """Yield files of more than one image, each of which looks like one image to some reader."""
    volume = np.random.default_rng(0).integers(0, 256, (3, *SHAPE), dtype=np.uint8)
    first = volume[0][..., None]

    def stack(kind: str, suffix: str, data: bytes, stored: np.ndarray = first) -> Container:
        return Container(f"stack: {kind}", kind, suffix, data, stored, 255, stack=True)

    for big, order, compression in itertools.product((False, True), "<>", (1, 8)):
        yield tiff(first, 8, photometric=GREY, layout=Layout(compression, order=order, big=big), pages=3)
    for dtype, order in itertools.product((np.uint8, np.uint16, np.float32), "<>"):
        array = volume.astype(dtype) / (255 if dtype == np.float32 else 1)
        for kind, options in (
            ("tifffile pages", {}), ("ImageJ", {"imagej": True}),
            ("ImageJ, one directory", {"imagej": True, "truncate": True}),
            ("tifffile, one directory", {"truncate": True}), ("OME", {"ome": True}),
            ("volume in tiles", {"tile": (16, 16, 16), "volumetric": True}),
        ):  # fmt: skip
            file = io.BytesIO()
            extra = {} if options.get("imagej") or options.get("volumetric") else {"photometric": "minisblack"}
            try:
                _written_by_tifffile(file, array.astype(dtype), byteorder=order, **options, **extra)
            except ValueError:
                continue
            yield stack(f"{kind}, TIFF", ".tif", file.getvalue(), array[0].astype(dtype)[..., None])
    yield stack("GIF", ".gif", gif(first, np.repeat(np.linspace(0, 1, 256)[:, None], 3, axis=1), frames=3).data)
    rest = [Image.fromarray(one) for one in volume[1:]]
    for kind, suffix, options in (("PNG", ".png", {}), ("WEBP", ".webp", {"lossless": True})):
        yield stack(f"animated {kind}", suffix, _saved(first, kind, save_all=True, append_images=rest, **options))
