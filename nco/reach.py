"""Whether a vehicle can serve a client at all: the route with this client alone, by the shortest ways there are.

Distances and travel times that users give need not obey the triangle inequality: a detour may be shorter than the
direct way. What is out of reach by the shortest ways is out of reach on every route.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nco.checker import Violation, drive
from nco.checker.rules import ROUTE_RULES
from nco.problem import Depot, Floats, Problem, Profile, Shipment, VehicleType
from nco.solution import Route

#: Roundings of Euclidean distances that keep the triangle inequality.
METRIC_ROUNDINGS = ("none", "ceil")


@dataclass(frozen=True, slots=True)
class Ways:
    """Lengths [N] from the start depot to every place and from there to the end depot, and between two places."""

    out: Floats
    home: Floats
    between: Callable[[int, int], float]


class Reach:
    """What vehicles of one type can reach, whatever else they do on their route."""

    def __init__(self, problem: Problem, vehicle: VehicleType) -> None:
        self.problem, self.vehicle = problem, vehicle
        self.start = vehicle.start_depot
        self.end = self.start if vehicle.end_depot is None else vehicle.end_depot

    def failure(self, clients: tuple[int, ...]) -> Violation | None:
        """The first rule that every route with these clients breaks; None when there may be a route.

        clients: one, or the pickup and delivery of a shipment. The violation's `location` is a place of the problem,
        its `amount` that of the best case; its message is about a route of its own, number 0.
        """
        if len(clients) == 1 and self._near[clients[0]]:
            return None
        found = self._first(clients, self._direct)
        return found if found is None or self._is_metric else self._first(clients, self._shortest)

    @cached_property
    def _near(self) -> NDArray[np.bool_]:
        """Clients [n] that a route of their own surely serves: leaving at once, it keeps all limits to the letter.

        All at once, because most clients of most problems are easy to reach; for the others the checker decides.
        """
        problem, vehicle, first = self.problem, self.vehicle, self.problem.num_depots
        (out, home), (drive_out, drive_home) = (
            (ways.out[first:], 0.0 if vehicle.end_depot is None else ways.home[first:]) for ways in self._direct
        )
        leaves = max(vehicle.tw[0], problem.depots[self.start].tw[0])
        begins = np.maximum(leaves + drive_out / vehicle.speed, problem.tw[first:, 0])
        back = begins + problem.service[first:] + drive_home / vehicle.speed
        closes = min(vehicle.tw[1], math.inf if vehicle.end_depot is None else problem.depots[self.end].tw[1])
        heaviest = np.maximum(problem.delivery, problem.pickup)
        alone = np.array([first + client not in problem.shipment_at for client in range(problem.num_clients)])
        allowed = problem.profiles[vehicle.profile].allowed
        return np.asarray(
            alone
            & (True if allowed is None else allowed)
            & (heaviest <= np.array(vehicle.capacity)).all(axis=1)
            & (out + home <= vehicle.max_distance)
            & (back - leaves <= vehicle.max_duration)
            & (begins <= problem.tw[first:, 1])
            & (back <= closes)
            & (leaves <= problem.depots[self.start].tw[1])
        )

    @property
    def _is_metric(self) -> bool:
        profile = self.problem.profiles[self.vehicle.profile]
        return profile.distance is None and profile.duration is None and self.problem.rounding in METRIC_ROUNDINGS

    @cached_property
    def _direct(self) -> tuple[Ways, Ways]:
        """Direct distances and travel times."""
        places, profile = np.arange(self.problem.num_locations), self.vehicle.profile

        def ways(measure: Callable[..., Floats]) -> Ways:
            out, home = measure(self.start, places, profile), measure(places, self.end, profile)
            return Ways(out, home, lambda i, j: float(measure(i, j, profile)))

        return ways(self.problem.distance), ways(self.problem.duration)

    @cached_property
    def _shortest(self) -> tuple[Ways, Ways]:
        """Lengths of the shortest ways through any places; between two places, what the triangle inequality leaves."""
        places, profile = np.arange(self.problem.num_locations), self.vehicle.profile

        def ways(measure: Callable[..., Floats]) -> Ways:
            out = shortest(lambda k: measure(k, places, profile), self.start, len(places))
            home = shortest(lambda k: measure(places, k, profile), self.end, len(places))
            return Ways(out, home, lambda i, j: float(max(0.0, out[j] - out[i], home[i] - home[j])))

        return ways(self.problem.distance), ways(self.problem.duration)

    def _first(self, clients: tuple[int, ...], ways: tuple[Ways, Ways]) -> Violation | None:
        """The first rule that the route with these clients alone breaks when the ways are so long."""
        small = self._alone(clients, ways)
        schedule = drive(small, Route(tuple(range(2, 2 + len(clients)))))
        broken = next((violation for rule in ROUTE_RULES for violation in rule(small, 0, schedule)), None)
        if broken is None or broken.location is None:
            return broken
        places = (self.start, self.end, *(self.problem.num_depots + client for client in clients))
        return replace(broken, location=places[broken.location])

    def _alone(self, clients: tuple[int, ...], ways: tuple[Ways, Ways]) -> Problem:
        """The problem with these clients, this vehicle and its depots, start and end, only."""
        problem, vehicle = self.problem, self.vehicle
        profile = problem.profiles[vehicle.profile]
        allowed = None if profile.allowed is None else profile.allowed[list(clients)]
        distance, duration = (self._matrix(clients, way) for way in ways)
        return Problem(
            depots=tuple(Depot(tw=problem.depots[end].tw) for end in (self.start, self.end)),
            clients=tuple(replace(problem.clients[k], x=None, y=None, name="") for k in clients),
            vehicle_types=(
                replace(
                    vehicle,
                    start_depot=0,
                    end_depot=None if vehicle.end_depot is None else 1,
                    reload_depots=(),
                    profile=0,
                ),
            ),
            profiles=(Profile(distance, duration, allowed=allowed),),
            backhaul=problem.backhaul,
            shipments=(Shipment(0, 1, self._load(clients)),) if len(clients) == 2 else (),
        )

    def _matrix(self, clients: tuple[int, ...], ways: Ways) -> Floats:
        """Legs [2 + clients, 2 + clients] of the route; those it does not drive are zero."""
        places = [self.problem.num_depots + client for client in clients]
        matrix = np.zeros((2 + len(places), 2 + len(places)))
        matrix[0, 2:], matrix[2:, 1] = ways.out[places], ways.home[places]
        if len(places) == 2:
            matrix[2, 3] = ways.between(*places)
        return matrix

    def _load(self, clients: tuple[int, ...]) -> tuple[float, ...]:
        return self.problem.shipments[self.problem.shipment_at[self.problem.num_depots + clients[0]]].load


def shortest(legs_from: Callable[[int], Floats], origin: int, size: int) -> Floats:
    """Lengths [N] of the shortest ways from the origin, given the legs [N] from each place (Dijkstra 1959)."""
    lengths = np.full(size, np.inf)
    lengths[origin] = 0.0
    waiting = lengths.copy()
    for _ in range(size):
        nearest = int(waiting.argmin())
        through = lengths[nearest] + legs_from(nearest)
        better = through < lengths
        lengths[better] = waiting[better] = through[better]
        waiting[nearest] = np.inf
    return lengths
