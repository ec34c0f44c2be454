"""The rules a solution must obey, one function each. Rule names are the ones constraints of the environments carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nco.checker.schedule import Schedule
from nco.problem import Problem, VehicleType

#: Relative slack of every comparison with a limit: absorbs rounding of sums in double precision, nothing more.
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule: where, by which client, by how much, in words; `route` counts from 0, in words routes from 1."""

    rule: str
    route: int | None
    location: int | None
    amount: float
    message: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}"


def exceeds(value: float, limit: float) -> bool:
    """True when value is above the limit by more than the tolerance."""
    return value > limit + TOLERANCE * max(1.0, abs(limit))


def _vehicle(problem: Problem, schedule: Schedule) -> VehicleType:
    return problem.vehicle_types[schedule.route.vehicle_type]


def capacity(problem: Problem, index: int, schedule: Schedule) -> Iterator[Violation]:
    """The load never exceeds the vehicle's capacity in any dimension; reported where it is highest."""
    for dimension, limit in enumerate(_vehicle(problem, schedule).capacity):
        loads = [stop.load[dimension] for stop in schedule.stops]
        peak = loads.index(max(loads))
        if exceeds(loads[peak], limit):
            stop = schedule.stops[peak]
            yield Violation(
                "capacity",
                index,
                stop.location,
                loads[peak] - limit,
                f"route {index + 1} carries {loads[peak]:g} after {problem.label(stop.location)}, "
                f"capacity is {limit:g}" + (f" in dimension {dimension}" if dimension else ""),
            )


def time_windows(problem: Problem, index: int, schedule: Schedule) -> Iterator[Violation]:
    """Service starts within the window of each location, and the vehicle keeps to its shift.

    The tolerance is relative to the time since the vehicle left: clocks may count from 1970.
    """
    left = schedule.stops[0].start
    for stop, late in zip(schedule.stops, schedule.lateness, strict=True):
        if late > TOLERANCE * max(1.0, stop.departure - left):
            yield Violation(
                "time_windows",
                index,
                stop.location,
                late,
                f"route {index + 1} is {late:g} late at {problem.label(stop.location)}",
            )


def max_distance(problem: Problem, index: int, schedule: Schedule) -> Iterator[Violation]:
    """A route is not longer than the vehicle's maximum distance."""
    limit = _vehicle(problem, schedule).max_distance
    if exceeds(schedule.distance, limit):
        yield Violation(
            "max_distance",
            index,
            None,
            schedule.distance - limit,
            f"route {index + 1} is {schedule.distance:g} long, the limit is {limit:g}",
        )


def max_duration(problem: Problem, index: int, schedule: Schedule) -> Iterator[Violation]:
    """A route does not last longer than the vehicle's maximum duration."""
    limit = _vehicle(problem, schedule).max_duration
    if exceeds(schedule.duration, limit):
        yield Violation(
            "max_duration",
            index,
            None,
            schedule.duration - limit,
            f"route {index + 1} lasts {schedule.duration:g}, the limit is {limit:g}",
        )


def allowed(problem: Problem, index: int, schedule: Schedule) -> Iterator[Violation]:
    """A vehicle visits only clients that its profile allows."""
    permitted = problem.profiles[_vehicle(problem, schedule).profile].allowed
    for location in schedule.route.visits:
        client = location - problem.num_depots
        if permitted is not None and client >= 0 and not permitted[client]:
            yield Violation(
                "allowed", index, location, 1.0, f"route {index + 1} may not visit {problem.label(location)}"
            )


def backhaul(problem: Problem, index: int, schedule: Schedule) -> Iterator[Violation]:
    """With backhaul='last', a trip delivers everything before its first pickup."""
    picking = False
    for location in schedule.route.visits if problem.backhaul == "last" else ():
        client = location - problem.num_depots
        if client < 0:
            picking = False
        elif picking and problem.delivery[client].any():
            yield Violation(
                "backhaul",
                index,
                location,
                1.0,
                f"route {index + 1} delivers to {problem.label(location)} after a pickup",
            )
        else:
            picking = picking or bool(problem.pickup[client].any())


def shipments(problem: Problem, index: int, schedule: Schedule) -> Iterator[Violation]:
    """What is picked up for another client is delivered to it later on the same trip."""
    aboard: dict[int, int] = {}
    for location in (*schedule.route.visits, 0) if problem.shipments else ():  # a depot ends the last trip
        number = problem.shipment_at.get(location)
        if location < problem.num_depots:
            for place in aboard.values():
                yield _unpaired(index, place, f"picks up at {problem.label(place)} what it does not deliver")
            aboard.clear()
        elif number is not None and location == problem.num_depots + problem.shipments[number].pickup:
            aboard[number] = location
        elif number is not None and aboard.pop(number, None) is None:
            yield _unpaired(index, location, f"delivers to {problem.label(location)} what it has not picked up")


def _unpaired(index: int, location: int, deed: str) -> Violation:
    return Violation("shipments", index, location, 1.0, f"route {index + 1} {deed} on the same trip")


def reloads(problem: Problem, index: int, schedule: Schedule) -> Iterator[Violation]:
    """A vehicle refills only at its reload depots, and not more often than it may."""
    vehicle = _vehicle(problem, schedule)
    stops = [v for v in schedule.route.visits if v < problem.num_depots]
    for location in stops:
        if location not in vehicle.reload_depots:
            yield Violation(
                "reloads", index, location, 1.0, f"route {index + 1} may not reload at {problem.label(location)}"
            )
    if vehicle.max_reloads is not None and len(stops) > vehicle.max_reloads:
        yield Violation(
            "reloads",
            index,
            None,
            float(len(stops) - vehicle.max_reloads),
            f"route {index + 1} reloads {len(stops)} times, the limit is {vehicle.max_reloads}",
        )


#: What is wrong with a route of this number, driven as scheduled. Its name is that of the rule.
RouteRule = Callable[[Problem, int, Schedule], Iterator[Violation]]

#: Rules that look at one route at a time.
ROUTE_RULES: tuple[RouteRule, ...] = (
    capacity,
    time_windows,
    max_distance,
    max_duration,
    allowed,
    backhaul,
    shipments,
    reloads,
)


def fleet(problem: Problem, schedules: Sequence[Schedule]) -> Iterator[Violation]:
    """No vehicle type is used more often than there are vehicles of it."""
    used = Counter(schedule.route.vehicle_type for schedule in schedules)
    for index, vehicle in enumerate(problem.vehicle_types):
        if vehicle.num_available is not None and used[index] > vehicle.num_available:
            name = vehicle.name or f"type {index}"
            yield Violation(
                "fleet",
                None,
                None,
                float(used[index] - vehicle.num_available),
                f"{used[index]} vehicles of {name} are used, {vehicle.num_available} available",
            )


def visits(problem: Problem, schedules: Sequence[Schedule]) -> Iterator[Violation]:
    """Every required client is visited once, every optional client at most once."""
    count = Counter(v for schedule in schedules for v in schedule.route.visits)
    for client in range(problem.num_clients):
        location = client + problem.num_depots
        if count[location] > 1:
            yield Violation(
                "visits",
                None,
                location,
                float(count[location] - 1),
                f"{problem.label(location)} is visited {count[location]} times",
            )
        elif count[location] == 0 and problem.required[client]:
            yield Violation("visits", None, location, 1.0, f"{problem.label(location)} is not visited")


#: Rules that look at all routes together.
SOLUTION_RULES: tuple[Callable[[Problem, Sequence[Schedule]], Iterator[Violation]], ...] = (fleet, visits)
