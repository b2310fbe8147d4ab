"""COCO annotations: the objects of a mask as dictionaries ready for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_array, neighbours
from resunet_kit._shared.numbers import choice, integer
from resunet_kit.masks._labelling import label_components
from resunet_kit.masks._runs import boundaries_in_image
from resunet_kit.masks.coco import Counts, encode_edges
from resunet_kit.masks.polygons import contours, is_hole

Per = Literal["component", "label"]
Segmentation = Literal["rle", "uncompressed_rle", "polygons"]
Crop = tuple[NDArray[np.bool_], tuple[int, int]]  # an object in its box, and the box's first row and column

_VOID = 255


def to_coco_annotations(
    mask: ArrayLike,
    *,
    per: Per = "component",
    segmentation: Segmentation = "rle",
    category_id: int | Mapping[int, int] | None = None,
    image_id: int = 1,
    first_id: int = 1,
    iscrowd: int = 0,
    ignore_class: int | None = None,
    connectivity: int | None = None,
) -> list[dict[str, Any]]:
    """Describe the objects of a mask as COCO annotations, ready for `json.dump`.

    Each has `id`, `image_id`, `category_id`, `segmentation`, `area` (its pixels), `bbox` (`[x, y, width, height]`, from
    the image's corner) and `iscrowd`, as plain Python numbers and text. `from_coco_segmentation` restores every object,
    pixel for pixel.

    Args:
        mask: `(height, width)`: a mask as booleans, 0/1 or 0/255; or a label map, of classes or instances, with 0 for
            the background.
        per: `"component"`: one annotation per connected component of each label; `"label"`: one per label, as for
            instance maps, whose objects may consist of several parts.
        segmentation: `"rle"`: compressed run lengths, as text; `"uncompressed_rle"`: as a list of integers;
            `"polygons"`: the outlines of each object, but run lengths where it has a hole, which COCO's polygons cannot
            describe.
        category_id: The category of all objects, as for instance maps; or a dictionary from label to category. `None`:
            each label is its own category, and that of a mask is 1.
        image_id: The `id` of the image in the same file.
        first_id: Number of the first annotation, from which the others count up. From 1, because pycocotools takes 0
            for "not matched".
        iscrowd: 1 marks a group of objects, which COCO's evaluation scores as one.
        ignore_class: A label that is left out, such as 255 for void.
        connectivity: For components: 1 joins pixels across faces only; `None` across corners too.

    Returns:
        The annotations, sorted by label, those of one label in scan order; an empty list for an empty mask.

    Raises:
        TypeError: If the mask's values are not numbers, or an option is of the wrong type.
        ValueError: If the mask is not 2-D, a value is not an integer from 0, a label has no category or is probably
            void, or an option is out of range.

    Example:
        >>> objects = to_coco_annotations([[0, 1, 1], [2, 0, 0]], image_id=7)
        >>> objects[0]
        {'id': 1, 'image_id': 7, 'category_id': 1, 'segmentation': {'size': [2, 3], 'counts': '21100'}, 'area': 2,
        'bbox': [1, 0, 2, 1], 'iscrowd': 0}
        >>> [one["category_id"] for one in objects]
        [1, 2]
        >>> to_coco_annotations([[0, 1, 1]], segmentation="polygons")[0]["segmentation"]
        [[2.5, 1.0, 3.0, 0.5, 2.5, 0.0, 1.5, 0.0, 1.0, 0.5, 1.5, 1.0]]

    References:
        https://cocodataset.org/#format-data
    """
    choice("per", per, get_args(Per))
    choice("segmentation", segmentation, get_args(Segmentation))
    image_id = integer("image_id", image_id, "[0, inf)")
    iscrowd = integer("iscrowd", int(iscrowd) if isinstance(iscrowd, bool | np.bool_) else iscrowd, "[0, 1]")
    first_id = integer(
        "first_id", first_id, "[1, inf)", cure="Pass one from 1: pycocotools takes the id 0 for 'not matched'."
    )
    labels = _label_map(mask)
    neighbours(connectivity, labels.ndim)
    categories = _categories(labels, category_id, ignore_class)
    return [
        {
            "id": number,
            "image_id": image_id,
            "category_id": category,
            "segmentation": _describe(crop, corner, labels.shape, segmentation),
            "area": int(np.count_nonzero(crop)),
            "bbox": [*corner[::-1], *crop.shape[::-1]],
            "iscrowd": iscrowd,
        }
        for number, (category, (crop, corner)) in enumerate(_objects(labels, per, categories, connectivity), first_id)
    ]


def _label_map(mask: ArrayLike) -> NDArray[Any]:
    labels = as_array(mask, "mask")
    if labels.dtype.kind not in "buif":
        raise TypeError(f"Expected mask of integer labels. Received dtype {labels.dtype}. Convert it to integers.")
    if labels.ndim != 2 or labels.size == 0:
        cure = "Drop the channel axis: `mask[..., 0]`." if labels.ndim == 3 and labels.shape[-1] == 1 else ""
        raise ValueError(
            f"Expected mask to be 2-D with at least one pixel. Received shape {labels.shape}. "
            f"{cure or 'Pass one label map at a time, of one-hot channels `masks.to_labels(channels)`.'}"
        )
    low, high = labels.min(), labels.max()
    if not (low >= 0 and high < 2**53) or (labels.dtype.kind == "f" and (labels != np.floor(labels)).any()):
        raise ValueError(
            f"Expected mask of integer labels from 0. Received values from {low} to {high} of dtype {labels.dtype}. "
            "Threshold probabilities (`probability >= 0.5`), and give negative labels a class."
        )
    return labels


def _categories(
    labels: NDArray[Any], category_id: int | Mapping[int, int] | None, ignore_class: int | None
) -> dict[int, int]:
    """Return the category of each label that is neither background nor left out."""
    present = [int(label) for label in np.unique(labels) if label]
    if ignore_class is not None:
        ignored = integer("ignore_class", ignore_class)
        present = [label for label in present if label != ignored]
    if isinstance(category_id, Mapping):
        missing = [label for label in present if label not in category_id]
        if missing:
            raise ValueError(
                f"Expected category_id with a category for each label {present[:20]}. Received none for {missing[:6]}. "
                "Add them, as integers, or leave one out by ignore_class."
            )
        return {label: integer(f"category_id[{label}]", category_id[label], "[0, inf)") for label in present}
    category = None if category_id is None else integer("category_id", category_id, "[0, inf)")
    if present == [_VOID]:  # a mask of 0/255
        return {_VOID: 1 if category is None else category}
    if _VOID in present and _VOID - 1 not in present:
        raise ValueError(
            f"Expected mask of labels of objects. Received {present[:6]} and 255, which is often void. Leave it out by "
            "ignore_class=255, or name every label's category, category_id={label: category, ...}."
        )
    return {label: label if category is None else category for label in present}


def _objects(
    labels: NDArray[Any], per: str, categories: dict[int, int], connectivity: int | None
) -> Iterator[tuple[int, Crop]]:
    """Yield each object's category and crop."""
    from scipy import ndimage

    wanted = sorted(categories)
    if not wanted:
        return
    # Renumbered from 1, because labels may be large: find_objects makes a list as long as the largest.
    dense = np.searchsorted(wanted, labels).astype(np.int32) + 1
    dense[~np.isin(labels, wanted)] = 0
    for number, box in enumerate(ndimage.find_objects(dense), start=1):
        crop = (dense[box] == number, (int(box[0].start), int(box[1].start)))
        for part in [crop] if per == "label" else _components(*crop, connectivity):
            yield categories[wanted[number - 1]], part


def _components(crop: NDArray[np.bool_], corner: tuple[int, int], connectivity: int | None) -> Iterator[Crop]:
    from scipy import ndimage

    parts, _ = label_components(crop, connectivity)
    for number, box in enumerate(ndimage.find_objects(parts), start=1):
        yield parts[box] == number, (corner[0] + int(box[0].start), corner[1] + int(box[1].start))


def _describe(crop: NDArray[np.bool_], corner: tuple[int, int], shape: tuple[int, int], segmentation: str) -> Any:
    if segmentation == "polygons":
        outlines = contours(crop, origin="corner", order="xy")
        if not any(is_hole(outline) for outline in outlines):
            return [(outline[:-1] + corner[::-1]).ravel().tolist() for outline in outlines]
    counts: Counts = "list" if segmentation == "uncompressed_rle" else "str"
    return encode_edges(boundaries_in_image(crop, corner, shape), shape, counts)
