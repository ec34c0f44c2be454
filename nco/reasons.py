"""Why a client is not served: the first rule that fails for each vehicle type. Before solving: what never can be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from nco.checker import TOLERANCE, Report, Violation
from nco.problem import Problem, VehicleType
from nco.reach import Reach


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why vehicles of one type do not serve a client: the rule that fails on every such route, or "fleet"."""

    vehicle_type: int
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one client is left out: the name of a rule, "fleet" or "not_chosen", and a sentence.

    obstacles: one for each vehicle type that cannot serve the client, in their order.
    """

    location: int
    rule: str
    message: str
    obstacles: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True)
class Screen:
    """What is certain before solving: clients that no route can serve, and sentences on what the fleet lacks.

    `infeasible`: one of the clients is required, or the fleet lacks something. Otherwise nothing is known.
    """

    clients: tuple[Reason, ...]
    fleet: tuple[str, ...]
    infeasible: bool

    def __str__(self) -> str:
        return (
            "\n".join([*(reason.message for reason in self.clients), *self.fleet])
            or "nothing is known to be impossible"
        )


def reasons(problem: Problem, report: Report) -> tuple[Reason, ...]:
    """One reason for every unassigned client of a report."""
    reach = _Reaches(problem)
    used = [schedule.route.vehicle_type for schedule in report.schedules]
    idle = [
        vehicle.num_available is None or used.count(kind) < vehicle.num_available
        for kind, vehicle in enumerate(problem.vehicle_types)
    ]
    missing = set(report.unassigned)
    return tuple(_reason(problem, location, reach, idle, missing) for location in report.unassigned)


def screen(problem: Problem) -> Screen:
    """What can never be served, whatever the routes.

    Only what is certain: clients that break a rule even alone on a route by the shortest ways, and loads of required
    clients beyond the capacity of the whole fleet.
    """
    reach = _Reaches(problem)
    found = []
    for location in range(problem.num_depots, problem.num_locations):
        obstacles = [*reach.obstacles(location, every=False)]
        if len(obstacles) == len(problem.vehicle_types):
            found.append(_never(problem, location, tuple(obstacles)))
    fleet = tuple(_lacking(problem))
    required = any(problem.required[reason.location - problem.num_depots] for reason in found)
    return Screen(tuple(found), fleet, required or bool(fleet))


class _Reaches:
    """What each vehicle type can reach; types that differ in number or price only share the answer."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        known: dict[VehicleType, Reach] = {}
        self.by_kind = [known.setdefault(key, Reach(problem, key)) for key in map(_movement, problem.vehicle_types)]
        self._partner = {end: (s.pickup, s.delivery) for s in problem.shipments for end in (s.pickup, s.delivery)}

    def unit(self, location: int) -> tuple[int, ...]:
        """The client at a location, or both clients of its shipment."""
        client = location - self.problem.num_depots
        return self._partner.get(client, (client,))

    def obstacles(self, location: int, every: bool = True) -> Iterator[Obstacle]:
        """One for each vehicle type that cannot serve the client; unless `every`, only up to the first that can."""
        unit, found = self.unit(location), dict[Reach, Violation | None]()
        for kind, reach in enumerate(self.by_kind):
            if reach not in found:
                found[reach] = reach.failure(unit)
            if (violation := found[reach]) is not None:
                yield Obstacle(kind, violation.rule, _words(self.problem, self.problem.vehicle_types[kind], violation))
            elif not every:
                return


def _movement(vehicle: VehicleType) -> VehicleType:
    return replace(vehicle, num_available=None, fixed_cost=0.0, unit_distance_cost=1.0, unit_duration_cost=0.0, name="")


def _words(problem: Problem, vehicle: VehicleType, violation: Violation) -> str:
    """What is wrong with the best route there can be."""
    place = "" if violation.location is None else problem.label(violation.location)
    name, amount = vehicle.name or "a vehicle", f"{violation.amount:g}"
    sentences = {
        "capacity": f"the load exceeds the capacity of {name} by {amount}",
        "time_windows": f"{name} reaches {place} {amount} too late",
        "max_distance": f"the shortest route of {name} to it is {amount} too long",
        "max_duration": f"the route of {name} lasts {amount} longer than it may",
        "allowed": f"the profile of {name} does not allow {place}",
    }
    return sentences.get(violation.rule, violation.message)


def _never(problem: Problem, location: int, obstacles: tuple[Obstacle, ...]) -> Reason:
    first = obstacles[0]
    message = f"{problem.label(location)} cannot be served by any vehicle type: {first.message}"
    return Reason(location, first.rule, message, obstacles)


def _reason(problem: Problem, location: int, reach: _Reaches, idle: list[bool], missing: set[int]) -> Reason:
    name, obstacles = problem.label(location), [*reach.obstacles(location)]
    if len(obstacles) == len(idle):
        return _never(problem, location, tuple(obstacles))
    others = {problem.num_depots + client for client in reach.unit(location)} - missing
    blocked = {obstacle.vehicle_type for obstacle in obstacles}
    busy = [kind for kind, free in enumerate(idle) if not free and kind not in blocked]
    obstacles += [Obstacle(kind, "fleet", _busy(problem.vehicle_types[kind])) for kind in busy]
    detail = tuple(sorted(obstacles, key=lambda obstacle: obstacle.vehicle_type))
    if others:
        message = (
            f"{name} belongs to the same shipment as {problem.label(others.pop())}, which is on a route without it"
        )
        return Reason(location, "shipments", message, detail)
    if len(detail) == len(idle):
        message = f"{name} would need one more vehicle: all that can serve it are in use"
        return Reason(location, "fleet", message, detail)
    if not problem.required[location - problem.num_depots]:
        return Reason(location, "not_chosen", f"{name} is optional and was left out for its prize", detail)
    message = f"{name} can be served by a vehicle that is still free: give more time"
    return Reason(location, "not_chosen", message, detail)


def _busy(vehicle: VehicleType) -> str:
    count = vehicle.num_available
    name = f" of {vehicle.name}" if vehicle.name else ""
    return f"the only vehicle{name} is in use" if count == 1 else f"all {count} vehicles{name} are in use"


def _lacking(problem: Problem) -> Iterator[str]:
    """Loads of all required clients against what all vehicles carry on all their trips, in each dimension."""
    for name, loads in (("deliveries", problem.delivery), ("pickups", problem.pickup)):
        for dimension, total in enumerate(loads[problem.required].sum(axis=0).tolist()):
            carried = [(_trips(v), v.capacity[dimension]) for v in problem.vehicle_types]
            if total > sum(trips * (limit + TOLERANCE * max(1.0, limit)) for trips, limit in carried):
                sentence = f"the {name} of required clients are {total:g} in all, the fleet carries "
                where = f" in dimension {dimension}" if dimension else ""
                yield f"{sentence}{sum(trips * limit for trips, limit in carried):g}{where}"


def _trips(vehicle: VehicleType) -> float:
    """Trips that all vehicles of a type can make."""
    reloads = 0 if not vehicle.reload_depots else math.inf if vehicle.max_reloads is None else vehicle.max_reloads
    return math.inf if vehicle.num_available is None else vehicle.num_available * (1.0 + reloads)
