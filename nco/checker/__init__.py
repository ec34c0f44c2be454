"""The judge of every solution: exact cost and all violations, in double precision, from the problem alone.

Numpy only, and on purpose a second implementation: it shares no code with the environments, policies or searches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nco.checker.rules import ROUTE_RULES, SOLUTION_RULES, TOLERANCE, RouteRule, Violation, exceeds
from nco.checker.schedule import Schedule, Stop, drive
from nco.problem import Problem
from nco.solution import RoutesLike, Solution

__all__ = [
    "TOLERANCE",
    "Cost",
    "Report",
    "RouteRule",
    "Schedule",
    "Stop",
    "Violation",
    "check",
    "drive",
    "exceeds",
    "route_terms",
]


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost split by term; the terms are already weighted, `total` is their sum.

    With objective="max", `route` is the costliest route and all terms but the prizes are those of that route alone.
    """

    distance: float
    duration: float
    fixed: float
    preference: float
    prizes: float
    route: int | None = None

    @property
    def total(self) -> float:
        return self.distance + self.duration + self.fixed + self.preference + self.prizes

    @property
    def scope(self) -> str:
        """Which routes the terms are of, in words; empty when they are sums over all routes."""
        return "" if self.route is None else f"of route {self.route + 1}, the costliest"


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on one solution. `unassigned` are the client locations that no route visits."""

    solution: Solution
    cost: Cost
    schedules: tuple[Schedule, ...]
    violations: tuple[Violation, ...]
    unassigned: tuple[int, ...]

    def is_feasible(self) -> bool:
        return not self.violations

    def __str__(self) -> str:
        verdict = "feasible" if self.is_feasible() else "infeasible:\n  " + "\n  ".join(map(str, self.violations))
        return f"cost {self.cost.total:.10g}, {len(self.schedules)} routes, {verdict}"


def check(problem: Problem, routes: RoutesLike, rules: Sequence[RouteRule] = ()) -> Report:
    """Judge routes: lists of locations in visiting order (first vehicle type), `Route`s or a `Solution`.

    rules: your own, which every route must obey beside the checker's (docs/extending.md).
    Infeasible routes give a report with violations; raises SolutionError only for what cannot be read as routes.
    """
    solution = Solution.of(problem, routes)
    schedules = tuple(drive(problem, route) for route in solution.routes)
    violations = [
        violation
        for index, schedule in enumerate(schedules)
        for rule in (*ROUTE_RULES, *rules)
        for violation in rule(problem, index, schedule)
    ]
    violations += [v for rule in SOLUTION_RULES for v in rule(problem, schedules)]
    missing = sorted({*range(problem.num_depots, problem.num_locations)}.difference(solution.visited(problem)))
    return Report(solution, _cost(problem, schedules, missing), schedules, tuple(violations), tuple(missing))


def _cost(problem: Problem, schedules: tuple[Schedule, ...], missing: list[int]) -> Cost:
    terms = np.array([route_terms(problem, schedule) for schedule in schedules]).reshape(-1, 4)
    costliest = int(terms.sum(axis=1).argmax()) if problem.objective == "max" and len(terms) else None
    distance, duration, fixed, preference = (terms.sum(axis=0) if costliest is None else terms[costliest]).tolist()
    clients = np.array(missing, dtype=np.intp) - problem.num_depots
    prizes = problem.prizes[clients][~problem.required[clients]]
    return Cost(distance, duration, fixed, preference, float(prizes.sum()), costliest)


def route_terms(problem: Problem, schedule: Schedule) -> tuple[float, float, float, float]:
    """Cost of one route by term: distance, duration, fixed, preference."""
    vehicle = problem.vehicle_types[schedule.route.vehicle_type]
    liking = problem.profiles[vehicle.profile].preference
    clients = [place - problem.num_depots for place in schedule.route.visits if place >= problem.num_depots]
    dislike = 0.0 if liking is None else float((1.0 - liking[clients]).sum())
    return (
        vehicle.unit_distance_cost * schedule.distance,
        vehicle.unit_duration_cost * schedule.duration,
        vehicle.fixed_cost,
        problem.preference_weight * dislike,
    )
