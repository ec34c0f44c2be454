"""A problem from VROOM's input: jobs and shipments become clients, every vehicle a type of its own.

VROOM's objective is the cost of travel: what it pays for an arc becomes the profile's distance. Skills become the
clients that a profile allows. A task without a priority is required; one with a priority p may be left out at a price
of (1 + p) times more than any solution costs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nco.errors import Fault, FileError
from nco.io.strict_json import modelled, parsed
from nco.io.vroom_schema import InputData, MatricesData, StepData, VehicleData
from nco.problem import ALWAYS, Client, Depot, Problem, Profile, Shipment, VehicleType, Window
from nco.rounding import Rounding


@dataclass(frozen=True, slots=True)
class _Visit:
    """A job or one end of a shipment: where it stands in the file, its data, what it shares with the other end."""

    path: str
    name: str
    data: StepData
    skills: frozenset[int]
    priority: int | None
    delivery: tuple[int, ...] = ()
    pickup: tuple[int, ...] = ()


def read_problem(text: str, rounding: Rounding | None) -> Problem:
    """Problem from JSON text."""
    data = modelled(parsed(text, '{"vehicles": [...], "jobs": [...], "matrices": {...}}'), InputData)
    visits = [*_visits(data)]
    if faults := [*_refused(data, visits), *_misplaced(data, visits)]:
        raise FileError(faults)
    problem = _problem(data, visits, rounding or "none")
    prices = [visit.priority for visit in visits]
    if all(priority is None for priority in prices):
        return problem
    most = ceiling(problem)
    seconds = {shipment.delivery for shipment in problem.shipments}  # the prize of a shipment is its pickup's
    clients = (
        client if p is None else replace(client, required=False, prize=0.0 if k in seconds else (1 + p) * most)
        for k, (client, p) in enumerate(zip(problem.clients, prices, strict=True))
    )
    return replace(problem, clients=tuple(clients))


def ceiling(problem: Problem) -> float:
    """More than any solution costs, prizes aside: the dearest arc into every client, as many routes as clients."""
    n, first = problem.num_clients, problem.num_depots
    inward, home = np.zeros(n), 0.0
    for profile, price in {(v.profile, v.unit_distance_cost) for v in problem.vehicle_types}:
        arcs = price * problem.distance_matrix(profile)
        inward, home = np.maximum(inward, arcs[:, first:].max(axis=0)), max(home, float(arcs[first:].max()))
    return float(np.ceil(1.0 + inward.sum() + n * (home + max(v.fixed_cost for v in problem.vehicle_types))))


def _visits(data: InputData) -> Iterator[_Visit]:
    for k, job in enumerate(data.jobs):
        yield _Visit(f"jobs[{k}]", str(job.id), job, frozenset(job.skills), job.priority, job.delivery, job.pickup)
    for k, shipment in enumerate(data.shipments):
        for kind in ("pickup", "delivery"):
            step: StepData = getattr(shipment, kind)
            path, name = f"shipments[{k}].{kind}", f"{kind} {step.id}"
            yield _Visit(path, name, step, frozenset(shipment.skills), shipment.priority)


def _refused(data: InputData, visits: list[_Visit]) -> Iterator[Fault]:
    """What VROOM has and a problem cannot hold."""
    if not data.vehicles:
        yield Fault("P103", "vehicles", "there is none", "Add at least one")
    for visit in visits:
        step = visit.data
        several = len(step.time_windows) > 1
        for key, given in (("setup", step.setup), ("setup_per_type", step.setup_per_type), ("time_windows", several)):
            if given:
                yield _unsupported(f"{visit.path}.{key}", "several windows" if given is True else key)
        if step.service_per_type:
            yield _unsupported(f"{visit.path}.service_per_type", "service_per_type")
    for k, vehicle in enumerate(data.vehicles):
        for key in ("breaks", "max_tasks", "max_travel_time", "steps"):
            if getattr(vehicle, key) not in (None, []):
                yield _unsupported(f"vehicles[{k}].{key}", key)
        if vehicle.costs.per_task_hour:
            yield _unsupported(f"vehicles[{k}].costs.per_task_hour", "per_task_hour")
        if vehicle.max_distance is not None and (vehicle.costs.per_hour or _tables(data, vehicle).costs):
            what = "max_distance along with a cost that is not per kilometre"
            yield _unsupported(f"vehicles[{k}].max_distance", what)
        if _tables(data, vehicle).costs and (vehicle.costs.per_hour != 3600 or vehicle.costs.per_km):
            yield Fault("F005", f"vehicles[{k}].costs", "its profile has a matrix of costs", "Give one of the two")
        if vehicle.start is None and vehicle.start_index is None:
            yield _unsupported(f"vehicles[{k}].start_index", "a route that begins anywhere")


def _unsupported(where: str, what: str) -> Fault:
    return Fault("F009", where, f"{what} is not supported", "Remove it; docs/formats.md lists what is read")


def _tables(data: InputData, vehicle: VehicleData) -> MatricesData:
    return data.matrices.get(vehicle.profile, MatricesData())


def _misplaced(data: InputData, visits: list[_Visit]) -> Iterator[Fault]:
    """Matrices that are missing or not square, and indices outside of them."""
    sizes = set()
    for name, tables in data.matrices.items():
        for key, rows in tables:
            if rows is not None and any(len(row) != len(rows) for row in rows):
                where = f"matrices.{name}.{key}"
                yield Fault("F006", where, f"{len(rows)} rows are not all as long", "Give a square matrix")
            elif rows is not None:
                sizes.add(len(rows))
    if len(sizes) > 1:
        yield Fault("F006", "matrices", f"they have {sorted(sizes)} rows", "Give matrices of one size")
    for k, vehicle in enumerate(data.vehicles):
        tables = _tables(data, vehicle)
        far = vehicle.costs.per_km or vehicle.max_distance is not None
        for key in ("durations", "distances") if far else ("durations",):
            if getattr(tables, key) is None:
                fix = f"Add matrices.{vehicle.profile}.{key}: nco asks no routing engine"
                yield Fault("F004", f"vehicles[{k}].profile", f"'{vehicle.profile}' has no matrix of {key}", fix)
    size = min(sizes, default=0)
    places = [(f"{visit.path}.location_index", visit.data.location_index, True) for visit in visits]
    for k, vehicle in enumerate(data.vehicles):
        places.append((f"vehicles[{k}].start_index", vehicle.start_index, vehicle.start is not None))
        places.append((f"vehicles[{k}].end_index", vehicle.end_index, vehicle.end is not None))
    for where, index, needed in places:
        if index is None and needed:
            yield Fault("F004", where, "it is missing", "Give the row of the matrices")
        elif index is not None and sizes and index not in range(size):
            yield Fault("F005", where, f"{index} is not a row of the matrices", f"Give 0 to {size - 1}")


def _problem(data: InputData, visits: list[_Visit], rounding: Rounding) -> Problem:
    ends = [pair for v in data.vehicles for pair in ((v.start_index, v.start), (v.end_index, v.end))]
    depots = {index: point for index, point in reversed(ends) if index is not None}
    number = {index: k for k, index in enumerate(dict.fromkeys(index for index, _ in ends if index is not None))}
    rows = np.array([*number, *(visit.data.location_index or 0 for visit in visits)], dtype=np.intp)
    profiles: dict[tuple[object, ...], Profile] = {}
    types = []
    for vehicle in data.vehicles:
        able = np.array([visit.skills <= set(vehicle.skills) for visit in visits])
        allowed = None if able.all() else able
        tables = _tables(data, vehicle)
        cost, price, origin = _travel(tables, vehicle)
        key = (vehicle.profile, origin, None if allowed is None else allowed.tobytes())
        if key not in profiles:
            distance, duration = (np.array(m, dtype=np.float64)[np.ix_(rows, rows)] for m in (cost, tables.durations))
            profiles[key] = Profile(distance, duration, allowed=allowed)
        types.append(_vehicle(vehicle, number, price, list(profiles).index(key)))
    jobs = len(data.jobs)
    return Problem(
        depots=tuple(Depot(*(depots[index] or (None, None))) for index in number),
        clients=tuple(_client(visit) for visit in visits),
        vehicle_types=tuple(types),
        profiles=tuple(profiles.values()) or (Profile(),),
        rounding=rounding,
        shipments=tuple(
            Shipment(jobs + 2 * k, jobs + 2 * k + 1, tuple(map(float, shipment.amount)))
            for k, shipment in enumerate(data.shipments)
        ),
    )


def _travel(tables: MatricesData, vehicle: VehicleData) -> tuple[Any, float, object]:
    """What the vehicle pays for travel: a matrix, the price of its unit, and what the matrix depends on."""
    hourly, per_metre = vehicle.costs.per_hour / 3600.0 / vehicle.speed_factor, vehicle.costs.per_km / 1000.0
    if tables.costs is not None:
        return tables.costs, 1.0, "costs"
    if not vehicle.costs.per_km and vehicle.max_distance is None:
        return tables.durations, hourly, "durations"
    if not vehicle.costs.per_hour:
        return tables.distances, per_metre, "distances"
    both = hourly * np.array(tables.durations) + per_metre * np.array(tables.distances)
    return both, 1.0, (hourly, per_metre)


def _vehicle(vehicle: VehicleData, number: dict[int, int], price: float, profile: int) -> VehicleType:
    return VehicleType(
        1,
        tuple(map(float, vehicle.capacity)),
        number[vehicle.start_index or 0],
        None if vehicle.end_index is None else number[vehicle.end_index],
        fixed_cost=float(vehicle.costs.fixed),
        unit_distance_cost=price,
        speed=vehicle.speed_factor,
        tw=_window(vehicle.time_window),
        max_distance=math.inf if vehicle.max_distance is None else float(vehicle.max_distance),
        profile=profile,
        name=str(vehicle.id),
    )


def _client(visit: _Visit) -> Client:
    step = visit.data
    x, y = step.location or (None, None)
    return Client(
        x,
        y,
        tuple(map(float, visit.delivery)),
        tuple(map(float, visit.pickup)),
        _window(step.time_windows[0] if step.time_windows else None),
        float(step.service),
        name=visit.name,
    )


def _window(window: tuple[int, int] | None) -> Window:
    return ALWAYS if window is None else (float(window[0]), float(window[1]))
