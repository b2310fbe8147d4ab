"""Settings file of a saved cascade: JSON with a format version; every earlier format can be read."""

import dataclasses
import json
import math
from typing import Any

from resunet_kit.inference._value_range import ValueRange
from resunet_kit.masks import PostProcess

# Format 1, a folder, had no version, and mask_threshold and min_area instead of a postprocess. Format 2 was a folder.
FORMAT_VERSION = 3


def settings_to_json(threshold: float, postprocess: PostProcess, value_range: ValueRange = "auto") -> str:
    """Return the settings as JSON."""
    options = dataclasses.asdict(postprocess)
    settings: dict[str, Any] = {"format_version": FORMAT_VERSION, "threshold": threshold, "postprocess": options}
    settings["value_range"] = value_range
    return json.dumps(settings, indent=2) + "\n"


def settings_from_json(text: str) -> dict[str, Any]:
    """Return the options of `Cascade` by name.

    Raises:
        TypeError: If an option is unknown or of another type.
        ValueError: If the text is not JSON of a known format, or an option is out of range.
    """
    settings = json.loads(text)
    if not isinstance(settings, dict):
        raise ValueError(f"Expected settings by name. Received {text[:80].strip()!r}. Restore the file.")
    version = settings.pop("format_version", 1)
    if version == 1:
        # Format 1 took fractions of a pixel as the smallest area.
        old = {"threshold": settings.pop("mask_threshold", 0.5), "min_size": math.ceil(settings.pop("min_area", 0))}
        return {**settings, "postprocess": PostProcess(**old)}
    if isinstance(version, bool) or version not in (2, FORMAT_VERSION):
        raise ValueError(f"Expected format_version up to {FORMAT_VERSION}. Received {version!r}. Update resunet_kit.")
    options: Any = settings.get("postprocess")
    return {**settings, "postprocess": PostProcess(**options)}
