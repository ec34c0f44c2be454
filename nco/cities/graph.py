"""The road graph: crossings and bends joined by directed road segments."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nco.cities.geometry import Bools, Floats, Ints, haversine

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: No segment takes less than this many seconds: a sparse matrix has no arcs of weight zero.
INSTANT = 1e-3


@dataclass(frozen=True, eq=False)
class RoadGraph:
    """V vertices and E directed segments between neighbouring ones; a street for both directions is two segments."""

    vertex: Floats  # [V, 2] latitude, longitude in degrees
    tail: Ints  # [E] from
    head: Ints  # [E] to
    seconds: NDArray[np.float32]  # [E]
    rank: NDArray[np.uint8]  # [E] importance, 0 = motorway: see nco.cities.speeds.RANKS
    lived: Bools  # [E] whether there may be addresses: no motorway, ramp, driveway, bridge or tunnel

    @cached_property
    def length(self) -> Floats:
        """Metres [E] of the segments."""
        return haversine(self.vertex[self.tail], self.vertex[self.head])

    @cached_property
    def times(self) -> csr_array:
        """Seconds [V, V] of the segments as a sparse matrix; of two between the same vertices the faster counts."""
        from scipy.sparse import csr_array

        size, chosen = len(self.vertex), self._fastest
        ends = (self.tail[chosen], self.head[chosen])
        return csr_array((np.maximum(self.seconds[chosen], INSTANT).astype(np.float64), ends), shape=(size, size))

    @cached_property
    def _fastest(self) -> NDArray[np.intp]:
        """Numbers of segments, one for each pair of ends in this order: the fastest."""
        order = np.lexsort((self.length, self.seconds, self.head, self.tail))
        return order[_first(self.tail[order], self.head[order])]

    @cached_property
    def streets(self) -> NDArray[np.intp]:
        """Numbers of segments, one for each pair of ends in any order: stretches of road whatever their directions."""
        low, high = np.minimum(self.tail, self.head), np.maximum(self.tail, self.head)
        order = np.lexsort((self.tail, high, low))
        return np.sort(order[_first(low[order], high[order])])

    def keep(self, segments: Bools) -> RoadGraph:
        """The graph of some segments [E], without the vertices that none of them touches."""
        used = np.zeros(len(self.vertex), dtype=bool)
        used[self.tail[segments]] = used[self.head[segments]] = True
        number = (np.cumsum(used) - 1).astype(np.int32)
        parts = {field.name: getattr(self, field.name)[segments] for field in fields(self)[1:]}
        parts |= {end: number[parts[end]] for end in ("tail", "head")}
        return RoadGraph(self.vertex[used], **parts)

    def connected(self) -> RoadGraph:
        """The largest part in which every vertex can be reached from every other."""
        from scipy.sparse.csgraph import connected_components

        _, part = connected_components(self.times, directed=True, connection="strong")
        biggest = part == np.bincount(part, minlength=1).argmax()
        return self.keep(biggest[self.tail] & biggest[self.head])


def _first(tail: Ints, head: Ints) -> Bools:
    """Of sorted pairs [E], those that differ from the one before."""
    change = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    return np.concatenate([np.ones(min(len(tail), 1), dtype=bool), change])
