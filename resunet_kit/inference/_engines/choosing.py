"""Choice of the engine for a model: the requested one, a remembered one, or the fastest of a race."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from resunet_kit.inference._engines.candidates import COMBINATIONS, Candidate, Workshop
from resunet_kit.inference._engines.machine import fingerprint
from resunet_kit.inference._engines.race import Found, Race
from resunet_kit.inference._engines.remembered import recall, remember
from resunet_kit.inference._optional import optional

AUTOMATIC = ("float32", "bfloat16")
PACKAGES = {"keras": (), "openvino": ("openvino",), "onnxruntime": ("onnxruntime", "onnx", "tf2onnx")}


@dataclass(frozen=True)
class Options:
    """The requested options, checked."""

    engine: str
    precision: str
    batch_size: int
    seconds: float
    cache: bool | str
    calibration: Any = None


def choose(model: keras.Model, images: np.ndarray, options: Options) -> tuple[Found, str]:
    """Return the engine, and what to add to the reason.

    Raises:
        ImportError: If a requested engine is not installed.
        ValueError: If no requested engine runs the model, or none agrees with it.
    """
    combinations = combinations_of(options.engine, options.precision)
    for package in PACKAGES.get(options.engine, ()):
        optional(package)
    race = Race(Workshop(model, options.calibration), images, options.batch_size, options.seconds)
    if len(combinations) == 1:
        found = race.only(*combinations[0])
        chosen = dataclasses.replace(found.chosen, reason="the one that was asked for")
        return Found(found.engine, chosen, (chosen,)), ""
    key = fingerprint(
        model,
        images=[list(images.shape[1:]), str(images.dtype)],
        asked=[options.engine, options.precision, options.batch_size],
    )
    earlier = _remembered(key, race, combinations) if options.cache is True else None
    if earlier is not None:
        return earlier, "; remembered from an earlier measurement"
    found = race.fastest(combinations)
    problem = remember(key, _entry(found)) if options.cache and _complete(found) else ""
    return found, f"; not remembered: {problem}" if problem else ""


def combinations_of(engine: str, precision: str) -> list[tuple[str, str]]:
    """Return the engines and precisions to compare.

    Raises:
        ValueError: If the engine lacks the precision.

    Example:
        >>> combinations_of("onnxruntime", "auto")
        [('onnxruntime', 'float32')]
    """
    found = [
        (one, kind)
        for one, kind in COMBINATIONS
        if engine in ("auto", one) and (kind in AUTOMATIC if precision == "auto" else kind == precision)
    ]
    if not found:
        known = [kind for one, kind in COMBINATIONS if one == engine]
        raise ValueError(
            f"Expected a precision that {engine} has here, one of {', '.join(map(repr, known))}. Received "
            f'{precision=}. Pass one of these, or engine="auto".'
        )
    return found


def _complete(found: Found) -> bool:
    """Return whether no candidate was left out for lack of time; another run may have time for it."""
    return not any(candidate.reason.startswith("not measured") for candidate in found.candidates)


def _entry(found: Found) -> dict[str, Any]:
    return {
        "candidates": [dataclasses.asdict(candidate) for candidate in found.candidates],
        "chosen": found.candidates.index(found.chosen),
        "whole_batches": getattr(found.engine, "whole_batches", False),
    }


def _remembered(key: str, race: Race, combinations: list[tuple[str, str]]) -> Found | None:
    """Return the remembered engine, created and compared again; None unless it still agrees."""
    try:
        entry: Any = recall(key)
        candidates = tuple(Candidate(**candidate) for candidate in entry["candidates"])
        chosen = dict(enumerate(candidates))[entry["chosen"]]
        if (chosen.engine, chosen.precision) not in combinations:
            return None
        found = race.only(chosen.engine, chosen.precision)
    except Exception:  # no entry, a damaged one, or other weights, for which the engine disagrees
        return None
    if isinstance(entry.get("whole_batches"), bool) and hasattr(found.engine, "whole_batches"):
        found.engine.whole_batches = entry["whole_batches"]
    return Found(found.engine, chosen, candidates)
