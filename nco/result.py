"""What a solver gives back: routes judged by the checker, and how they were made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nco.checker import Report, Schedule
from nco.problem import Problem
from nco.reasons import Reason, Screen, reasons, screen
from nco.solution import Route

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nco.streets import Streets


@dataclass(frozen=True, eq=False)
class Result:
    """Routes, their cost and verdict, and their provenance.

    runtime: seconds from the call to the return; history: (seconds, cost) of each improvement;
    provenance: solver, seed, device, versions, weights: what is needed to repeat the run;
    streets: the roads that maps show and routes follow on them, see nco.streets.
    """

    problem: Problem
    report: Report
    solver: str
    runtime: float
    iterations: int
    seed: int
    history: tuple[tuple[float, float], ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    streets: Streets | None = None

    def is_feasible(self) -> bool:
        """True when the checker found no violation."""
        return self.report.is_feasible()

    def cost(self) -> float:
        """Exact cost in double precision; infinite when infeasible."""
        return self.report.cost.total if self.is_feasible() else math.inf

    @property
    def routes(self) -> tuple[Route, ...]:
        return self.report.solution.routes

    @property
    def schedule(self) -> tuple[Schedule, ...]:
        """Per route: arrival, wait, start, departure and load at every stop."""
        return self.report.schedules

    @cached_property
    def unassigned(self) -> tuple[Reason, ...]:
        """Clients that no route visits, each with the reason."""
        return reasons(self.problem, self.report)

    @cached_property
    def screen(self) -> Screen:
        """What can be said of the problem whatever the routes: clients that none can serve, what the fleet lacks."""
        return screen(self.problem)

    def summary(self) -> str:
        """A few lines: verdict, cost by term, routes, time."""
        cost = self.report.cost
        terms = {
            "distance": cost.distance,
            "duration": cost.duration,
            "fixed": cost.fixed,
            "preference": cost.preference,
            "prizes": cost.prizes,
        }
        split = ", ".join(f"{name} {value:.10g}" for name, value in terms.items() if value)
        served = self.problem.num_clients - len(self.report.unassigned)
        routes = f"{len(self.routes)} {'route' if len(self.routes) == 1 else 'routes'}"
        scope = f"{cost.scope}: " if cost.scope else ""
        lines = [
            f"{self.problem.name or 'problem'}: {served} of {self.problem.num_clients} clients on {routes} "
            f"by {self.solver}, {self.runtime:.2f} s, {self.iterations} iterations",
            f"cost {cost.total:.10g} ({scope}{split or 'no cost'}), distances rounded: {self.problem.rounding}",
        ]
        if not self.is_feasible():
            left_out = {reason.location for reason in self.unassigned}
            broken = [v for v in self.report.violations if v.rule != "visits" or v.location not in left_out]
            lines += ["INFEASIBLE", *_first([f"  {violation}" for violation in broken])]
            lines += [f"  whatever the routes: {lack}" for lack in self.screen.fleet]
        lines += _first([f"  left out: {reason.message} [{reason.rule}]" for reason in self.unassigned])
        return "\n".join(lines)

    def __str__(self) -> str:
        label = self.problem.label
        routes = (f"Route {index + 1}: {' '.join(map(label, route.visits))}" for index, route in enumerate(self.routes))
        return "\n".join([self.summary(), *routes])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the routes; returns the axes."""
        from nco.plotting import plot_routes

        return plot_routes(self.problem, self.report.solution, ax, self.streets)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what `nco.write(result, "x.json")` stores."""
        label = self.problem.label
        return {
            "format": "nco-solution",
            "version": 1,
            "problem": self.problem.name,
            "feasible": self.is_feasible(),
            "objective": self.problem.objective,
            "cost": {
                "total": self.report.cost.total,
                "distance": self.report.cost.distance,
                "duration": self.report.cost.duration,
                "fixed": self.report.cost.fixed,
                "preference": self.report.cost.preference,
                "prizes": self.report.cost.prizes,
                "route": self.report.cost.route,
            },
            "routes": [
                {
                    "vehicle_type": schedule.route.vehicle_type,
                    "visits": list(schedule.route.visits),
                    "distance": schedule.distance,
                    "duration": schedule.duration,
                    "stops": [
                        {
                            "location": stop.location,
                            "name": label(stop.location),
                            "arrival": stop.arrival,
                            "wait": stop.wait,
                            "start": stop.start,
                            "departure": stop.departure,
                            "load": list(stop.load),
                            "distance": stop.distance,
                        }
                        for stop in schedule.stops
                    ],
                }
                for schedule in self.schedule
            ],
            "violations": [
                {"rule": v.rule, "route": v.route, "location": v.location, "amount": v.amount, "message": v.message}
                for v in self.report.violations
            ],
            "unassigned": [
                {
                    "location": r.location,
                    "name": label(r.location),
                    "rule": r.rule,
                    "message": r.message,
                    "vehicle_types": [
                        {"vehicle_type": o.vehicle_type, "rule": o.rule, "message": o.message} for o in r.obstacles
                    ],
                }
                for r in self.unassigned
            ],
            "impossible": []
            if self.is_feasible()
            else [reason.message for reason in self.screen.clients] + list(self.screen.fleet),
            "solver": {
                "name": self.solver,
                "seed": self.seed,
                "runtime": self.runtime,
                "iterations": self.iterations,
                **self.provenance,
            },
            "history": [list(point) for point in self.history],
        }


def _first(lines: Sequence[str], count: int = 10) -> list[str]:
    """The first few lines, and how many more there are."""
    more = len(lines) - count
    return [*lines[:count], *([f"  ... and {more} more"] if more > 0 else [])]
