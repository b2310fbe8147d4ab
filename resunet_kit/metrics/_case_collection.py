"""Cases scored one at a time, so that only two masks are in memory."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from resunet_kit._shared.mask_checks import Spacing, pixel_size
from resunet_kit.metrics._case_labels import CaseLabels, case_labels
from resunet_kit.metrics._case_scores import Row, ScoreOptions, class_row, mean_row, unscored_row


@dataclass
class _Case:
    """One case: its rows by class, and what is needed for rows of classes that are absent from both masks."""

    name: str
    group: Hashable
    axes: int
    scored: bool
    rows: dict[int, Row]


@dataclass
class CaseCollection:
    """Scores of cases, which are added one at a time.

    Attributes:
        options: How cases are scored.
        unit: Unit of distances: "mm", or "px" where the spacing is not known.
    """

    options: ScoreOptions
    unit: str = "px"
    _cases: list[_Case] = field(default_factory=list)
    _full_scale: str = ""  # the name of a case stored as 0 and 255

    def add(self, name: str, group: Hashable, truth: ArrayLike, prediction: ArrayLike, spacing: Spacing = None) -> None:
        """Score one case.

        Args:
            name: The case's name, for the table and for messages.
            group: The group that the case belongs to.
            truth: `(height, width)` or `(depth, height, width)` labels.
            prediction: The same.
            spacing: Distance between neighbouring pixels; None means 1.

        Raises:
            TypeError: If the values are not numbers.
            ValueError: If a mask does not hold labels, or the shapes differ; the message names the case.
        """
        masks = [
            case_labels(
                mask,
                f"the {kind} of case {name!r}",
                num_classes=self.options.num_classes,
                ignore_class=self.options.ignore_class,
            )
            for kind, mask in (("truth", truth), ("prediction", prediction))
        ]
        shapes = [mask.array.shape for mask in masks]
        if shapes[0] != shapes[1]:
            raise ValueError(
                f"Expected truth and prediction of one shape. Received {shapes[0]} and {shapes[1]} for case {name!r}. "
                "Check that they are one pair, and resample one to the other's grid."
            )
        if any(mask.full_scale for mask in masks):
            self._full_scale = self._full_scale or name
        sizes = pixel_size(spacing, len(shapes[0]))
        self._cases.append(self._scored(name, group, masks[0], masks[1], sizes))

    def _scored(
        self, name: str, group: Hashable, truth: CaseLabels, prediction: CaseLabels, sizes: tuple[float, ...]
    ) -> _Case:
        ignored = self.options.ignore_class
        scored = None if ignored is None else truth.array != ignored
        scored = None if scored is None or scored.all() else scored
        case = _Case(name, group, truth.array.ndim, scored is None or bool(scored.any()), {})
        present = (truth.present | prediction.present) - {ignored}
        for label in sorted(present):
            own = [mask.array == label for mask in (truth, prediction)]
            if not case.scored:
                case.rows[label] = unscored_row(self.unit)
                continue
            if scored is not None:
                own = [mask & scored for mask in own]
            case.rows[label] = class_row(own[0], own[1], scored, spacing=sizes, unit=self.unit, options=self.options)
        return case

    def labels(self) -> list[int]:
        """Return the classes that are scored.

        Raises:
            ValueError: If there are several, and a mask was stored as 0 and 255.
        """
        found = self.options.labels({label for case in self._cases for label in case.rows})
        if self._full_scale and found != [1]:
            raise ValueError(
                f"Expected masks of one meaning. Received 0 and 255 for case {self._full_scale!r}, and the labels "
                f"{found} in all. Divide 0/255 masks by 255, or pass num_classes or ignore_class."
            )
        return found

    def rows(self) -> list[Row]:
        """Return one row for each case and class, and with several classes one more for their mean."""
        labels = self.labels()
        return [row for case in self._cases for row in self._case_rows(case, labels)]

    def _case_rows(self, case: _Case, labels: list[int]) -> Iterator[Row]:
        """Yield the rows of one case, including classes that are absent from both of its masks."""
        rows = {label: case.rows.get(label) or self._absent(case) for label in labels}
        for label, row in rows.items():
            yield {"case": case.name, "group": case.group, "class": label, **row}
        if len(labels) > 1:
            yield {"case": case.name, "group": case.group, "class": "mean", **mean_row(list(rows.values()))}

    def _absent(self, case: _Case) -> Row:
        if not case.scored:
            return unscored_row(self.unit)
        nothing = np.zeros((1,) * case.axes, bool)  # the rules for empty masks do not depend on the size
        return class_row(nothing, nothing, None, spacing=None, unit=self.unit, options=self.options)
