"""Places on the roads: drawn by length, or the nearest to where the user's are; each becomes a vertex of the graph."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nco.cities.geometry import DEGREE, Box, Floats
from nco.cities.graph import RoadGraph
from nco.errors import Fault, RoadsError


@dataclass(frozen=True, eq=False)
class Anchored:
    """A graph in which every place has a vertex."""

    graph: RoadGraph
    vertex: NDArray[np.int32]  # [P]; the same for places on the same spot
    gap: Floats  # [P] metres from the place to its road

    @property
    def spots(self) -> Floats:
        """Where the places are on their roads [P, 2]: latitude, longitude."""
        return self.graph.vertex[self.vertex]


def draw(graph: RoadGraph, count: int, box: Box, seed: int) -> Floats:
    """Places [count, 2] in a box, uniform along the roads where there may be addresses.

    Raises RoadsError (R601) when the box has none, or fewer metres of them than places.
    """
    streets = graph.streets[graph.lived[graph.streets]]
    start, end = graph.vertex[graph.tail[streets]], graph.vertex[graph.head[streets]]
    near = box.holds(start) | box.holds(end)
    start, end, length = start[near], end[near], graph.length[streets[near]]
    if length.sum() < count:
        what = f"the box has {length.sum():.0f} metres of streets for {count} places"
        raise RoadsError(Fault("R601", "places", what, "Choose another centre, a larger size, or fewer points"))
    random = np.random.default_rng(seed)
    found = np.empty((0, 2))
    while len(found) < count:
        chosen = random.choice(len(length), size=count, p=length / length.sum())
        points = start[chosen] + random.random((count, 1)) * (end - start)[chosen]
        points = points.round(6)  # 0.1 m: what OSRM is asked for
        found = np.concatenate([found, points[box.holds(points)]])
        if not len(found):
            raise RoadsError(Fault("R601", "places", "no street enters the box", "Choose a larger size"))
    return found[:count]


def anchor(graph: RoadGraph, places: Floats) -> Anchored:
    """Put places [P, 2] on the nearest road and split the roads there, so that they have a vertex."""
    nearest, gap = _nearest(graph, places)
    spots, number = np.unique(nearest, axis=0, return_inverse=True)  # places at the same address share a vertex
    segment, share = spots[:, 0].astype(np.intp), spots[:, 1]
    start, end = graph.vertex[graph.tail[segment]], graph.vertex[graph.head[segment]]
    vertex = len(graph.vertex) + np.arange(len(spots))
    split: dict[int, list[tuple[float, int]]] = {}
    for stop, (there, back) in enumerate(zip(segment.tolist(), _twins(graph, segment).tolist(), strict=True)):
        split.setdefault(there, []).append((float(share[stop]), int(vertex[stop])))
        if back >= 0:
            split.setdefault(back, []).append((1 - float(share[stop]), int(vertex[stop])))
    pieces = [piece for number, stops in split.items() for piece in _pieces(graph, number, sorted(stops))]
    whole = np.ones(len(graph.tail), dtype=bool)
    whole[list(split)] = False
    tail, head, part, seconds = (np.array(column) for column in zip(*pieces, strict=True))
    old = part.astype(np.intp)
    return Anchored(
        RoadGraph(
            np.concatenate([graph.vertex, start + share[:, None] * (end - start)]),
            np.concatenate([graph.tail[whole], tail.astype(np.int32)]),
            np.concatenate([graph.head[whole], head.astype(np.int32)]),
            np.concatenate([graph.seconds[whole], seconds.astype(np.float32)]),
            np.concatenate([graph.rank[whole], graph.rank[old]]),
            np.concatenate([graph.lived[whole], graph.lived[old]]),
        ),
        vertex[number.ravel()].astype(np.int32),
        gap,
    )


def _nearest(graph: RoadGraph, places: Floats) -> tuple[Floats, Floats]:
    """The nearest stretch of road and how far along it (0 to 1) [P, 2], and the metres to it [P]."""
    streets = graph.streets
    scale = np.array([DEGREE, DEGREE * np.cos(np.radians(places[:, 0].mean()))])
    start, end = (graph.vertex[ends[streets]] * scale for ends in (graph.tail, graph.head))
    along = end - start
    square = np.maximum((along**2).sum(axis=1), 1e-9)
    nearest, gap = np.empty((len(places), 2)), np.empty(len(places))
    for k, place in enumerate(places * scale):
        shares = np.clip(((place - start) * along).sum(axis=1) / square, 0.0, 1.0)
        squares = ((place - start - shares[:, None] * along) ** 2).sum(axis=1)
        best = squares.argmin()
        nearest[k], gap[k] = (streets[best], shares[best]), np.sqrt(squares[best])
    return nearest, gap


def _twins(graph: RoadGraph, segments: NDArray[np.intp]) -> NDArray[np.intp]:
    """The segments in the opposite direction, -1 where there is none."""
    size = np.int64(len(graph.vertex))
    key, reverse = graph.tail * size + graph.head, graph.head[segments] * size + graph.tail[segments]
    order = np.argsort(key)
    at = np.minimum(np.searchsorted(key, reverse, sorter=order), len(order) - 1)
    return np.where(key[order[at]] == reverse, order[at], -1)


def _pieces(graph: RoadGraph, number: int, stops: list[tuple[float, int]]) -> list[tuple[int, int, int, float]]:
    """A segment cut at stops (share, vertex): tail, head, the number of the segment, seconds of each piece."""
    marks = [(0.0, int(graph.tail[number])), *stops, (1.0, int(graph.head[number]))]
    seconds = float(graph.seconds[number])
    return [(a, b, number, (y - x) * seconds) for (x, a), (y, b) in pairwise(marks)]
