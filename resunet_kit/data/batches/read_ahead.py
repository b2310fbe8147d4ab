"""Batches by index, with the next ones being read while one is in use."""

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]  # as `map`


class Read(Protocol[T_co]):
    """A function that reads the batch of an index, with `each` for its files."""

    def __call__(self, index: int, each: Each = map) -> T_co:
        """Return the batch."""
        ...


class ReadAhead(Generic[T]):
    """The batches of one epoch, for a caller that asks for each by its index, mostly in order.

    Args:
        read: Called in threads.
        count: The number of batches.
    """

    def __init__(self, read: Read[T], count: int) -> None:
        self._read, self._count = read, count
        self._workers = os.cpu_count() or 1
        self._threads: ThreadPoolExecutor | None = None
        self._waiting: dict[int, Future[T]] = {}
        self._next = 0
        self._closed = False
        self._lock = threading.Lock()

    def __getitem__(self, index: int) -> T:
        """Return a batch; out of order, when nothing has been read ahead, its files are read in parallel."""
        with self._lock:
            threads = self._started()
            future = self._waiting.pop(index, None)
            if threads is not None and index == self._next:
                for later in range(index + 1, min(index + 1 + self._workers, self._count)):
                    if later not in self._waiting and len(self._waiting) < self._workers:
                        self._waiting[later] = threads.submit(self._read, later)
            self._next = index + 1
        if future is not None:
            return future.result()
        return self._read(index, map if threads is None else threads.map)

    def close(self) -> bool:
        """Stop reading ahead, and return False if that was done before; later requests are read at once."""
        with self._lock:
            new, self._closed = not self._closed, True
            threads, self._threads = self._threads, None
            self._waiting.clear()
        if threads is not None:
            threads.shutdown(cancel_futures=True)
        return new

    def _started(self) -> ThreadPoolExecutor | None:
        if self._threads is None and not self._closed:
            self._threads = ThreadPoolExecutor(self._workers)
        return self._threads
