"""Points of a front: the routes found at one weight, and which of them others make useless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nco.checker import exceeds
from nco.io.files import storing
from nco.io.strict_json import plain, store
from nco.result import Result


@dataclass(frozen=True, eq=False)
class Point:
    """Routes for one weight of preferences, from 0, cost only, to 1, preferences only. The checker's numbers."""

    weight: float
    result: Result

    @property
    def price(self) -> float:
        """What a visit wholly against preference was made to cost, in units of cost."""
        return self.result.problem.preference_weight

    @property
    def cost(self) -> float:
        """All but preferences, at the problem's own prices: driving, fixed costs and clients left out."""
        cost = self.result.report.cost
        return self.driving + cost.fixed + cost.prizes

    @property
    def driving(self) -> float:
        """The part of the cost that is for distance and duration."""
        cost = self.result.report.cost
        return cost.distance + cost.duration

    @property
    def dislike(self) -> float:
        """Sum over visits of 1 - preference; vehicles without an opinion like all clients."""
        return self.result.report.cost.preference / self.price

    @property
    def visits(self) -> int:
        """Clients that are served."""
        return self.result.problem.num_clients - len(self.result.report.unassigned)

    @property
    def preference(self) -> float:
        """Sum over visits of the preference."""
        return self.visits - self.dislike

    @property
    def mean_preference(self) -> float:
        """Preference of a visit, from 0 to 1; 1 without any."""
        return self.preference / self.visits if self.visits else 1.0

    def beats(self, other: Point) -> bool:
        """Whether it is no worse in cost and in dislike, and better in one of them by more than the tolerance."""
        mine, others = (self.cost, self.dislike), (other.cost, other.dislike)
        pairs = list(zip(mine, others, strict=True))
        return not any(exceeds(a, b) for a, b in pairs) and any(exceeds(b, a) for a, b in pairs)


@dataclass(frozen=True, eq=False)
class Front:
    """What one solver found, by ascending weight."""

    points: tuple[Point, ...]

    @property
    def solver(self) -> str:
        return self.points[0].result.solver

    @cached_property
    def best(self) -> tuple[Point, ...]:
        """The front proper: feasible points that no other one beats, by ascending cost."""
        feasible = [point for point in self.points if point.result.is_feasible()]
        best = [point for point in feasible if not any(other.beats(point) for other in feasible)]
        return tuple(sorted(best, key=lambda point: (point.cost, point.weight)))

    def verdict(self, point: Point) -> str:
        """What keeps a point from the front, in a word; empty for one that is on it."""
        if not point.result.is_feasible():
            return "infeasible"
        return "" if point in self.best else "dominated"

    def to_dict(self) -> dict[str, Any]:
        """Plain data: numbers and routes of each point."""
        return {"solver": self.solver, "points": [self._entry(point) for point in self.points]}

    def _entry(self, point: Point) -> dict[str, Any]:
        return {
            "weight": point.weight,
            "price": point.price,
            "cost": point.cost,
            "driving": point.driving,
            "preference": point.preference,
            "mean_preference": point.mean_preference,
            "dominated": self.verdict(point) == "dominated",
            "feasible": point.result.is_feasible(),
            "solution": point.result.to_dict(),
        }


def write_json(fronts: Sequence[Front], path: Path) -> None:
    """Store fronts of one problem; raises FileError (F012) when that fails."""
    name = fronts[0].points[0].result.problem.name
    entries = [front.to_dict() for front in fronts]
    with storing(path):
        store(plain({"format": "nco-front", "version": 1, "problem": name, "fronts": entries}), path)
