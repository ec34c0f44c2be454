"""A second opinion on routes and problems, written without a thought of speed and unlike the checker.

Whole numbers only. A route is driven once for every departure minute; loads are counted box by box; the best solution
is found among all of them.
"""

from functools import cache
from itertools import pairwise, permutations, product
from math import inf

from nco import Problem, Route

#: Windows of random_problems open earlier: leaving later never saves any waiting.
LAST_MINUTE = 30


def cost_of_route(problem: Problem, route: Route) -> float:
    """What the route costs; infinite when it breaks any rule."""
    vehicle = problem.vehicle_types[route.vehicle_type]
    profile = problem.profiles[vehicle.profile]
    path = [vehicle.start_depot, *route.visits] + ([] if vehicle.end_depot is None else [vehicle.end_depot])
    clients = [place - problem.num_depots for place in path if place >= problem.num_depots]
    reloads = [place for place in route.visits if place < problem.num_depots]
    distance, travel = (m(vehicle.profile).tolist() for m in (problem.distance_matrix, problem.duration_matrix))
    driven = sum(distance[a][b] for a, b in pairwise(path))
    drives = (_drive(problem, vehicle, path, leave, travel) for leave in range(LAST_MINUTE))
    shortest = min((end - leave for leave, ends in enumerate(drives) for end in ends), default=inf)
    broken = (
        driven > vehicle.max_distance
        or shortest > vehicle.max_duration
        or shortest == inf
        or not set(reloads) <= set(vehicle.reload_depots)
        or (vehicle.max_reloads is not None and len(reloads) > vehicle.max_reloads)
        or any(not _fits(problem, vehicle, trip) for trip in _trips(problem, path))
        or any(not _brought(shipment, _trips(problem, path), problem) for shipment in problem.shipments)
        or (profile.allowed is not None and not all(profile.allowed[c] for c in clients))
    )
    if broken:
        return inf
    dislike = 0.0 if profile.preference is None else sum(1 - profile.preference[c] for c in clients)
    return (
        vehicle.fixed_cost
        + vehicle.unit_distance_cost * driven
        + vehicle.unit_duration_cost * shortest
        + problem.preference_weight * dislike
    )


def _drive(problem: Problem, vehicle, path: list[int], leave: int, travel: list[list[float]]):
    """Yields the minute the route ends when it leaves at this minute, nothing when it is late somewhere."""
    clock = leave
    if clock < vehicle.tw[0]:
        return
    for position, place in enumerate(path):
        stop = problem.places[place]
        if position:
            clock += travel[path[position - 1]][place] / vehicle.speed
            clock = max(clock, stop.tw[0])
        if not stop.tw[0] <= clock <= stop.tw[1]:
            return
        clock += getattr(stop, "service", 0)
    if clock <= vehicle.tw[1]:
        yield clock


def _trips(problem: Problem, path: list[int]) -> list[list]:
    """The clients of each trip; a depot inside the path ends one."""
    trips: list[list] = [[]]
    for place in path[1:]:
        if place < problem.num_depots:
            trips.append([])
        else:
            trips[-1].append(problem.clients[place - problem.num_depots])
    return trips


def _fits(problem: Problem, vehicle, trip: list) -> bool:
    """Whether the boxes fit all along a trip, and backhauls go last if they must."""
    for k, room in enumerate(vehicle.capacity):
        deliveries = [c.delivery[k] if c.delivery else 0 for c in trip]
        pickups = [c.pickup[k] if c.pickup else 0 for c in trip]
        for done in range(len(trip) + 1):
            between = sum(
                shipment.load[k]
                for shipment in problem.shipments
                if len(shipment.load) > k
                and problem.clients[shipment.pickup] in trip[:done]
                and problem.clients[shipment.delivery] not in trip[:done]
            )
            if between + sum(pickups[:done]) + sum(deliveries[done:]) > room:
                return False
    letters = "".join("P" if any(c.pickup) else "D" if any(c.delivery) else "-" for c in trip)
    return problem.backhaul != "last" or "D" not in letters[letters.find("P") :] or "P" not in letters


def _brought(shipment, trips: list[list], problem: Problem) -> bool:
    """Whether a shipment is picked up and delivered on one of the trips, or on none of them touched."""
    source, sink = problem.clients[shipment.pickup], problem.clients[shipment.delivery]
    touched = [trip for trip in trips if source in trip or sink in trip]
    return not touched or (len(touched) == 1 and _before(touched[0], source, sink))


def _before(trip: list, first, second) -> bool:
    return first in trip and second in trip and trip.index(first) < trip.index(second)


def best_cost(problem: Problem) -> float:
    """The cost of the best solution; infinite when there is none."""
    worse = max if problem.objective == "max" else float.__add__
    n = problem.num_clients
    kinds = range(len(problem.vehicle_types))
    route = {(kind, chosen): _best_route(problem, kind, chosen) for kind in kinds for chosen in range(1, 2**n)}

    @cache
    def serve(open_clients: int, used: tuple[int, ...]) -> float:
        if not open_clients:
            return 0.0
        first = (open_clients & -open_clients).bit_length() - 1
        best = inf
        others = [k for k in range(n) if open_clients >> k & 1 and k != first]
        for flags in product((0, 1), repeat=len(others)):
            chosen = 1 << first | sum(1 << k for k, flag in zip(others, flags, strict=True) if flag)
            for kind in kinds:
                if used[kind] < (problem.vehicle_types[kind].num_available or n) and route[kind, chosen] < inf:
                    more = (*used[:kind], used[kind] + 1, *used[kind + 1 :])
                    best = min(best, worse(route[kind, chosen], serve(open_clients & ~chosen, more)))
        return best

    best = inf
    for left in product((0, 1), repeat=n):
        if not any(flag and client.required for flag, client in zip(left, problem.clients, strict=True)):
            prizes = sum(client.prize for flag, client in zip(left, problem.clients, strict=True) if flag)
            served = sum(1 << k for k, flag in enumerate(left) if not flag)
            best = min(best, prizes + serve(served, (0,) * len(kinds)))
    return best


def _best_route(problem: Problem, kind: int, chosen: int) -> float:
    clients = [problem.num_depots + k for k in range(problem.num_clients) if chosen >> k & 1]
    depots = problem.vehicle_types[kind].reload_depots
    best = inf
    for order in permutations(clients):
        for stops in product((None, *depots), repeat=len(order) - 1):
            visits = [place for pair in zip(order, (*stops, None), strict=True) for place in pair if place is not None]
            best = min(best, cost_of_route(problem, Route(tuple(visits), kind)))
    return best
