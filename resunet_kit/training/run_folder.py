"""Run folder of `fit_folder`: the trained model, and how files become its inputs.

model.keras      the trained network
settings.json    how to read images and masks, post-processing, recipe, versions, seed; written last
split.csv        image, mask, group, part
history.json     one list per metric, with one value per epoch
scores.csv       scores of each test image
scores.json      their means, with intervals over the groups
report.html      data, training, threshold, scores and worst cases
"""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

import keras

from resunet_kit._shared.errors import reason
from resunet_kit._shared.numbers import integer, integers_per_axis
from resunet_kit._shared.writing import atomic_write
from resunet_kit.masks import PostProcess

FORMAT_VERSION = 1
MODEL, SETTINGS, SPLIT, HISTORY = "model.keras", "settings.json", "split.csv", "history.json"
SCORES_TABLE, SCORES, REPORT = "scores.csv", "scores.json", "report.html"
UNFINISHED = ".training"  # folder with what is needed to resume a training after an interruption


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How files become the inputs of a run's model, and what its outputs mean.

    Attributes:
        num_classes: Channels of the model's output: 1 is the foreground of binary masks.
        image_size: `(height, width)` that the model takes.
        channels: 1 for grey, 3 for RGB, 4 for RGB and an opacity; None for those of the files.
        normalize: None for values in [0, 1], `"image"` for mean 0 and standard deviation 1 of each image, or mean and
            standard deviation of each channel.
        full_scale: The stored value that corresponds to 1; None for the largest value of the file's bit depth.
        nan: The number that NaN is read as; None refuses NaN.
        exif_rotation: Whether images and masks are rotated as their EXIF tags say; None does not, and warns if a tag
            asks for it.
        ignore_class: The label of pixels that are left out everywhere, often 255; None if there is no such label.
        classes: What stored numbers or colours of masks mean, as a dictionary; None for labels as stored.
        foreground: Whether every number of a mask above 0 is read as 1.
        channel: The channel of a mask that holds the labels; None for the only one.
        postprocess: Post-processing from probabilities to a mask, chosen on validation images; None if the most
            probable of several classes is taken.
        seed: Seed of the run.
        recipe: What was chosen for the training, by name.
        versions: Versions of the packages, by name.
    """

    num_classes: int
    image_size: tuple[int, int]
    channels: int | None = None
    normalize: Any = None
    full_scale: float | None = None
    nan: float | None = None
    exif_rotation: bool | None = None
    ignore_class: int | None = None
    classes: Any = None
    foreground: bool = False
    channel: int | None = None
    postprocess: PostProcess | None = None
    seed: int = 0
    recipe: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        integer("num_classes", self.num_classes, "[1, 256]")
        object.__setattr__(self, "image_size", integers_per_axis("image_size", self.image_size, 2))

    @property
    def image_options(self) -> dict[str, Any]:
        """The options with which `read_image`, `pairs_dataset` and `PairBatches` read images of the run."""
        names = ("channels", "normalize", "full_scale", "nan", "exif_rotation")
        return {name: getattr(self, name) for name in names}

    @property
    def mask_options(self) -> dict[str, Any]:
        """The options with which `read_mask`, `pairs_dataset` and `PairBatches` read masks of the run."""
        names = ("ignore_class", "classes", "foreground", "channel")
        return {"num_classes": max(self.num_classes, 2), **{name: getattr(self, name) for name in names}}

    def to_json(self) -> str:
        """Return the settings as JSON."""
        values = {"format_version": FORMAT_VERSION, **asdict(self)}
        if isinstance(self.normalize, tuple):
            values["normalize"] = dict(zip(("mean", "std"), self.normalize, strict=True))
        if self.classes is not None:  # JSON has neither numbers nor colours as keys
            values["classes"] = [[stored, label] for stored, label in self.classes.items()]
        return json.dumps(values, indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "RunSettings":
        """Return the settings that `to_json` described.

        Raises:
            TypeError: If a setting is of a wrong type.
            ValueError: If the text is not JSON of a known format with these settings.
        """
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError(f"Expected settings by name. Received {text[:80].strip()!r}. Restore the file.")
        version = values.pop("format_version", None)
        if version != FORMAT_VERSION:
            raise ValueError(f"Expected format_version {FORMAT_VERSION}. Received {version!r}. Update resunet_kit.")
        if unknown := sorted(set(values) - {one.name for one in fields(cls)}):
            raise ValueError(f"Expected settings of a run. Received {unknown} too. Restore the file.")
        if isinstance(values.get("normalize"), dict):
            values["normalize"] = (values["normalize"]["mean"], values["normalize"]["std"])
        if values.get("classes") is not None:
            values["classes"] = {_stored(key): label for key, label in values["classes"]}
        if values.get("postprocess") is not None:
            values["postprocess"] = PostProcess(**values["postprocess"])
        return cls(**values)


class Run(NamedTuple):
    """Result of `load_run`.

    Attributes:
        model: The trained model, not compiled.
        settings: How files become its inputs.
    """

    model: keras.Model
    settings: RunSettings


def load_run(path: str | os.PathLike[str]) -> Run:
    """Return the model and the settings of a run that `fit_folder` has finished.

    Args:
        path: The folder that `fit_folder` got as `out`.

    Raises:
        TypeError: If `path` is not a path.
        ValueError: If the folder is not a run, its training has not ended, or a file cannot be read.

    Example:
        >>> from resunet_kit.training import load_run
        >>> load_run("no_such_folder")
        Traceback (most recent call last):
        ...
        ValueError: Expected a run folder of fit_folder. Received 'no_such_folder', which is not a folder.
        Check the path.
    """
    settings = read_settings(path)
    file = Path(path, MODEL)
    if not file.is_file():
        raise _unreadable(Path(path), f"which lacks {MODEL}. Train again into another folder.")
    try:
        return Run(keras.models.load_model(file, compile=False), settings)
    except Exception as error:  # Keras raises nearly anything on damaged files
        raise _unreadable(file, f"which cannot be read: {reason(error)} Train again into another folder.") from error


def read_settings(path: str | os.PathLike[str]) -> RunSettings:
    """Return the settings of a finished run, without its model.

    Raises:
        TypeError: If `path` is not a path.
        ValueError: As for `load_run`.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"Expected the path of a run folder. Received {path!r}. Pass what was out of fit_folder.")
    folder = Path(path)
    if not folder.is_dir():
        raise _unreadable(folder, "which is not a folder. Check the path.")
    file = folder / SETTINGS
    if not file.is_file():
        if (folder / UNFINISHED).is_dir():
            raise _unreadable(folder, "whose training has not ended. Continue it with resume=True (--resume).")
        raise _unreadable(folder, f"which lacks {SETTINGS}. Pass the folder that was out.")
    try:
        return RunSettings.from_json(file.read_text(encoding="utf-8"))
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise _unreadable(file, f"which cannot be read: {reason(error)} Train again into another folder.") from error


def write_settings(path: Path, settings: RunSettings) -> None:
    """Write the settings, whose presence marks the run as finished."""
    with atomic_write(path / SETTINGS) as file:
        file.write_text(settings.to_json(), encoding="utf-8")


def _stored(key: Any) -> Any:
    return tuple(key) if isinstance(key, list) else key


def _unreadable(path: Path, problem: str) -> ValueError:
    return ValueError(f"Expected a run folder of fit_folder. Received {str(path)!r}, {problem}")
