"""Build a city: roads of a box, places on them, matrices between these, and what it was made of."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

import numpy as np

from nco.cities import dijkstra, osrm
from nco.cities.city import ATTRIBUTION, City
from nco.cities.extract import clip, read_roads
from nco.cities.geometry import Box
from nco.cities.graph import RoadGraph
from nco.cities.matrices import Matrices, Progress, silent
from nco.cities.places import Anchored, anchor, draw
from nco.cities.speeds import Mode
from nco.errors import ConfigError, Fault, RoadsError, UnreachableWarning, did_you_mean

Engine = Literal["auto", "osrm", "dijkstra"]
ENGINES: tuple[str, ...] = get_args(Engine)
#: Roads around the box that ways may take, as a share of its size: without them, ways near its border are too long.
MARGIN = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """What to build: a square of `size` metres with `points` places; center (latitude, longitude), None: the middle."""

    center: tuple[float, float] | None = None
    size: float = 3000.0
    points: int = 1000
    seed: int = 1
    engine: Engine = "auto"


def build(extract: Path, plan: Plan, progress: Progress = silent) -> City:
    """A city from an extract; warns (UnreachableWarning) of places that were left out."""
    engine = chosen(plan.engine)
    center = plan.center or middle(read_roads(extract))
    box = Box.around(*center, plan.size)
    around = box.grown(MARGIN * plan.size)
    progress("reading the roads", 0.0)
    roads = read_roads(extract, box=around).connected()
    places = draw(roads, plan.points, box, plan.seed)
    found = matrices(extract, anchor(roads, places), around, engine, progress=progress)
    kept = found.connected()
    if len(kept) < 2:
        raise RoadsError(Fault("R603", "places", "no two of them have ways to each other", "Choose another center"))
    if dropped := plan.points - len(kept):
        what = f"{dropped} of {plan.points} places are left out: there is no way to or from them"
        warnings.warn(UnreachableWarning(what), stacklevel=2)
    found = found.of(kept)
    provenance = {
        "extract": extract.name,
        "sha256": digest(extract),
        "center": list(center),
        "size": plan.size,
        "seed": plan.seed,
        "engine": engine,
        "version": f"OSRM {osrm.require().version}" if engine == "osrm" else f"scipy {metadata.version('scipy')}",
        "nco": metadata.version("nco-vrp"),
        "date": date.today().isoformat(),
        "dropped": dropped,
        "license": ATTRIBUTION,
    }
    return City(places[kept], found.distance.astype(np.float32), found.duration.astype(np.float32), roads, provenance)


def matrices(
    extract: Path, places: Anchored, around: Box, engine: str, mode: Mode = "car", progress: Progress = silent
) -> Matrices:
    """Matrices between places, from their roads with scipy or from the extract's part around them with OSRM."""
    if engine != "osrm":
        return dijkstra.fastest(places, progress)
    with TemporaryDirectory(prefix="nco-city-") as folder:
        part = Path(folder, "part.osm.pbf")
        progress("cutting the extract", 0.0)
        clip(extract, around, part)
        progress("preparing OSRM", 0.0)
        with osrm.serve(part, Path(folder), mode) as server:
            return server.table(places.spots, progress)


def chosen(engine: str) -> str:
    """The engine that a name stands for: auto is OSRM where it is installed."""
    if engine not in ENGINES:
        raise ConfigError(Fault("C503", "engine", f"'{engine}' is unknown", did_you_mean(engine, ENGINES)))
    if engine == "osrm":
        osrm.require()
    return engine if engine != "auto" else "osrm" if osrm.find() else "dijkstra"


def middle(roads: RoadGraph) -> tuple[float, float]:
    """Where the roads are: the median of their points."""
    latitude, longitude = np.median(roads.vertex, axis=0).round(6).tolist()
    return latitude, longitude


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
