"""The streets under a problem: its matrices measured along real roads, and the lines that vehicles drive on a map.

problem, streets = on_streets(nco.read("day.json"), "town.osm.pbf")  # places are longitudes and latitudes in degrees
result = dataclasses.replace(nco.solve(problem), streets=streets)  # pages, pictures and GeoJSON follow the roads
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from nco.cities import dijkstra
from nco.cities.build import chosen, matrices
from nco.cities.extract import read_roads
from nco.cities.geometry import Bools, Box, Floats
from nco.cities.lines import Line, lines, simplified
from nco.cities.matrices import Matrices, Progress, silent
from nco.cities.places import Anchored, anchor
from nco.cities.speeds import Mode
from nco.errors import Fault, RoadsError
from nco.problem import Problem

#: A place may lie this many metres from its road.
REACH = 500.0
#: Roads around the places that ways may take: metres, or a share of the extent of the places when that is more.
MARGIN, SHARE = 2000.0, 0.5
#: Maps show roads of an importance, 0 to 3, up to this extent in metres; details below DETAIL of it are left out.
SHOWN = (np.inf, np.inf, 40_000.0, 8_000.0)
DETAIL = 1 / 2000
#: Roads are shown at least this many metres around the places.
EDGE = 200.0
#: Lines leave out bends of fewer metres.
BEND = 1.0


@dataclass(frozen=True, eq=False)
class Streets:
    """Road graphs, one a profile, in which every location [N] of the problem is a vertex; xy [N, 2] in degrees."""

    xy: Floats
    profiles: tuple[Anchored, ...]
    _legs: dict[tuple[int, int, int], Floats] = field(default_factory=dict, repr=False)

    def legs(self, profile: int, stops: Sequence[int]) -> list[Floats]:
        """From each location to the next a line [*, 2] (longitude, latitude): the fastest way, without turn costs."""
        keys = [(profile, *pair) for pair in pairwise(stops)]
        new = [key for key in dict.fromkeys(keys) if key not in self._legs]
        anchored = self.profiles[profile]
        ends = anchored.vertex[np.array([key[1:] for key in new], dtype=np.intp).reshape(-1, 2)]
        for key, path in zip(new, dijkstra.paths(anchored.graph, ends), strict=True):
            way = simplified(anchored.graph.vertex[path], BEND)[:, ::-1]
            self._legs[key] = np.concatenate([self.xy[[key[1]]], way, self.xy[[key[2]]]])
        return [self._legs[key] for key in keys]

    @cached_property
    def background(self) -> list[Line]:
        """The roads of the first profile around the places, fewer and simpler the larger the map is."""
        box = Box.of(self.xy[:, ::-1])
        near = box.grown(max(0.1 * box.extent, EDGE))
        graph = self.profiles[0].graph
        inside = near.holds(graph.vertex[graph.tail]) & near.holds(graph.vertex[graph.head])
        return lines(graph.keep(inside & (np.array(SHOWN)[graph.rank] >= box.extent)), max(DETAIL * box.extent, BEND))


def on_streets(
    problem: Problem, extract: str | os.PathLike[str], engine: str = "auto", progress: Progress = silent
) -> tuple[Problem, Streets]:
    """The problem with distances in metres and durations in seconds along the roads of an extract, and its streets.

    A profile named "bike" takes a bicycle's ways, all others a car's; what vehicles call speed divides the durations.
    engine: "osrm", "dijkstra", or "auto" for OSRM where it is installed.
    Raises RoadsError naming every place that is more than 500 m from a road (R602) or cannot be reached (R603).
    """
    path, engine, places = Path(extract), chosen(engine), _places(problem)
    box = Box.of(places)
    around = box.grown(max(MARGIN, SHARE * box.extent))
    made: dict[str, tuple[Anchored, Matrices]] = {}
    modes: list[Mode] = ["bike" if profile.name == "bike" else "car" for profile in problem.profiles]
    for mode in dict.fromkeys(modes):
        anchored = anchor(read_roads(path, mode, around).connected(), places)
        far = f"its nearest road for a {mode} is more than {REACH:g} m away"
        _require(problem, anchored.gap <= REACH, "R602", far)
        found = matrices(path, anchored, around, engine, mode, progress)
        reached = np.isin(np.arange(len(places)), found.connected())
        _require(problem, reached, "R603", f"a {mode} finds no way to it or from it")
        made[mode] = anchored, found
    profiles = tuple(
        replace(profile, distance=made[mode][1].distance, duration=made[mode][1].duration)
        for profile, mode in zip(problem.profiles, modes, strict=True)
    )
    return replace(problem, profiles=profiles), Streets(problem.xy, tuple(made[mode][0] for mode in modes))


def _places(problem: Problem) -> Floats:
    """Latitudes and longitudes [N, 2]; raises RoadsError (R602) for coordinates that are none."""
    places = problem.xy[:, ::-1]
    _require(problem, np.all(abs(places) <= (90, 180), axis=1), "R602", "it has no longitude and latitude in degrees")
    return places


def _require(problem: Problem, right: Bools, code: str, what: str) -> None:
    """Raise a fault for every location that is not right."""
    fix = "Correct its coordinates (x is the longitude), use a larger extract, or leave it out"
    if faults := [Fault(code, problem.label(k), what, fix) for k in np.flatnonzero(~right).tolist()]:
        raise RoadsError(faults)
