"""A problem in whole numbers, for solvers that know nothing else; see nco.solvers.scale for what rounding does."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property

import numpy as np

from nco.problem import Floats, Problem, VehicleType
from nco.reach import shortest
from nco.solution import Solution
from nco.solvers.scale import ROOM, SLACK, Ints, Scale, pool, power_below, priced_scales, scale

#: The cost of a solution stays below, times the number of clients.
COST_ROOM = 1e18
#: With objective="max" a solver gets this many times the objective, plus the cost of all routes, which it can improve.
EMPHASIS = 100
#: However fine the unit of cost is, sums of loads keep the room divided by this.
FINEST = 1e4
#: Factor on bounds that replace infinity: covers what rounding adds.
HEADROOM = 1.01


class Integers:
    """Scales and whole-number data of a problem.

    Bounds in the user's units, latest: no vehicle is on the road later; all_time: what all routes together last;
    farthest: no route is longer; heaviest [K]: all loads together; dearest_arcs: all arcs of a solution together.
    big: more than any feasible solution costs, whole. moved [n, K]: what comes on board or leaves at each client.
    emphasis: a solver minimises this many times the objective; 1 unless objective="max".
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        vehicles, n = problem.vehicle_types, problem.num_clients
        self.emphasis = EMPHASIS if problem.objective == "max" else 1
        self._travel = {key: problem.duration_matrix(key[0]) / key[1] for key in map(_travel_key, vehicles)}
        self._arcs = {key: self._priced(*key) for key in map(_arcs_key, vehicles)}
        opens = float(max(problem.tw[:, 0].max(), *(v.tw[0] for v in vehicles)))
        self.latest = HEADROOM * (opens + float(problem.service.sum()) + self._reach(self._travel.values()))
        self.all_time = self.latest + n * opens
        self.dearest_arcs = HEADROOM * self._reach(self._arcs.values())
        each = max(v.fixed_cost + v.unit_duration_cost * self.latest for v in vehicles)
        prizes = problem.prizes[~problem.required]
        dearest = self.dearest_arcs + HEADROOM * (float(prizes.sum()) + n * each)
        highest = min(power_below(ROOM, self.dearest_arcs), power_below(COST_ROOM / n / self.emphasis, dearest))
        self._lump = max(v.fixed_cost for v in vehicles) + float(prizes.max(initial=0.0))
        self.cost, self.time = self._cost_and_time(highest)
        self.big = math.ceil(dearest * self.cost.factor) + 1
        limits = [v.max_distance for v in vehicles if math.isfinite(v.max_distance)]
        lengths = [problem.distance_matrix(p) for p in {v.profile for v in vehicles}] if limits else []
        self.farthest = HEADROOM * self._reach(lengths)
        self.distance = scale(pool([*lengths, limits]), power_below(ROOM, self.farthest))
        self.moved = problem.delivery + problem.pickup
        for shipment, load in zip(problem.shipments, problem.shipment_load, strict=True):
            self.moved[[shipment.pickup, shipment.delivery]] += load
        self.heaviest = HEADROOM * self.moved.sum(axis=0)
        self.load = tuple(map(self._load_scale, range(problem.num_load_dimensions)))

    def _cost_and_time(self, highest: int) -> tuple[Scale, Scale]:
        """Costs and times hang together: a whole duration times a whole price of time is a whole cost."""
        vehicles, service = self.problem.vehicle_types, self.problem.service
        costs = pool(
            [*self._arcs.values(), [v.fixed_cost for v in vehicles], self.problem.prizes[~self.problem.required]]
        )
        shifts = np.array([(*v.tw, v.max_duration) for v in vehicles])
        times = pool([*self._travel.values(), service, self.problem.tw, shifts])
        prices = np.array([v.unit_duration_cost for v in vehicles if v.unit_duration_cost])
        if len(prices):
            return priced_scales(costs, times, prices, highest, self.all_time)
        cost, time = scale(costs, highest), scale(times, power_below(ROOM, self.all_time))
        saving = next(iter(self._arcs.values())).mean() + self._lump
        typical = next(iter(self._travel.values())).mean() + service.mean()
        return cost, time.finer(saving * cost.factor / max(1.0, typical * time.factor), self.all_time)

    def _load_scale(self, k: int) -> Scale:
        problem = self.problem
        capacities = [vehicle.capacity[k] for vehicle in problem.vehicle_types]
        values = pool([problem.delivery[:, k], problem.pickup[:, k], problem.shipment_load[:, k], capacities])
        fineness = min(self.fineness, FINEST)  # larger penalties leave less room for sums of loads
        plain = scale(values, power_below(ROOM / fineness, self.heaviest[k]))
        typical = max(1.0, float(self.moved[:, k].mean()) * plain.factor)
        return plain.finer(self.typical_cost / fineness / typical, self.heaviest[k])

    @cached_property
    def typical_cost(self) -> float:
        """What breaking a limit may save, whole: a mean arc of the first vehicle type, a vehicle, a prize."""
        vehicle = self.problem.vehicle_types[0]
        arc = self.arcs(vehicle).mean() + self.rate(vehicle) * self.travel(vehicle).mean()
        return float(arc) + self._lump * self.cost.factor

    @cached_property
    def fineness(self) -> float:
        """How many times a typical cost exceeds a typical travel and service time, both whole; at least 1."""
        vehicle = self.problem.vehicle_types[0]
        typical = float(self.travel(vehicle).mean() + self.time.up(self.problem.service).mean())
        return max(1.0, self.typical_cost / typical) if typical else 1.0

    @cached_property
    def lateness(self) -> Floats:
        """How late service may start at each location [N]: half of what the checker tolerates.

        That grows with the time since the vehicle left: for clients at least the shortest way there and the service.
        """
        problem, late = self.problem, np.ones(self.problem.num_locations)
        if not self.time.exact:
            ways = {(v.start_depot, _travel_key(v)) for v in problem.vehicle_types}
            soonest = [shortest(self._travel[key].__getitem__, start, problem.num_locations) for start, key in ways]
            late[problem.num_depots :] = (np.min(soonest, axis=0) + problem.service)[problem.num_depots :]
        return SLACK * np.maximum(1.0, late)

    @property
    def largest_sums(self) -> list[float]:
        """What can add up at most, whole, of each quantity that has limits: times, loads, and arcs where limited."""
        limited = self.dearest_arcs * self.cost.factor, self.farthest * self.distance.factor
        loads = (scale.factor * most for scale, most in zip(self.load, self.heaviest, strict=True))
        return [self.all_time * self.time.factor, *loads, *(limited if self.farthest else ())]

    def arcs(self, vehicle: VehicleType) -> Ints:
        """Costs [N, N] of driving between locations; what a client's preference costs is on the arcs into it."""
        return self.cost.up(self._arcs[_arcs_key(vehicle)])

    def lengths(self, vehicle: VehicleType) -> Ints:
        """Distances [N, N]."""
        return self.distance.up(self.problem.distance_matrix(vehicle.profile))

    def travel(self, vehicle: VehicleType) -> Ints:
        """Travel times [N, N] at the vehicle's speed."""
        return self.time.up(self._travel[_travel_key(vehicle)])

    def rate(self, vehicle: VehicleType) -> int:
        """Cost per unit of time."""
        return round(vehicle.unit_duration_cost * self.cost.factor / self.time.factor)

    def prizes(self) -> list[int]:
        """Price [n] of leaving a client out; more than any solution for those that are required."""
        return [self.big if c.required else int(self.cost.up(c.prize)) for c in self.problem.clients]

    def capacity(self, vehicle: VehicleType) -> list[int]:
        """Capacity in each load dimension."""
        return [s.limit(c, m) for s, c, m in zip(self.load, vehicle.capacity, self.heaviest, strict=True)]

    def loads(self, amounts: Floats) -> Ints:
        """Whole loads [n, K] of clients or shipments, from the problem's."""
        columns = [unit.up(amounts[:, k]) for k, unit in enumerate(self.load)]
        return np.stack(columns, axis=1) if columns else np.zeros(amounts.shape, dtype=np.int64)

    def price(self, cost: int) -> float:
        """A solver's cost in the user's unit; infinite for what only an infeasible solution costs."""
        return cost / self.cost.factor if cost < self.big else math.inf

    def tolerance(self, solution: Solution, cost: float) -> float:
        """How far the solver's cost of this solution may be from the exact one, relative (absolute below 1)."""
        lost = 0.0 if self.cost.exact else self.problem.num_clients / self.cost.factor
        for route in solution.routes:
            vehicle = self.problem.vehicle_types[route.vehicle_type]
            legs = len(route.visits) + 2
            lost += 0.0 if self.cost.exact else legs / self.cost.factor
            if not self.time.exact:
                late = float(self.lateness[list(route.visits)].max(initial=SLACK))
                lost += vehicle.unit_duration_cost * (3 * legs / self.time.factor + late)
        return 1e-9 + self._rate_error() + lost / max(1.0, abs(cost))

    def _rate_error(self) -> float:
        """Largest relative error of a cost per time."""
        priced = [v for v in self.problem.vehicle_types if v.unit_duration_cost > 0]
        exact = self.cost.factor / self.time.factor
        return max((abs(self.rate(v) / (v.unit_duration_cost * exact) - 1.0) for v in priced), default=0.0)

    def _priced(self, profile: int, unit_cost: float) -> Floats:
        arcs = unit_cost * self.problem.distance_matrix(profile)
        liking = self.problem.profiles[profile].preference
        if liking is not None:
            arcs[:, self.problem.num_depots :] += self.problem.preference_weight * (1.0 - liking)
            np.fill_diagonal(arcs, 0.0)
        return arcs

    def _reach(self, matrices: Iterable[Floats]) -> float:
        """No route through these matrices is longer: every arc on it enters or leaves a client."""
        first = self.problem.num_depots
        return max((float(m[first:].max(axis=1).sum() + m[:, first:].max(axis=0).sum()) for m in matrices), default=0.0)


def _travel_key(vehicle: VehicleType) -> tuple[int, float]:
    return vehicle.profile, vehicle.speed


def _arcs_key(vehicle: VehicleType) -> tuple[int, float]:
    return vehicle.profile, vehicle.unit_distance_cost
