"""The solution: which vehicle type visits which locations, in which order. Says nothing about feasibility."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from nco.errors import Fault, SolutionError

if TYPE_CHECKING:
    from nco.problem import Problem


@dataclass(frozen=True, slots=True)
class Route:
    """Locations in visiting order, without the start and end depot; a depot inside is a reload."""

    visits: tuple[int, ...]
    vehicle_type: int = 0


#: What users may pass as a solution: routes as such, or as lists of locations driven by the first vehicle type.
RoutesLike: TypeAlias = "Solution | Iterable[Route | Sequence[int]]"


@dataclass(frozen=True, slots=True)
class Solution:
    """Routes; those without a visit are dropped."""

    routes: tuple[Route, ...]

    @classmethod
    def of(cls, problem: Problem, routes: RoutesLike) -> Solution:
        """Solution from anything route-like; raises SolutionError with every location or type that does not exist."""
        if isinstance(routes, Solution):
            routes = routes.routes
        faults: list[Fault] = []
        parsed = []
        locations, kinds = range(problem.num_locations), range(len(problem.vehicle_types))
        try:
            candidates = [r if isinstance(r, Route) else Route(tuple(r)) for r in routes]
        except TypeError as error:
            raise SolutionError(Fault("S203", "routes", str(error), "Give a list of lists of locations")) from error
        for index, route in enumerate(candidates):
            try:
                visits = tuple(operator.index(v) for v in route.visits)
                kind = operator.index(route.vehicle_type)
            except TypeError as error:
                faults.append(Fault("S203", f"routes[{index}]", str(error), "Give whole numbers"))
                continue
            for position, visit in enumerate(visits):
                if visit not in locations:
                    faults.append(
                        Fault(
                            "S201",
                            f"routes[{index}][{position}]",
                            f"there is no location {visit}",
                            f"Locations go from 0 to {locations[-1]}, depots first",
                        )
                    )
            if kind not in kinds:
                faults.append(
                    Fault(
                        "S202",
                        f"routes[{index}]",
                        f"there is no vehicle type {kind}",
                        f"Types go from 0 to {kinds[-1]}",
                    )
                )
            if visits:
                parsed.append(Route(visits, kind))
        if faults:
            raise SolutionError(faults)
        return cls(tuple(parsed))

    def visited(self, problem: Problem) -> list[int]:
        """Client locations in order of routes; repeated when visited more than once."""
        return [v for route in self.routes for v in route.visits if v >= problem.num_depots]
