"""Folders of noisy images of discs, and of their masks."""

from pathlib import Path

import numpy as np
from PIL import Image

from resunet_kit.data.files.labels import LabelOptions
from resunet_kit.data.files.reading import ImageOptions
from resunet_kit.training._folder_plan import FolderPlan, made_plan
from resunet_kit.training._folder_scan import ScannedPair, scan

READING = {
    **dict.fromkeys(("ignore_class", "classes", "channel", "channels", "full_scale", "nan", "exif_rotation")),
    "foreground": False,
}


def write_discs(
    root: Path,
    count: int = 9,
    *,
    size: tuple[int, int] = (32, 32),
    channels: int = 1,
    classes: int = 1,
    name: str = "slide_{:02}.png",
    dtype: str = "uint8",
) -> tuple[Path, Path]:
    """Write `images` and `masks` below a folder, and return both; each image shows a disc of each class."""
    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[: size[0], : size[1]]
    for number in range(count):
        label = np.zeros(size, np.uint8)
        for value in range(1, classes + 1):
            row, column, radius = generator.integers((8, 8, 4), (size[0] - 8, size[1] - 8, 8))
            label[np.hypot(rows - row, columns - column) < radius] = value
        image = generator.normal(80 + 60 * label[..., None], 10, (*size, channels)).clip(0, 255)
        if dtype == "uint16":
            image = image * 100
        for folder, array in (("images", image.astype(dtype)), ("masks", label * 255 if classes == 1 else label)):
            path = root / folder / name.format(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.squeeze(array)).save(path)
    return root / "images", root / "masks"


def paths_in(folders: tuple[Path, Path]) -> tuple[list[str], list[str]]:
    return tuple(sorted(map(str, folder.rglob("*.*"))) for folder in folders)


def scanned(folders: tuple[Path, Path], **options) -> list[ScannedPair]:
    return scan(*paths_in(folders), ImageOptions(any_range=True), LabelOptions(keeps_white=True, **options), 0)


def planned(folders: tuple[Path, Path], *, reading: dict | None = None, **options) -> FolderPlan:
    chosen = {
        "groups": None,
        "num_classes": None,
        "image_size": None,
        "normalize": "auto",
        "fractions": (0.2, 0.2),
        "seed": 0,
        "verbose": 0,
    }
    return made_plan(*paths_in(folders), reading={**READING, **(reading or {})}, **{**chosen, **options})
