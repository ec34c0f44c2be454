"""nco's own JSON: every problem and solution, exactly. Versioned; the shape is in nco.io.schema and docs/schema."""

from __future__ import annotations

import reprlib
from pathlib import Path

from nco.errors import Fault, FileError
from nco.io.schema import VERSION, ProblemData, SolutionData
from nco.io.strict_json import Data, modelled, parsed, plain, store
from nco.problem import Client, Depot, Problem, Profile, Shipment, VehicleType
from nco.result import Result
from nco.rounding import Rounding
from nco.solution import Route, Solution


def read_problem(text: str, rounding: Rounding | None) -> Problem:
    """Problem from JSON text; a `rounding` given here replaces the file's."""
    data = _validated(text, ProblemData, "nco-problem")
    return Problem(
        depots=tuple(Depot(**dict(depot)) for depot in data.depots),
        clients=tuple(Client(**dict(client)) for client in data.clients),
        vehicle_types=tuple(VehicleType(**dict(vehicle)) for vehicle in data.vehicle_types),
        profiles=tuple(Profile(**dict(profile)) for profile in data.profiles),
        rounding=rounding or data.rounding,
        backhaul=data.backhaul,
        preference_weight=data.preference_weight,
        name=data.name,
        shipments=tuple(Shipment(**dict(shipment)) for shipment in data.shipments),
        objective=data.objective,
    )


def read_solution(text: str, problem: Problem) -> Solution:
    """Solution from JSON text."""
    data = _validated(text, SolutionData, "nco-solution")
    return Solution.of(problem, [Route(route.visits, route.vehicle_type) for route in data.routes])


def write_problem(problem: Problem, path: Path) -> None:
    """Write a problem; fields at their default are left out."""
    store({"format": "nco-problem", "version": VERSION, **plain(problem)}, path)


def write_solution(thing: Result | Solution, path: Path) -> None:
    """Write a result with its schedule and provenance, or the routes of a solution."""
    header = {"format": "nco-solution", "version": VERSION}
    store(plain(thing.to_dict()) if isinstance(thing, Result) else {**header, **plain(thing)}, path)


def _validated(text: str, model: type[Data], form: str) -> Data:
    """The text as a model; every deviation is a fault with its path."""
    raw = parsed(text, f'{{"format": "{form}", ...}}')
    if raw.get("format") != form:
        what = f"{reprlib.repr(raw.get('format'))} where {form!r} belongs"
        raise FileError(Fault("F002", "format", what, "Use nco.read for problems, nco.read_solution for solutions"))
    version = raw.get("version", VERSION)
    if type(version) is not int or version != VERSION:
        what = f"version {reprlib.repr(version)} is not known"
        raise FileError(Fault("F008", "version", what, f"Write version {VERSION}, or update nco"))
    return modelled(raw, model)
