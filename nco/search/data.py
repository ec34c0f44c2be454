"""A problem as flat arrays: all that ruin & recreate looks at, on the CPU and on the GPU alike.

Words: n clients are nodes 0..n-1; a *kind* is a vehicle type of the problem; a *view* is what kinds share that see the
same costs, distances and travel times. Of the points of a view's matrices the first n are the clients, then come the
depots, and last "nowhere", at distance zero from all, where open routes end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nco.problem import ALWAYS, Floats, Problem, VehicleType
from nco.shifts import is_usable, shift
from nco.solution import Route, Solution

#: Neighbours of a client that ruin and insertion look at first.
NEAREST = 100
#: Share of the checker's tolerance of limits that the search makes use of: sums in another order differ by less.
SLACK = 5e-7

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]


class SearchData(NamedTuple):
    """One problem. V views, K kinds, n clients, P points = n + depots + 1, L load dimensions, A neighbours."""

    cost: Floats  # [V, P, P] of an arc, with what visiting its end costs
    cost_into: Floats  # [V, P, P] the same, transposed: [end, origin]
    distance: Floats  # [V, P, P] counted for limits; [V, 0, 0] without any
    ride: Floats  # [V, P, P] travel times; [V, 0, 0] when time does not matter
    opens: Floats  # [n]
    closes: Floats  # [n]
    service: Floats  # [n]
    delivery: Floats  # [n, L]
    change: Floats  # [n, L] of the load on board at a client: picked up less delivered
    delivers: Bools  # [n] has a delivery from the depot
    picks: Bools  # [n] has a pickup for the depot
    partner: Ints  # [n] the other end of a client's shipment; -1: none
    is_pickup: Bools  # [n] whether it is where the shipment begins
    absence: Floats  # [n] price of leaving a client out; for required ones more than any solution costs
    neighbours: NDArray[np.uint32]  # [n, A] clients by their distance, itself first
    remoteness: Floats  # [n] distance from the nearest depot
    sight: Ints  # [K] view
    start: Ints  # [K] point
    end: Ints  # [K] point
    available: Ints  # [K] routes that may be begun
    joins: Bools  # [K] they are trips of one vehicle, whose total counts
    fixed: Floats  # [K] price of a route
    rate: Floats  # [K] price of duration
    capacity: Floats  # [K, L]
    farthest: Floats  # [K] limit of distance
    longest: Floats  # [K] limit of duration
    shift: Floats  # [K, 4] when a route may leave (from, until) and arrive (from, until)
    allowed: Bools  # [K, n]
    flags: Bools  # [8]: see Flags


class Flags(NamedTuple):
    """What a problem has; what it has not costs nothing."""

    timed: bool  # windows or a duration that matters
    lasting: bool  # durations have prices or limits
    far: bool  # limits of distance
    sorted: bool  # no delivery after a pickup
    paired: bool  # shipments
    optional: bool  # clients that may be left out
    loaded: bool  # loads that grow on the way, so that their order matters
    largest: bool  # the largest total of a vehicle counts, and not the sum


def unsupported(problem: Problem) -> list[str]:
    """Features that this search does not handle."""
    ends = [end for shipment in problem.shipments for end in (shipment.pickup, shipment.delivery)]
    features = {
        "objective='max' with shipments": problem.objective == "max" and bool(problem.shipments),
        "objective='max' with several vehicles of a type that reloads": problem.objective == "max"
        and any(v.reload_depots and v.num_available not in (None, 0, 1) for v in problem.vehicle_types),
        "reloads of vehicles with a price, with limits of time, distance or number, or away from home": any(
            v.reload_depots and not _refills_freely(problem, v) for v in problem.vehicle_types
        ),
        "a delivery or pickup of its own at an end of a shipment": bool(
            (problem.delivery + problem.pickup)[ends].any()
        ),
    }
    return [feature for feature, present in features.items() if present]


def _refills_freely(problem: Problem, vehicle: VehicleType) -> bool:
    """Whether any number of routes of this vehicle can be joined to one, at the same cost."""
    home = vehicle.start_depot
    return (
        vehicle.end_depot == home
        and vehicle.reload_depots == (home,)
        and vehicle.max_reloads is None
        and vehicle.fixed_cost == 0
        and vehicle.unit_duration_cost == 0
        and math.isinf(vehicle.max_distance)
        and math.isinf(vehicle.max_duration)
        and vehicle.tw == ALWAYS
        and not (problem.tw != ALWAYS).any()
    )


def search_data(problem: Problem) -> SearchData:
    """The arrays of a problem that `unsupported` finds nothing wrong with."""
    n, depots, kinds = problem.num_clients, problem.num_depots, problem.vehicle_types
    flags = _flags(problem)
    sights = [(v.profile, v.unit_distance_cost, v.speed) for v in kinds]
    seen = list(dict.fromkeys(sights))
    distances = [_points(problem, problem.distance_matrix(profile)) for profile, _, _ in seen]
    cost = np.stack([_arcs(problem, *sight[:2], matrix) for sight, matrix in zip(seen, distances, strict=True)])
    nothing = np.zeros((len(seen), 0, 0))
    timed = zip(seen, distances, strict=True) if flags.timed else ()
    rides = [_rides(problem, profile, speed, matrix) for (profile, _, speed), matrix in timed]
    longest_ride = max((float(ride.max()) for ride in rides), default=0.0)
    shipped = _shipped(problem)
    partner, is_pickup = np.full(n, -1, dtype=np.int32), np.zeros(n, dtype=bool)
    for shipment in problem.shipments:
        partner[[shipment.pickup, shipment.delivery]] = shipment.delivery, shipment.pickup
        is_pickup[shipment.pickup] = True
    remoteness = np.mean([matrix[n : n + depots, :n].min(axis=0) for matrix in distances], axis=0)
    permitted = [problem.profiles[v.profile].allowed for v in kinds]
    ends = [n + depots if v.end_depot is None else n + v.end_depot for v in kinds]
    return SearchData(
        cost=cost,
        cost_into=cost if (cost == cost.transpose(0, 2, 1)).all() else np.ascontiguousarray(cost.transpose(0, 2, 1)),
        distance=np.stack(distances) if flags.far else nothing,
        ride=np.stack(rides) if flags.timed else nothing,
        opens=problem.tw[depots:, 0].copy(),
        closes=problem.tw[depots:, 1].copy(),
        service=problem.service[depots:].copy(),
        delivery=problem.delivery,
        change=problem.pickup - problem.delivery + shipped,
        delivers=np.asarray(problem.delivery.any(axis=1)),
        picks=np.asarray(problem.pickup.any(axis=1)),
        partner=partner,
        is_pickup=is_pickup,
        absence=np.where(problem.required, _unpayable(problem, float(cost.max()), longest_ride), problem.prizes),
        neighbours=_neighbours([matrix[:n, :n] for matrix in distances]),
        remoteness=remoteness,
        sight=np.array([seen.index(sight) for sight in sights], dtype=np.int32),
        start=np.array([n + v.start_depot for v in kinds], dtype=np.int32),
        end=np.array(ends, dtype=np.int32),
        available=np.array([_available(problem, v) for v in kinds], dtype=np.int32),
        joins=np.array([flags.largest and bool(v.reload_depots) and v.num_available is not None for v in kinds]),
        fixed=np.array([v.fixed_cost for v in kinds]),
        rate=np.array([v.unit_duration_cost for v in kinds]),
        capacity=_loosened(np.array([v.capacity for v in kinds]).reshape(len(kinds), -1)),
        farthest=_loosened(np.array([v.max_distance for v in kinds])),
        longest=_loosened(np.array([v.max_duration for v in kinds])),
        shift=np.array([[*leaves, *arrives] for leaves, arrives in (shift(problem, v) for v in kinds)]),
        allowed=np.array([np.ones(n, dtype=bool) if a is None else a for a in permitted]).reshape(len(kinds), n),
        flags=np.array(flags),
    )


def to_solution(problem: Problem, routes: Sequence[tuple[int, Sequence[int]]]) -> Solution:
    """Routes of clients by kind as a solution; those of a vehicle that refills freely are joined to one."""
    joined: dict[int, list[int]] = {}
    plain: list[Route] = []
    for kind, clients in routes:
        vehicle, visits = problem.vehicle_types[kind], [problem.num_depots + int(client) for client in clients]
        if vehicle.reload_depots and vehicle.num_available is not None:
            joined[kind] = [*joined[kind], vehicle.start_depot, *visits] if kind in joined else visits
        else:
            plain.append(Route(tuple(visits), kind))
    return Solution((*plain, *(Route(tuple(visits), kind) for kind, visits in joined.items())))


def from_solution(problem: Problem, solution: Solution) -> list[tuple[int, list[int]]]:
    """Routes of clients by kind; a depot on the way begins another one."""
    routes: list[tuple[int, list[int]]] = []
    for route in solution.routes:
        trips: list[list[int]] = [[]]
        for place in route.visits:
            if place < problem.num_depots:
                trips.append([])
            else:
                trips[-1].append(place - problem.num_depots)
        routes += [(route.vehicle_type, trip) for trip in trips if trip]
    return routes


def _flags(problem: Problem) -> Flags:
    kinds = problem.vehicle_types
    duration = any(v.unit_duration_cost > 0 or v.max_duration < math.inf for v in kinds)
    windows = bool((problem.tw != ALWAYS).any()) or any(v.tw != ALWAYS for v in kinds)
    return Flags(
        timed=windows or duration,
        lasting=duration,
        far=any(v.max_distance < math.inf for v in kinds),
        sorted=problem.backhaul == "last" and bool(problem.pickup.any()),
        paired=bool(problem.shipments),
        optional=not bool(problem.required.all()),
        loaded=bool(problem.pickup.any()) or bool(problem.shipment_load.any()),
        largest=problem.objective == "max",
    )


def _points(problem: Problem, matrix: Floats) -> Floats:
    """A matrix over locations in the order of points, with nowhere."""
    n, depots = problem.num_clients, problem.num_depots
    order = np.r_[depots : depots + n, :depots]
    return np.pad(matrix[np.ix_(order, order)], (0, 1))


def _rides(problem: Problem, profile: int, speed: float, distance: Floats) -> Floats:
    """Travel times between points: those that are given, or the distances."""
    own = problem.profiles[profile].duration
    return (distance if own is None else _points(problem, own)) / speed


def _arcs(problem: Problem, profile: int, unit_cost: float, distance: Floats) -> Floats:
    """Cost of arcs [P, P]: the distance's, and that of a visit that is not preferred."""
    cost: Floats = unit_cost * distance
    liking = problem.profiles[profile].preference
    if liking is not None:
        cost[:, : problem.num_clients] += problem.preference_weight * (1.0 - liking)
    return cost


def _shipped(problem: Problem) -> Floats:
    """What shipments add to the load [n, L] at each client."""
    change = np.zeros_like(problem.delivery)
    for shipment, load in zip(problem.shipments, problem.shipment_load, strict=True):
        change[shipment.pickup] += load
        change[shipment.delivery] -= load
    return change


def _neighbours(distances: Sequence[Floats]) -> NDArray[np.uint32]:
    """The nearest clients [n, A] of each, there and back, in order; itself first even among others at its place."""
    near = np.add.reduce([matrix + matrix.T for matrix in distances])
    np.fill_diagonal(near, -1.0)
    most = min(len(near), NEAREST + 1)
    if most == len(near):
        return np.argsort(near, axis=1, kind="stable").astype(np.uint32)
    chosen = np.sort(np.argpartition(near, most - 1, axis=1)[:, :most], axis=1)
    order = np.argsort(np.take_along_axis(near, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1).astype(np.uint32, order="C")


def _unpayable(problem: Problem, arc: float, ride: float) -> float:
    """More than any solution costs, even if what the largest total adds counts twice: there are at most as many routes
    as clients, and two arcs for each of them.
    """
    n, kinds = problem.num_clients, problem.vehicle_types
    opens, closes = np.array([*problem.tw.tolist(), *(v.tw for v in kinds)]).T
    waiting = n * max(0.0, opens.max() - closes.min())
    lasting = 2 * n * ride + problem.service.sum() + waiting
    rate, fixed = max(v.unit_duration_cost for v in kinds), max(v.fixed_cost for v in kinds)
    times = 2 if problem.objective == "max" else 1
    return float(times * (2 * n * arc + n * fixed + rate * lasting) + problem.prizes.sum() + 1)


def _available(problem: Problem, vehicle: VehicleType) -> int:
    if not is_usable(problem, vehicle):
        return 0
    if vehicle.num_available is None or vehicle.reload_depots:
        return problem.num_clients if vehicle.num_available != 0 else 0
    return min(vehicle.num_available, problem.num_clients)


def _loosened(limits: Floats) -> Floats:
    """Limits with a part of what the checker tolerates."""
    return limits + SLACK * np.maximum(1.0, np.abs(np.where(np.isinf(limits), 1.0, limits)))
