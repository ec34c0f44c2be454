"""A small town as OpenStreetMap's XML: what is drawn here is known exactly.

       north        crossings are 200 m apart; a: oneway against its direction (-1), b: 30 mph, c: oneway
8--9-10--11         d: the private drive of a villa, e: footway, f: bollard between two crossings
|  |  |   |         the roundabout hangs on crossing 7, driven counter-clockwise
4--5--6---7=O       an island with one street lies in the east
|  |  |   |
0--1--2---3
"""

import math
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

LATITUDE, LONGITUDE = 49.5, 8.5
DEGREE = math.radians(1.0) * 6_371_008.8
STEP = 200.0
ISLAND = (20, 21)
ROUNDABOUT = (12, 13, 14, 15)


def place(east: float, north: float) -> tuple[float, float]:
    """Latitude and longitude of a point that many metres from the town's south-western corner."""
    return LATITUDE + north / DEGREE, LONGITUDE + east / DEGREE / math.cos(math.radians(LATITUDE))


class Town:
    """Points by number, ways with their tags, and what is expected of each: km/h along and against it."""

    def __init__(self) -> None:
        self.points = {k: (STEP * (k % 4), STEP * (k // 4)) for k in range(12)}
        self.points |= {12: (660, 200), 13: (690, 170), 14: (720, 200), 15: (690, 230)}
        self.points |= {20: (900, 0), 21: (900, 400), 30: (100, 100), 31: (250, 150)}
        self.tags: dict[int, dict[str, str]] = {}
        self.ways: list[tuple[list[int], dict[str, str], tuple[float, float]]] = []
        self.relations: list[tuple[list[tuple[str, int, str]], dict[str, str]]] = []
        street = {"highway": "residential"}
        self.way([0, 1, 2, 3], street, (25, 25))
        self.way([4, 5, 6, 7], {"highway": "secondary", "maxspeed": "30 mph"}, (30 * 1.609 * 0.8,) * 2)
        self.way([8, 9, 10, 11], {"highway": "tertiary", "oneway": "-1"}, (0, 40))
        self.way([0, 4, 8], street, (25, 25))
        self.way([1, 5, 9], {"highway": "living_street"}, (10, 10))
        self.way([2, 6, 10], {**street, "oneway": "yes"}, (25, 0))
        self.way([3, 7, 11], {"highway": "primary", "maxspeed": "50"}, (40, 40))
        self.way([7, 12], street, (25, 25))
        self.way([*ROUNDABOUT, 12], {**street, "junction": "roundabout"}, (25, 0))
        self.way(list(ISLAND), street, (25, 25))
        self.way([0, 30], {**street, "access": "private"}, (0, 0))
        self.way([5, 31], {"highway": "footway"}, (0, 0))

    def way(self, numbers: list[int], tags: dict[str, str], kmh: tuple[float, float]) -> None:
        self.ways.append((numbers, tags, kmh))

    def forbid(self, from_way: int, via: int, to_way: int) -> None:
        """No turn from a way into another, by their numbers in `ways`."""
        members = [("way", from_way, "from"), ("node", via, "via"), ("way", to_way, "to")]
        self.relations.append((members, {"type": "restriction", "restriction": "no_left_turn"}))

    def write(self, path: Path) -> Path:
        root = ElementTree.Element("osm", version="0.6", generator="nco's tests")
        for number, (east, north) in self.points.items():
            latitude, longitude = place(east, north)
            about = {"id": str(number + 1), "lat": f"{latitude:.7f}", "lon": f"{longitude:.7f}", "version": "1"}
            _tag(ElementTree.SubElement(root, "node", about), self.tags.get(number, {}))
        for number, (points, tags, _) in enumerate(self.ways):
            way = ElementTree.SubElement(root, "way", id=str(number + 1), version="1")
            for point in points:
                ElementTree.SubElement(way, "nd", ref=str(point + 1))
            _tag(way, tags)
        for number, (members, tags) in enumerate(self.relations):
            relation = ElementTree.SubElement(root, "relation", id=str(number + 1), version="1")
            for kind, member, role in members:
                ElementTree.SubElement(relation, "member", type=kind, ref=str(member + 1), role=role)
            _tag(relation, tags)
        ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
        return path

    def segments(self) -> dict[tuple[int, int], tuple[float, float]]:
        """Metres and seconds from a point to its neighbour, in each direction that is allowed."""
        found = {}
        for numbers, _, kmh in self.ways:
            for a, b in pairwise(numbers):
                metres = math.dist(self.points[a], self.points[b])
                for speed, pair in zip(kmh, ((a, b), (b, a)), strict=True):
                    if speed:
                        found[pair] = metres, metres / (speed / 3.6)
        return found

    def fastest(self, spots: list[tuple[int, int, float]]) -> tuple[np.ndarray, np.ndarray]:
        """Metres and seconds [P, P] between spots (a, b, share): so far on the segment from a to b. By Floyd."""
        arcs, split = self.segments(), {}
        for number, (a, b, share) in enumerate(spots, 100):
            split.setdefault((a, b), []).append((share, number))
        for (a, b), stops in split.items():
            marks = [(0.0, a), *sorted(stops), (1.0, b)]
            for (low, x), (high, y) in pairwise(marks):
                for ends, pair in (((a, b), (x, y)), ((b, a), (y, x))):
                    if ends in arcs:
                        metres, seconds = arcs[ends]
                        arcs[pair] = (high - low) * metres, (high - low) * seconds
                    elif low == high:
                        arcs[pair] = 0.0, 0.0
        number = {point: k for k, point in enumerate(sorted({end for pair in arcs for end in pair}))}
        metres, seconds = (np.full((len(number), len(number)), np.inf) for _ in range(2))
        for (a, b), (length, time) in arcs.items():
            metres[number[a], number[b]], seconds[number[a], number[b]] = length, time
        for matrix in (metres, seconds):
            np.fill_diagonal(matrix, 0.0)
        for k in range(len(number)):
            better = seconds[:, k, None] + seconds[k] < seconds - 1e-9
            metres = np.where(better, metres[:, k, None] + metres[k], metres)
            seconds = np.where(better, seconds[:, k, None] + seconds[k], seconds)
        at = [number[100 + k] for k in range(len(spots))]
        return metres[np.ix_(at, at)], seconds[np.ix_(at, at)]

    def at(self, spots: list[tuple[int, int, float]]) -> np.ndarray:
        """Latitudes and longitudes [P, 2] of spots (a, b, share)."""
        points = {k: np.array(point, dtype=float) for k, point in self.points.items()}
        return np.array([place(*(points[a] + share * (points[b] - points[a]))) for a, b, share in spots])


def _tag(element: ElementTree.Element, tags: dict[str, str]) -> None:
    for key, value in tags.items():
        ElementTree.SubElement(element, "tag", k=key, v=value)
