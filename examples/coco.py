"""COCO in and out: train on a COCO annotation file, and write the predictions as another.

python -m examples.coco

It draws images of discs and triangles, with the COCO file that an annotation tool would write, polygons included.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from resunet_kit.data import read_image
from resunet_kit.masks import from_coco_segmentation, polygons_to_mask, remove_small, to_coco_annotations, to_labels
from resunet_kit.metrics import evaluate_masks
from resunet_kit.plots import overlay

CATEGORIES = {3: "disc", 7: "triangle"}  # category IDs of COCO need not be consecutive
LABELS = {3: 1, 7: 2}  # class labels of the network, where 0 is the background
SIZE = 64


def draw(folder: Path, count: int) -> Path:
    """Write pictures and `annotations.json` into a folder, and return the path of that file."""
    random = np.random.default_rng(0)
    content: dict[str, Any] = {"images": [], "annotations": []}
    content["categories"] = [{"id": number, "name": name} for number, name in CATEGORIES.items()]
    for image_id in range(1, count + 1):
        picture = random.normal(90, 15, (SIZE, SIZE))
        for category, corners in ((3, 32), (7, 3)):
            angles = random.uniform(0, 2) + np.linspace(0, 2 * np.pi, corners, endpoint=False)
            rays = random.uniform(8, 13) * np.stack([np.sin(angles), np.cos(angles)], axis=1)  # (corners, 2)
            polygon = random.uniform(14, SIZE - 14, 2) + rays
            picture += 70 * polygons_to_mask([polygon], (SIZE, SIZE), order="xy", origin="corner")
            one = {"id": len(content["annotations"]) + 1, "image_id": image_id, "category_id": category}
            content["annotations"].append(one | {"segmentation": [polygon.ravel().tolist()]})
        name = f"{image_id:03}.png"
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(folder / name)
        content["images"].append({"id": image_id, "file_name": name, "height": SIZE, "width": SIZE})
    (folder / "annotations.json").write_text(json.dumps(content), encoding="utf-8")
    return folder / "annotations.json"


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of a COCO file `(n, height, width, 1)` and the class label of each pixel."""
    content = json.loads(path.read_text(encoding="utf-8"))
    images, labels = [], []
    for image in content["images"]:
        label = np.zeros((image["height"], image["width"]), np.uint8)
        for one in content["annotations"]:
            if one["image_id"] == image["id"]:
                label[from_coco_segmentation(one["segmentation"], label.shape) > 0] = LABELS[one["category_id"]]
        images.append(read_image(path.parent / image["file_name"]))
        labels.append(label[..., None])
    return np.stack(images), np.stack(labels)


def write(path: Path, predictions: np.ndarray) -> list[dict[str, Any]]:
    """Write one annotation per predicted object, numbered consecutively."""
    category_id = {label: category for category, label in LABELS.items()}
    annotations: list[dict[str, Any]] = []
    for image_id, prediction in enumerate(predictions, start=1):
        annotations += to_coco_annotations(
            prediction,
            image_id=image_id,
            first_id=len(annotations) + 1,
            category_id=category_id,
            segmentation="polygons",  # as tools draw them; an object with a hole is written as run lengths
        )
    path.write_text(json.dumps({"annotations": annotations}), encoding="utf-8")
    return annotations


def figure(*, epochs: int = 10) -> go.Figure:
    """Train on the first pictures of the file, and return one of the others with its classes."""
    import keras

    from resunet_kit.losses import CrossEntropy, Dice
    from resunet_kit.models import res_unet

    keras.utils.set_random_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        images, labels = read(draw(Path(folder), 112))
        model = res_unet((SIZE, SIZE, 1), 3, filters=(8, 16, 32))
        model.compile(keras.optimizers.Adam(0.003), Dice() + CrossEntropy())
        model.fit(images[:96], labels[:96], batch_size=8, epochs=epochs, verbose=2)
        found = to_labels(model.predict(images[96:], verbose=0))
        predictions = np.stack([each * remove_small(each > 0, 20) for each in found])  # no specks
        annotations = write(Path(folder, "predictions.json"), predictions)
    print(f"{len(annotations)} annotations written, the last: {json.dumps(annotations[-1])[:120]} …")
    truths = labels[96:, ..., 0]
    scores = evaluate_masks(truths, predictions, num_classes=3).summary_rows
    print(*(f"class {row['class']}: Dice {row['mean']:.3f}" for row in scores if row["score"] == "dice"), sep=", ")
    return overlay(
        images[-1],
        truths[-1],
        prediction=predictions[-1],
        class_names=["background", *CATEGORIES.values()],
        title="COCO in and out",
    )


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    options = argparse.ArgumentParser(
        prog="python -m examples.coco", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--epochs", type=int, default=10, help="default: %(default)s")
    options.add_argument("--html", type=Path, default=Path("runs/coco.html"), help="the figure (default: %(default)s)")
    return options


def main() -> None:
    """Train, and write the figure."""
    options = parser().parse_args()
    drawn = figure(epochs=options.epochs)
    options.html.parent.mkdir(parents=True, exist_ok=True)
    drawn.write_html(options.html)
    print(options.html)


if __name__ == "__main__":
    main()
