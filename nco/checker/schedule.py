"""What happens along one route: distances, times and loads in double precision.

Time algebra, used for every output of the package: a vehicle leaves the start depot, drives, waits until the window
opens, serves, drives on. Among all departures that reach the end as early as possible it takes the latest, which
gives the shortest duration (waiting on the road is pointless when the vehicle can wait at home). A window that is
missed is a violation; the clock then goes on from the real arrival.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nco.problem import Floats, Problem, VehicleType
from nco.solution import Route


@dataclass(frozen=True, slots=True)
class Stop:
    """One location on a route. `load` is on board when leaving; `distance` is driven so far; times are absolute."""

    location: int
    arrival: float
    wait: float
    start: float
    departure: float
    load: tuple[float, ...]
    distance: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """A route's stops, start and end depot included (no end stop when the end is open), and its totals.

    `lateness` [stops] is how much too late service starts at each stop, zero when on time.
    """

    route: Route
    stops: tuple[Stop, ...]
    distance: float
    duration: float
    lateness: tuple[float, ...]


def drive(problem: Problem, route: Route) -> Schedule:
    """Drive a route and record every stop. O(length)."""
    vehicle = problem.vehicle_types[route.vehicle_type]
    end = () if vehicle.end_depot is None else (vehicle.end_depot,)
    path = [vehicle.start_depot, *route.visits, *end]
    legs = problem.distance(path[:-1], path[1:], vehicle.profile)
    travel = (problem.duration(path[:-1], path[1:], vehicle.profile) / vehicle.speed).tolist()
    opens, closes = _windows(problem, vehicle, path)
    arrival, start, departure = _clock(travel, opens, closes, problem.service[path].tolist())
    loads = _loads(problem, path, closed=bool(end)).tolist()
    driven = [0.0, *np.cumsum(legs).tolist()]
    wait = [begin - there for begin, there in zip(start, arrival, strict=True)]
    columns = zip(path, arrival, wait, start, departure, map(tuple, loads), driven, strict=True)
    late = [max(0.0, when - limit) for when, limit in zip(start, closes, strict=True)]
    if not end:  # nobody returns: the shift ends when the last service does
        late[-1] = max(late[-1], departure[-1] - vehicle.tw[1])
    return Schedule(route, tuple(Stop(*row) for row in columns), driven[-1], departure[-1] - start[0], tuple(late))


def _windows(problem: Problem, vehicle: VehicleType, path: list[int]) -> tuple[list[float], list[float]]:
    """Opening and closing times along the path; the vehicle's shift narrows those of its start and end depot."""
    opens, closes = problem.tw[path].T.tolist()
    for k in {0, len(path) - 1}:
        if path[k] < problem.num_depots:
            opens[k], closes[k] = max(opens[k], vehicle.tw[0]), min(closes[k], vehicle.tw[1])
    return opens, closes


def _clock(
    travel: list[float], opens: list[float], closes: list[float], service: list[float]
) -> tuple[list[float], list[float], list[float]]:
    """Arrival, start and departure at each stop for the latest departure that still ends as early as possible."""
    _, start, _ = _forward(opens[0], travel, opens, service)
    latest = start[-1]
    for k in range(len(start) - 2, -1, -1):
        latest = min(max(closes[k], start[k]), latest - travel[k] - service[k])
    return _forward(max(latest, opens[0]), travel, opens, service)


def _forward(
    leave: float, travel: list[float], opens: list[float], service: list[float]
) -> tuple[list[float], list[float], list[float]]:
    arrival, start, departure = [leave], [leave], [leave + service[0]]
    for leg, opening, serving in zip(travel, opens[1:], service[1:], strict=True):
        arrival.append(departure[-1] + leg)
        start.append(max(arrival[-1], opening))
        departure.append(start[-1] + serving)
    return arrival, start, departure


def _loads(problem: Problem, path: list[int], closed: bool) -> Floats:
    """Load [stops, K] when leaving each stop: a trip starts with all it will deliver and ends with all it picked up.

    A depot on the way begins a new trip; the one at which a closed route ends shows what it arrives with. Shipments
    come on board and leave on the way.
    """
    visits = [k for k, place in enumerate(path) if place >= problem.num_depots]
    clients = [path[k] - problem.num_depots for k in visits]
    begins = [k for k, place in enumerate(path[:-1] if closed else path) if place < problem.num_depots]
    delivery = np.zeros((len(path), problem.num_load_dimensions))
    delivery[visits] = problem.delivery[clients]
    change = _shipped(problem, path, begins)
    change[visits] += problem.pickup[clients] - problem.delivery[clients]
    trips = [slice(*ends) for ends in zip(begins, [*begins[1:], len(path)], strict=True)]
    return np.concatenate([delivery[trip].sum(axis=0) + change[trip].cumsum(axis=0) for trip in trips])


def _shipped(problem: Problem, path: list[int], begins: list[int]) -> Floats:
    """What shipments add to the load [stops, K] at each stop; what did not come on board on this trip cannot leave."""
    change = np.zeros((len(path), problem.num_load_dimensions))
    aboard: set[int] = set()
    for k, place in enumerate(path if problem.shipments else ()):
        if k in begins:
            aboard.clear()
        number = problem.shipment_at.get(place)
        if number is None:
            continue
        if place == problem.num_depots + problem.shipments[number].pickup:
            aboard.add(number)
            change[k] = problem.shipment_load[number]
        elif number in aboard:
            aboard.remove(number)
            change[k] = -problem.shipment_load[number]
    return change
