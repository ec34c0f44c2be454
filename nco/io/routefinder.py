"""RouteFinder's and RL4CO's sets of multi-task problems (.npz): many problems of one size in one file.

Berto et al. 2024, arXiv:2406.15007. Every array has the problem as its first axis; depots come first, then clients. A
route ends at the depot where it began, vehicles are as many as needed, the cost is the distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nco.errors import Fault, FileError, did_you_mean
from nco.problem import ALWAYS, Client, Depot, Problem, VehicleType
from nco.solution import Route, Solution

Arrays = Mapping[str, NDArray[Any]]

#: Key -> axes after the first: 2, "N" locations, "n" clients, 1 a value per problem (its axis may be missing).
AXES: dict[str, tuple[int | str, ...]] = {
    "locs": ("N", 2),
    "demand_linehaul": ("n",),
    "demand_backhaul": ("n",),
    "backhaul_class": (1,),
    "vehicle_capacity": (1,),
    "capacity_original": (1,),
    "speed": (1,),
    "open_route": (1,),
    "time_windows": ("N", 2),
    "service_time": ("N",),
    "distance_limit": (1,),
    "num_depots": (1,),
}
REQUIRED = ("locs", "demand_linehaul")


@dataclass(frozen=True, eq=False)
class RoutefinderSet(Sequence[Problem]):
    """Problems made when they are asked for; `arrays` as in the file, checked on construction (FileError)."""

    arrays: Arrays
    name: str = ""

    def __post_init__(self) -> None:
        if faults := [*_faults(self.arrays)]:
            raise FileError(faults)

    def __len__(self) -> int:
        return len(self.arrays["locs"])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"there is no problem {index}: the set has {len(self)}")
        return _problem({key: array[index] for key, array in self.arrays.items()}, f"{self.name}#{index % len(self)}")


def read_set(path: Path) -> RoutefinderSet:
    """All problems of a file; no pickled content is ever loaded."""
    return RoutefinderSet(_unpacked(path), path.stem)


def read_tours(path: Path) -> NDArray[Any]:
    """The giant tours [B, length] of a file of solutions, which has them as `actions`."""
    tours = _unpacked(path).get("actions", np.array(None))
    if tours.ndim != 2 or tours.dtype.kind not in "iu":
        what = "it is missing or not an array of whole numbers with a row per problem"
        raise FileError(Fault("F006", "'actions'", what, "Give the giant tours, see docs/formats.md"))
    return tours


def _unpacked(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            return {key: archive[key] for key in archive.files}
    except Exception as error:  # numpy, zipfile and zlib each have their own for what is damaged
        fix = "Give arrays of numbers as numpy.savez writes them"
        raise FileError(Fault("F005", "file", f"it cannot be unpacked ({error})", fix)) from error


def read_tour(problem: Problem, actions: ArrayLike) -> Solution:
    """The routes of a giant tour, in which a depot begins a route; zeros at its end are padding."""
    routes: list[tuple[int, list[int]]] = [(0, [])]
    for place in np.asarray(actions).tolist():
        if place < problem.num_depots:
            routes.append((place, []))
        else:
            routes[-1][1].append(place)
    return Solution.of(problem, [Route(tuple(visits), depot) for depot, visits in routes if visits])


def _faults(arrays: Arrays) -> Iterator[Fault]:
    for key in REQUIRED:
        if key not in arrays:
            yield Fault("F004", "file", f"'{key}' is missing", "Add the array")
    for key in arrays:
        if key not in AXES:
            yield Fault("F007", f"'{key}'", "it is unknown", did_you_mean(key, AXES))
    if any(key not in arrays for key in REQUIRED):
        return
    shape = np.shape(arrays["locs"])
    count, places = shape[:2] if len(shape) == 3 else (0, 0)
    sizes: dict[int | str, int] = {"N": places, "n": int(np.shape(arrays["demand_linehaul"])[-1]), 1: 1, 2: 2}
    for key in arrays.keys() & AXES.keys():
        wanted = (count, *(sizes[axis] for axis in AXES[key]))
        given = np.shape(arrays[key])
        if given not in (wanted, wanted[:-1] if AXES[key] == (1,) else wanted):
            yield Fault("F006", f"'{key}'", f"shape {given} instead of {wanted}", "See docs/formats.md for the shapes")
        elif arrays[key].dtype.kind not in "biuf":
            yield Fault("F005", f"'{key}'", f"it holds {arrays[key].dtype}", "Give numbers")
    depots = np.unique(arrays.get("num_depots", places - sizes["n"])).tolist()
    if not 0 < sizes["n"] < places or depots != [places - sizes["n"]]:
        what = f"{places} places for {sizes['n']} clients and {depots} depots"
        yield Fault("F006", "'locs'", what, "Give all depots, then all clients")


def _problem(data: Arrays, name: str) -> Problem:
    locs, demand = data["locs"].astype(float), data["demand_linehaul"].astype(float)
    num_depots = len(locs) - len(demand)

    def one(key: str, otherwise: float) -> float:
        return float(np.ravel(data[key])[0]) if key in data else otherwise

    if (kind := one("backhaul_class", 1.0)) not in (1.0, 2.0):
        what = f"{kind:g} is neither 1 (backhauls last) nor 2 (mixed)"
        raise FileError(Fault("F005", "'backhaul_class'", what, "Correct it"))
    windows = data["time_windows"].astype(float) if "time_windows" in data else np.array([ALWAYS] * len(locs))
    service = data["service_time"].astype(float) if "service_time" in data else np.zeros(len(locs))
    backhaul = data.get("demand_backhaul", np.zeros((len(demand), 0))).astype(float).reshape(len(demand), -1)
    tws = [(opens, closes) for opens, closes in windows.tolist()]
    return Problem(
        depots=tuple(Depot(x, y, tw) for (x, y), tw in zip(locs[:num_depots].tolist(), tws, strict=False)),
        clients=tuple(
            Client(x, y, (delivery,), tuple(pickup), tw, stay)
            for (x, y), delivery, pickup, tw, stay in zip(
                locs[num_depots:].tolist(),
                demand.tolist(),
                backhaul.tolist(),
                tws[num_depots:],
                service[num_depots:].tolist(),
                strict=True,
            )
        ),
        vehicle_types=tuple(
            VehicleType(
                capacity=(one("vehicle_capacity", 1.0),),
                start_depot=depot,
                end_depot=None if one("open_route", 0.0) else depot,
                speed=one("speed", 1.0),
                max_distance=one("distance_limit", np.inf),
            )
            for depot in range(num_depots)
        ),
        backhaul="last" if "demand_backhaul" in data and kind == 1.0 else "mixed",
        name=name,
    )
