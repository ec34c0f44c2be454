"""Large problems in parts: neighbouring routes make problems of their own, which one launch on a GPU improves together.

Each turn cuts along other lines, so that what lies on a border of one part is inside a part of the next turn (POPMUSIC,
Taillard and Voss 2002).
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from nco.checker import check
from nco.places import map_coordinates
from nco.problem import Floats, Problem, Profile, VehicleType
from nco.search.data import from_solution, search_data, to_solution
from nco.search.gpu import GpuSearch, judged, on_device
from nco.search.packing import unsupported
from nco.solution import Route, Solution
from nco.stop import MaxIterations, MaxRuntime, Running

#: Clients of a part, at most; a route that has more is a part by itself.
SIZE = 250
#: Angle between the first cuts of two turns: no multiple of it comes near a whole turn soon.
GOLDEN = math.pi * (3 - math.sqrt(5))
#: Temperatures of a turn: routes are good already, so it begins colder than a search of a small problem.
HEAT = (0.3, 0.01)
#: Seconds of a turn: so many, or a tenth of what there is when that is more.
TURN = 1.0


class Part(NamedTuple):
    """Some routes of a solution as a problem of their own."""

    problem: Problem
    start: Solution
    clients: NDArray[np.intp]  # [n] numbers in the large problem, those left out as well
    kinds: list[int]  # those of vehicle types

    def whole(self, found: Solution) -> Iterator[Route]:
        """Routes of this part as routes of the large problem."""
        depots = self.problem.num_depots
        for route in found.routes:
            visits = (v if v < depots else int(self.clients[v - depots]) + depots for v in route.visits)
            yield Route(tuple(visits), self.kinds[route.vehicle_type])


def cut(centres: Floats, weights: NDArray[np.intp], size: int, angle: float) -> list[NDArray[np.intp]]:
    """Numbers of points [R, 2] in groups whose weights [R] add up to at most `size`, or of one point.

    Halves are cut off by lines, each at a right angle to the one before.
    """

    def halved(group: NDArray[np.intp], direction: float) -> Iterator[NDArray[np.intp]]:
        if weights[group].sum() <= size or len(group) == 1:
            yield group
            return
        along = centres[group] @ (math.cos(direction), math.sin(direction))
        ordered = group[np.argsort(along, kind="stable")]
        half = np.searchsorted(weights[ordered].cumsum(), weights[ordered].sum() / 2) + 1
        middle = int(np.clip(half, 1, len(group) - 1))
        for part in (ordered[:middle], ordered[middle:]):
            yield from halved(part, direction + math.pi / 2)

    return list(halved(np.arange(len(centres)), angle)) if len(centres) else []


def parts(problem: Problem, solution: Solution, xy: Floats, size: int, angle: float) -> list[Part]:
    """The routes of a solution in parts; xy [N, 2]: where locations are, or are drawn.

    A client that is left out is in the part of the route whose centre is nearest, with the other end of its shipment.
    """
    visits = [np.array(route.visits, dtype=np.intp) for route in solution.routes]
    centres = np.array([xy[stops].mean(axis=0) for stops in visits]).reshape(-1, 2)
    groups = cut(centres, np.array([len(stops) for stops in visits]), size, angle)
    absent = np.setdiff1d(np.arange(problem.num_depots, len(xy)), np.concatenate([*visits, np.zeros(0, np.intp)]))
    nearest = np.full(len(xy), -1)  # route, of those that are left out
    for place in absent if len(centres) else ():
        nearest[place] = ((centres - xy[place]) ** 2).sum(axis=1).argmin()
    for shipment in problem.shipments:
        nearest[problem.num_depots + shipment.delivery] = nearest[problem.num_depots + shipment.pickup]
    dealt = _spares(problem, solution, len(groups))
    return [
        _part(problem, [solution.routes[k] for k in group], np.flatnonzero(np.isin(nearest, group)), spare)
        for group, spare in zip(groups, dealt, strict=True)
    ]


def _spares(problem: Problem, solution: Solution, count: int) -> list[list[int]]:
    """Vehicles of every kind that no route uses, dealt out evenly to so many parts."""
    used = Counter(route.vehicle_type for route in solution.routes)
    free = [0 if v.num_available is None else v.num_available - used[k] for k, v in enumerate(problem.vehicle_types)]
    return [[many // count + (number < many % count) for many in free] for number in range(count)]


def _part(problem: Problem, routes: Sequence[Route], absent: NDArray[np.intp], spare: Sequence[int]) -> Part:
    depots = problem.num_depots
    served = {v - depots for route in routes for v in route.visits if v >= depots}
    clients = np.array(sorted(served | {*(absent - depots).tolist()}), dtype=np.intp)
    places = np.concatenate([np.arange(depots), clients + depots])
    number = {int(place): k for k, place in enumerate(places)}
    used = Counter(route.vehicle_type for route in routes)
    kinds = [k for k, v in enumerate(problem.vehicle_types) if v.num_available is None or used[k] + spare[k] > 0]
    vehicles = tuple(_limited(problem.vehicle_types[k], used[k] + spare[k]) for k in kinds)
    smaller = replace(
        problem,
        clients=tuple(problem.clients[k] for k in clients),
        profiles=tuple(_of(profile, places, clients) for profile in problem.profiles),
        vehicle_types=vehicles,
        shipments=tuple(
            replace(
                shipment,
                pickup=number[depots + shipment.pickup] - depots,
                delivery=number[depots + shipment.delivery] - depots,
            )
            for shipment in problem.shipments
            if depots + shipment.pickup in number
        ),
    )
    start = (Route(tuple(number[v] for v in route.visits), kinds.index(route.vehicle_type)) for route in routes)
    return Part(smaller, Solution(tuple(start)), clients, kinds)


def _limited(vehicle: VehicleType, many: int) -> VehicleType:
    return vehicle if vehicle.num_available is None else replace(vehicle, num_available=many)


def _of(profile: Profile, places: NDArray[np.intp], clients: NDArray[np.intp]) -> Profile:
    """What is left of a profile for some locations."""
    square, liked, allowed = np.ix_(places, places), profile.preference, profile.allowed
    distance, duration = (None if m is None else m[square] for m in (profile.distance, profile.duration))
    return Profile(
        distance, duration, None if liked is None else liked[clients], None if allowed is None else allowed[clients]
    )


class InParts:
    """The search of a large problem on a GPU, turn by turn, from a feasible solution; as nco.search.chains.Search."""

    def __init__(
        self, problem: Problem, start: Solution, seed: int, chains: int | None, device: str | torch.device = "cuda"
    ) -> None:
        self.problem, self.solution, self.seed, self.chains, self.device = problem, start, seed, chains, device
        self.cost, self.rounds, self.ruins = check(problem, start).cost.total, 0, 0
        self.provenance = {**on_device(device), "parts of": f"{SIZE} clients"}
        self._xy = map_coordinates(problem)[0]

    def run(self, stop: Running) -> Iterator[float]:
        """The best cost after every turn in which it fell, until `stop` says so.

        A turn of a run without a clock is one launch.
        """
        stop(self.cost)  # whatever it says: the first turn is always done
        length, overhead = max(TURN, stop.seconds_left() / 10), 0.0
        while True:
            clock, before = time.perf_counter(), self.cost
            searched = self._turn(min(length, stop.seconds_left() - overhead))
            overhead = time.perf_counter() - clock - searched
            if self.cost < before:
                yield self.cost
            if stop(self.cost) or stop.seconds_left() <= overhead:
                return

    def _turn(self, seconds: float) -> float:
        """Cut, improve all parts for so many seconds, put them together; returns how long the search alone took."""
        pieces = parts(self.problem, self.solution, self._xy, SIZE, self.rounds * GOLDEN)
        kept = [route for piece in pieces if unsupported(piece.problem) for route in piece.whole(piece.start)]
        pieces = [piece for piece in pieces if not unsupported(piece.problem)]  # a route may be too long for the kernel
        data = [search_data(piece.problem) for piece in pieces]
        starts = [from_solution(piece.problem, piece.start) for piece in pieces]
        search = GpuSearch(
            data, starts, chains=self.chains, seed=self.seed + self.rounds, heat=HEAT, device=self.device
        )
        stop = MaxRuntime(max(0.0, seconds)) if math.isfinite(seconds) else MaxIterations(1)
        clock = time.perf_counter()
        for _ in search.run(stop.start()):
            pass
        searched = time.perf_counter() - clock
        routes = kept
        for piece, found in zip(pieces, search.best()[0], strict=True):
            report = judged(piece.problem, piece.start, to_solution(piece.problem, found))
            routes += piece.whole(report.solution)
        merged = check(self.problem, Solution(tuple(routes)))
        if merged.is_feasible() and merged.cost.total < self.cost:
            self.solution, self.cost = merged.solution, merged.cost.total
        self.rounds, self.ruins = self.rounds + 1, self.ruins + search.iterations * search.chains * len(pieces)
        return searched

    def best(self) -> Solution:
        """The best solution."""
        return self.solution
