"""A problem as a model of OR-Tools' routing library: nodes, vehicles and dimensions.

Nodes are the clients, then the depots where vehicles start or end (and one that is nowhere, for open ends), then as
many copies of each reload depot as may be useful. Every quantity is registered as a matrix or vector: an error inside
a Python callback would silently count as zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
from ortools.constraint_solver import pywrapcp

from nco.problem import ALWAYS, VehicleType, Window
from nco.solution import Route, Solution
from nco.solvers.base import is_usable, shift, without_idle_reloads
from nco.solvers.integers import Integers
from nco.solvers.scale import Ints

#: Vehicles on top of twice as many as the loads fill.
SPARE = 10


class Model:
    """OR-Tools' model of a problem.

    Every client may be dropped: an optional one at its prize, a required one at a price above any solution, so that a
    problem without a feasible solution still gets the routes that can be driven.

    OR-Tools slows down with the number of vehicles. A type without a number has as many as there are clients or, unless
    `every_vehicle`, at most SPARE more than twice as many as all loads fill (not so where routes have a limit);
    `is_short` tells that some were left out. Types that can never leave and return in time have none. There are at most
    twice as many reloads at a depot as all loads fill the smallest vehicle.
    """

    def __init__(self, units: Integers, every_vehicle: bool = False) -> None:
        self.units, self.problem = units, units.problem
        types, n = self.problem.vehicle_types, self.problem.num_clients
        #: No vehicle is on the road later; every number on its way may have been rounded up.
        self.horizon = int(units.time.up(units.latest)) + 4 * (n + 2)
        most = {kind: min(v.num_available or n, n) for kind, v in enumerate(types) if is_usable(self.problem, v)}
        enough = most if every_vehicle else {kind: int(min(most[kind], self._enough(types[kind]))) for kind in most}
        self.is_short = most != enough
        #: Vehicle type of each vehicle of the model; some strategies fill the last ones first, so the largest.
        self.kinds = [kind for kind in sorted(most, key=lambda kind: types[kind].capacity) for _ in range(enough[kind])]
        if not self.kinds:
            return
        self.fleet = [types[kind] for kind in self.kinds]
        nowhere = self.problem.num_locations
        starts = [v.start_depot for v in self.fleet]
        ends = [nowhere if v.end_depot is None else v.end_depot for v in self.fleet]
        terminals = sorted({*starts, *ends})
        copies = [d for d in sorted({d for v in self.fleet for d in v.reload_depots}) for _ in range(self._reloads())]
        #: Location of each node.
        self.places = np.array([*range(self.problem.num_depots, nowhere), *terminals, *copies])
        self.terminals, self.copies = range(n, n + len(terminals)), range(n + len(terminals), len(self.places))
        nodes = dict(zip(terminals, self.terminals, strict=True))
        self.manager = pywrapcp.RoutingIndexManager(
            len(self.places), len(self.fleet), [nodes[d] for d in starts], [nodes[d] for d in ends]
        )
        self.routing = pywrapcp.RoutingModel(self.manager)
        self._add_costs()
        self._add_clients()
        self._add_copies()
        self._add_loads()
        self._add_times()
        self._add_distances()

    def nexts(self) -> list[int]:
        """Successor of each index in the solution at hand."""
        return [self.routing.NextVar(index).Value() for index in range(self.routing.Size())]

    def paths(self, nexts: list[int]) -> list[list[int]]:
        """Indices that each vehicle visits, from successors."""
        paths: list[list[int]] = [[] for _ in self.kinds]
        for number, path in enumerate(paths):
            index = nexts[self.routing.Start(number)]
            while not self.routing.IsEnd(index):
                path.append(index)
                index = nexts[index]
        return paths

    def solution(self, nexts: list[int]) -> Solution:
        """Our solution from successors; none means no routes."""
        routes = []
        for kind, path in zip(self.kinds, self.paths(nexts), strict=True) if nexts else ():
            visits = tuple(int(self.places[self.manager.IndexToNode(index)]) for index in path)
            routes.append(without_idle_reloads(self.problem, Route(visits, kind)))
        return Solution(tuple(route for route in routes if route.visits))

    def _add_costs(self) -> None:
        key, make = (lambda v: (v.profile, v.unit_distance_cost)), (lambda v: _with_nowhere(self.units.arcs(v)))
        evaluators = self._matrices(key, make)
        for number, (vehicle, evaluator) in enumerate(zip(self.fleet, evaluators, strict=True)):
            self.routing.SetArcCostEvaluatorOfVehicle(evaluator, number)
            self.routing.SetFixedCostOfVehicle(int(self.units.cost.up(vehicle.fixed_cost)), number)

    def _add_clients(self) -> None:
        for client, prize in enumerate(self.units.prizes()):
            index = self._index(client)
            self.routing.AddDisjunction([index], prize)
            permitted = (self.problem.profiles[v.profile].allowed for v in self.problem.vehicle_types)
            self._allow(index, [mask is None or bool(mask[client]) for mask in permitted])

    def _add_copies(self) -> None:
        for copy in self.copies:
            self.routing.AddDisjunction([self._index(copy)], 0)
            self._allow(self._index(copy), [self.places[copy] in v.reload_depots for v in self.problem.vehicle_types])
        if self.copies:
            limits = [len(self.copies) if v.max_reloads is None else v.max_reloads for v in self.fleet]
            counts = np.zeros(len(self.places), dtype=np.int64)
            counts[self.copies] = 1
            self.routing.AddDimensionWithVehicleCapacity(self._vector(counts), 0, limits, True, "reloads")

    def _add_loads(self) -> None:
        problem = self.problem
        deliveries, pickups = self.units.loads(problem.delivery), self.units.loads(problem.pickup)
        capacities = np.array([self.units.capacity(v) for v in self.fleet])
        self.mixes_loads = problem.backhaul == "mixed" and bool((deliveries.any(axis=0) & pickups.any(axis=0)).any())
        for k in range(problem.num_load_dimensions):
            delivered, picked, limits = deliveries[:, k], pickups[:, k], capacities[:, k].tolist()
            for amounts, name in ((delivered, f"delivered {k}"), (picked, f"picked {k}")):
                if amounts.any():
                    self._add_trip_sum(name, amounts, limits)
            if problem.backhaul == "mixed" and delivered.any() and picked.any():
                self._add_mixed_load(k, picked - delivered, limits)
        if problem.backhaul == "last":
            picks = np.array([any(client.pickup) for client in problem.clients], dtype=np.int64)
            before = self._add_trip_sum("pickups before", picks, [len(picks)] * len(self.fleet))
            for client in np.flatnonzero(problem.delivery.any(axis=1)).tolist():
                before.CumulVar(self._index(client)).SetMax(0)

    def _add_mixed_load(self, k: int, change: Ints, limits: list[int]) -> None:
        """The load may start anywhere, but where a trip ends no less is on board than was picked up: so it started
        with all that it delivered.
        """
        load = self._add_trip_sum(f"load {k}", change, limits, starts_empty=False)
        picked = self.routing.GetDimensionOrDie(f"picked {k}")
        for index in (*map(self.routing.End, range(len(self.fleet))), *map(self._index, self.copies)):
            self.routing.solver().Add(load.CumulVar(index) >= picked.CumulVar(index))

    def _add_trip_sum(self, name: str, amounts: Ints, limits: list[int], starts_empty: bool = True) -> Any:
        """A dimension that adds up amounts of clients along a trip. At a reload it falls by enough to start afresh."""
        top = max(limits)
        values = np.zeros(len(self.places), dtype=np.int64)
        values[: len(amounts)] = amounts
        values[self.copies] = -top
        slack = (top if starts_empty else 2 * top) if self.copies else 0
        self.routing.AddDimensionWithVehicleCapacity(self._vector(values), slack, limits, starts_empty, name)
        dimension = self.routing.GetDimensionOrDie(name)
        for index in range(self.routing.Size() if slack else 0):
            if self.manager.IndexToNode(index) not in self.copies:
                dimension.SlackVar(index).SetValue(0)
        return dimension

    def _add_times(self) -> None:
        windows = {place.tw for place in (*self.problem.places, *self.fleet)}
        if windows == {ALWAYS} and not any(v.unit_duration_cost or v.max_duration < math.inf for v in self.fleet):
            return
        service = self.units.time.up(np.append(self.problem.service, 0.0))[:, None]
        key, make = (lambda v: (v.profile, v.speed)), (lambda v: _with_nowhere(self.units.travel(v)) + service)
        transits = self._matrices(key, make)
        limits = [self.horizon] * len(self.fleet)
        self.routing.AddDimensionWithVehicleTransitAndCapacity(transits, self.horizon, limits, False, "time")
        clock = self.routing.GetDimensionOrDie("time")
        for node in (*range(self.problem.num_clients), *self.copies):
            clock.CumulVar(self._index(node)).SetRange(*self._window(self.problem.places[self.places[node]].tw))
        for number, vehicle in enumerate(self.fleet):
            leaves, arrives = shift(self.problem, vehicle)
            clock.CumulVar(self.routing.Start(number)).SetRange(*self._window(leaves))
            clock.CumulVar(self.routing.End(number)).SetRange(*self._window(arrives))
            longest = self.units.time.limit(vehicle.max_duration, self.units.latest)
            clock.SetSpanUpperBoundForVehicle(longest if vehicle.max_duration < math.inf else self.horizon, number)
            clock.SetSpanCostCoefficientForVehicle(self.units.rate(vehicle), number)

    def _add_distances(self) -> None:
        if any(vehicle.max_distance < math.inf for vehicle in self.fleet):
            transits = self._matrices(lambda v: v.profile, lambda v: _with_nowhere(self.units.lengths(v)))
            limits = [self.units.distance.limit(v.max_distance, self.units.farthest) for v in self.fleet]
            self.routing.AddDimensionWithVehicleTransitAndCapacity(transits, 0, limits, True, "distance")

    def _window(self, window: Window) -> tuple[int, int]:
        """Whole window, never empty; it closes at the horizon at the latest."""
        opens, closes = int(self.units.time.up(window[0])), self.horizon
        if window[1] < self.units.latest:
            closes = int(self.units.time.closing(window[1], self.units.latest))
        return opens, max(opens, closes)

    def _enough(self, vehicle: VehicleType) -> float:
        """How many vehicles of a type may be useful, as far as loads tell."""
        by_load = vehicle.num_available is None and vehicle.max_distance == vehicle.max_duration == math.inf
        return 2 * self._fillings(vehicle.capacity) + SPARE if by_load and vehicle.capacity else math.inf

    def _reloads(self) -> int:
        """How many copies of each reload depot may be useful."""
        limits = [math.inf if v.max_reloads is None else v.max_reloads for v in self.fleet if v.reload_depots]
        smallest = np.min([v.capacity for v in self.fleet], axis=0)
        return int(min(self.problem.num_clients - 1, 2 * self._fillings(smallest), sum(limits)))

    def _fillings(self, capacity: Sequence[float]) -> float:
        """How many vehicles of a capacity all loads together fill."""
        loads = np.maximum(self.problem.delivery.sum(axis=0), self.problem.pickup.sum(axis=0)).tolist()
        rooms = zip(loads, capacity, strict=True)
        return max((math.ceil(load / room) if room else math.inf for load, room in rooms if load), default=0.0)

    def _allow(self, index: int, permitted: list[bool]) -> None:
        """Only vehicles of permitted types may visit; SetAllowedVehiclesForIndex does not take Python's lists."""
        if not all(permitted):
            vehicles = [number for number, kind in enumerate(self.kinds) if permitted[kind]]
            self.routing.VehicleVar(index).SetValues([-1, *vehicles])

    def _index(self, node: int) -> int:
        return int(self.manager.NodeToIndex(node))

    def _vector(self, values: Ints) -> int:
        return int(self.routing.RegisterUnaryTransitVector(values.tolist()))

    def _matrices(self, key: Callable[[VehicleType], Hashable], make: Callable[[VehicleType], Ints]) -> list[int]:
        """A matrix over locations and nowhere, registered for each vehicle; vehicles with the same key share theirs.

        The end is at distance zero from the start: only vehicles that stay at home take that arc.
        """
        registered: dict[Hashable, int] = {}
        for vehicle in self.fleet:
            if key(vehicle) not in registered:
                matrix = make(vehicle)[np.ix_(self.places, self.places)]
                matrix[np.ix_(self.terminals, self.terminals)] = 0
                registered[key(vehicle)] = int(self.routing.RegisterTransitMatrix(matrix.tolist()))
        return [registered[key(vehicle)] for vehicle in self.fleet]


def _with_nowhere(matrix: Ints) -> Ints:
    """The matrix and one more location, at distance zero from all."""
    return np.pad(matrix, (0, 1))
