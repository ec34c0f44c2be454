"""Fastest ways without OSRM: scipy's Dijkstra on the road graph. No turn costs, no turn restrictions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nco.cities.geometry import Floats, haversine
from nco.cities.graph import RoadGraph
from nco.cities.matrices import Matrices, Progress, silent
from nco.cities.places import Anchored
from nco.errors import Fault, RoadsError

#: Origins treated at once: bounds the memory at BLOCK x vertices.
BLOCK = 32
NOWHERE = -9999


def fastest(anchored: Anchored, progress: Progress = silent) -> Matrices:
    """Matrices between the places of an anchored graph."""
    graph, places = anchored.graph, anchored.vertex
    distance, duration = (np.empty((len(places), len(places))) for _ in range(2))
    for first in range(0, len(places), BLOCK):
        rows = slice(first, first + BLOCK)
        seconds, before = _trees(graph, places[rows])
        duration[rows] = seconds[:, places]
        distance[rows] = _metres(graph, before)[:, places]
        progress("finding the fastest ways", min(1.0, (first + BLOCK) / len(places)))
    distance[~np.isfinite(duration)] = np.inf
    return Matrices(distance, duration)


def paths(graph: RoadGraph, ends: NDArray[np.int32]) -> Iterator[list[int]]:
    """The vertices of the fastest way for each pair of ends [*, 2]; raises RoadsError (R603) where there is none."""
    for first in range(0, len(ends), BLOCK):
        pairs = ends[first : first + BLOCK]
        _, before = _trees(graph, pairs[:, 0])
        for tree, (origin, destination) in zip(before, pairs.tolist(), strict=True):
            way = [destination]
            while way[-1] != origin:
                way.append(int(tree[way[-1]]))
                if way[-1] == NOWHERE:
                    fix = "Ask for places that are connected"
                    raise RoadsError(Fault("R603", "paths", f"there is no way from {origin} to {destination}", fix))
            yield way[::-1]


def _trees(graph: RoadGraph, origins: NDArray[np.int32]) -> tuple[Floats, NDArray[np.int32]]:
    """Seconds [origins, V] to all vertices, and the vertex before each on the way."""
    from scipy.sparse.csgraph import dijkstra

    seconds, before = dijkstra(graph.times, directed=True, indices=origins, return_predecessors=True)
    return seconds, before


def _metres(graph: RoadGraph, before: NDArray[np.int32]) -> Floats:
    """Metres [origins, V] along the trees: every vertex adds the way of its ancestor, which doubles each time."""
    every = np.arange(before.shape[1])
    ancestor = np.where(before == NOWHERE, every, before).astype(np.intp)
    metres = haversine(graph.vertex[ancestor], graph.vertex)  # of segments: they are straight
    while True:
        further = np.take_along_axis(ancestor, ancestor, axis=1)
        metres = metres + np.take_along_axis(metres, ancestor, axis=1)
        if (further == ancestor).all():
            return metres
        ancestor = further
