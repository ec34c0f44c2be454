"""Batches of problems as tensors: what environments and policies work on.

Instances are a TensorDict of batch size [B]. The first M nodes are tokens, one for each vehicle, or for each type of
which there are many, at its depot; n clients follow; N = M + n. Keys that every problem has:

locs           [B, N, 2]  coordinates, scaled to the unit square with one factor for both axes
demand         [B, N]     delivery: whole numbers in float32 (exact below 2**24), zero at the tokens
capacity       [B, M]     in the same unit
scale          [B]        unit of distances in the problem's own; of straight lines, the length of the square's side

and keys that some have, with the neutral value that makes them equal to not having it:

distance       [B, N, N] or [B, M, N, N] by vehicle, in units of `scale`; without it, Euclidean distances of `locs`
duration       [B, N, N] or [B, M, N, N] travel times at speed 1; without it, the distances
time_scale     [B]        length of the unit of all times in the problem's own unit; without it, `scale`
pickup         [B, N]     taken aboard, in the unit of demand: to the depot, or to a client, where it is negative (0)
picked_up_at   [B, N]     node to visit before on the same route, where what goes to this one is picked up (0: none)
backhaul_last  [B] bool   a route delivers everything before its first pickup (False)
opens, closes  [B, N]     time windows; those of a token bound its whole routes (0, inf)
service        [B, N]     service times (0)
allowed        [B, M, N] bool: who may visit whom (True)
max_distance   [B, M]     of a route (inf)
max_duration   [B, M]     of a route, from leaving the depot to returning (inf)
open           [B, M] bool: routes end at their last client (False)
speed          [B, M]     travel time = duration / speed (1)
available      [B, M]     routes that may be begun (inf); tokens with 0 are none, and come after all others
reloads        [B, M] bool: all routes of a token, which are not open, are trips of one vehicle that together keep its
                          limits of time and distance; with such limits, available is 1 (False: each is another vehicle)
unit_cost      [B, M]     price of distance (1)
fixed_cost     [B, M]     price of a route (0)
prize          [B, N]     price of leaving a client out (inf: it must be served)
penalty        [B, M, N]  price of a visit, zero at the tokens (0)
placed         [B] bool   coordinates are those of the problem; elsewhere they are derived from its distances (True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from tensordict import TensorDict
from torch import Tensor

from nco.places import map_coordinates
from nco.problem import (
    ALWAYS,
    Backhaul,
    Client,
    Depot,
    Floats,
    Objective,
    Problem,
    Profile,
    Shipment,
    VehicleType,
    Window,
)
from nco.solution import Route

#: Whole numbers are exact in float32 up to here.
EXACT = 2**24
#: Relative error that a demand such as 0.3 has when it was written in single precision; the checker tolerates more.
NOISE = 1e-7


def from_problem(problem: Problem, clients: Sequence[int], device: str | torch.device = "cpu") -> TensorDict:
    """Instances [1] from a problem whose M vehicle types differ in depot, shift, range, capacity, price or liking.

    Token v stands for vehicle type v, node M + k is client `clients[k]`; each of these must fit into an empty vehicle
    of some type. Distances and durations are those of the first type's profile.
    Coordinates derived from the distances stand in where the problem has none. Units are such that distances and times
    are on average what straight lines between the coordinates are. Loads that are not whole numbers are scaled to
    such, rounded up where that cannot be exact: masks may be stricter than the checker, never looser.
    """
    chosen, fleet = np.asarray(clients, dtype=np.intp), problem.vehicle_types
    places = np.concatenate([[v.start_depot for v in fleet], chosen + problem.num_depots]).astype(np.intp)
    xy = map_coordinates(problem)[0][places]
    low = xy.min(axis=0)
    extent = float((xy - low).max()) or 1.0
    xy = (xy - low) / extent
    distance = problem.distance(places[:, None], places[None, :], fleet[0].profile)
    straight = problem.profiles[fleet[0].profile].distance is None and problem.rounding == "none"
    scale = extent if straight else _unit(distance, xy)
    arrays = {"locs": xy, "distance": distance / scale, **_loads(problem, chosen), **_fleet(problem, scale)}
    arrays |= _prices(problem, chosen, scale)
    arrays |= {} if problem.has_coordinates else {"placed": np.array(False)}
    if (problem.tw[places] != ALWAYS).any() or any(vehicle.tw != ALWAYS for vehicle in fleet):
        travel = problem.duration(places[:, None], places[None, :], fleet[0].profile) / fleet[0].speed
        time_scale = scale if np.array_equal(travel, distance) else _unit(travel, xy)
        arrays |= {"duration": travel / time_scale} if time_scale != scale else {}
        arrays |= _times(problem, places, time_scale)
    tensors = {key: torch.from_numpy(np.asarray(array))[None] for key, array in arrays.items()}
    tensors["scale"] = torch.tensor([scale])
    return TensorDict(
        {key: tensor.float() if tensor.dtype == torch.float64 else tensor for key, tensor in tensors.items()},
        batch_size=[1],
        device=device,
    )


def _unit(matrix: Floats, xy: Floats) -> float:
    """The factor by which entries of a matrix [N, N] exceed straight lines between coordinates [N, 2] on average."""
    straight = np.linalg.norm(xy[:, None] - xy, axis=-1).mean()
    return float(matrix.mean() / straight) if straight and matrix.any() else 1.0


def _loads(problem: Problem, clients: NDArray[np.intp]) -> dict[str, Floats]:
    """Deliveries, pickups where there are some, and the capacity of every token."""
    fleet = len(problem.vehicle_types)
    (delivery, pickup), capacity = whole_loads(problem, clients)
    before = np.zeros(fleet)
    arrays = {"demand": np.concatenate([before, delivery]), "capacity": capacity}
    if pickup.any():
        arrays["pickup"] = np.concatenate([before, pickup])
        arrays["backhaul_last"] = np.array(problem.backhaul == "last")
    return arrays


def _fleet(problem: Problem, scale: float) -> dict[str, Floats]:
    """What bounds the routes of every token."""
    fleet = problem.vehicle_types
    arrays: dict[str, Floats] = {}
    if any(v.max_distance < np.inf for v in fleet):
        arrays["max_distance"] = np.array([v.max_distance for v in fleet]) / scale
    if any(v.end_depot is None for v in fleet):
        arrays["open"] = np.array([v.end_depot is None for v in fleet])
    reloads = np.array([bool(v.reload_depots) for v in fleet])
    if reloads.any():
        arrays["reloads"] = reloads
    if len(fleet) > 1 and any(v.num_available is not None and not v.reload_depots for v in fleet):
        arrays["available"] = np.array([np.inf if v.num_available is None else v.num_available for v in fleet])
    return arrays


def _prices(problem: Problem, clients: NDArray[np.intp], scale: float) -> dict[str, Floats]:
    """What vehicles cost and whom they may visit, where they differ or preferences count."""
    fleet, arrays, shape = problem.vehicle_types, dict[str, Floats](), len(problem.vehicle_types) + len(clients)
    profiles = [problem.profiles[vehicle.profile] for vehicle in fleet]
    liked = problem.preference_weight > 0 and any(profile.preference is not None for profile in profiles)
    if liked or len({vehicle.unit_distance_cost for vehicle in fleet}) > 1:
        arrays["unit_cost"] = np.array([vehicle.unit_distance_cost for vehicle in fleet])
    if liked:
        arrays["penalty"] = np.zeros((len(fleet), shape))
        for row, profile in zip(arrays["penalty"], profiles, strict=True):
            if profile.preference is not None:
                row[len(fleet) :] = problem.preference_weight * (1.0 - profile.preference[clients]) / scale
    if any(profile.allowed is not None for profile in profiles):
        arrays["allowed"] = np.ones((len(fleet), shape), dtype=bool)
        for row, profile in zip(arrays["allowed"], profiles, strict=True):
            if profile.allowed is not None:
                row[len(fleet) :] = profile.allowed[clients]
    return arrays


def _times(problem: Problem, places: NDArray[np.intp], time_scale: float) -> dict[str, Floats]:
    """Windows and service times; a token's window is when its vehicles are on the road.

    An open route that nothing else bounds ends when the last window has closed and service is done.
    """
    windows, service, fleet = problem.tw[places].copy(), problem.service[places].copy(), len(problem.vehicle_types)
    last = (windows[fleet:, 1] + service[fleet:]).max()
    for token, vehicle in enumerate(problem.vehicle_types):
        end = last if vehicle.end_depot is None else problem.depots[vehicle.end_depot].tw[1]
        windows[token] = [max(windows[token, 0], vehicle.tw[0]), min(vehicle.tw[1], end)]
        service[token] = 0.0
    times = {"opens": windows[:, 0], "closes": windows[:, 1], "service": service}
    return {key: values / time_scale for key, values in times.items()}


def whole_loads(problem: Problem, clients: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Deliveries and pickups [2, n] of some clients and the capacities [M], in the only load dimension.

    They are whole numbers exact in float32.
    """
    fleet = problem.vehicle_types
    if not problem.num_load_dimensions:
        return np.zeros((2, len(clients))), np.ones(len(fleet))
    loads = np.stack([problem.delivery[clients, 0], problem.pickup[clients, 0]])
    limits = np.array([v.capacity[0] if v.capacity else np.inf for v in fleet])
    capacity = np.minimum(limits, loads.sum())  # more is never used
    largest = float(capacity.max())
    if not largest:  # nothing to carry, or so little that the checker lets it pass: one such client fills a vehicle
        return np.sign(loads), np.ones(len(fleet))
    for factor in 10.0 ** np.arange(8):
        scaled = loads * factor
        whole = scaled.round()
        if (np.abs(scaled - whole) <= NOISE * scaled).all() and largest * factor < EXACT:
            return _fitting(whole, np.floor(capacity * factor * (1 + NOISE)))
    factor = EXACT / 2 / largest
    return _fitting(np.ceil(loads * factor), np.floor(capacity * factor))


def _fitting(loads: Floats, capacity: Floats) -> tuple[Floats, Floats]:
    """A load that the checker's tolerance lets fit into the largest vehicle fills it."""
    return np.minimum(loads, capacity.max()), capacity


def to_problems(instances: TensorDict, objective: Objective = "sum") -> list[Problem]:
    """The problems of a batch of generated instances in their own units: exact float32 numbers times the scales."""
    batch = {key: tensor.cpu().double().numpy() for key, tensor in instances.items()}
    size = instances.batch_size[0]
    return [_to_problem({key: array[k] for key, array in batch.items()}, objective) for k in range(size)]


def _to_problem(arrays: Mapping[str, Floats], objective: Objective) -> Problem:
    """One problem: every token becomes a vehicle type with a depot and a profile of its own (one of each if M = 1)."""
    nodes, fleet, arrays = len(arrays["locs"]), len(arrays["capacity"]), _unscaled(arrays)
    x, y = arrays["locs"].T.tolist()
    opens, closes = arrays.get("opens", np.zeros(nodes)), arrays.get("closes", np.full(nodes, np.inf))
    windows = list(zip(opens.tolist(), closes.tolist(), strict=True))
    shipments, pickup = _shipments(arrays)
    demand, service = (arrays.get(key, np.zeros(nodes)).tolist() for key in ("demand", "service"))
    prize = arrays.get("prize", np.full(nodes, np.inf))
    required = np.isinf(prize).tolist()
    prizes = np.where(required, 0.0, prize).tolist()
    clients = tuple(
        Client(x[k], y[k], (demand[k],), (pickup[k],), windows[k], service[k], required[k], prizes[k])
        for k in range(fleet, nodes)
    )
    depots = tuple(Depot(x[k], y[k], windows[k]) for k in range(fleet))
    backhaul: Backhaul = "last" if arrays.get("backhaul_last", np.zeros(())) else "mixed"
    available = arrays.get("available", np.ones(fleet))
    vehicles = tuple(_vehicle(arrays, v, windows[v]) for v in range(fleet) if available[v])
    profiles = tuple(_profile(arrays, v) for v in range(fleet))
    return Problem(
        depots, clients, vehicles, profiles, backhaul=backhaul, preference_weight=float(arrays["scale"]),
        shipments=shipments, objective=objective,
    )  # fmt: skip


def _unscaled(arrays: Mapping[str, Floats]) -> dict[str, Floats]:
    """In the problem's own units, but for penalties, which have to be in [0, 1]."""
    scale = arrays["scale"]
    time = arrays.get("time_scale", scale)
    units = dict.fromkeys(("locs", "distance", "max_distance", "fixed_cost", "prize"), scale)
    units |= dict.fromkeys(("duration", "opens", "closes", "service", "max_duration"), time)
    return {key: array * units.get(key, 1.0) for key, array in arrays.items()}


def _shipments(arrays: Mapping[str, Floats]) -> tuple[tuple[Shipment, ...], list[float]]:
    """What goes from client to client, and what all nodes [N] give for the depot."""
    fleet, nodes = len(arrays["capacity"]), len(arrays["locs"])
    pickup, origin = (arrays.get(key, np.zeros(nodes)).copy() for key in ("pickup", "picked_up_at"))
    ends = [(int(origin[k]), int(k)) for k in np.flatnonzero(origin)]
    shipments = tuple(Shipment(i - fleet, k - fleet, (float(pickup[i]),)) for i, k in ends)
    for pair in ends:
        pickup[list(pair)] = 0.0
    return shipments, pickup.tolist()


def _vehicle(arrays: Mapping[str, Floats], v: int, window: Window) -> VehicleType:
    def of(key: str, neutral: float) -> float:
        return float(arrays[key][v]) if key in arrays else neutral

    reloads = bool(of("reloads", 0.0))
    available = 1.0 if reloads else of("available", np.inf)
    return VehicleType(
        None if np.isinf(available) else int(available),
        (of("capacity", np.inf),),
        start_depot=v,
        end_depot=None if of("open", 0.0) else v,
        fixed_cost=of("fixed_cost", 0.0),
        unit_distance_cost=of("unit_cost", 1.0),
        speed=of("speed", 1.0),
        tw=window,  # bounds open routes too
        max_distance=of("max_distance", np.inf),
        max_duration=of("max_duration", np.inf),
        reload_depots=(v,) if reloads else (),
        profile=v,
    )


def _profile(arrays: Mapping[str, Floats], v: int) -> Profile:
    """What vehicle v sees; without zones or preferences where their neutral values stand."""
    fleet = len(arrays["capacity"])
    open_to = arrays["allowed"][v, fleet:].astype(bool) if "allowed" in arrays else np.array(True)
    penalty = arrays["penalty"][v, fleet:] if "penalty" in arrays else np.array(0.0)
    allowed, preference = None if open_to.all() else open_to, 1.0 - penalty if penalty.any() else None
    return Profile(_matrix(arrays, "distance", v), _matrix(arrays, "duration", v), preference, allowed)


def _matrix(arrays: Mapping[str, Floats], key: str, v: int) -> Floats | None:
    """The matrix [N, N] of a vehicle; None where the problem has none, or its coordinates say the same."""
    matrix = arrays.get(key)
    if matrix is None:
        return None
    straight = np.linalg.norm(arrays["locs"][:, None] - arrays["locs"], axis=-1)
    matrix = matrix[v] if matrix.ndim == 3 else matrix
    return None if key == "distance" and np.allclose(matrix, straight, rtol=1e-5, atol=1e-6) else matrix


def to_routes(instances: TensorDict, path: list[int], row: int = 0) -> list[Route]:
    """Routes of `to_problems`' problem along one rollout's actions; trips of a vehicle that reloads are joined.

    row: number of the problem, in batches whose problems differ in who reloads.
    """
    fleet = fleet_size(instances)
    trips: list[list[int]] = [[0]]  # token, then clients
    for node in path:
        if node < fleet:
            trips.append([node])
        else:
            trips[-1].append(node)
    reloads = instances["reloads"][row].tolist() if has(instances, "reloads") else [False] * fleet
    routes: list[tuple[int, list[int]]] = []
    shift: dict[int, list[int]] = {}  # token of a vehicle that reloads -> its visits
    for token, *clients in trips:
        if clients and token in shift:
            shift[token] += [token, *clients]
        elif clients:
            routes.append((token, clients))
            if reloads[token]:
                shift[token] = clients
    return [Route(tuple(visits), token) for token, visits in routes]


def has(instances: TensorDict, key: str) -> bool:
    """Whether the instances have this attribute."""
    return key in instances.keys()  # noqa: SIM118 (a TensorDict is not a dict)


def fleet_size(instances: TensorDict) -> int:
    """M: number of vehicle tokens."""
    return int(instances["capacity"].shape[1])


def of_vehicle(values: Tensor, vehicle: Tensor) -> Tensor:
    """Values [B, M] or [B, M, N] of vehicles [B, *L] -> [B, *L] or [B, *L, N]; a broadcast view when M = 1."""
    batch, fleet, *rest = values.shape
    if fleet == 1:
        return values.view(batch, *[1] * (vehicle.dim() - 1), *rest).expand(*vehicle.shape, *rest)
    index = vehicle.reshape(batch, -1, *[1] * len(rest)).expand(-1, -1, *rest)
    return values.gather(1, index).view(*vehicle.shape, *rest)


def arcs(instances: TensorDict, origin: Tensor, destination: Tensor, vehicle: Tensor, key: str) -> Tensor:
    """Entries of the matrix `key` [B, N, N], or [B, M, N, N] by vehicle: all indices [B, *L] -> [B, *L].

    "penalty" [B, M, N] is a matrix whose rows are vehicles. Without "distance", distances are those of `locs`.
    """
    shape = origin.shape
    i, j = origin.reshape(shape[0], -1), destination.reshape(shape[0], -1)
    if has(instances, key):
        matrix: Tensor = instances[key]
        row = vehicle.reshape(shape[0], -1) * matrix.shape[-2] + i if matrix.dim() == 4 else i
        return matrix.flatten(1).gather(1, row * matrix.shape[-1] + j).reshape(shape)
    locs = instances["locs"]
    gap = locs.gather(1, i[..., None].expand(-1, -1, 2)) - locs.gather(1, j[..., None].expand(-1, -1, 2))
    length: Tensor = gap.norm(dim=-1)
    return length.reshape(shape)


def onward(instances: TensorDict, origin: Tensor, vehicle: Tensor, key: str) -> Tensor:
    """Entries of the matrix `key` from nodes [B, *L] to every node: [B, *L, N]."""
    batch, nodes, _ = instances["locs"].shape
    i = origin.reshape(batch, -1)
    if has(instances, key):
        matrix = instances[key]
        table = matrix.flatten(1, -2)  # [B, rows, N]
        row = vehicle.reshape(batch, -1) * nodes + i if matrix.dim() == 4 else i
        offset = torch.arange(batch, device=row.device)[:, None] * table.shape[1]
        rows: Tensor = table.flatten(0, 1).index_select(0, (row + offset).flatten())  # many times as fast as `gather`
    else:
        locs = instances["locs"]
        rows = (locs.gather(1, i[..., None].expand(-1, -1, 2))[:, :, None] - locs[:, None]).norm(dim=-1)
    return rows.reshape(*origin.shape, nodes)


def way_home(instances: TensorDict, key: str) -> Tensor:
    """Entries of the matrix `key` from every node to where each vehicle ends: [B, M, N]; zero where routes are open."""
    (batch, nodes, _), fleet = instances["locs"].shape, fleet_size(instances)
    device = instances["locs"].device
    token = torch.arange(fleet, device=device).view(1, -1, 1).expand(batch, -1, nodes)
    every = torch.arange(nodes, device=device).expand(batch, fleet, -1)
    way = arcs(instances, every, token, token, key)
    return way.masked_fill(instances["open"][..., None], 0.0) if has(instances, "open") else way


def left_out(instances: TensorDict, actions: Tensor) -> Tensor:
    """Prizes [B, S] of the optional clients that the actions [B, S, T] do not visit."""
    prize = instances["prize"][:, None].expand(-1, actions.shape[1], -1)
    missed: Tensor = prize.scatter(-1, actions, 0.0)
    return missed.masked_fill(missed == torch.inf, 0.0).sum(dim=-1)


def symmetries(instances: TensorDict) -> TensorDict:
    """The eight rotations and reflections of the square, stacked: [B] -> [8 * B], symmetry-major (POMO, eq. 7).

    Costs do not change; policies that see coordinates give different routes for each.
    """
    copies = []
    for flip in range(8):
        copy = instances.clone(recurse=False)
        x, y = instances["locs"].unbind(-1)
        x, y = (1 - x if flip & 1 else x), (1 - y if flip & 2 else y)
        copy["locs"] = torch.stack((y, x) if flip & 4 else (x, y), dim=-1)
        copies.append(copy)
    return torch.cat(copies)
