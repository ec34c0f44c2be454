"""Why a client is not served: the first rule that fails on a route of its own, for each vehicle type."""

from __future__ import annotations

from dataclasses import dataclass

from nco.checker import Report, drive
from nco.checker.rules import ROUTE_RULES
from nco.problem import Problem
from nco.solution import Route


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one client is left out: the name of a rule, "fleet" or "not_chosen", and a sentence."""

    location: int
    rule: str
    message: str


def reasons(problem: Problem, report: Report) -> tuple[Reason, ...]:
    """One reason for every unassigned client of a report."""
    used = [schedule.route.vehicle_type for schedule in report.schedules]
    spare = [
        kind
        for kind, vehicle in enumerate(problem.vehicle_types)
        if vehicle.num_available is None or used.count(kind) < vehicle.num_available
    ]
    return tuple(_reason(problem, location, spare) for location in report.unassigned)


def _reason(problem: Problem, location: int, spare: list[int]) -> Reason:
    failures = {kind: _alone(problem, location, kind) for kind in range(len(problem.vehicle_types))}
    possible = [kind for kind, failure in failures.items() if failure is None]
    name = problem.label(location)
    if not possible:
        rule, message = next(failure for failure in failures.values() if failure is not None)
        return Reason(location, rule, f"{name} cannot be served by any vehicle type: {message}")
    if not set(possible) & set(spare):
        return Reason(location, "fleet", f"{name} would need one more vehicle: all that can serve it are in use")
    if not problem.required[location - problem.num_depots]:
        return Reason(location, "not_chosen", f"{name} is optional and was left out for its prize")
    return Reason(location, "not_chosen", f"{name} can be served by a vehicle that is still free: give more time")


def _alone(problem: Problem, location: int, kind: int) -> tuple[str, str] | None:
    """The first rule that a route with this client alone breaks, or None."""
    schedule = drive(problem, Route((location,), kind))
    return next(((v.rule, v.message) for rule in ROUTE_RULES for v in rule(problem, 0, schedule)), None)
