"""The protocol every solver follows, and the outcome it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from nco.errors import Fault
from nco.problem import Problem
from nco.solution import Route, Solution
from nco.stop import Running


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a solver found; the checker judges it afterwards.

    claimed_cost: the solver's own idea of the cost, compared with the checker's to within `tolerance`
    (what the solver's number format loses); None when the solver did not find a complete solution.
    """

    solution: Solution
    iterations: int
    claimed_cost: float | None = None
    tolerance: float = 1e-6
    history: tuple[tuple[float, float], ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)


class Solver(Protocol):
    """A way to solve problems. Constructors store options; work happens in `run`."""

    name: str

    def unsupported(self, problem: Problem) -> list[Fault]:
        """A fault (U302) for every feature of the problem that the solver cannot honour exactly."""

    def run(self, problem: Problem, stop: Running, seed: int) -> Outcome:
        """Solve until `stop` says so. Never returns None: an empty solution when nothing was found."""


class Alike(Solver, Protocol):
    """A solver that also takes several problems at once, which differ in their positive price of preferences only."""

    def run_alike(self, problems: Sequence[Problem], stop: Running, seed: int) -> list[Outcome]:
        """Solve all of them until `stop`, which hears the sum of their costs, says so."""


def cannot(solver: str, feature: str, others: str) -> Fault:
    """The fault for a feature a solver does not support, naming solvers that do."""
    return Fault("U302", f"solver '{solver}'", f"it does not support {feature}", f"Use {others}")


def without_idle_reloads(problem: Problem, route: Route) -> Route:
    """The route without reloads next to the same depot: a solver may leave such empty trips behind."""
    vehicle = problem.vehicle_types[route.vehicle_type]
    visits: list[int] = []
    for place in route.visits:
        if place >= problem.num_depots or place != (visits[-1] if visits else vehicle.start_depot):
            visits.append(place)
    while visits and visits[-1] == vehicle.end_depot:
        visits.pop()
    return Route(tuple(visits), route.vehicle_type)
