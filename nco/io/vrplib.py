"""VRPLIB, the format of CVRPLIB: CVRP and VRPTW with one depot and identical vehicles, parsed by the library vrplib.

Node 1 is the first row of each section. The depot becomes location 0, the other nodes follow in order: with the depot
at node 1, as usual, location k is client k of a .sol file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import vrplib
from numpy.typing import NDArray

from nco.errors import Fault, FileError
from nco.io.files import at_lines
from nco.io.sections import Scan, check_table, is_count, is_number, scan
from nco.io.weights import EXPLICIT, ROUNDED, check_kind, check_weights, given_matrix, on_the_map, value_of
from nco.problem import ALWAYS, Client, Depot, Floats, Problem, Profile, VehicleType
from nco.rounding import Rounding

TYPES = ("CVRP", "CVRPTW", "VRPTW")
#: Sections with a row per node -> numbers in a row.
TABLES = {"NODE_COORD": 2, "DEMAND": 1, "BACKHAUL": 1, "TIME_WINDOW": 2, "SERVICE_TIME": 1}
READ_BY_LIBRARY = (*TABLES, "DEPOT")
SECTIONS = (*READ_BY_LIBRARY, "EDGE_WEIGHT")
NUMBERS = ("CAPACITY", "DISTANCE", "SERVICE_TIME")
REQUIRED = ("TYPE", "DIMENSION", "CAPACITY")
IGNORED = ("NAME", "COMMENT", "NODE_COORD_TYPE", "DISPLAY_DATA_TYPE")
KEYS = (*REQUIRED, "EDGE_WEIGHT_TYPE", "EDGE_WEIGHT_FORMAT", "VEHICLES", "DISTANCE", "SERVICE_TIME", *IGNORED)


def read_problem(text: str, rounding: Rounding | None) -> Problem:
    """Problem from the text of a .vrp file; `rounding=None` follows EDGE_WEIGHT_TYPE."""
    found = scan(text, KEYS, SECTIONS)
    faults = [*_type(found)] or [*found.faults, *_specifications(found), *_sections(found)]
    if faults:
        raise FileError(faults)
    data = vrplib.parse.parse_vrplib(found.text(["DIMENSION"], READ_BY_LIBRARY), compute_edge_weights=False)
    return _problem(found, data, rounding)


def _type(found: Scan) -> Iterator[Fault]:
    if "TYPE" in found.specifications and value_of(found, "TYPE") not in TYPES:
        line, value = found.specifications["TYPE"]
        yield Fault("F009", f"line {line}", f"TYPE {value} is not supported", f"Supported are {', '.join(TYPES)}")


def _specifications(found: Scan) -> Iterator[Fault]:
    yield from check_kind(found)
    for key in REQUIRED:
        if key not in found.specifications:
            yield Fault("F004", "file", f"{key} is missing", f"Add a line '{key} : ...'")
    for key in NUMBERS:
        if key in found.specifications and not is_number(value_of(found, key)):
            line, value = found.specifications[key]
            yield Fault("F005", f"line {line}", f"{key} is '{value}'", "Give a finite number")
    for key in ("DIMENSION", "VEHICLES"):
        if key in found.specifications and not is_count(value_of(found, key)):
            line, value = found.specifications[key]
            yield Fault("F005", f"line {line}", f"{key} is '{value}'", "Give a whole number")


def _sections(found: Scan) -> Iterator[Fault]:
    if not is_count(value_of(found, "DIMENSION")):
        return  # a fault of the specifications; without it no section can be judged
    size = int(value_of(found, "DIMENSION"))
    if size < 2:
        where = f"line {found.specifications['DIMENSION'][0]}"
        yield Fault("P102", where, f"DIMENSION {size} leaves no client beside the depot", "Give at least two nodes")
        return
    explicit = value_of(found, "EDGE_WEIGHT_TYPE") == EXPLICIT
    windows = ("TIME_WINDOW",) if value_of(found, "TYPE") in TYPES[1:] else ()
    for name in ("EDGE_WEIGHT" if explicit else "NODE_COORD", "DEMAND", *windows, "DEPOT"):
        if name not in found.sections:
            yield Fault("F004", "file", f"{name}_SECTION is missing", "Add the section")
    for name, width in TABLES.items():
        if name in found.sections:
            yield from check_table(name, found.sections[name], width, size)
    if "DEPOT" in found.sections:
        yield from _depot(found, size)
    yield from check_weights(found, size, wrapped=False)


def _depot(found: Scan, size: int) -> Iterator[Fault]:
    section = found.sections["DEPOT"]
    words = [(line, word) for line, row in section.rows for word in row]
    depots = words[:-1] if words and words[-1][1] == "-1" else words
    if not depots:
        yield Fault("P101", f"line {section.line}", "there is no depot", "Give the depot's node, then -1")
    elif len(depots) > 1:
        what = f"there are {len(depots)} depots"
        yield Fault("F009", f"line {section.line}", what, "Give one depot, or use nco-json for several")
    elif not is_count(depots[0][1]):
        yield Fault("F005", f"line {depots[0][0]}", f"'{depots[0][1]}' is not a node", "Give a whole number")
    elif int(depots[0][1]) not in range(1, size + 1):
        yield Fault("P108", f"line {depots[0][0]}", f"there is no node {depots[0][1]}", f"Give 1 to {size}")


def _problem(found: Scan, data: dict[str, Any], rounding: Rounding | None) -> Problem:
    size, depot = int(data["dimension"]), int(data["depot"][0])
    order = np.array([depot, *(node for node in range(size) if node != depot)])

    def column(name: str, width: int = 1, otherwise: Any = 0.0) -> Floats:
        values = np.asarray(data[name], dtype=np.float64) if name in data else np.full((size, width), otherwise)
        return np.asarray(values.reshape(size, width)[order])

    service = column("service_time", otherwise=float(value_of(found, "SERVICE_TIME") or 0))
    if "SERVICE_TIME" in found.specifications:  # one value for all is meant for clients
        service[0] = 0.0
    demand, backhaul = column("demand"), column("backhaul")
    _require_idle_depot(found, depot, {"DEMAND": demand, "BACKHAUL": backhaul, "SERVICE_TIME": service})
    nodes = np.asarray(data["node_coord"], dtype=np.float64) if "node_coord" in data else None
    xy = [(None, None)] * size if nodes is None else on_the_map(found, nodes)[order].tolist()
    matrix = given_matrix(found, nodes)
    windows = column("time_window", 2, ALWAYS).tolist()
    pickups = backhaul.tolist() if "backhaul" in data else [()] * size
    limits = {"max_distance": math.inf, "max_duration": math.inf}
    limits[_limited(bool(service.any()), "time_window" in data)] = float(value_of(found, "DISTANCE") or math.inf)
    vehicles = int(value_of(found, "VEHICLES")) if "VEHICLES" in found.specifications else None
    clients = tuple(
        Client(x, y, tuple(delivery), tuple(pickup), (opens, closes), stay)
        for (x, y), delivery, pickup, (opens, closes), (stay,) in zip(
            xy, demand.tolist(), pickups, windows, service.tolist(), strict=True
        )
    )
    with at_lines(lambda kind, index, name: _line_of(found, order, kind, index, name)):
        return Problem(
            depots=(Depot(xy[0][0], xy[0][1], (windows[0][0], windows[0][1])),),
            clients=clients[1:],
            vehicle_types=(
                VehicleType(
                    vehicles,
                    (float(value_of(found, "CAPACITY")),),
                    max_distance=limits["max_distance"],
                    max_duration=limits["max_duration"],
                ),
            ),
            profiles=(Profile(distance=None if matrix is None else matrix[np.ix_(order, order)]),),
            rounding=rounding or ROUNDED.get(value_of(found, "EDGE_WEIGHT_TYPE"), "none"),
            name=found.specifications.get("NAME", (0, ""))[1],
        )


def _limited(service: bool, windows: bool) -> str:
    """What DISTANCE limits: with service times but no windows (Christofides, Mingozzi & Toth) it includes service."""
    return "max_duration" if service and not windows else "max_distance"


def _require_idle_depot(found: Scan, depot: int, columns: dict[str, Floats]) -> None:
    faults = []
    for name, values in columns.items():
        if values[0].any():
            line = found.sections[name].rows[depot][0]
            faults.append(Fault("F005", f"line {line}", f"{name} of the depot is {values[0, 0]:g}", "Give it 0"))
    if faults:
        raise FileError(faults)


#: Field of a problem -> the section or specification that it comes from.
_SECTION_OF = {
    "x": "NODE_COORD",
    "delivery": "DEMAND",
    "pickup": "BACKHAUL",
    "tw": "TIME_WINDOW",
    "service": "SERVICE_TIME",
}
_KEY_OF = {"capacity": "CAPACITY", "num_available": "VEHICLES", "max_distance": "DISTANCE", "max_duration": "DISTANCE"}


def _line_of(found: Scan, order: NDArray[np.intp], kind: str, index: int, name: str) -> int | None:
    """The line that a field of a problem comes from."""
    if kind == "profiles":
        return found.sections["EDGE_WEIGHT"].line if "EDGE_WEIGHT" in found.sections else None
    if kind == "vehicle_types":
        return found.specifications[_KEY_OF[name]][0]
    section = found.sections.get(_SECTION_OF[name])
    if section is None:
        return found.specifications["SERVICE_TIME"][0] if name == "service" else None
    node = int(order[index + (kind == "clients")])
    return section.rows[node][0]


def write_problem(problem: Problem, path: Path) -> None:
    """Write a .vrp file; raises FileError (F013) with everything that cannot be expressed.

    Distances rounded otherwise than EDGE_WEIGHT_TYPE can say are written as a matrix. Names of places and of the
    vehicle type are left out: the format has none.
    """
    faults = [
        Fault("F013", "problem", f"{what} cannot be expressed", "Write nco-json (.json)") for what in _lost(problem)
    ]
    if faults:
        raise FileError(faults)
    vrplib.write_instance(path, {**_head(problem), **_body(problem)})


def _lost(problem: Problem) -> Iterator[str]:
    """Everything in a problem that VRPLIB has no words for."""
    for kind in ("depots", "vehicle_types", "profiles"):
        if len(getattr(problem, kind)) > 1:
            yield f"several {kind.replace('_', ' ')}"
    if problem.num_load_dimensions != 1:
        yield f"a load of {problem.num_load_dimensions} dimensions"
    vehicle, plain, limited = problem.vehicle_types[0], VehicleType(), _limit_of(problem)
    for field in fields(vehicle):
        kept = ("num_available", "capacity", "name", limited)
        if field.name not in kept and getattr(vehicle, field.name) != getattr(plain, field.name):
            yield f"{field.name} of a vehicle type"
    profile = problem.profiles[0]
    for name in ("preference", "allowed"):
        if getattr(profile, name) is not None:
            yield f"{name} of a profile"
    if profile.duration is not None and not np.array_equal(profile.duration, problem.distance_matrix()):
        yield "durations that differ from the distances"
    features = {
        "optional clients": not problem.required.all(),
        f"backhaul={problem.backhaul!r}": problem.backhaul != "mixed",
        "shipments": bool(problem.shipments),
        f"objective={problem.objective!r}": problem.objective != "sum",
        "a time window without an end beside others": _has_windows(problem) and not np.isfinite(problem.tw).all(),
        "coordinates of some places only": not problem.has_coordinates and bool(np.isfinite(problem.xy).any()),
    }
    yield from (feature for feature, present in features.items() if present)


def _has_windows(problem: Problem) -> bool:
    return any(place.tw != ALWAYS for place in problem.places)


def _limit_of(problem: Problem) -> str:
    return _limited(bool(problem.service.any()), _has_windows(problem))


def _head(problem: Problem) -> dict[str, Any]:
    vehicle = problem.vehicle_types[0]
    limit = getattr(vehicle, _limit_of(problem))
    rounded: dict[str, str] = {rounding: kind for kind, rounding in ROUNDED.items()}
    coordinates = problem.profiles[0].distance is None
    weights = rounded.get(problem.rounding, EXPLICIT) if coordinates else EXPLICIT
    head = {
        "NAME": " ".join(problem.name.split()),
        "TYPE": "VRPTW" if _has_windows(problem) else "CVRP",
        "DIMENSION": problem.num_locations,
        "VEHICLES": vehicle.num_available,
        "CAPACITY": _shortest(vehicle.capacity[0]),
        "DISTANCE": None if limit == math.inf else _shortest(limit),
        "EDGE_WEIGHT_TYPE": weights,
        "EDGE_WEIGHT_FORMAT": "FULL_MATRIX" if weights == EXPLICIT else None,
    }
    return {key: value for key, value in head.items() if value is not None}


def _body(problem: Problem) -> dict[str, Any]:
    at_depot = [0.0]
    body: dict[str, Any] = {}
    if _head(problem)["EDGE_WEIGHT_TYPE"] == EXPLICIT:
        body["EDGE_WEIGHT"] = problem.distance_matrix()
    if problem.has_coordinates:
        body["NODE_COORD"] = problem.xy
    body["DEMAND"] = [*at_depot, *problem.delivery[:, 0]]
    if problem.pickup.any():
        body["BACKHAUL"] = [*at_depot, *problem.pickup[:, 0]]
    if _has_windows(problem):
        body["TIME_WINDOW"] = problem.tw
    if problem.service.any():
        body["SERVICE_TIME"] = problem.service
    sections = {f"{name}_SECTION": _shortest(values) for name, values in body.items()}
    return {**sections, "DEPOT_SECTION": [1, -1]}


def _shortest(value: Any) -> Any:
    """Whole numbers as integers, in nested lists too."""
    if isinstance(value, float | int):
        return int(value) if float(value).is_integer() else float(value)
    return [_shortest(entry) for entry in value]
