"""Roads as few long lines instead of many short segments: what is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nco.cities.geometry import DEGREE, Floats
from nco.cities.graph import RoadGraph


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """A stretch of road between crossings."""

    points: Floats  # [*, 2] latitude, longitude
    rank: int  # importance, 0 = motorway


def lines(graph: RoadGraph, tolerance: float) -> list[Line]:
    """All roads, each once whatever its directions, cut at crossings and where their importance changes.

    Bends of fewer than `tolerance` metres are left out.
    """
    streets = graph.streets
    ends = np.stack([graph.tail[streets], graph.head[streets]], axis=1).tolist()
    ranks = graph.rank[streets].tolist()
    at: dict[int, list[int]] = {}
    for street, pair in enumerate(ends):
        for vertex in pair:
            at.setdefault(vertex, []).append(street)
    through = {v for v, both in at.items() if len(both) == 2 and ranks[both[0]] == ranks[both[1]]}
    left = set(range(len(ends)))
    found = []
    starts = [(v, street) for v, around in at.items() if v not in through for street in around]
    for start, street in [*starts, *((pair[0], k) for k, pair in enumerate(ends))]:  # the rest are circles
        if street not in left:
            continue
        path, here = [start], street
        while here in left:
            left.remove(here)
            a, b = ends[here]
            path.append(b if path[-1] == a else a)
            if path[-1] in through:
                first, second = at[path[-1]]
                here = second if here == first else first
        found.append(Line(simplified(graph.vertex[path], tolerance), ranks[street]))
    return found


def joined(start: Floats, legs: Sequence[Floats]) -> Floats:
    """One line from a point [1, 2] along legs [*, 2], each of which begins where the one before ends."""
    return np.concatenate([start, *(leg[1:] for leg in legs)])


def simplified(points: Floats, tolerance: float) -> Floats:
    """A line [*, 2] of latitudes and longitudes with fewer points (Douglas and Peucker 1973)."""
    if len(points) < 3:
        return points
    flat = points * DEGREE * np.array([1.0, np.cos(np.radians(points[0, 0]))])
    kept = np.zeros(len(points), dtype=bool)
    kept[[0, -1]] = True
    open_spans = [(0, len(points) - 1)]
    while open_spans:
        first, last = open_spans.pop()
        chord, inner = flat[last] - flat[first], flat[first + 1 : last] - flat[first]
        if not len(inner):
            continue
        share = np.clip(inner @ chord / max(float(chord @ chord), 1e-9), 0.0, 1.0)
        off = np.linalg.norm(inner - share[:, None] * chord, axis=1)
        if off.max() > tolerance:
            middle = first + 1 + int(off.argmax())
            kept[middle] = True
            open_spans += [(first, middle), (middle, last)]
    return points[kept]
