"""Contents of a TIFF file: several images, or one, whatever its first directory says.

Large stacks have one directory and a description that tells how many images follow each other.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from resunet_kit.data.files.errors import UnsupportedFile

_SUBFILE, _SUBDIRECTORIES, _DNG, _IMAGE_DEPTH, _METAMORPH = 254, 330, 50706, 32997, 33629
_WIDTH, _HEIGHT, _PHOTOMETRIC, _DESCRIPTION, _SAMPLES, _INK_SET = 256, 257, 262, 270, 277, 332
_INKS = 5
SAVE_AS_VOLUME = (
    "Save each as one file, or the stack as one volume: numpy.save('volume.npy', tifffile.imread(path)[..., None])."
)


def refuse_other_contents(tags: Mapping[int, Any]) -> None:
    """Refuse a TIFF whose only directory stands for several images, for a preview, or for inks other than CMYK.

    Args:
        tags: Values by tag, as Pillow and tifffile give them.

    Raises:
        UnsupportedFile: If it does.
    """
    single = {tag: _first(value) for tag, value in tags.items()}
    samples = int(single.get(_SAMPLES, 1))
    if int(single.get(_SUBFILE, 0)) & 1 and (_SUBDIRECTORIES in tags or _DNG in tags):
        raise UnsupportedFile("Expected one image. Received a preview, as of a camera's raw file. Convert the file.")
    if single.get(_INK_SET, 1) != 1 or (single.get(_PHOTOMETRIC) == _INKS and samples < 4):
        raise UnsupportedFile("Expected grey, RGB or CMYK. Received other inks. Convert the file to RGB.")
    planes = _planes(tags, samples, int(single.get(_WIDTH, 1)) * int(single.get(_HEIGHT, 1)) * samples)
    if planes > 1:
        raise UnsupportedFile(f"Expected one image. Received a stack of {planes} images. {SAVE_AS_VOLUME}")


def _planes(tags: Mapping[int, Any], samples: int, size: int) -> int:
    metamorph = tags.get(_METAMORPH)  # six numbers per plane, or a table if read by tifffile
    in_table = len(metamorph) // 6 if isinstance(metamorph, tuple) else 1
    if isinstance(metamorph, dict):
        in_table = int(metamorph.get("NumberPlanes", 1))
    in_depth = int(_first(tags.get(_IMAGE_DEPTH, 1)))
    return max(in_depth, in_table, announced_planes(tags.get(_DESCRIPTION, ""), samples, size))


def announced_planes(description: object, samples: int, size: int) -> int:
    """Return how many images a description announces, by ImageJ, by tifffile or in OME's form; 1 if it says nothing.

    Args:
        description: The tag's text.
        samples: Channels in one directory.
        size: Numbers in one directory.
    """
    text = _text(description)
    if text.startswith("ImageJ="):
        return max([1, *map(int, re.findall(r"^images=(\d{1,9})\s*$", text, re.MULTILINE))])
    if text.startswith('{"shape":'):
        return _planes_of_shape(text, size)
    if "<Pixels" in text or ":Pixels" in text:
        return _planes_of_ome(text, samples)
    return 1


def _planes_of_shape(text: str, size: int) -> int:
    found = re.match(r'\{"shape":\s*\[([\d,\s]+)\]', text)
    numbers = math.prod(map(int, re.findall(r"\d+", found[1]))) if found else 1
    return max(1, -(-numbers // max(1, size)))


def _planes_of_ome(text: str, samples: int) -> int:
    """Add up the planes of all images; channels may be samples of one directory."""
    planes = 0
    for pixels in re.findall(r"<(?:\w+:)?Pixels\b[^>]*>", text):
        sizes = {axis: int(count) for axis, count in re.findall(r'\bSize([ZCT])="(\d{1,9})"', pixels)}
        planes += math.prod(sizes.get(axis, 1) for axis in "ZT") * -(-sizes.get("C", 1) // max(1, samples))
    return max(1, planes)


def _text(description: object) -> str:
    description = _first(description)
    text = description.decode("latin1") if isinstance(description, bytes) else str(description)
    return text.strip("\0 \r\n\t")


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple | list) and value else value
