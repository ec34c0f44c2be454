"""An extract of OpenStreetMap becomes a road graph; a part of it becomes an extract of its own.

Needs the extra 'roads'.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from nco.cities.geometry import Box, haversine
from nco.cities.graph import RoadGraph
from nco.cities.speeds import Mode, Tags, blocks, lived, rank, speeds
from nco.errors import ConfigError, Fault, FileError, RoadsError

SUFFIXES = (".osm", ".osm.gz", ".osm.bz2", ".osm.pbf")
KMH = 3.6
#: Its number, latitude and longitude.
Node = tuple[int, float, float]


def read_roads(path: Path, mode: Mode = "car", box: Box | None = None) -> RoadGraph:
    """The roads of an extract that a vehicle may use, or of the ways of it that touch a box.

    Raises FileError (F001, F002, F005) for what is no extract, RoadsError (R601) where there are no roads.
    """
    roads = _Roads(mode)
    for thing in _highways(path):
        if thing.is_node():
            roads.stop(thing.id, thing.tags)
        elif _touches(nodes := _nodes(thing), box):
            roads.way(nodes, thing.tags)
    if not roads.tails:
        raise RoadsError(Fault("R601", path.name, _nothing(box), "Give a box that lies inside the extract"))
    return roads.graph()


class _Roads:
    """A road graph in the making."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.stops: set[int] = set()  # points that nobody passes
        self.numbers: dict[tuple[int, int], int] = {}
        self.vertices: list[tuple[float, float]] = []
        self.tails: list[int] = []
        self.heads: list[int] = []
        self.kmh: list[float] = []
        self.ranks: list[int] = []
        self.lived: list[bool] = []

    def stop(self, number: int, tags: Tags) -> None:
        """Take note of a point: it may be a barrier."""
        if blocks(tags, self.mode):
            self.stops.add(number)

    def way(self, nodes: list[Node], tags: Tags) -> None:
        """Add a way: a segment between neighbours for each direction that is allowed."""
        pace = speeds(tags, self.mode)
        if pace is None:
            return
        importance, housed = rank(tags), lived(tags)
        for a, b in pairwise(nodes):
            if a[0] == b[0]:
                continue
            ends = self._vertex(a), self._vertex(b)
            for kmh, (tail, head) in zip(pace, (ends, ends[::-1]), strict=True):
                if kmh > 0:
                    self.tails.append(tail)
                    self.heads.append(head)
                    self.kmh.append(kmh)
                    self.ranks.append(importance)
                    self.lived.append(housed)

    def graph(self) -> RoadGraph:
        """All of it."""
        vertices = np.array(self.vertices)
        tail, head = np.array(self.tails, dtype=np.int32), np.array(self.heads, dtype=np.int32)
        seconds = haversine(vertices[tail], vertices[head]) / (np.array(self.kmh) / KMH)
        ranks, lived = np.array(self.ranks, dtype=np.uint8), np.array(self.lived)
        return RoadGraph(vertices, tail, head, seconds.astype(np.float32), ranks, lived)

    def _vertex(self, node: Node) -> int:
        """The number of a point: always the same, but a new one each time for a point that nobody passes."""
        key = (node[0], len(self.vertices) if node[0] in self.stops else -1)
        if key not in self.numbers:
            self.numbers[key] = len(self.vertices)
            self.vertices.append(node[1:])
        return self.numbers[key]


def clip(path: Path, box: Box, target: Path) -> None:
    """Write the ways of an extract that touch a box, with their points and turn restrictions, as an extract."""
    osmium = _osmium()
    kept: set[int] = set()
    with _readable(path), osmium.BackReferenceWriter(target, path, overwrite=True, remove_tags=False) as writer:
        for thing in _highways(path):
            if thing.is_way() and _touches(_nodes(thing), box):
                kept.add(thing.id)
                writer.add_way(thing)
        for relation in osmium.FileProcessor(path, osmium.osm.RELATION).with_filter(osmium.filter.KeyFilter("type")):
            ways = [member.ref for member in relation.members if member.type == "w"]
            if relation.tags["type"].startswith("restriction") and kept.issuperset(ways):
                writer.add_relation(relation)


def _highways(path: Path) -> Iterator[Any]:
    """Points and ways that say something about traffic, in the order of the file; ways know where their points are."""
    osmium = _osmium()
    with _readable(path):
        entities = osmium.osm.NODE | osmium.osm.WAY
        yield from (
            osmium.FileProcessor(path, entities)
            .with_locations()
            .with_filter(osmium.filter.KeyFilter("highway", "barrier", "access"))
        )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Errors of a file that is no extract."""
    if not path.is_file():
        what = "it is a folder" if path.is_dir() else "it does not exist"
        raise FileError(Fault("F001", str(path), what, "Check the path"))
    if not path.name.lower().endswith(SUFFIXES):
        raise FileError(
            Fault("F002", str(path), "not an extract of OpenStreetMap", f"Use one of: {', '.join(SUFFIXES)}")
        )
    try:
        yield
    except (RuntimeError, EOFError, ValueError) as error:  # pyosmium's
        fix = "Download the extract again; this one is cut off or damaged"
        raise FileError(Fault("F005", str(path), str(error) or "it cannot be decoded", fix)) from error


def _osmium() -> Any:
    try:
        import osmium
        import scipy.sparse  # noqa: F401  # what comes next needs it
    except ImportError as error:
        fix = "Install the extra: pip install 'nco-vrp[roads]'"
        raise ConfigError(Fault("C502", error.name or "osmium", "roads need this package", fix)) from error
    return osmium


def _nodes(way: Any) -> list[Node]:
    """The points of a way that the extract holds."""
    return [(node.ref, node.lat, node.lon) for node in way.nodes if node.location.valid()]


def _touches(nodes: list[Node], box: Box | None) -> bool:
    return box is None or any(box.south <= lat <= box.north and box.west <= lon <= box.east for _, lat, lon in nodes)


def _nothing(box: Box | None) -> str:
    if box is None:
        return "there are no roads"
    return f"there are no roads in {box.south:.4f},{box.west:.4f} to {box.north:.4f},{box.east:.4f}"
