"""Random small problems in whole numbers with any mix of features, and random routes for them."""

from dataclasses import replace

import numpy as np

from nco import Client, Depot, Problem, Profile, Route, Shipment, VehicleType

FEATURES = (
    "depots",
    "fleet",
    "fixed",
    "duration_cost",
    "speed",
    "open",
    "windows",
    "shift",
    "max_distance",
    "max_duration",
    "profiles",
    "preference",
    "allowed",
    "loads",
    "two_loads",
    "pickups",
    "backhaul_last",
    "reloads",
    "optional",
)


def random_problem(seed: int, features: tuple[str, ...] | None = None, size: int | None = None) -> Problem:
    """A problem with these features; without a choice, each feature with probability 0.3 and loads mostly.

    Shipments, which not every solver knows, come only when they are asked for.
    """
    rng = np.random.default_rng(seed)
    if features is None:
        features = tuple(f for f in FEATURES if rng.random() < (0.8 if f == "loads" else 0.3))
    has = set(features).__contains__
    n = size or int(rng.integers(1, 6))
    depots = tuple(
        Depot(*map(float, rng.integers(0, 20, 2)), tw=_window(rng, has("windows") and rng.random() < 0.3, 60, 30))
        for _ in range(int(rng.integers(2, 4)) if has("depots") else 1)
    )
    dimensions = 2 if has("two_loads") else int(has("loads") or has("pickups") or has("backhaul_last"))
    clients = tuple(_client(rng, has, dimensions) for _ in range(n))
    profiles = tuple(
        _profile(rng, has, len(depots), n) for _ in range(int(rng.integers(2, 4)) if has("profiles") else 1)
    )
    types = tuple(
        _vehicle(rng, has, len(depots), dimensions, len(profiles), n)
        for _ in range(int(rng.integers(2, 4)) if has("fleet") else 1)
    )
    pairs = _pairs(rng, clients) if has("shipments") else []
    return Problem(
        depots,
        clients,
        types,
        profiles,
        rounding="round",
        backhaul="last" if has("backhaul_last") else "mixed",
        preference_weight=float(rng.integers(1, 8)) if has("preference") else 0.0,
        name=f"random {seed}",
        shipments=tuple(Shipment(*pair, tuple(map(float, rng.integers(0, 4, dimensions)))) for pair in pairs),
    )


def _pairs(rng: np.random.Generator, clients: tuple[Client, ...]) -> list[list[int]]:
    """Disjoint pairs of required clients."""
    order = rng.permutation([k for k, client in enumerate(clients) if client.required])
    return order[: len(order) - len(order) % 2].reshape(-1, 2).tolist()


def with_shipments(problem: Problem, seed: int, own_loads: bool = False) -> Problem:
    """The problem with random pairs of its clients as shipments, some of them optional; some clients stay alone.

    Unless `own_loads`, their clients have no deliveries and pickups of their own.
    """
    rng = np.random.default_rng(seed)
    pairs: list[list[int]] = []
    for required in (True, False):
        alike = [k for k, client in enumerate(problem.clients) if client.required is required]
        order = rng.permutation(alike)[: len(alike) // 2 * 2].reshape(-1, 2)
        pairs += [pair for pair in order.tolist() if rng.random() < 0.8]
    loads = rng.integers(0, 5, (len(pairs), problem.num_load_dimensions)).astype(float)
    ends = {client for pair in pairs for client in pair}
    bare = [
        replace(client, delivery=(), pickup=()) if k in ends and not own_loads else client
        for k, client in enumerate(problem.clients)
    ]
    shipments = tuple(Shipment(*pair, tuple(load)) for pair, load in zip(pairs, loads.tolist(), strict=True))
    return replace(problem, clients=tuple(bare), shipments=shipments)


def _window(rng: np.random.Generator, wanted: bool, latest: int, least: int = 3) -> tuple[float, float]:
    opens = float(rng.integers(0, latest // 2))
    return (opens, opens + float(rng.integers(least, latest))) if wanted else (0.0, np.inf)


def _client(rng: np.random.Generator, has, dimensions: int) -> Client:
    amounts = tuple(map(float, rng.integers(1, 6, dimensions)))
    other = tuple(map(float, rng.integers(1, 6, dimensions)))
    kind = rng.choice(["delivery", "pickup", "both"]) if has("pickups") or has("backhaul_last") else "delivery"
    if kind == "both" and has("backhaul_last"):
        kind = "delivery"
    return Client(
        *map(float, rng.integers(0, 20, 2)),
        delivery=amounts if kind in ("delivery", "both") else (),
        pickup=other if kind in ("pickup", "both") else (),
        tw=_window(rng, has("windows") and rng.random() < 0.7, 40),
        service=float(rng.integers(0, 5)),
        required=not (has("optional") and rng.random() < 0.5),
        prize=float(rng.integers(0, 30)),
    )


def _profile(rng: np.random.Generator, has, depots: int, n: int) -> Profile:
    size = depots + n
    matrices = [rng.integers(1, 25, (size, size)).astype(float) for _ in range(2)]
    for matrix in matrices:
        np.fill_diagonal(matrix, 0.0)
    own = has("profiles") and rng.random() < 0.8
    return Profile(
        distance=matrices[0] if own else None,
        duration=matrices[1] if own and rng.random() < 0.7 else None,
        preference=rng.choice([0.0, 0.25, 0.5, 1.0], n) if has("preference") and rng.random() < 0.9 else None,
        allowed=rng.random(n) < 0.7 if has("allowed") and rng.random() < 0.9 else None,
    )


def _vehicle(rng: np.random.Generator, has, depots: int, dimensions: int, profiles: int, n: int) -> VehicleType:
    can_reload = has("reloads") and rng.random() < 0.8
    return VehicleType(
        num_available=int(rng.integers(1, 4)) if rng.random() < 0.5 else None,
        capacity=tuple(map(float, rng.integers(5, 13, dimensions))),
        start_depot=int(rng.integers(depots)),
        end_depot=None if has("open") and rng.random() < 0.7 else int(rng.integers(depots)),
        fixed_cost=float(rng.integers(0, 30)) if has("fixed") else 0.0,
        unit_distance_cost=float(rng.choice([0.0, 1.0, 2.0])) if has("duration_cost") else 1.0,
        unit_duration_cost=float(rng.choice([0.0, 1.0, 3.0])) if has("duration_cost") else 0.0,
        speed=float(rng.choice([0.5, 1.0])) if has("speed") else 1.0,
        tw=_window(rng, has("shift"), 60, 20),
        max_distance=float(rng.integers(20, 70)) if has("max_distance") and rng.random() < 0.8 else np.inf,
        max_duration=float(rng.integers(20, 80)) if has("max_duration") and rng.random() < 0.8 else np.inf,
        reload_depots=tuple(map(int, rng.permutation(depots)[: int(rng.integers(1, depots + 1))]))
        if can_reload
        else (),
        max_reloads=int(rng.integers(0, 3)) if rng.random() < 0.5 else None,
        profile=int(rng.integers(profiles)),
    )


def random_routes(problem: Problem, seed: int, reload_anywhere: bool = False) -> list[Route]:
    """Random routes over a random subset of the clients (mostly all), with reloads where vehicles may."""
    rng = np.random.default_rng(seed)
    clients = [int(c) for c in rng.permutation(problem.num_clients) if rng.random() < 0.95]
    cuts = np.flatnonzero(rng.random(len(clients)) < 0.4)
    routes = []
    for group in np.split(np.array(clients, dtype=int), cuts):
        kind = int(rng.integers(len(problem.vehicle_types)))
        places = range(problem.num_depots) if reload_anywhere else problem.vehicle_types[kind].reload_depots
        visits: list[int] = []
        for client in group:
            if visits and len(places) and rng.random() < 0.3:
                visits.append(int(rng.choice(list(places))))
            visits.append(int(client) + problem.num_depots)
        if visits:
            routes.append(Route(tuple(visits), kind))
    return routes


def in_pairs(problem: Problem, routes: list[Route], seed: int) -> list[Route]:
    """The routes with most deliveries of shipments moved to a place somewhere after their pickup, on the same trip."""
    rng = np.random.default_rng(seed)
    visits = [list(route.visits) for route in routes]
    for shipment in problem.shipments:
        first, second = (problem.num_depots + client for client in (shipment.pickup, shipment.delivery))
        route = next((route for route in visits if first in route), None)
        if rng.random() < 0.1:
            continue
        for other in visits:
            if second in other:
                other.remove(second)
        if route:
            start = route.index(first) + 1
            end = next((k for k in range(start, len(route)) if route[k] < problem.num_depots), len(route))
            route.insert(int(rng.integers(start, end + 1)), second)
    kinds = [route.vehicle_type for route in routes]
    return [Route(tuple(route), kind) for route, kind in zip(visits, kinds, strict=True) if route]


def in_floats(problem: Problem, seed: int) -> Problem:
    """The same problem with every quantity off the whole numbers by a little: nothing about it is exact any more."""
    rng = np.random.default_rng(seed)
    jitter = lambda value: value if value in (0.0, np.inf) else float(value * (1 + 1e-3 * rng.random()))  # noqa: E731
    matrix = lambda values: None if values is None else values * (1 + 1e-3 * rng.random(values.shape))  # noqa: E731
    return replace(
        problem,
        rounding="none",
        depots=tuple(replace(d, x=jitter(d.x), y=jitter(d.y)) for d in problem.depots),
        clients=tuple(
            replace(
                c,
                x=jitter(c.x),
                y=jitter(c.y),
                delivery=tuple(map(jitter, c.delivery)),
                pickup=tuple(map(jitter, c.pickup)),
                service=jitter(c.service),
                prize=jitter(c.prize),
            )
            for c in problem.clients
        ),
        vehicle_types=tuple(
            replace(
                v,
                fixed_cost=jitter(v.fixed_cost),
                unit_distance_cost=jitter(v.unit_distance_cost),
                unit_duration_cost=jitter(v.unit_duration_cost),
            )
            for v in problem.vehicle_types
        ),
        profiles=tuple(replace(p, distance=matrix(p.distance), duration=matrix(p.duration)) for p in problem.profiles),
    )
