"""Batches of problems as tensors: what environments and policies work on.

Instances are a TensorDict of batch size [B]. Node 0 is the depot, nodes 1..n are the clients, N = n + 1. Keys that
every problem has:

locs           [B, N, 2]  coordinates, scaled to the unit square with one factor for both axes
demand         [B, N]     delivery: whole numbers in float32 (exact below 2**24), zero at the depot
capacity       [B]        of every vehicle, in the same unit
scale          [B]        length of the unit square's side in the problem's own unit

and keys that some have, with the neutral value that makes them equal to not having it:

distance       [B, N, N]  in units of `scale`; without it, Euclidean distances of `locs`
duration       [B, N, N]  travel times; without it, the distances
pickup         [B, N]     taken to the depot, in the unit of demand (0)
backhaul_last  [B] bool   a route delivers everything before its first pickup (False)
opens, closes  [B, N]     time windows; those of the depot bound the whole route (0, inf)
service        [B, N]     service times (0)
max_distance   [B]        of a route (inf)
open           [B] bool   routes end at their last client (False)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from tensordict import TensorDict
from torch import Tensor

from nco.places import map_coordinates
from nco.problem import Backhaul, Client, Depot, Floats, Problem, VehicleType

#: Whole numbers are exact in float32 up to here.
EXACT = 2**24
#: Relative error that a demand such as 0.3 has when it was written in single precision; the checker tolerates more.
NOISE = 1e-7


def from_problem(problem: Problem, clients: Sequence[int], device: str | torch.device = "cpu") -> TensorDict:
    """Instances [1] from a problem with one depot and one vehicle type; node k + 1 is client `clients[k]`.

    Each of these clients must fit into an empty vehicle. Coordinates derived from the distances stand in where the
    problem has none. Demands that are not whole numbers are scaled to such, rounded up where that cannot be exact:
    masks may be stricter than the checker, never looser.
    """
    chosen = np.asarray(clients, dtype=np.intp)
    nodes = np.concatenate([[0], chosen + problem.num_depots])
    profile = problem.vehicle_types[0].profile
    xy = map_coordinates(problem)[0][nodes]
    low = xy.min(axis=0)
    scale = float((xy.max(axis=0) - low).max()) or 1.0
    demand, capacity = whole_demands(problem, chosen)
    tensors = {
        "locs": torch.from_numpy((xy - low) / scale).float()[None],
        "demand": torch.from_numpy(np.concatenate([[0.0], demand])).float()[None],
        "capacity": torch.tensor([capacity], dtype=torch.float32),
        "distance": torch.from_numpy(problem.distance(nodes[:, None], nodes[None, :], profile) / scale).float()[None],
        "scale": torch.tensor([scale], dtype=torch.float32),
    }
    return TensorDict(tensors, batch_size=[1], device=device)


def whole_demands(problem: Problem, clients: NDArray[np.intp]) -> tuple[Floats, float]:
    """Deliveries of some clients and the capacity, in the only load dimension, as whole numbers exact in float32."""
    if not problem.num_load_dimensions:
        return np.zeros(len(clients)), 1.0
    demand, capacity = problem.delivery[clients, 0], problem.vehicle_types[0].capacity[0]
    capacity = min(capacity, float(demand.sum()))  # more is never used
    if not capacity:  # nothing to carry, or so little that the checker lets it pass: one such client fills a vehicle
        return np.sign(demand), 1.0
    for factor in 10.0 ** np.arange(8):
        scaled = demand * factor
        whole = scaled.round()
        if (np.abs(scaled - whole) <= NOISE * scaled).all() and capacity * factor < EXACT:
            return _fitting(whole, np.floor(capacity * factor * (1 + NOISE)))
    factor = EXACT / 2 / capacity
    return _fitting(np.ceil(demand * factor), np.floor(capacity * factor))


def _fitting(demand: Floats, capacity: float) -> tuple[Floats, float]:
    """A demand that the checker's tolerance lets fit into a vehicle fills it."""
    return np.minimum(demand, capacity), float(capacity)


def to_problems(instances: TensorDict) -> list[Problem]:
    """The problems of a batch of generated instances, with their exact float32 numbers."""
    batch = {key: tensor.cpu().double().numpy() for key, tensor in instances.items()}
    return [_to_problem({key: array[k] for key, array in batch.items()}) for k in range(instances.batch_size[0])]


def _to_problem(arrays: Mapping[str, Floats]) -> Problem:
    nodes = len(arrays["locs"])
    pickup, service, opens = (arrays.get(key, np.zeros(nodes)) for key in ("pickup", "service", "opens"))
    closes = arrays.get("closes", np.full(nodes, np.inf))
    windows = list(zip(opens.tolist(), closes.tolist(), strict=True))
    xy = [(float(x), float(y)) for x, y in arrays["locs"]]
    clients = tuple(
        Client(*xy[k], (float(arrays["demand"][k]),), (float(pickup[k]),), windows[k], float(service[k]))
        for k in range(1, nodes)
    )
    vehicle = VehicleType(
        capacity=(float(arrays["capacity"]),),
        end_depot=None if arrays.get("open", 0.0) else 0,
        tw=windows[0],  # bounds open routes too
        max_distance=float(arrays.get("max_distance", np.inf)),
    )
    backhaul: Backhaul = "last" if arrays.get("backhaul_last", 0.0) else "mixed"
    return Problem((Depot(*xy[0], windows[0]),), clients, (vehicle,), backhaul=backhaul)


def has(instances: TensorDict, key: str) -> bool:
    """Whether the instances have this attribute."""
    return key in instances.keys()  # noqa: SIM118 (a TensorDict is not a dict)


def is_open(instances: TensorDict) -> Tensor:
    """Whether routes end at their last client: [B]."""
    if has(instances, "open"):
        return cast(Tensor, instances["open"])
    return torch.zeros(instances.batch_size, dtype=torch.bool, device=instances["locs"].device)


def arcs(instances: TensorDict, origin: Tensor, destination: Tensor, key: str = "distance") -> Tensor:
    """Distances (or the matrix `key`) between nodes: origin and destination [B, *L] -> [B, *L]."""
    shape = origin.shape
    i, j = origin.reshape(shape[0], -1), destination.reshape(shape[0], -1)
    if has(instances, key):
        matrix = instances[key]
        return cast(Tensor, matrix.flatten(1).gather(1, i * matrix.shape[-1] + j).reshape(shape))
    locs = instances["locs"]
    gap = locs.gather(1, i[..., None].expand(-1, -1, 2)) - locs.gather(1, j[..., None].expand(-1, -1, 2))
    return cast(Tensor, gap.norm(dim=-1).reshape(shape))


def onward(instances: TensorDict, origin: Tensor, key: str = "distance") -> Tensor:
    """Distances (or the matrix `key`) from nodes [B, *L] to every node: [B, *L, N]."""
    batch, nodes, _ = instances["locs"].shape
    i = origin.reshape(batch, -1, 1)
    if has(instances, key):
        rows = instances[key].gather(1, i.expand(-1, -1, nodes))
    else:
        locs = instances["locs"]
        rows = (locs.gather(1, i.expand(-1, -1, 2))[:, :, None] - locs[:, None]).norm(dim=-1)
    return cast(Tensor, rows.reshape(*origin.shape, nodes))


def home(instances: TensorDict, key: str = "distance") -> Tensor:
    """Distances (or the matrix `key`) from every node to where its route ends: [B, N]; zero where routes are open."""
    batch, nodes, _ = instances["locs"].shape
    every = torch.arange(nodes, device=instances["locs"].device).expand(batch, -1)
    way = arcs(instances, every, torch.zeros_like(every), key)
    return way.masked_fill(is_open(instances)[:, None], 0.0)


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
