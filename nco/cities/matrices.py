"""Distances and travel times between places, whoever computed them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nco.cities.geometry import Floats

#: Told what is being done, and how much of it is, from 0 to 1.
Progress = Callable[[str, float], None]


def silent(stage: str, share: float) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, eq=False)
class Matrices:
    """From row to column; infinite where there is no way. The distance is that of the fastest way."""

    distance: Floats  # [P, P] metres
    duration: Floats  # [P, P] seconds

    def connected(self) -> NDArray[np.intp]:
        """Numbers of places that all have ways to each other: whoever lacks most is dropped first."""
        lacking = ~(np.isfinite(self.distance) & np.isfinite(self.duration))
        kept = np.arange(len(lacking))
        while (inside := lacking[np.ix_(kept, kept)]).any():
            kept = np.delete(kept, (inside.sum(axis=0) + inside.sum(axis=1)).argmax())
        return kept

    def of(self, places: NDArray[np.intp]) -> Matrices:
        """The same between some of the places."""
        square = np.ix_(places, places)
        return Matrices(self.distance[square], self.duration[square])
