"""A problem as a model of OR-Tools' routing library: nodes, vehicles and dimensions.

Nodes are the clients, then the depots where vehicles start or end (and one that is nowhere, for open ends), then as
many copies of each reload depot as may be useful. Every quantity is registered as a matrix or vector: an error inside
a Python callback would silently count as zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from ortools.constraint_solver import pywrapcp

from nco.problem import ALWAYS, VehicleType, Window
from nco.shifts import is_usable, shift
from nco.solution import Route, Solution
from nco.solvers.base import without_idle_reloads
from nco.solvers.integers import Integers
from nco.solvers.scale import SLACK, Ints

#: Vehicles on top of twice as many as the loads fill.
SPARE = 10


class Model:
    """OR-Tools' model of a problem.

    Every client may be dropped: an optional one at its prize, a required one at a price above any solution, so that a
    problem without a feasible solution still gets the routes that can be driven. With objective="max" the model
    minimises mainly the objective, and a little the cost of all routes, so that local search has something to improve.

    OR-Tools slows down with the number of vehicles. A type without a number has as many as there are clients or, unless
    `every_vehicle`, at most SPARE more than twice as many as all loads fill (not so with limits of routes, shipments or
    objective="max", which may take more); `is_short` tells that some were left out. Types that can never leave and
    return in time have none. There are at most twice as many reloads at a depot as all loads fill the smallest vehicle.
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
        copies = [d for d in sorted({d for v in self.fleet for d in v.reload_depots}) for _ in range(self._reloads(d))]
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
        self._add_shipments()
        self._add_loads()
        self._add_times()
        self._add_distances()
        if self.problem.objective == "max":
            self._add_costliest()

    def cost(self) -> int:
        """Cost of the solution at hand, whole."""
        if self.problem.objective == "sum":
            return int(self.routing.CostVar().Max())
        costs = self.routing.GetDimensionOrDie("cost")
        highest = max(int(costs.CumulVar(self.routing.End(number)).Min()) for number in range(len(self.fleet)))
        nexts, clients = self.nexts(), map(self._index, range(self.problem.num_clients))
        left_out = (prize for k, prize in zip(clients, self.units.prizes(), strict=True) if nexts[k] == k)
        return highest + sum(left_out)

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
        evaluators = self._matrices(attrgetter("profile", "unit_distance_cost"), self._arcs)
        for number, (vehicle, evaluator) in enumerate(zip(self.fleet, evaluators, strict=True)):
            self.routing.SetArcCostEvaluatorOfVehicle(evaluator, number)
            self.routing.SetFixedCostOfVehicle(int(self.units.cost.up(vehicle.fixed_cost)), number)

    def _add_clients(self) -> None:
        for client, prize in enumerate(self.units.prizes()):
            index = self._index(client)
            self.routing.AddDisjunction([index], self.units.emphasis * prize)
            permitted = (self.problem.profiles[v.profile].allowed for v in self.problem.vehicle_types)
            self._allow(index, [mask is None or bool(mask[client]) for mask in permitted])

    def _add_copies(self) -> None:
        for copy in self.copies:
            self.routing.AddDisjunction([self._index(copy)], 0)
            self._allow(self._index(copy), [self.places[copy] in v.reload_depots for v in self.problem.vehicle_types])
        for number, vehicle in enumerate(self.fleet):
            if vehicle.fixed_cost or vehicle.unit_duration_cost or vehicle.end_depot != vehicle.start_depot:
                # a vehicle that only reloads at home is no route of ours, so it must not cost anything
                idle = [self._index(copy) for copy in self.copies if self.places[copy] == vehicle.start_depot]
                self.routing.NextVar(self.routing.Start(number)).RemoveValues(idle)
        if self.copies:
            limits = [len(self.copies) if v.max_reloads is None else v.max_reloads for v in self.fleet]
            counts = np.zeros(len(self.places), dtype=np.int64)
            counts[self.copies] = 1
            self.routing.AddDimensionWithVehicleCapacity(self._vector(counts), 0, limits, True, "reloads")

    def _add_shipments(self) -> None:
        """Both clients on one trip, in order; by the number of stops, since no time need pass between them."""
        if not self.problem.shipments:
            return
        length, solver = len(self.places), self.routing.solver()
        self.routing.AddConstantDimension(1, length, True, "stops")
        trips = [self.routing.GetDimensionOrDie("reloads")] if self.copies else []
        stops = self.routing.GetDimensionOrDie("stops")
        for shipment in self.problem.shipments:
            first, second = self._index(shipment.pickup), self._index(shipment.delivery)
            self.routing.AddPickupAndDelivery(first, second)
            solver.Add(self.routing.VehicleVar(first) == self.routing.VehicleVar(second))
            solver.Add(stops.CumulVar(first) <= stops.CumulVar(second))
            for trip in trips:
                solver.Add(trip.CumulVar(first) == trip.CumulVar(second))

    def _add_loads(self) -> None:
        problem = self.problem
        deliveries, pickups = self.units.loads(problem.delivery), self.units.loads(problem.pickup)
        shipped = np.zeros_like(deliveries)
        for shipment, load in zip(problem.shipments, self.units.loads(problem.shipment_load), strict=True):
            shipped[[shipment.pickup, shipment.delivery]] = load, -load
        capacities = np.array([self.units.capacity(v) for v in self.fleet])
        self.mixes_loads = problem.backhaul == "mixed" and bool((deliveries.any(axis=0) & pickups.any(axis=0)).any())
        for k in range(problem.num_load_dimensions):
            delivered, picked, limits = deliveries[:, k], pickups[:, k], capacities[:, k].tolist()
            sums = {
                name: self._add_trip_sum(f"{name} {k}", amounts, limits)
                for name, amounts in (("delivered", delivered), ("picked", picked))
                if amounts.any()
            }
            if shipped[:, k].any() or (problem.backhaul == "mixed" and len(sums) == 2):
                self._add_mixed_load(k, picked - delivered + shipped[:, k], limits, sums)
        if problem.backhaul == "last":
            picks = np.array([any(client.pickup) for client in problem.clients], dtype=np.int64)
            before = self._add_trip_sum("pickups before", picks, [len(picks)] * len(self.fleet))
            for client in np.flatnonzero(problem.delivery.any(axis=1)).tolist():
                before.CumulVar(self._index(client)).SetMax(0)

    def _add_mixed_load(self, k: int, change: Ints, limits: list[int], sums: Mapping[str, Any]) -> None:
        """With deliveries the load may start anywhere, but where a trip ends no less is on board than was picked up: so
        it started with all that it delivered.
        """
        load = self._add_trip_sum(f"load {k}", change, limits, starts_empty="delivered" not in sums)
        if len(sums) < 2:
            return
        for index in (*map(self.routing.End, range(len(self.fleet))), *map(self._index, self.copies)):
            self.routing.solver().Add(load.CumulVar(index) >= sums["picked"].CumulVar(index))

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
        transits = self._matrices(attrgetter("profile", "speed"), self._times)
        limits = [self.horizon] * len(self.fleet)
        self.routing.AddDimensionWithVehicleTransitAndCapacity(transits, self.horizon, limits, False, "time")
        clock = self.routing.GetDimensionOrDie("time")
        for node in (*range(self.problem.num_clients), *self.copies):
            place = self.places[node]
            window = self._window(self.problem.places[place].tw, self.units.lateness[place])
            clock.CumulVar(self._index(node)).SetRange(*window)
        for number, vehicle in enumerate(self.fleet):
            leaves, arrives = shift(self.problem, vehicle)
            clock.CumulVar(self.routing.Start(number)).SetRange(*self._window(leaves))
            clock.CumulVar(self.routing.End(number)).SetRange(*self._window(arrives))
            longest = self.units.time.limit(vehicle.max_duration, self.units.latest)
            clock.SetSpanUpperBoundForVehicle(longest if vehicle.max_duration < math.inf else self.horizon, number)
            clock.SetSpanCostCoefficientForVehicle(self.units.rate(vehicle), number)

    def _add_distances(self) -> None:
        if any(vehicle.max_distance < math.inf for vehicle in self.fleet):
            transits = self._matrices(attrgetter("profile"), lambda v: _with_nowhere(self.units.lengths(v)))
            limits = [self.units.distance.limit(v.max_distance, self.units.farthest) for v in self.fleet]
            self.routing.AddDimensionWithVehicleTransitAndCapacity(transits, 0, limits, True, "distance")

    def _add_costliest(self) -> None:
        """What a route costs adds up along it, and the largest sum counts.

        The price of waiting is known when the route is complete: it is added where the route starts.
        """
        rates = [self.units.rate(v) for v in self.fleet]
        key = attrgetter("profile", "unit_distance_cost", "fixed_cost", "speed", "unit_duration_cost")
        fixed = lambda v: int(self.units.cost.up(v.fixed_cost))  # noqa: E731
        known = self._matrices(key, lambda v: self._arcs(v) + self.units.rate(v) * self._times(v), fixed)
        self.routing.AddDimensionWithVehicleTransits(known, self.units.big * any(rates), self.units.big, True, "cost")
        costs = self.routing.GetDimensionOrDie("cost")
        costs.SetGlobalSpanCostCoefficient(self.units.emphasis)
        if not any(rates):
            return
        untimed = self._matrices(key, self._arcs, fixed)
        self.routing.AddDimensionWithVehicleTransits(untimed, 0, self.units.big, True, "cost but time")
        others, clock = (self.routing.GetDimensionOrDie(name) for name in ("cost but time", "time"))
        starts = [self.routing.Start(number) for number in range(len(self.fleet))]
        for index in {*range(self.routing.Size())} - {*starts}:
            costs.SlackVar(index).SetValue(0)
        for number, start in enumerate(starts):
            end = self.routing.End(number)
            lasts = self.routing.ActiveVehicleVar(number) * (clock.CumulVar(end) - clock.CumulVar(start))
            self.routing.solver().Add(costs.CumulVar(end) == others.CumulVar(end) + rates[number] * lasts)

    def _window(self, window: Window, late: float = SLACK) -> tuple[int, int]:
        """Whole window, never empty; it closes at the horizon at the latest."""
        opens, closes = int(self.units.time.up(window[0])), self.horizon
        if window[1] < self.units.latest:
            closes = int(self.units.time.closing(window[1], self.units.latest, late))
        return opens, max(opens, closes)

    def _enough(self, vehicle: VehicleType) -> float:
        """How many vehicles of a type may be useful, as far as loads tell."""
        limited = vehicle.num_available is not None or min(vehicle.max_distance, vehicle.max_duration) < math.inf
        by_load = not (limited or self.problem.shipments or self.problem.objective == "max")
        return 2 * self._fillings(vehicle.capacity) + SPARE if by_load and vehicle.capacity else math.inf

    def _reloads(self, depot: int) -> int:
        """How many copies of a reload depot may be useful."""
        fleet = [v for v in self.fleet if depot in v.reload_depots]
        limits = [math.inf if v.max_reloads is None else v.max_reloads for v in fleet]
        smallest = np.min([v.capacity for v in fleet], axis=0)
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

    def _arcs(self, vehicle: VehicleType) -> Ints:
        return _with_nowhere(self.units.arcs(vehicle))

    def _times(self, vehicle: VehicleType) -> Ints:
        """Service at the first location and travel to the second."""
        return _with_nowhere(self.units.travel(vehicle)) + self.units.time.up([*self.problem.service, 0.0])[:, None]

    def _matrices(
        self,
        key: Callable[[VehicleType], Hashable],
        make: Callable[[VehicleType], Ints],
        leave: Callable[[VehicleType], int] = lambda _: 0,
    ) -> list[int]:
        """A matrix over locations and nowhere, registered for each vehicle; vehicles with the same key share theirs.

        What it costs to leave is added where routes start. The end is at distance zero from the start: only vehicles
        that stay at home take that arc.
        """
        registered: dict[Hashable, int] = {}
        for vehicle in self.fleet:
            if key(vehicle) not in registered:
                matrix = make(vehicle)[np.ix_(self.places, self.places)]
                matrix[self.terminals] += leave(vehicle)
                matrix[np.ix_(self.terminals, self.terminals)] = 0
                registered[key(vehicle)] = int(self.routing.RegisterTransitMatrix(matrix.tolist()))
        return [registered[key(vehicle)] for vehicle in self.fleet]


def _with_nowhere(matrix: Ints) -> Ints:
    """The matrix and one more location, at distance zero from all."""
    return np.pad(matrix, (0, 1))
