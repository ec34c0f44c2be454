"""A problem in whole numbers, for solvers that know nothing else.

Each kind of quantity has one factor: the smallest power of ten that makes all its data whole, so that nothing is lost;
when there is none, the largest for which sums stay far from the end of 64 bits. What is lost then is lost on the safe
side: arcs, service times, loads and opening times are rounded up, limits and closing times down. A route that is
feasible in whole numbers is feasible. So that a limit met exactly stays met, limits first get half of the checker's
tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nco.checker import TOLERANCE
from nco.problem import Floats, Problem, VehicleType
from nco.solution import Solution

Ints = NDArray[np.int64]

#: Sums of whole numbers stay below; a solver may still multiply them by a penalty of 1e5.
ROOM = 1e13
#: The same for the cost of a solution, times the number of clients.
COST_ROOM = 1e18
#: Most decimals of data that are scaled without loss.
DECIMALS = 9
#: Digits kept of a cost per time that has more decimals than this.
RATE_DIGITS = 6
#: A typical arc costs at most this many typical loads or travel times, all whole: penalties of solvers rely on it.
BALANCE = 100
#: Factor on bounds that replace infinity.
HEADROOM = 1.01
SLACK = TOLERANCE / 2


@dataclass(frozen=True, slots=True)
class Scale:
    """Whole numbers per unit of a quantity; `exact` when all data of the kind are whole at this factor."""

    factor: float
    exact: bool

    def up(self, values: ArrayLike) -> Ints:
        """Rounded up: for what is used up on a route, and for opening times."""
        scaled = np.asarray(values, dtype=np.float64) * self.factor
        return (np.rint(scaled) if self.exact else np.ceil(scaled)).astype(np.int64)

    def closing(self, times: ArrayLike, largest: float) -> Ints:
        """Rounded down: for times that must not be passed; `largest` instead of infinity."""
        return self._down(np.minimum(np.asarray(times, dtype=np.float64), largest), SLACK)

    def limit(self, limit: float, largest: float, price: float = 1.0) -> int:
        """Rounded down: for sums that must not be exceeded, in units of a price; `largest` instead of infinity."""
        capped = min(limit, largest)
        return int(self._down(np.array(capped), SLACK * max(1.0, capped), price))

    def _down(self, values: Floats, slack: float, price: float = 1.0) -> Ints:
        loose = values * (price * self.factor) + 1e-6 if self.exact else (values + slack) * (price * self.factor)
        return np.floor(loose).astype(np.int64)

    def finer(self, typical: float, wanted: float, largest: float) -> Scale:
        """The scale, made finer until a typical value is about `wanted`, as far as there is room."""
        steps = math.ceil(math.log10(wanted / max(typical * self.factor, 1.0))) if wanted > 1.0 else 0
        return Scale(self.factor * 10.0 ** max(0, min(steps, _power(ROOM, largest * self.factor))), self.exact)


class Integers:
    """Scales and whole-number data of a problem.

    In the user's units, with some headroom for what rounding adds, latest: no vehicle is on the road later; farthest:
    no route is longer; heaviest [K]: all loads together. big: more than any feasible solution costs, whole.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        vehicles = problem.vehicle_types
        self._travel = {key: problem.duration_matrix(key[0]) / key[1] for key in map(_travel_key, vehicles)}
        self._arcs = {key: self._priced(*key) for key in map(_arcs_key, vehicles)}
        opens = max(problem.tw[:, 0].max(), *(v.tw[0] for v in vehicles))
        self.latest = HEADROOM * float(opens + problem.service.sum() + self._reach(self._travel.values()))
        self.cost, self.time, self.big = self._cost_and_time()
        limits = [v.max_distance for v in vehicles if math.isfinite(v.max_distance)]
        lengths = [problem.distance_matrix(p) for p in {v.profile for v in vehicles}] if limits else []
        self.farthest = HEADROOM * self._reach(lengths)
        self.distance = _scale(_pool([*lengths, limits]), self.farthest)
        self.heaviest = HEADROOM * (problem.delivery + problem.pickup).sum(axis=0)
        self.load = tuple(map(self._load_scale, range(problem.num_load_dimensions)))

    def _cost_and_time(self) -> tuple[Scale, Scale, int]:
        """Costs and times hang together: a whole duration times a whole cost per time is a whole cost."""
        problem, vehicles, n = self.problem, self.problem.vehicle_types, self.problem.num_clients
        fixed, rates = np.array([v.fixed_cost for v in vehicles]), np.array([v.unit_duration_cost for v in vehicles])
        costs = _pool([*self._arcs.values(), fixed, problem.prizes])
        limits = [v.tw for v in vehicles] + [(v.max_duration, 0.0) for v in vehicles]
        times = _pool([*self._travel.values(), problem.service, problem.tw, limits])
        arcs = self._reach(self._arcs.values())
        dearest = arcs + float(problem.prizes.sum()) + n * float(fixed.max() + rates.max() * self.latest)
        highest = min(_power(ROOM, max(arcs, self.latest)), _power(COST_ROOM / n, dearest))
        if rates.any():
            digits = _digits(rates[rates > 0])
            both = (p for p in range(digits, highest + 1) if _whole(costs, p) and _whole(times, p - digits))
            power = next(both, highest)
            cost = Scale(10.0**power, _whole(costs, power) and _whole(rates, digits))
            time = Scale(10.0 ** (power - digits), _whole(times, power - digits))
        else:
            power = next((p for p in range(min(DECIMALS, highest) + 1) if _whole(costs, p)), highest)
            cost = Scale(10.0**power, _whole(costs, power))
            wanted = next(iter(self._arcs.values())).mean() * cost.factor / BALANCE
            typical = next(iter(self._travel.values())).mean() + problem.service.mean()
            time = _scale(times, self.latest).finer(typical, wanted, self.latest)
        return cost, time, math.ceil(HEADROOM * dearest * cost.factor) + 1

    def _load_scale(self, k: int) -> Scale:
        delivery, pickup = self.problem.delivery[:, k], self.problem.pickup[:, k]
        capacity = [vehicle.capacity[k] for vehicle in self.problem.vehicle_types]
        scale = _scale(_pool([delivery, pickup, capacity]), self.heaviest[k])
        return scale.finer(float((delivery + pickup).mean()), self.typical_arc / BALANCE, self.heaviest[k])

    @property
    def typical_arc(self) -> float:
        """Mean cost of an arc for the first vehicle type, whole-number scale."""
        vehicle = self.problem.vehicle_types[0]
        return float(self.arcs(vehicle).mean() + self.rate(vehicle) * self.travel(vehicle).mean())

    @property
    def typical_time(self) -> float:
        """Mean travel and service time for the first vehicle type, whole-number scale."""
        return float(self.travel(self.problem.vehicle_types[0]).mean() + self.time.up(self.problem.service).mean())

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

    def capacity(self, vehicle: VehicleType) -> list[int]:
        """Capacity in each load dimension."""
        return [s.limit(c, m) for s, c, m in zip(self.load, vehicle.capacity, self.heaviest, strict=True)]

    def loads(self, amounts: Floats) -> Ints:
        """Loads [n, K] of the clients, from the problem's deliveries or pickups."""
        columns = [scale.up(amounts[:, k]) for k, scale in enumerate(self.load)]
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
                lost += vehicle.unit_duration_cost * (3 * legs / self.time.factor + SLACK)
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


def _pool(values: Iterable[ArrayLike]) -> Floats:
    """All finite values in one vector."""
    pooled: Floats = np.concatenate([np.zeros(1), *(np.ravel(np.asarray(v, dtype=np.float64)) for v in values)])
    return pooled[np.isfinite(pooled)]


def _scale(values: Floats, largest: float) -> Scale:
    """The factor for values whose sums stay below `largest`."""
    highest = _power(ROOM, largest)
    power = next((p for p in range(min(DECIMALS, highest) + 1) if _whole(values, p)), highest)
    return Scale(10.0**power, _whole(values, power))


def _power(room: float, largest: float) -> int:
    """The largest power of ten that leaves sums below `room`."""
    return math.floor(math.log10(room / max(1.0, largest)))


def _whole(values: Floats, power: int) -> bool:
    """True when all values are whole after multiplication by this power of ten, but for rounding in their last bits."""
    scaled = values * 10.0**power
    return bool((np.abs(scaled - np.rint(scaled)) <= 1e-9 + 1e-15 * np.abs(scaled)).all())


def _digits(rates: Floats) -> int:
    """Decimals of costs per time: all of them when they are few, else enough for RATE_DIGITS digits."""
    few = next((d for d in range(RATE_DIGITS + 1) if _whole(rates, d)), None)
    return few if few is not None else RATE_DIGITS + max(0, -math.floor(math.log10(rates.min())))
