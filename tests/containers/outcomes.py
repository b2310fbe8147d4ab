"""What `read_image` and `read_mask` make of a container: right, refused, or wrong without a word."""

import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from resunet_kit.data import read_image, read_mask
from tests.containers.container import Container
from tests.containers.truth import container_values, images, masks, with_opacity

RIGHT, REFUSED, NEEDLESS, SILENT, LOST = (
    "right",
    "refused",
    "refused though plain",
    "silent difference",
    "unnamed error",
)


@dataclass(frozen=True)
class Outcome:
    """What one call made of one file.

    Attributes:
        reader: The call.
        result: One of the names above.
        said: The error's text, or what differs.
        warned: Texts of warnings.
    """

    reader: str
    result: str
    said: str = ""
    warned: tuple[str, ...] = ()


def outcomes(container: Container, folder: Path) -> list[Outcome]:
    """Return what each call makes of the file."""
    path = folder / f"file{container.suffix}"
    path.unlink(missing_ok=True)  # writing over a file waits for the disk
    path.write_bytes(container.data)
    checks: list[tuple[str, Callable, list[np.ndarray], float]] = [
        ("read_image", read_image, images(container), max(container.tolerance, 1e-6)),
        ("read_image, normalised", _normalised, _z_scores(container), 1e9 if _is_rough(container) else 5e-3),
    ]
    checks += [
        (
            f"read_mask, num_classes={number}",
            lambda path, n=number: read_mask(path, num_classes=n),
            masks(container, number),
            0,
        )
        for number in (None, 1, 4)
    ]
    return [_outcome(name, read, right, tolerance, path) for name, read, right, tolerance in checks]


def _is_rough(container: Container) -> bool:
    """Return whether rounding in the file, divided by a channel's standard deviation, is no longer small."""
    values = container_values(container)
    if not container.tolerance or values is None:
        return False
    deviations = values.std(axis=tuple(range(values.ndim - 1)))
    return container.lossy or bool((deviations < 1000 * container.tolerance).any())


def _normalised(path: Path) -> np.ndarray:
    return read_image(path, normalize="image")


def _z_scores(container: Container) -> list[np.ndarray]:
    values = container_values(container)
    if values is None or not np.isfinite(values).all():
        return []
    return [_z(one) for one in with_opacity(container, values)]


def _z(values: np.ndarray) -> np.ndarray:
    axes = tuple(range(values.ndim - 1))
    shifted = values.astype(np.longdouble) - values.mean(axis=axes, dtype=np.longdouble)
    std = shifted.std(axis=axes)
    return (shifted / np.where(std < 1e-12 * np.maximum(1, np.abs(values).max()), 1, std)).astype(np.float64)


def _outcome(name: str, read: Callable, right: list[np.ndarray], tolerance: float, path: Path) -> Outcome:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            array = read(path)
        except ValueError as error:
            named = path.name in str(error) and "Expected" in str(error)
            return Outcome(name, LOST if not named else NEEDLESS if right else REFUSED, str(error))
        except Exception as error:
            return Outcome(name, LOST, f"{type(error).__name__}: {error}")
    warned = tuple(str(one.message) for one in caught)
    for wanted in right:
        if array.shape == wanted.shape and np.allclose(array, wanted, rtol=0, atol=tolerance):
            return Outcome(name, RIGHT, "", warned)
    return Outcome(name, SILENT, _difference(array, right), warned)


def _difference(array: np.ndarray, right: list[np.ndarray]) -> str:
    def text(one: np.ndarray) -> str:
        return (
            f"{one.dtype}{one.shape} {np.unique(one)[:5].tolist()} first {one.reshape(-1, one.shape[-1])[:3].tolist()}"
        )

    return f"ours {text(array)}; expected {' or '.join(map(text, right)) or 'an error'}"


def count(containers: Iterable[Container], *, readers: bool = True) -> tuple[Counter, dict, Counter]:
    """Return the number of outcomes by kind, call and result; examples of each; and what other readers say."""
    from tests.containers.readers import what_readers_say

    results: Counter = Counter()
    examples: dict = defaultdict(list)
    confirmed: Counter = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for container in containers:
            says = what_readers_say(container) if readers else {}
            results[container.kind, "files", ""] += 1
            confirmed[container.kind, sum(word == "agrees" for word in says.values())] += 1
            found_now = outcomes(container, Path(folder))
            results[container.kind, "files", SILENT] += any(one.result == SILENT for one in found_now)
            for one in found_now:
                results[container.kind, one.reader, one.result] += 1
                found = examples[container.kind, one.reader, one.result]
                if len(found) < 400:
                    found.append((container, one, says))
    return results, examples, confirmed
