"""The meaning of the masks of one dataset, where `num_classes` is not given."""

import threading
import warnings

import numpy as np


class MaskValues:
    """Turn white into 1, and warn users of undeclared labels above 1.

    A mask of 0 and 255 is read as foreground file by file. Among files of labels, 255 more often marks unlabelled
    pixels, and both meanings in one dataset are an error.

    Args:
        ignore_class: A label that is not a class.
        white: Whether 255 means the white of a file with two values.
    """

    def __init__(self, ignore_class: int | None, *, white: bool) -> None:
        self._ignore_class, self._white = ignore_class, white
        self._white_file: str | None = None
        self._labelled: tuple[str, str] | None = None
        self._lock = threading.Lock()

    def checked(self, path: str, labels: np.ndarray) -> np.ndarray:
        """Return the labels of one file, with white as 1.

        Raises:
            ValueError: If this file and an earlier one contradict each other.
        """
        highest = int(labels.max())
        if highest <= 1:
            return labels
        if self._white and highest == 255:
            self._note_white(path)
            return np.minimum(labels, 1)
        self._note_labels(path, labels)
        return labels

    def _note_white(self, path: str) -> None:
        with self._lock:
            self._white_file = self._white_file or path
        self._compare()

    def _note_labels(self, path: str, labels: np.ndarray) -> None:
        if self._labelled is None:
            found = [value for value in np.unique(labels).tolist() if value != self._ignore_class]
            if found and found[-1] <= 1:
                return
            with self._lock:
                first, self._labelled = self._labelled is None, (path, ", ".join(map(str, found)))
            if first:
                self._warn(path, found)
        self._compare()

    def _warn(self, path: str, found: list[int]) -> None:
        unmarked = " and ignore_class=255" if found[-1] == 255 else ""
        count = max((value for value in found if value != 255), default=1) + 1
        warnings.warn(
            f"{path!r} holds the labels {', '.join(map(str, found))}, and num_classes was not given. A model of one "
            f"channel takes labels of 0 and 1 alone: pass num_classes={max(count, 2)}{unmarked}, and a model of as "
            "many channels; or foreground=True, which reads all above 0 as 1.",
            UserWarning,
            stacklevel=2,
        )

    def _compare(self) -> None:
        if self._white_file is None or self._labelled is None:
            return
        path, labels = self._labelled
        raise ValueError(
            f"Expected masks with one meaning of numbers. Received {self._white_file!r} of 0 and 255, which was read "
            f"as 0 and 1, and {path!r} of labels {labels}. Pass num_classes, with ignore_class=255 if 255 is no "
            "class; or say what all numbers mean, as in classes={255: 1}."
        )
