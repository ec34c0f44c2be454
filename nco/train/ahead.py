"""Work of the host that is done while the device is busy: the next batch is made while this one is used."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Ahead(Generic[Made]):
    """make(k) for any k; after each, make(k + 1) is begun in a thread. `make` depends on nothing but k."""

    def __init__(self, make: Callable[[int], Made]) -> None:
        self._make, self._thread = make, ThreadPoolExecutor(max_workers=1)
        self._number: int | None = None  # of what is being made
        self._coming: Future[Made] = Future()

    def __call__(self, number: int) -> Made:
        if number != self._number:  # the first one, or a jump
            self._begin(number)
        made = self._coming.result()
        self._begin(number + 1)
        return made

    def _begin(self, number: int) -> None:
        self._number, self._coming = number, self._thread.submit(self._make, number)
